/**
 * What follows from an ended activation that the engine's answer alone does not say: what is still to be scheduled
 * once others work on the same run, loops that wait until they are empty, joins, and the end of the run. Pure; each
 * condition it demands is what the decision rests on, and no more.
 */
import { scheduleAlways } from './always-due.ts'
import type { Change } from './change.ts'
import { Draft, type Seen } from './draft.ts'
import { countArrivals } from './join-arrivals.ts'
import { drainLoops, enterLoop } from './loops.ts'
import type { CoreChange, TransitionOptions } from './outcome.ts'
import { arrivedChange, arriveAtQuorums } from './quorum-arrivals.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  bitsOf,
  isDone,
  mayRunAgain,
  parseActivationKey,
} from './run-state.ts'
import { engineOf } from './traversal.ts'

/** A draft that is carried through: the engine is asked, loops, joins and the end are settled. */
export class Decision extends Draft {
  readonly #seen: Seen

  constructor(seen: Seen) {
    super(seen)
    this.#seen = seen
  }

  toChange(options: TransitionOptions): CoreChange {
    const ready = this.#askEngine().filter((node) => !this.graph.isQuorum(node))
    const controllers = ready.filter((node) => this.graph.loops.has(node))
    for (const node of ready) if (!controllers.includes(node)) this.scheduleOnce(node)
    for (const node of this.#standIns()) this.#standIn(node)
    arriveAtQuorums(this)
    for (const controller of controllers) enterLoop(this, controller)
    drainLoops(this)
    scheduleAlways(this)
    const { completed, reset } = this.#doneChange()
    const joins = this.#countArrivals(completed, reset)
    const final = this.#end(options)
    const schedule = this.#entries(options)
    return {
      end: this.#seen.key,
      seen: this.#seen.entry,
      schedule,
      completed,
      reset,
      ...joins,
      ...arrivedChange(this),
      fire: [...this.fire],
      unfire: [...this.unfire].filter((node) => this.run.fired.has(node) && !this.fire.has(node)),
      pend: [...this.pend],
      unpend: [...this.unpend],
      iterations: this.#iterations(schedule),
      errors: this.#errors(),
      fallback: this.#usesFallback && !this.run.fallback,
      ...this.#fallbacks(),
      final,
      require: this.require,
    }
  }

  #askEngine(): number[] {
    if (this.outcome.kind === 'failed') {
      if (this.outcome.completes) this.doneAfter |= 1n << BigInt(this.node)
      return []
    }
    const { result, matched } =
      this.outcome.kind === 'completed'
        ? this.outcome
        : { result: { action: 'fallback' }, matched: [this.outcome.fallback] }
    const answer = engineOf(this.graph).complete(this.run.done, this.node, result, matched)
    this.doneAfter = answer.done
    // In memory, what is reset is what a controller's readiness resets; here that waits until the loop is empty.
    if (answer.ready.some((node) => this.graph.loops.has(node))) {
      this.doneAfter = this.run.done | (1n << BigInt(this.node))
    }
    return answer.ready
  }

  get #usesFallback(): boolean {
    return this.outcome.kind === 'fallback' || this.outcome.standIns !== undefined
  }

  /** Noted of the first iteration that uses one, and of none where it is not known who did before. */
  #fallbacks(): Pick<Change, 'fallbacks'> {
    const { fallback, fallbacks } = this.run
    if (!this.#usesFallback || (fallback && !fallbacks) || fallbacks?.has(this.node)) return {}
    return { fallbacks: new Map([[this.node, parseActivationKey(this.#seen.key).iteration]]) }
  }

  /** What nodes that this one made name as their fallbacks, of those that are ready and have not completed: as in memory. */
  #standIns(): readonly number[] {
    if (this.outcome.kind === 'fallback') return []
    return (this.outcome.standIns ?? []).filter((node) => {
      const isReady = this.graph.isReadyAfter(node, this.doneAfter)
      return isReady && !isDone(this.doneAfter, node) && !this.isActive(node) && !this.schedule.has(node)
    })
  }

  /**
   * The graph does not tell that this node names the other, so those that also do know of it by the mark that it has
   * fired; and it must not have completed since it was seen.
   */
  #standIn(node: number): void {
    if (this.graph.contested.has(node)) return this.scheduleOnce(node)
    this.requireWord(node)
    this.fire.add(node)
    this.schedule.add(node)
  }

  #countArrivals(
    completed: readonly number[],
    reset: readonly number[],
  ): Pick<Change, 'arrive' | 'arrivals' | 'close'> {
    const { words, require, ...joins } = countArrivals({
      graph: this.graph,
      completed,
      reset,
      done: this.doneAfter,
      considered: this.#considered(),
      isScheduled: (node) => this.schedule.has(node),
      isActive: (node) => this.isActive(node),
    })
    for (const node of words) this.requireWord(node)
    this.require.push(...require)
    return joins
  }

  /** The nodes of which the engine asked whether they are ready. */
  #considered(): readonly number[] {
    if (this.outcome.kind === 'failed') return []
    const matched = this.outcome.kind === 'completed' ? this.outcome.matched : [this.outcome.fallback]
    return matched.length > 0 ? matched : (this.graph.successors[this.node] ?? [])
  }

  /** Nothing active and nothing to come: this commit ends the run. */
  #end(options: TransitionOptions): Change['final'] {
    if (this.schedule.size > 0) return undefined
    if (this.others.length > 0) {
      this.require.push({ kind: 'notLast' })
      return undefined
    }
    this.require.push({ kind: 'last' })
    const failed = this.run.errors + this.#errors() > 0
    const fallback = this.#usesFallback || this.run.fallback
    const status = failed && !fallback ? 'failed' : 'completed'
    if (status === 'failed' && options.pausesFailed) return { status: 'running', endedAt: options.now }
    return { status, endedAt: options.now, outbox: options.outbox }
  }

  #errors(): number {
    if (this.outcome.kind === 'fallback') return 0
    return this.outcome.errors ?? (this.outcome.kind === 'failed' ? 1 : 0)
  }

  #doneChange(): { completed: number[]; reset: number[] } {
    const completed: number[] = []
    const reset: number[] = []
    for (const node of bitsOf(this.run.done ^ this.doneAfter)) {
      if (isDone(this.doneAfter, node)) completed.push(node)
      else {
        reset.push(node)
        this.requireWord(node)
      }
    }
    return { completed, reset }
  }

  #entries(options: TransitionOptions): Map<ActivationKey, ActiveEntry> {
    const [only] = this.schedule
    const inline = this.schedule.size === 1 && options.inline(only as number)
    const entries = new Map<ActivationKey, ActiveEntry>()
    for (const node of this.schedule) {
      entries.set(activationKey(node, this.#nextIteration(node)), {
        scheduledBy: options.strand,
        inline,
        source: this.#inputSource(node),
      })
    }
    return entries
  }

  /**
   * This node, where it takes an edge there and nothing else would tell that it was the one: of an 'any' join others may
   * give something before it runs. Undefined where it takes none: what was given before is noted.
   */
  #inputSource(node: number): number | undefined {
    if (this.outcome.kind !== 'completed' || this.graph.inputs.of(node).by !== 'note') return undefined
    return this.outcome.matched.includes(node) ? this.node : undefined
  }

  #nextIteration(node: number): number {
    return (this.run.iterations.get(node) ?? 0) + 1
  }

  #iterations(schedule: ReadonlyMap<ActivationKey, ActiveEntry>): Map<number, number> {
    const iterations = new Map<number, number>()
    for (const key of schedule.keys()) {
      const { node, iteration } = parseActivationKey(key)
      if (!mayRunAgain(this.graph.repeatable, this.run, node)) continue
      iterations.set(node, iteration)
      this.require.push({ kind: 'iteration', node, is: iteration - 1 })
    }
    return iterations
  }
}
