/** The memory store, told to forget some of what the protocol asks of it: a mutant of the store's half. */
import type { Counts } from '../../lib/core/common/run-counts.ts'
import { apply, type Change, type Requirement } from '../../lib/core/protocol/change.ts'
import { isOver, type RunState } from '../../lib/core/protocol/run-state.ts'
import { MemoryRunStore } from '../../lib/core/store/memory-run-store.ts'
import type {
  Arrivals,
  CommitResult,
  FirstState,
  Lease,
  LeaseRequest,
  MovedEntries,
  Reschedule,
} from '../../lib/core/store/run-store.ts'

export interface StoreMutation {
  /** Requirements of these kinds are not checked. */
  readonly drop?: readonly Requirement['kind'][]
  /**
   * What every commit demands and this one does not: that the run is running, that the activation has not ended, that
   * it is as it was seen, that what is scheduled is not there yet.
   */
  readonly forget?: readonly ('running' | 'unended' | 'seen' | 'unscheduled')[]
  /** Cancelling leaves what is active. */
  readonly cancelKeepsActive?: boolean
  /** A run is begun though it was cancelled before. */
  readonly beginsCancelled?: boolean
  /** A run is begun though somebody did before. */
  readonly beginsAgain?: boolean
  /** Nothing is marked as fired. */
  readonly neverFires?: boolean
  /** Only the edges that were taken arrive at their joins. */
  readonly takenEdgesOnly?: boolean
  /** The end of a run leaves nothing to be told. */
  readonly noOutbox?: boolean
  /** Arrivals at a shard are counted, not kept as a set. */
  readonly countArrivals?: boolean
  /** Only whoever fills a shard sees it full. */
  readonly fillerOnly?: boolean
  /** The time of the next look is moved whatever was committed meanwhile. */
  readonly blindDue?: boolean
  /** A commit leaves the header's inline values of keys that are in its bundle. */
  readonly keepsBundled?: boolean
  /** Whether what was moved out is taken for newer than any bundle, or for older. */
  readonly pagesAre?: 'newer' | 'older'
  /** Nothing is put where a cancelled child is not there yet. */
  readonly noTombstone?: boolean
  /** Everybody gets the lease they ask for. */
  readonly noLease?: boolean
  /** Each lease is called the first. */
  readonly firstAttempts?: boolean
}

export class WeakStore extends MemoryRunStore {
  readonly #mutation: StoreMutation
  #calls = 0

  constructor(mutation: StoreMutation) {
    super()
    this.#mutation = mutation
  }

  protected override applied(run: RunState, change: Change): RunState | undefined {
    const { forget = [] } = this.#mutation
    let before = this.#forgetting(run, change)
    if (forget.includes('running')) before = { ...before, status: 'running' }
    const seen = forget.includes('seen') ? (run.active.get(change.end) ?? change.seen) : change.seen
    const after = apply(before, { ...this.#weaker(change), seen })
    return after && { ...after, status: change.final?.status ?? run.status }
  }

  override async cancel(...args: Parameters<MemoryRunStore['cancel']>): Promise<CommitResult> {
    const before = await this.read(args[0])
    const result = await super.cancel(...args)
    if (!result.committed || !before || !this.#mutation.cancelKeepsActive) return result
    const run = { ...result.run, active: before.active }
    this.overwrite(run)
    return { committed: true, run }
  }

  override async begin(runId: string, first: FirstState): Promise<CommitResult> {
    const run = await this.read(runId)
    const { beginsCancelled, beginsAgain } = this.#mutation
    const isWeak = run && (run.graph ? beginsAgain && !isOver(run) : beginsCancelled && isOver(run))
    if (!isWeak) return super.begin(runId, first)
    const begun = { ...run, ...first }
    this.overwrite(begun)
    return { committed: true, run: begun }
  }

  override async arrive(
    runId: string,
    partition: string,
    members: number | readonly number[],
    failed: boolean,
    cost?: Counts,
  ): Promise<Arrivals> {
    const { countArrivals, fillerOnly } = this.#mutation
    if (countArrivals) return super.arrive(runId, partition, ++this.#calls, failed, cost)
    const [first] = [members].flat() as [number]
    const before = (await this.arrivals(runId, partition)).arrived.has(first)
    const arrivals = await super.arrive(runId, partition, members, failed, cost)
    return fillerOnly && before ? { ...arrivals, arrived: new Set() } : arrivals
  }

  override async reschedule(runId: string, look: Reschedule): Promise<boolean> {
    if (!this.#mutation.blindDue) return super.reschedule(runId, look)
    const seq = (await this.read(runId))?.seq ?? look.seq
    return super.reschedule(runId, { seq, dueAt: look.dueAt })
  }

  override async readPacks(runId: string, first: number, last: number): Promise<MovedEntries> {
    return this.#aged(await super.readPacks(runId, first, last))
  }

  override async readAll(runId: string): Promise<{ run: RunState; pages: MovedEntries } | undefined> {
    const all = await super.readAll(runId)
    return all && { ...all, pages: this.#aged(all.pages) }
  }

  #aged(entries: MovedEntries): MovedEntries {
    const { pagesAre } = this.#mutation
    if (!pagesAre) return entries
    const seq = pagesAre === 'newer' ? Infinity : -1
    return new Map([...entries].map(([name, { text }]) => [name, { text, seq }]))
  }

  override async putCancelled(runId: string, blueprintId: string, now: number): Promise<boolean> {
    if (!this.#mutation.noTombstone) return super.putCancelled(runId, blueprintId, now)
    return (await this.read(runId)) === undefined
  }

  override async lease(request: LeaseRequest): Promise<Lease> {
    const { noLease, firstAttempts } = this.#mutation
    const lease = await super.lease(noLease ? { ...request, now: Infinity } : request)
    return firstAttempts ? { ...lease, attempt: 1 } : lease
  }

  /** Puts values into a header that no commit put there. */
  async leak(runId: string, inlineValues: ReadonlyMap<string, string>): Promise<void> {
    const run = await this.read(runId)
    if (run && !isOver(run))
      this.overwrite({ ...run, inlineValues: new Map([...run.inlineValues, ...inlineValues]) })
  }

  /** The header in which what the change should trip over looks as it wishes. */
  #forgetting(run: RunState, change: Change): RunState {
    const { forget = [] } = this.#mutation
    const active = new Map(run.active)
    if (forget.includes('unended') && !active.has(change.end)) active.set(change.end, change.seen)
    if (forget.includes('unscheduled')) for (const key of change.schedule.keys()) active.delete(key)
    return { ...run, active }
  }

  #weaker(change: Change): Change {
    const { drop = [], neverFires, noOutbox, takenEdgesOnly, keepsBundled } = this.#mutation
    const asked = new Set(change.require.flatMap((one) => (one.kind === 'arrivalsBelow' ? [one.node] : [])))
    const arrive = takenEdgesOnly
      ? new Map([...change.arrive].filter(([join]) => asked.has(join)))
      : change.arrive
    return {
      ...change,
      arrive,
      fire: neverFires ? [] : change.fire,
      bundled: keepsBundled ? undefined : change.bundled,
      final: change.final && noOutbox ? { ...change.final, outbox: undefined } : change.final,
      require: change.require.filter(({ kind }) => !drop.includes(kind)),
    }
  }
}
