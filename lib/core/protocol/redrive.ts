/**
 * What a run looks like that is taken up again after its end: which activations are scheduled once more, what of its state
 * is put back for that, and which errors are forgotten. Pure.
 *
 * What failed, or is put back, runs in another iteration of its node: as a new activation it has values, events and leases of
 * its own, and nobody who survived the end can commit in its place. An activation that failed left no other trace than its
 * error and where it was then: nothing that depends on it was scheduled or counted, but nodes that run always. A node that has completed is put back
 * with everything that follows from it. What was active when the run was cancelled or given up goes on. What failed in an
 * earlier round of a loop, which went on without it, stays failed: its round is over. In a fork, which is another run that begins
 * in such a state, what was active begins anew: what it had, and waited for, is the first run's.
 */
import { isOfEndedLoop, type LoopsOfRun } from './ended-loops.ts'
import type { FailedAt } from './failed-at.ts'
import { joinsAfter } from './put-back-joins.ts'
import { reachedFrom } from './reached.ts'
import type { RunGraph } from './run-graph.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  isDone,
  ofAnotherLife,
  parseActivationKey,
  type RunState,
  START,
} from './run-state.ts'

/** An activation with errors that stand in the run, by their stored names. */
interface FailedActivation {
  readonly key: ActivationKey
  readonly names: readonly string[]
  /** Undefined where there was nothing to note, or an older version did not. */
  readonly at: FailedAt | undefined
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
  | 'active'
  | 'done'
  | 'arrivals'
  | 'arrived'
  | 'fired'
  | 'pending'
  | 'iterations'
  | 'errors'
  | 'fallback'
  | 'fallbacks'
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
  return planned(new Plan(graph, run, { failed, givers }), from)
}

/** As `planRedrive`, for another run: nothing goes on. */
export function planFork(
  graph: RunGraph,
  run: RunState,
  ended: Ended,
  from?: readonly number[],
): RedrivePlan | string {
  return planned(new Plan(graph, run, ended, true), from)
}

function planned(plan: Plan, from: readonly number[] | undefined): RedrivePlan | string {
  const problems = [...new Set(from ?? plan.defaults())].flatMap((node) => plan.again(node) ?? [])
  if (problems.length > 0) return problems.join('; ')
  return plan.made() ?? 'nothing of it failed that could be run again, and nothing was active when it ended'
}

const GONE_ON = 'in a round of a loop that has gone on since'

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
  readonly #fallbacks: Map<number, number> | undefined
  readonly #putBack = new Set<number>()
  readonly #isAnew: boolean
  #done: bigint

  /** `isAnew`: what was active at the end begins anew. */
  constructor(graph: RunGraph, run: RunState, { failed, givers }: Ended, isAnew = false) {
    this.#graph = graph
    this.#run = run
    this.#isAnew = isAnew
    this.#failed = failed
    this.#givers = givers
    this.#goesOn = new Map(run.activeAtEnd)
    this.#iterations = new Map(run.iterations)
    this.#fired = new Set(run.fired)
    this.#pending = new Set(run.pending)
    this.#fallbacks = run.fallbacks && new Map(run.fallbacks)
    this.#done = run.done
  }

  /** Of a cancelled run none: it goes on. Else those whose last iteration failed, unless a loop has gone on without it. */
  defaults(): number[] {
    if (this.#goesOn.size > 0) return []
    const last = this.#failed.filter(({ key }) => {
      const { node, iteration } = parseActivationKey(key)
      return this.#lastOf(node) === iteration
    })
    return last
      .filter((failed) => !this.#isOfEarlierRound(failed))
      .map(({ key }) => parseActivationKey(key).node)
  }

  /** A problem, or undefined. */
  again(node: number): string | undefined {
    // Together with another that it follows from.
    if (this.#putBack.has(node)) return undefined
    const last = activationKey(node, this.#lastOf(node))
    if (this.#goesOn.has(last)) return undefined
    const failed = this.#failedLast(node)
    const { id } = this.#graph.node(node)
    if (isDone(this.#run.done, node) || isOfEndedLoop(this.#loops(), node)) {
      // A batch with failed items is done, and something may have followed from it.
      this.#putBackFrom(node)
    } else {
      const isOfLoop = this.#run.iterations.has(node) && this.#graph.loopsAround(node).length > 0
      if (!failed) return `node '${id}' ${isOfLoop ? `ran ${GONE_ON}` : 'has not run'}`
      if (this.#isOfEarlierRound(failed)) return `node '${id}' failed ${GONE_ON}`
      this.#forget(failed)
      // Those that run always did when it had failed.
      for (const always of this.#graph.alwaysBehind(node))
        if (this.#run.fired.has(always)) this.#putBackFrom(always)
    }
    this.#iterations.set(node, this.#lastOf(node) + 1)
    this.#again.set(activationKey(node, this.#lastOf(node) + 1), last)
    return undefined
  }

  made(): RedrivePlan | undefined {
    if (this.#isAnew) this.#beginAnew()
    for (const key of this.#again.keys()) {
      const { node } = parseActivationKey(key)
      if (this.#graph.contested.has(node)) this.#fired.add(node)
    }
    const goesOn = [...this.#goesOn.keys()]
    if (this.#again.size === 0 && goesOn.length === 0) return undefined
    const active = new Map<ActivationKey, ActiveEntry>()
    for (const [key, entry] of this.#goesOn) active.set(key, ofAnotherLife(entry))
    for (const [key, before] of this.#again) {
      const source = this.#sourceOf(before)
      active.set(key, { scheduledBy: START, inline: false, ...(source === undefined ? {} : { source }) })
    }
    const all = this.#failed.flatMap(({ names }) => names)
    return {
      next: {
        active,
        done: this.#done,
        ...joinsAfter(this.#graph, this.#run, { active, done: this.#done, putBack: this.#putBack }),
        fired: this.#fired,
        pending: this.#pending,
        iterations: this.#iterations,
        errors: all.filter((name) => !this.#forgotten.has(name)).length,
        ...this.#fallbacksLeft(),
      },
      again: this.#again,
      goesOn,
      forgotten: [...this.#forgotten],
    }
  }

  /** In another iteration, as what has values of the first; without errors that its items left. */
  #beginAnew(): void {
    for (const last of this.#goesOn.keys()) {
      const { node, iteration } = parseActivationKey(last)
      for (const failed of this.#failed) if (failed.key === last) this.#forget(failed)
      this.#iterations.set(node, iteration + 1)
      this.#again.set(activationKey(node, iteration + 1), last)
    }
    this.#goesOn.clear()
  }

  #failedLast(node: number): FailedActivation | undefined {
    const last = activationKey(node, this.#lastOf(node))
    return this.#failed.find(({ key }) => key === last)
  }

  #loops(): LoopsOfRun {
    const active = new Set([...this.#goesOn.keys()].map((key) => parseActivationKey(key).node))
    return {
      graph: this.#graph,
      iterations: this.#run.iterations,
      arrived: this.#run.arrived,
      givers: this.#givers,
      isUnderWay: (node) => isDone(this.#run.done, node) || active.has(node),
      hasFailed: (node) => this.#failedLast(node) !== undefined,
    }
  }

  #lastOf(node: number): number {
    return this.#run.iterations.get(node) ?? 1
  }

  #forget({ names }: FailedActivation): void {
    for (const name of names) this.#forgotten.add(name)
  }

  /** A loop goes on only when nothing inside it is active, and counts its controller's iterations. */
  #isOfEarlierRound(
    { at }: FailedActivation,
    isAround: (controller: number) => boolean = () => true,
  ): boolean {
    const rounds = [...(at?.rounds ?? [])].filter(([controller]) => isAround(controller))
    return rounds.some(([controller, round]) => round !== (this.#run.iterations.get(controller) ?? 0))
  }

  /** One that failed, or was active, gets its input from where it had it, whoever has taken an edge to it since. */
  #sourceOf(before: ActivationKey): number | undefined {
    const { at } = this.#failed.find(({ key }) => key === before) ?? {}
    return (at ?? this.#run.activeAtEnd?.get(before))?.source
  }

  #fallbacksLeft(): Pick<Redriven, 'fallback' | 'fallbacks'> {
    if (!this.#fallbacks) return { fallback: this.#run.fallback }
    if (this.#fallbacks.size === 0) return { fallback: false }
    return { fallback: true, fallbacks: this.#fallbacks }
  }

  /** The node and all that may follow from it in this round of its loops, as if none of it had run. */
  #putBackFrom(start: number): void {
    const { nodes, controllers } = reachedFrom(this.#graph, start, this.#loops())
    const around = new Set(this.#graph.loopsAround(start))
    const failed = new Set(this.#failed.map(({ key }) => parseActivationKey(key).node))
    for (const node of nodes) {
      this.#putBack.add(node)
      // Its next activation is another one.
      if (isDone(this.#done, node) || failed.has(node)) this.#iterations.set(node, this.#lastOf(node))
      if (isDone(this.#done, node) && !controllers.has(node)) this.#done -= 1n << BigInt(node)
      this.#fired.delete(node)
      this.#pending.delete(node)
      // Of a loop around all of it, rounds before this one stay.
      const isOfRounds = this.#graph.loopsAround(node).some((controller) => around.has(controller))
      const first = this.#fallbacks?.get(node)
      if (first === this.#lastOf(node) || !isOfRounds) this.#fallbacks?.delete(node)
    }
    // Of those that were named before, what only runs beside this one stays.
    for (const key of [...this.#goesOn.keys(), ...this.#again.keys()]) {
      const { node, iteration } = parseActivationKey(key)
      if (!nodes.has(node)) continue
      this.#iterations.set(node, Math.max(iteration, this.#iterations.get(node) ?? 0))
      this.#goesOn.delete(key)
      this.#again.delete(key)
    }
    for (const failed of this.#failed) {
      const isEarlier = this.#isOfEarlierRound(failed, (controller) => around.has(controller))
      if (nodes.has(parseActivationKey(failed.key).node) && !isEarlier) this.#forget(failed)
    }
  }
}
