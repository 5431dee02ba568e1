/**
 * The state machine: (graph, run state, ended activation, outcome) -> what its commit sets, and on which
 * conditions. Pure. The engine decides what follows (`engine.ts`); this file decides what of it is still to be
 * done once others work on the same run, and what must hold when the commit arrives so that the decision is
 * still right. A condition demands no more than that: every refusal costs a write.
 */
import type { NodeResult } from 'flowcraft'
import { type Change, type Requirement, wordOf, WORD_BITS } from './change.ts'
import { engineOf } from './engine.ts'
import type { RunGraph } from './graph.ts'
import { LONGEST_DELAY_MS } from './queue/job.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  isDone,
  type Outbox,
  parseActivationKey,
  type RunState,
  START,
  type Wait,
} from './run-state.ts'

/** How the execution of an activation ended. */
export type Outcome =
  /** The node returned; `matched` are the targets of the edges it takes. */
  | {
      readonly kind: 'completed'
      readonly result: NodeResult
      readonly matched: readonly number[]
      /** Nodes of its own making that failed. @default 0 */
      readonly errors?: number
    }
  /** The node failed and names another one to stand in for it. */
  | { readonly kind: 'fallback'; readonly fallback: number }
  | {
      readonly kind: 'failed'
      /** @default 1 */
      readonly errors?: number
      /** The node itself has completed, and nothing follows: items of its batch failed. @default false */
      readonly completes?: boolean
    }
  /** The node ran and waits. */
  | { readonly kind: 'parked'; readonly wait: Wait }

export interface TransitionOptions {
  /** Whether the same invocation has time to carry on where exactly one node follows. */
  readonly inline: boolean
  /** The activation that the message being worked on names. */
  readonly strand: ActivationKey
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What the end of the run leaves to be told. */
  readonly outbox?: Outbox
}

export type CoreChange = Omit<Change, 'riders' | 'spilled'>

/** The state of a run that has just begun: its start nodes are queued. */
export function firstActivations(graph: RunGraph): Pick<RunState, 'active' | 'fired' | 'iterations'> {
  const entry: ActiveEntry = { origin: START, inline: false }
  return {
    active: new Map(graph.startNodes.map((node) => [activationKey(node, 1), entry])),
    fired: new Set(graph.startNodes.filter((node) => graph.contested.has(node))),
    iterations: new Map(
      graph.startNodes.filter((node) => graph.repeatable.has(node)).map((node) => [node, 1]),
    ),
  }
}

export function decide(
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  outcome: Outcome,
  options: TransitionOptions,
): CoreChange {
  const seen = run.active.get(key) as ActiveEntry
  if (outcome.kind === 'parked') {
    return parkedChange(run, key, seen, outcome.wait, options.now)
  }
  return new Decision(graph, run, key, seen, outcome).toChange(options)
}

/**
 * A parked activation is a strand of its own from now on: the message that wakes it names it. It stays queued under
 * its origin, whose redelivery asks after it.
 *
 * A wait that the queue cannot hold makes the sweep look at the run before it ends. */
function parkedChange(
  run: RunState,
  key: ActivationKey,
  seen: ActiveEntry,
  wait: Wait,
  now: number,
): CoreChange {
  const park = { ...seen, inline: false, wait, parks: (seen.parks ?? 0) + 1 }
  const change = { ...NOTHING, end: key, seen, park }
  if (!('at' in wait) || wait.at - now <= LONGEST_DELAY_MS) return change
  const dueAt = wait.at - LONGEST_DELAY_MS
  if (run.dueAt !== undefined && run.dueAt <= dueAt) return change
  return { ...change, dueAt, require: [{ kind: 'dueNotBefore', at: dueAt }] }
}

const NOTHING: Omit<CoreChange, 'end' | 'seen'> = {
  schedule: new Map(),
  completed: [],
  reset: [],
  arrive: new Map(),
  arrivals: new Map(),
  close: [],
  fire: [],
  unfire: [],
  pend: [],
  unpend: [],
  iterations: new Map(),
  errors: 0,
  fallback: false,
  require: [],
}

/** One decision under construction; lives for one call of `decide`. */
class Decision {
  readonly #graph: RunGraph
  readonly #run: RunState
  readonly #key: ActivationKey
  readonly #node: number
  readonly #seen: ActiveEntry
  readonly #outcome: Exclude<Outcome, { kind: 'parked' }>
  /** Nodes of the other active activations. */
  readonly #others: readonly { readonly node: number; readonly key: ActivationKey }[]
  readonly #require: Requirement[] = []
  readonly #schedule = new Set<number>()
  readonly #fire = new Set<number>()
  readonly #unfire = new Set<number>()
  readonly #pend = new Set<number>()
  readonly #unpend = new Set<number>()
  #doneAfter: bigint

  constructor(
    graph: RunGraph,
    run: RunState,
    key: ActivationKey,
    seen: ActiveEntry,
    outcome: Exclude<Outcome, { kind: 'parked' }>,
  ) {
    this.#seen = seen
    this.#graph = graph
    this.#run = run
    this.#key = key
    this.#node = parseActivationKey(key).node
    this.#outcome = outcome
    this.#doneAfter = run.done
    this.#others = [...run.active.keys()]
      .filter((other) => other !== key)
      .map((other) => ({ node: parseActivationKey(other).node, key: other }))
  }

  toChange(options: TransitionOptions): CoreChange {
    const ready = this.#askEngine()
    const controllers = ready.filter((node) => this.#graph.loops.has(node))
    for (const node of ready) if (!controllers.includes(node)) this.#scheduleOnce(node)
    for (const controller of controllers) this.#enterLoop(controller)
    this.#drainLoops()
    const joins = this.#countArrivals()
    const final = this.#end(options)
    const { completed, reset } = this.#doneChange()
    const schedule = this.#entries(options)
    return {
      end: this.#key,
      seen: this.#seen,
      schedule,
      completed,
      reset,
      ...joins,
      fire: [...this.#fire],
      unfire: [...this.#unfire].filter((node) => this.#run.fired.has(node) && !this.#fire.has(node)),
      pend: [...this.#pend],
      unpend: [...this.#unpend],
      iterations: this.#iterations(schedule),
      errors: this.#errors(),
      fallback: this.#outcome.kind === 'fallback' && !this.#run.fallback,
      final,
      require: this.#require,
    }
  }

  #askEngine(): number[] {
    if (this.#outcome.kind === 'failed') {
      if (this.#outcome.completes) this.#doneAfter |= 1n << BigInt(this.#node)
      return []
    }
    const { result, matched } =
      this.#outcome.kind === 'completed'
        ? this.#outcome
        : { result: { action: 'fallback' }, matched: [this.#outcome.fallback] }
    const answer = engineOf(this.#graph).complete(this.#run.done, this.#node, result, matched)
    this.#doneAfter = answer.done
    // In memory, what is reset is what a controller's readiness resets; here that waits until the loop is empty.
    if (answer.ready.some((node) => this.#graph.loops.has(node))) {
      this.#doneAfter = this.#run.done | (1n << BigInt(this.#node))
    }
    return answer.ready
  }

  /** Schedules a node unless its present generation already did. */
  #scheduleOnce(node: number): void {
    const opensGeneration = this.#graph.loopClosedBy(this.#node, node)
    if (this.#isActive(node)) return
    if (this.#graph.contested.has(node)) {
      if (!opensGeneration) {
        if (!this.#unfire.has(node)) {
          if (this.#run.fired.has(node)) return
          this.#require.push({ kind: 'notFired', node })
        }
      }
      this.#fire.add(node)
    }
    if (opensGeneration) for (const inside of opensGeneration) if (inside !== node) this.#unfire.add(inside)
    this.#schedule.add(node)
  }

  /** A controller that is ready waits until nothing inside its loop is active, then reopens the loop. */
  #enterLoop(controller: number): void {
    const loop = this.#graph.loops.get(controller) as ReadonlySet<number>
    const scheduled = [...this.#schedule].some((node) => loop.has(node))
    const witness = this.#others.find(({ node }) => loop.has(node))
    if (scheduled || witness) {
      this.#pend.add(controller)
      if (!scheduled && witness) this.#require.push({ kind: 'active', key: witness.key })
      return
    }
    const before = this.#schedule.size
    this.#scheduleOnce(controller)
    if (this.#schedule.size > before) this.#reopen(controller, loop)
  }

  /** Whoever leaves a loop last schedules the controller that waits for it, also by failing. */
  #drainLoops(): void {
    for (const [controller, loop] of this.#graph.loops) {
      if (!loop.has(this.#node) || this.#pend.has(controller)) continue
      if ([...this.#schedule].some((node) => loop.has(node))) continue
      const witness = this.#others.find(({ node }) => loop.has(node))
      if (!this.#run.pending.has(controller)) {
        // Should it have become pending meanwhile, this activation was perhaps its witness.
        if (!this.#schedule.has(controller)) this.#require.push({ kind: 'notPending', node: controller })
        else this.#unpend.add(controller)
      } else if (witness) {
        this.#require.push({ kind: 'activeOrNotPending', key: witness.key, node: controller })
      } else {
        this.#unpend.add(controller)
        if (!this.#isActive(controller)) this.#schedule.add(controller)
        if (this.#graph.contested.has(controller)) this.#fire.add(controller)
        this.#reopen(controller, loop)
      }
    }
  }

  /** A new generation of a loop: nothing in it has completed, fired or arrived. */
  #reopen(controller: number, loop: ReadonlySet<number>): void {
    for (const node of loop) {
      if (isDone(this.#doneAfter, node)) this.#doneAfter -= 1n << BigInt(node)
      this.#unfire.add(node)
    }
    this.#unfire.delete(controller)
  }

  #isActive(node: number): boolean {
    return this.#others.some((other) => other.node === node)
  }

  /** The arrivals of every 'all' join that this completion, or a loop reset, changes. */
  #countArrivals(): Pick<Change, 'arrive' | 'arrivals' | 'close'> {
    const arrive = new Map<number, number>()
    const arrivals = new Map<number, number>()
    const close: number[] = []
    const { completed, reset } = this.#doneChange()
    const touched = new Set([...completed, ...reset].flatMap((node) => this.#graph.successors[node] ?? []))
    for (const join of touched) {
      if (!this.#graph.isCountedJoin(join)) continue
      const predecessors = this.#graph.predecessors[join] ?? []
      if (this.#schedule.has(join)) {
        close.push(join)
        continue
      }
      if (isDone(this.#doneAfter, join) || this.#isActive(join)) continue
      if (predecessors.some((node) => reset.includes(node))) {
        // Where the join was scheduled in the ended generation its count is gone: nothing to subtract from.
        const after = predecessors.filter((node) => isDone(this.#doneAfter, node)).length
        if (after > 0) arrivals.set(join, after)
        else close.push(join)
        for (const node of predecessors) this.#requireWord(node)
        continue
      }
      const gained = predecessors.filter((node) => completed.includes(node)).length
      if (gained > 0) arrive.set(join, gained)
    }
    this.#requireOpenJoins(arrive)
    return { arrive, arrivals, close }
  }

  /** "This join is not ready" was decided because somebody is missing: that must still be so. */
  #requireOpenJoins(arrive: ReadonlyMap<number, number>): void {
    if (this.#outcome.kind === 'failed') return
    const matched = this.#outcome.kind === 'completed' ? this.#outcome.matched : [this.#outcome.fallback]
    const considered = matched.length > 0 ? matched : (this.#graph.successors[this.#node] ?? [])
    for (const join of considered) {
      if (!this.#graph.isCountedJoin(join) || this.#schedule.has(join)) continue
      if (isDone(this.#doneAfter, join) || this.#isActive(join)) continue
      const predecessors = this.#graph.predecessors[join] ?? []
      if (predecessors.every((node) => isDone(this.#doneAfter, node))) continue
      this.#require.push({
        kind: 'arrivalsBelow',
        node: join,
        below: predecessors.length - (arrive.get(join) ?? 0),
      })
    }
  }

  /** Nothing active and nothing to come: this commit ends the run. */
  #end(options: TransitionOptions): Change['final'] {
    if (this.#schedule.size > 0) return undefined
    if (this.#others.length > 0) {
      this.#require.push({ kind: 'notLast' })
      return undefined
    }
    this.#require.push({ kind: 'last' })
    const failed = this.#run.errors + this.#errors() > 0
    const fallback = this.#outcome.kind === 'fallback' || this.#run.fallback
    const status = failed && !fallback ? 'failed' : 'completed'
    return { status, endedAt: options.now, outbox: options.outbox }
  }

  #errors(): number {
    if (this.#outcome.kind === 'fallback') return 0
    return this.#outcome.errors ?? (this.#outcome.kind === 'failed' ? 1 : 0)
  }

  #doneChange(): { completed: number[]; reset: number[] } {
    const completed: number[] = []
    const reset: number[] = []
    let differing = this.#run.done ^ this.#doneAfter
    for (let node = 0; differing > 0n; node++, differing >>= 1n) {
      if (!(differing & 1n)) continue
      if (isDone(this.#doneAfter, node)) completed.push(node)
      else {
        reset.push(node)
        this.#requireWord(node)
      }
    }
    return { completed, reset }
  }

  /** What was seen of the completion of this node (and of those in its word) must still be so. */
  #requireWord(node: number): void {
    const word = Math.floor(node / WORD_BITS)
    if (this.#require.some((other) => other.kind === 'doneWord' && other.word === word)) return
    this.#require.push({ kind: 'doneWord', word, is: wordOf(this.#run.done, word) })
  }

  #entries(options: TransitionOptions): Map<ActivationKey, ActiveEntry> {
    const inline = options.inline && this.#schedule.size === 1
    const entries = new Map<ActivationKey, ActiveEntry>()
    for (const node of this.#schedule) {
      const source = this.#graph.staticSource(node) === undefined ? this.#inputSource(node) : undefined
      entries.set(activationKey(node, this.#nextIteration(node)), { origin: options.strand, inline, source })
    }
    return entries
  }

  /** This node, where it takes an edge there; else one that took its edge before. */
  #inputSource(node: number): number | undefined {
    if (this.#outcome.kind !== 'completed') return undefined
    return this.#outcome.matched.includes(node) ? this.#node : this.#graph.plainSource(node, this.#run.done)
  }

  #nextIteration(node: number): number {
    if (!this.#graph.repeatable.has(node)) return 1
    return (this.#run.iterations.get(node) ?? 0) + 1
  }

  #iterations(schedule: ReadonlyMap<ActivationKey, ActiveEntry>): Map<number, number> {
    const iterations = new Map<number, number>()
    for (const key of schedule.keys()) {
      const { node, iteration } = parseActivationKey(key)
      if (!this.#graph.repeatable.has(node)) continue
      iterations.set(node, iteration)
      this.#require.push({ kind: 'iteration', node, is: iteration - 1 })
    }
    return iterations
  }
}
