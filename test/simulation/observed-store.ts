/**
 * The memory store under watch, for guarantees that are about single writes: each activation commits once (G1), is
 * scheduled once and a join not before all have arrived (G3), a finished run does not change (G5), no value is written
 * over.
 */
import { isDeepStrictEqual } from 'node:util'
import { arrivingNode, type Change } from '../../lib/core/protocol/change.ts'
import type { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import {
  type ActivationKey,
  isDone,
  isOver,
  parseActivationKey,
  type RunState,
} from '../../lib/core/protocol/run-state.ts'
import type { MemoryRunStore } from '../../lib/core/store/memory-run-store.ts'
import { shardOf } from '../../lib/core/store/run-list.ts'
import type { CommitResult, NewRun, PageEntries, StoredValue } from '../../lib/core/store/run-store.ts'
import { isMain, PAID } from './names.ts'
import { type StoreMutation, WeakStore } from './weak-store.ts'

/** What changes of a run that has ended. */
const OUTBOX = ['outbox', 'redriveNote']

/** All that end by a commit which suspends none in the header, in order. */
function endedBy({ end, through = [] }: Change): readonly ActivationKey[] {
  return [end, ...through]
}

export class ObservedStore extends WeakStore {
  readonly violations: string[] = []
  /** After so many paid calls nothing of the run may go on. */
  callsAtMost = Infinity
  /** How often activations of each node committed. */
  readonly commits = new Map<number, number>()
  /** Packs that were written: whether anything was moved out at all. */
  packs = 0
  refusals = 0
  /** Runs of which something was committed. */
  readonly worked = new Set<string>()
  /** Each redrive, by the id of its event. */
  readonly redriven: string[] = []
  readonly #ended = new Set<string>()
  readonly #scheduled = new Set<string>()
  readonly #graph: RunGraph
  readonly #over = new Map<string, RunState>()
  /** Runs that were cancelled, and whose children were too. */
  readonly #concluded = new Set<string>()

  readonly #mendsFailures: boolean

  /** `mendsFailures`: what fails runs again, so that only its commit without an error counts. */
  constructor(graph: RunGraph, mutation: StoreMutation = {}, mendsFailures = false) {
    super(mutation)
    this.#graph = graph
    this.#mendsFailures = mendsFailures
  }

  /** When the sweep must look at some run next: at once where there are runs to let go. */
  async nextDue(): Promise<number | undefined> {
    if ((await this.readPauses({ consistent: true })).releases.size > 0) return 0
    const due = await Promise.all((await this.due(Infinity)).map((runId) => this.read(runId)))
    const times = due.flatMap((run) => run?.dueAt ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** A run that is there is found by its labels. */
  override async create(run: NewRun): Promise<{ created: boolean; run: RunState }> {
    const result = await super.create(run)
    if (!result.created) return result
    if (run.forkedFrom !== undefined && result.run.graph !== undefined) this.#checkArrivals(result.run)
    const { runId, startedAt: time } = run
    for (const [name, value] of Object.entries(run.labels ?? {})) {
      const list = { kind: 'label', name, value } as const
      const read = { list, shard: shardOf(list, runId), from: time, to: time, limit: 100 }
      const { entries } = await this.readList(read)
      if (entries.every((entry) => entry.runId !== runId)) {
        this.violations.push(`'${runId}' is there, and is not found by label ${name}`)
      }
    }
    return result
  }

  override async commit(runId: string, change: Change): Promise<CommitResult> {
    const before = await this.read(runId)
    const result = await super.commit(runId, change)
    if (before && result.committed) this.#observe(before, result.run, change)
    else this.refusals++
    return result
  }

  override async begin(...args: Parameters<MemoryRunStore['begin']>): Promise<CommitResult> {
    return this.#checked(await super.begin(...args))
  }

  override async cancel(...args: Parameters<MemoryRunStore['cancel']>): Promise<CommitResult> {
    return this.#checked(await super.cancel(...args))
  }

  override async redrive(...args: Parameters<MemoryRunStore['redrive']>): Promise<CommitResult> {
    const result = await super.redrive(...args)
    if (!result.committed) return result
    const { runId, active, redrives } = result.run
    this.redriven.push(`${runId}:redriven:${redrives}`)
    this.#over.delete(runId)
    this.#concluded.delete(runId)
    // Children come before those that wait for them.
    if (result.run.parent) this.#concluded.delete(result.run.parent.runId)
    for (const key of active.keys()) {
      if (!this.#ended.delete(`${runId} ${key}`) || !isMain(runId)) continue
      const { node } = parseActivationKey(key)
      this.commits.set(node, (this.commits.get(node) ?? 0) - 1)
    }
    return result
  }

  override async pause(...args: Parameters<MemoryRunStore['pause']>): Promise<CommitResult> {
    return this.#checked(await super.pause(...args))
  }

  override async unpause(...args: Parameters<MemoryRunStore['unpause']>): Promise<CommitResult> {
    return this.#checked(await super.unpause(...args))
  }

  override async fail(...args: Parameters<MemoryRunStore['fail']>): Promise<CommitResult> {
    return this.#checked(await super.fail(...args))
  }

  #checked(result: CommitResult): CommitResult {
    if (result.committed) this.#check(result.run)
    return result
  }

  override async markPublished(ended: Pick<RunState, 'runId' | 'redrives'>): Promise<void> {
    const { runId } = ended
    const before = await this.read(runId)
    await super.markPublished(ended)
    const run = await this.read(runId)
    if (!run) return
    this.#check(run)
    // Not by one who marks it once more, when the run may go on.
    if (before?.outbox) this.#concluded.add(runId)
  }

  /** G1: a value is named by the attempt that wrote it, so nobody else writes under its name. */
  override async putValue(runId: string, key: string, value: StoredValue): Promise<void> {
    const there = await this.getValue(runId, key)
    if (there && !isDeepStrictEqual(there, value)) {
      this.violations.push(`G1: value ${key} of '${runId}' was written over by another attempt`)
    }
    await super.putValue(runId, key, value)
  }

  override async writePack(runId: string, pack: number, entries: PageEntries, seq: number): Promise<void> {
    this.packs++
    return super.writePack(runId, pack, entries, seq)
  }

  #observe(before: RunState, run: RunState, change: Change): void {
    if ((before.cost?.[`$.${PAID}`] ?? 0) > this.callsAtMost)
      this.violations.push(`cost: ${change.end} committed in a run that had cost too much`)
    const { runId } = run
    this.worked.add(runId)
    this.#check(run)
    if (isOver(before)) this.violations.push(`G5: ${change.end} of '${runId}' committed after its end`)
    if (run.parent && this.#concluded.has(run.parent.runId)) {
      this.violations.push(`G4: '${runId}' goes on though whoever waits for it is over`)
    }
    if (isMain(runId)) this.#checkSums(before, change)
    if (change.suspend) {
      const [suspensions = 0, again = 0] = [
        before.active.get(change.end)?.suspensions,
        change.suspend.suspensions,
      ]
      if (again <= suspensions)
        this.violations.push(`G1: ${runId} ${change.end} goes back to an earlier wait`)
      return
    }
    for (const ended of endedBy(change).map((one) => `${runId} ${one}`)) {
      if (this.#ended.has(ended)) this.violations.push(`G1: ${ended} committed twice`)
      this.#ended.add(ended)
    }
    // What was ahead of the header was scheduled there.
    const scheduled = [...(change.through ?? []), ...change.schedule.keys()]
    for (const key of scheduled.map((one) => `${runId} ${one}`)) {
      if (this.#scheduled.has(key)) this.violations.push(`G3: ${key} was scheduled twice`)
      this.#scheduled.add(key)
    }
    if (isOver(run) && run.active.size > 0) this.violations.push('G4: the run ended with work left')
    if (!isMain(runId)) return
    for (const [at, key] of endedBy(change).entries()) {
      const { node } = parseActivationKey(key)
      const isLast = at === (change.through?.length ?? 0)
      const counts = change.errors === 0 || !isLast || !this.#mendsFailures
      if (counts) this.commits.set(node, (this.commits.get(node) ?? 0) + 1)
    }
    this.#checkJoins(before, change)
    this.#checkArrivals(run)
  }

  /** A join that is scheduled has all its predecessors: those that completed before, or by this very commit. */
  #checkJoins(before: RunState, change: Change): void {
    for (const key of change.schedule.keys()) {
      const { node } = parseActivationKey(key)
      if (this.#graph.isQuorum(node)) this.#checkQuorum(before, change, node)
      if (!this.#graph.isCountedJoin(node)) continue
      const missing = (this.#graph.predecessors[node] ?? []).filter(
        (other) =>
          !isDone(before.done, other) &&
          !endedBy(change).some((one) => parseActivationKey(one).node === other),
      )
      if (missing.length > 0) this.violations.push(`G3: ${key} was scheduled before ${missing} completed`)
    }
  }

  /** Exactly as many are counted as a join of n of m wants when it fires, and once. A redrive schedules by itself. */
  #checkQuorum(before: RunState, change: Change, join: number): void {
    const arrived = new Set(before.arrived?.get(join)).add(arrivingNode(change))
    if (arrived.size !== this.#graph.quorumOf(join))
      this.violations.push(`G3: join ${join} fired with ${[...arrived]} arrived`)
    if (before.fired.has(join) && !change.unfire.includes(join))
      this.violations.push(`G3: join ${join} fired again`)
  }

  /** DynamoDB adds and subtracts where the memory store sets and clears: it must come to the same. */
  #checkSums(before: RunState, change: Change): void {
    const twice = change.completed.filter((node) => isDone(before.done, node))
    const never = change.reset.filter((node) => !isDone(before.done, node))
    if (twice.length > 0) this.violations.push(`sums: ${twice} completed while done`)
    if (never.length > 0) this.violations.push(`sums: ${never} reset while not done`)
    for (const [join, count] of change.arrive) {
      const after = (before.arrivals.get(join) ?? 0) + count
      if (after < 0) this.violations.push(`sums: ${after} arrivals at ${join}`)
    }
  }

  /** The count of an open join is that of its completed predecessors; a join of n of m has fired once n are counted. */
  #checkArrivals(run: RunState): void {
    for (const [join, arrived] of run.arrived ?? []) {
      const wanted = this.#graph.quorumOf(join)
      if (arrived.size > wanted || (arrived.size === wanted) !== run.fired.has(join))
        this.violations.push(`sums: ${[...arrived]} arrived at ${join}, which wants ${wanted}`)
    }
    const active = new Set([...run.active.keys()].map((key) => parseActivationKey(key).node))
    for (let join = 0; join < this.#graph.size; join++) {
      if (!this.#graph.isCountedJoin(join) || active.has(join) || isDone(run.done, join)) continue
      const predecessors = this.#graph.predecessors[join] ?? []
      const completed = predecessors.filter((node) => isDone(run.done, node)).length
      const counted = run.arrivals.get(join)
      // It was scheduled and failed.
      if (counted === undefined && completed === predecessors.length) continue
      if ((counted ?? 0) === completed) continue
      this.violations.push(`sums: ${counted} arrivals at ${join}, ${completed} completed`)
    }
  }

  /** Of runs that have ended, only what is still to be told may change. */
  #check(run: RunState): void {
    const over = this.#over.get(run.runId)
    if (over) {
      const changed = Object.entries(over).filter(
        ([name, value]) => !OUTBOX.includes(name) && run[name as keyof RunState] !== value,
      )
      if (changed.length > 0) this.violations.push(`G5: a finished run changed in ${changed.map(([n]) => n)}`)
    } else if (isOver(run)) this.#over.set(run.runId, run)
  }
}
