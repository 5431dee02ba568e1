/**
 * The state of runs in this process's memory: the twin of the DynamoDB store for tests, made of the same pure
 * functions that say what a commit means. Nothing survives the process.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Counts } from '../common/run-counts.ts'
import { apply, type Change, costAfter } from '../protocol/change.ts'
import {
  type ActivationKey,
  type RunState,
  START,
  outboxEntries,
  nothingScheduled,
} from '../protocol/run-state.ts'
import { fitsItem, inlineValuesWithout } from './header.ts'
import { MemoryLeases } from './memory-leases.ts'
import { type MemoryLabel, readMemoryList } from './memory-lists.ts'
import { MemoryPauses } from './memory-pauses.ts'
import { publishedState } from './memory-steering.ts'
import { MemoryValues } from './memory-values.ts'
import type { ListPart, ListRead } from './run-list.ts'
import type {
  Arrivals,
  CommitResult,
  EndOfBegun,
  FirstState,
  Lease,
  LeasedRun,
  LeaseRequest,
  Moved,
  MovedEntries,
  NewRun,
  PageEntries,
  ReleaseRequest,
  Reschedule,
  RunStore,
  StoredValue,
  FailedEnd,
  Unlisted,
  UnlistedRead,
} from './run-store.ts'

/** A run store in memory, with the conditions of the one on DynamoDB. */
export class MemoryRunStore extends MemoryPauses implements RunStore {
  readonly #leases = new MemoryLeases()
  readonly #values = new MemoryValues()
  readonly #labels = new Map<string, MemoryLabel>()

  async create(run: NewRun): Promise<{ created: boolean; run: RunState }> {
    const there = this.runs.get(run.runId)
    if (there) return { created: false, run: there }
    const fresh: RunState = {
      done: 0n,
      arrivals: new Map(),
      pending: new Set(),
      errors: 0,
      fallback: false,
      ...run,
      status: 'running',
      seq: 0,
      offloaded: false,
    }
    this.runs.set(run.runId, fresh)
    return { created: true, run: fresh }
  }

  async putLabels({ runId, startedAt: time, labels = {} }: NewRun): Promise<void> {
    for (const [name, value] of Object.entries(labels)) {
      this.#labels.set(`${time} ${runId} ${name}=${value}`, { time, runId, name, value })
    }
  }

  async begin(runId: string, first: FirstState): Promise<CommitResult> {
    const run = this.runs.get(runId)
    if (run?.status !== 'running' || run.graph !== undefined) return this.written(runId, undefined)
    const { deadLetters: _, ...rest } = run
    const { cost, inlineValues = rest.inlineValues, ...scheduled } = first
    return this.written(runId, { ...rest, ...scheduled, inlineValues, ...costAfter(rest, cost) })
  }

  async read(runId: string): Promise<RunState | undefined> {
    return this.runs.get(runId)
  }

  async readMany(runIds: readonly string[]): Promise<ReadonlyMap<string, RunState>> {
    return new Map(
      runIds.flatMap((runId) => {
        const run = this.runs.get(runId)
        return run ? [[runId, run] as const] : []
      }),
    )
  }

  async readList(read: ListRead): Promise<ListPart> {
    return readMemoryList([...this.runs.values()], [...this.#labels.values()], read)
  }

  /** All are in their lists. */
  async readUnlisted(_read: UnlistedRead): Promise<Unlisted> {
    return { runIds: [], looked: this.runs.size }
  }

  async enlist(seen: RunState): Promise<CommitResult> {
    const run = this.runs.get(seen.runId)
    const isAsSeen = run !== undefined && run.status === seen.status && run.seq === seen.seq
    return this.written(seen.runId, isAsSeen ? run : undefined)
  }

  async commit(runId: string, change: Change): Promise<CommitResult> {
    const run = this.runs.get(runId)
    const next = run && this.applied(run, change)
    return this.written(runId, next && fitsItem(next) ? next : undefined)
  }

  async fail(runId: string, { reason, now, seen }: FailedEnd): Promise<CommitResult> {
    const run = this.runs.get(runId)
    const isRaised = seen?.budget !== undefined && !isDeepStrictEqual(run?.budget, seen.budget)
    const isAsSeen = seen ? run?.seq === seen.seq && !isRaised : run?.graph === undefined
    if (run?.status !== 'running' || !isAsSeen) return this.written(runId, undefined)
    return this.written(runId, {
      ...run,
      status: 'failed',
      reason,
      endedAt: now,
      active: new Map(),
      dueAt: undefined,
      outbox: outboxEntries.notify,
      pausedAt: undefined,
      pausedByFailure: undefined,
      heldBy: undefined,
      ...(seen && seen.children.length > 0 ? { cancelledChildren: seen.children } : {}),
      ...(seen?.keepsActive ? { activeAtEnd: run.active } : {}),
    })
  }

  async cancel(runId: string, seen: EndOfBegun & { readonly now: number }): Promise<CommitResult> {
    const run = this.runs.get(runId)
    if (run?.status !== 'running' || run.seq !== seen.seq) return this.written(runId, undefined)
    return this.written(runId, {
      ...run,
      status: 'cancelled',
      endedAt: seen.now,
      active: new Map(),
      dueAt: undefined,
      outbox: outboxEntries.notify,
      cancelledChildren: seen.children.length > 0 ? seen.children : undefined,
      pausedAt: undefined,
      pausedByFailure: undefined,
      heldBy: undefined,
      ...(seen.keepsActive ? { activeAtEnd: run.active } : {}),
    })
  }

  async setBudget(runId: string, budget: NonNullable<RunState['budget']>): Promise<CommitResult> {
    const run = this.runs.get(runId)
    return this.written(runId, run && { ...run, budget })
  }

  async putCancelled(runId: string, blueprintId: string, now: number): Promise<boolean> {
    if (this.runs.has(runId)) return false
    const nothing = { ...nothingScheduled(), inlineValues: new Map() }
    const { run } = await this.create({ runId, blueprintId, startedAt: now, ...nothing })
    this.runs.set(runId, { ...run, status: 'cancelled', endedAt: now })
    return true
  }

  async due(now: number): Promise<string[]> {
    const due = [...this.runs.values()].filter(
      (run) => run.status === 'running' && (run.dueAt ?? Infinity) <= now,
    )
    return due.map(({ runId }) => runId)
  }

  async reschedule(runId: string, look: Reschedule): Promise<boolean> {
    const run = this.runs.get(runId)
    if (run?.status !== 'running' || run.seq !== look.seq) return false
    if (look.was !== undefined && run.dueAt !== look.was) return false
    const { steered: _rs, ...rest } = run
    this.runs.set(runId, { ...rest, dueAt: look.dueAt })
    return true
  }

  async noteDeadLetter(runId: string, key: ActivationKey | undefined, reason: string): Promise<void> {
    const run = this.runs.get(runId)
    const isNeeded = key === undefined ? run?.graph === undefined : run?.active.has(key)
    if (run?.status !== 'running' || !isNeeded) return
    const deadLetters = new Map(run.deadLetters).set(key ?? START, reason)
    this.runs.set(runId, { ...run, deadLetters })
  }

  async markPublished({ runId, redrives }: Pick<RunState, 'runId' | 'redrives'>): Promise<void> {
    this.written(runId, publishedState(this.runs.get(runId), 'outbox', redrives))
  }

  async markRedrivePublished({ runId, redrives }: Pick<RunState, 'runId' | 'redrives'>): Promise<void> {
    this.written(runId, publishedState(this.runs.get(runId), 'redriveNote', redrives))
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    return this.#leases.take(request)
  }

  async renew(request: LeaseRequest): Promise<Lease> {
    return this.#leases.renew(request)
  }

  async holdAlone(request: LeaseRequest): Promise<Lease> {
    return this.#leases.holdAlone(request)
  }

  async release(request: ReleaseRequest): Promise<void> {
    this.#leases.release(request)
  }

  async revokeLease(run: LeasedRun, strand: string): Promise<void> {
    this.#leases.revoke(run, strand)
  }

  async readLease(run: LeasedRun, strand: string): Promise<Lease | undefined> {
    return this.#leases.read(run, strand)
  }

  async writePage(runId: string, page: string, entries: PageEntries, seq: number): Promise<boolean> {
    return this.#values.writePage(runId, page, entries, seq)
  }

  async evict(seen: RunState, { texts, pack }: Moved): Promise<CommitResult> {
    const run = this.runs.get(seen.runId)
    const isAsSeen = run?.status === 'running' && run.seq === seen.seq
    if (!isAsSeen || (pack !== undefined && (run.packs ?? 0) !== pack - 1))
      return this.written(seen.runId, undefined)
    return this.written(seen.runId, {
      ...run,
      inlineValues: inlineValuesWithout(seen, texts),
      offloaded: run.offloaded || texts.size > 0,
      ...(pack === undefined ? {} : { packs: pack }),
    })
  }

  async writePack(runId: string, pack: number, entries: PageEntries, seq: number): Promise<void> {
    this.#values.writePack(runId, pack, entries, seq)
  }

  async readPacks(runId: string, first: number, last: number): Promise<MovedEntries> {
    return this.#values.readPacks(runId, first, last)
  }

  async readPage(runId: string, page: string): Promise<MovedEntries> {
    return this.#values.readPage(runId, page)
  }

  async readAll(runId: string): Promise<{ run: RunState; pages: MovedEntries } | undefined> {
    const run = this.runs.get(runId)
    return run && { run, pages: this.#values.readPages(runId) }
  }

  async arrive(
    runId: string,
    partition: string,
    members: number | readonly number[],
    failed: boolean,
    cost?: Counts,
  ): Promise<Arrivals> {
    return this.#values.arrive(runId, partition, [members].flat(), failed, cost)
  }

  async arrivals(runId: string, partition: string): Promise<Arrivals> {
    return this.#values.arrivals(runId, partition)
  }

  async listValues(runId: string, prefix: string): Promise<ReadonlyMap<string, StoredValue>> {
    return this.#values.listValues(runId, prefix)
  }

  async putOnce(runId: string, key: string, value: StoredValue): Promise<boolean> {
    return this.#values.putOnce(runId, key, value)
  }

  async putValue(runId: string, key: string, value: StoredValue): Promise<void> {
    this.#values.putValue(runId, key, value)
  }

  async getValues(runId: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredValue>> {
    return this.#values.getValues(runId, wanted)
  }

  async getValue(runId: string, key: string): Promise<StoredValue | undefined> {
    return this.#values.getValue(runId, key)
  }

  async putGraph(blueprintId: string, fingerprint: string, blueprint: StoredValue): Promise<void> {
    this.#values.putGraph(blueprintId, fingerprint, blueprint)
  }

  async getGraph(blueprintId: string, fingerprint: string): Promise<StoredValue | undefined> {
    return this.#values.getGraph(blueprintId, fingerprint)
  }

  /** What a commit makes of a run; undefined where it is refused. */
  protected applied(run: RunState, change: Change): RunState | undefined {
    return apply(run, change)
  }

  /** Replaces a run's state, whatever it was. */
  protected overwrite(run: RunState): void {
    this.runs.set(run.runId, run)
  }
}
