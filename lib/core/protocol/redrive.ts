/**
 * What a run looks like that is taken up again after its end: which activations are scheduled once more, what of its state
 * is put back for that, and which errors are forgotten. Pure.
 *
 * What failed, or is put back, runs in another iteration of its node: as a new activation it has values, events and leases of
 * its own, and nobody who survived the end can commit in its place. An activation that failed left no other trace than its
 * error: nothing that depends on it was scheduled or counted. A node that has completed is put back with everything that
 * follows from it. What was active when the run was cancelled or given up goes on.
 */
import { reachedFrom } from './reached.ts'
import type { RunGraph } from './run-graph.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  isDone,
  parseActivationKey,
  type RunState,
  START,
} from './run-state.ts'

/** An activation with errors that stand in the run, by their stored names. */
interface FailedActivation {
  readonly key: ActivationKey
  readonly names: readonly string[]
}

/** What the values of a run tell of its end. */
export interface Ended {
  readonly failed: readonly FailedActivation[]
  /** For nodes that several may give an input, which did so last. */
  readonly givers: ReadonlyMap<number, number>
}

/** What a redrive puts back. */
export type Redriven = Pick<
  RunState,
  'active' | 'done' | 'arrivals' | 'fired' | 'pending' | 'iterations' | 'errors'
>

export interface RedrivePlan {
  readonly next: Redriven
  /** Scheduled anew, each with the activation that failed or completed before. */
  readonly again: ReadonlyMap<ActivationKey, ActivationKey>
  /** Active when the run ended, and active again. */
  readonly goesOn: readonly ActivationKey[]
  /** Stored names of errors that the run no longer has. */
  readonly forgotten: readonly string[]
}

/**
 * @param from - nodes to go on from. Undefined for what was active at the end; where nothing was, for all that failed
 * @returns why it cannot be, as a text
 */
export function planRedrive(
  graph: RunGraph,
  run: RunState,
  { failed, givers }: Ended,
  from?: readonly number[],
): RedrivePlan | string {
  const plan = new Plan(graph, run, { failed, givers })
  const problems = [...new Set(from ?? plan.defaults())].flatMap((node) => plan.again(node) ?? [])
  if (problems.length > 0) return problems.join('; ')
  return plan.made() ?? 'nothing of it failed that could be run again, and nothing was active when it ended'
}

class Plan {
  readonly #graph: RunGraph
  readonly #run: RunState
  readonly #failed: readonly FailedActivation[]
  readonly #givers: ReadonlyMap<number, number>
  readonly #goesOn: Map<ActivationKey, ActiveEntry>
  readonly #again = new Map<ActivationKey, ActivationKey>()
  readonly #forgotten = new Set<string>()
  readonly #iterations: Map<number, number>
  readonly #fired: Set<number>
  readonly #pending: Set<number>
  readonly #putBack = new Set<number>()
  #done: bigint

  constructor(graph: RunGraph, run: RunState, { failed, givers }: Ended) {
    this.#graph = graph
    this.#run = run
    this.#failed = failed
    this.#givers = givers
    this.#goesOn = new Map(run.activeAtEnd)
    this.#iterations = new Map(run.iterations)
    this.#fired = new Set(run.fired)
    this.#pending = new Set(run.pending)
    this.#done = run.done
  }

  /** Of a cancelled run none: it goes on. Else those whose last iteration failed: a loop may have gone on without an earlier one. */
  defaults(): number[] {
    if (this.#goesOn.size > 0) return []
    const nodes = this.#failed.map(({ key }) => parseActivationKey(key))
    const last = nodes.filter(({ node, iteration }) => this.#lastOf(node) === iteration)
    return [...new Set(last.map(({ node }) => node))]
  }

  /** A problem, or undefined. */
  again(node: number): string | undefined {
    // Together with another that it follows from.
    if (this.#putBack.has(node)) return undefined
    const last = activationKey(node, this.#lastOf(node))
    if (this.#goesOn.has(last)) return undefined
    const hasFailed = this.#failed.some(({ key }) => key === last)
    if (!hasFailed && !isDone(this.#run.done, node)) {
      return `node '${this.#graph.node(node).id}' has not run`
    }
    // A batch with failed items is done, and something may have followed from it.
    if (isDone(this.#run.done, node)) this.#putBackFrom(node)
    else this.#forget([node])
    this.#iterations.set(node, this.#lastOf(node) + 1)
    this.#again.set(activationKey(node, this.#lastOf(node) + 1), last)
    return undefined
  }

  made(): RedrivePlan | undefined {
    for (const key of this.#again.keys()) {
      const { node } = parseActivationKey(key)
      if (this.#graph.contested.has(node)) this.#fired.add(node)
    }
    const goesOn = [...this.#goesOn.keys()]
    if (this.#again.size === 0 && goesOn.length === 0) return undefined
    const active = new Map<ActivationKey, ActiveEntry>()
    for (const [key, entry] of this.#goesOn) active.set(key, ofAnotherLife(entry))
    for (const key of this.#again.keys()) active.set(key, { scheduledBy: START, inline: false })
    const all = this.#failed.flatMap(({ names }) => names)
    return {
      next: {
        active,
        done: this.#done,
        arrivals: this.#arrivals(active),
        fired: this.#fired,
        pending: this.#pending,
        iterations: this.#iterations,
        errors: all.filter((name) => !this.#forgotten.has(name)).length,
      },
      again: this.#again,
      goesOn,
      forgotten: [...this.#forgotten],
    }
  }

  #lastOf(node: number): number {
    return this.#run.iterations.get(node) ?? 1
  }

  #forget(nodes: readonly number[]): void {
    for (const { key, names } of this.#failed) {
      if (nodes.includes(parseActivationKey(key).node)) for (const name of names) this.#forgotten.add(name)
    }
  }

  /** The node and all that may follow from it in this round of its loops, as if none of it had run. */
  #putBackFrom(start: number): void {
    const { nodes, controllers } = reachedFrom(this.#graph, start, this.#givers)
    const failed = new Set(this.#failed.map(({ key }) => parseActivationKey(key).node))
    for (const node of nodes) {
      this.#putBack.add(node)
      // Its next activation is another one.
      if (isDone(this.#done, node) || failed.has(node)) this.#iterations.set(node, this.#lastOf(node))
      if (isDone(this.#done, node) && !controllers.has(node)) this.#done -= 1n << BigInt(node)
      this.#fired.delete(node)
      this.#pending.delete(node)
    }
    // Of those that were named before, what only runs beside this one stays.
    for (const key of [...this.#goesOn.keys(), ...this.#again.keys()]) {
      const { node, iteration } = parseActivationKey(key)
      if (!nodes.has(node)) continue
      this.#iterations.set(node, Math.max(iteration, this.#iterations.get(node) ?? 0))
      this.#goesOn.delete(key)
      this.#again.delete(key)
    }
    this.#forget([...nodes])
  }

  /** Of joins that lost a predecessor, or their own completion, counted anew. */
  #arrivals(active: ReadonlyMap<ActivationKey, ActiveEntry>): ReadonlyMap<number, number> {
    if (this.#putBack.size === 0) return this.#run.arrivals
    const arrivals = new Map(this.#run.arrivals)
    const scheduled = new Set([...active.keys()].map((key) => parseActivationKey(key).node))
    for (let join = 0; join < this.#graph.size; join++) {
      if (!this.#graph.isCountedJoin(join)) continue
      const predecessors = this.#graph.predecessors[join] ?? []
      const isTouched = this.#putBack.has(join) || predecessors.some((node) => this.#putBack.has(node))
      if (!isTouched) continue
      const completed = predecessors.filter((node) => isDone(this.#done, node)).length
      const isOpen = completed > 0 && !scheduled.has(join) && !isDone(this.#done, join)
      if (isOpen) arrivals.set(join, completed)
      else arrivals.delete(join)
    }
    return arrivals
  }
}

/**
 * An entry that no worker has seen: the commit of one who survived the end is refused, and what is written now has other
 * names. Each is a strand of its own: the message that carried it on is long gone.
 */
function ofAnotherLife(entry: ActiveEntry): ActiveEntry {
  return { ...entry, inline: false, suspensions: (entry.suspensions ?? 0) + 1 }
}
