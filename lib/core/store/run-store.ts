/**
 * What the protocol asks of a store. Two implementations, held to one contract suite: DynamoDB, and memory for
 * tests. Each method is one request on one item, so that a crash falls between requests and never inside one.
 */
import type { Change } from '../protocol/change.ts'
import type { Redriven } from '../protocol/redrive.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import type { Counts } from '../common/run-counts.ts'
import type { ActivationKey, RedriveNote, RunState } from '../protocol/run-state.ts'
import type { CommitResult } from './commit-result.ts'
import type { PauseStore } from './pause-store.ts'
import type { ListPart, ListRead } from './run-list.ts'

export type { CommitResult } from './commit-result.ts'

/** What became of a request for a lease. */
export interface Lease {
  /** Whether `token` holds the strand now. */
  readonly held: boolean
  /** Number of leases on this strand so far, the present one included. */
  readonly attempt: number
  /** Number of earlier leases whose holders did not give them back: they died, most likely. */
  readonly lost: number
  /** Number of those among them whose holders worked on nothing else in their process. */
  readonly lostAlone: number
  /** Milliseconds since the epoch at which the present lease ends. */
  readonly until: number
  /** What the last holders gave it back with, where that was an error nobody expected. */
  readonly ended?: LeaseEnd
}

/** An error that the holders of a lease ended with, one after the other. */
export interface LeaseEnd {
  /** The same for the same error. */
  readonly print: string
  readonly times: number
}

/** Who has arrived at a shard of a batch, and how many of them must be looked at: those that failed, say. */
export interface Arrivals {
  readonly arrived: ReadonlySet<number>
  readonly failed: number
  /** What those who have arrived used; absent where nothing was counted. */
  readonly cost?: Counts
}

/** Where the leases of a run lie depends on the format that it was begun in. */
export type LeasedRun = Pick<RunState, 'runId' | 'format'>

/** Asks for the right to work on a strand until a time. */
export interface LeaseRequest extends LeasedRun {
  /** The activation that a message names; for an item of a batch its partition, a bar and the item. */
  readonly strand: string
  /** Names the holder. */
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Gives a lease back. */
export interface ReleaseRequest extends Omit<LeaseRequest, 'until'> {
  /** Whether the lease is, or perhaps is, held alone. @default false */
  readonly alone?: boolean
  /** What the work under it ended with. @default - what an earlier holder left stays */
  readonly ended?: LeaseEnd
}

/** Values that are moved into a page. */
export type PageEntries = ReadonlyMap<string, string>

/** What is to leave the header: it lies in its pages, or in the pack of this number. */
export interface Moved {
  readonly texts: ReadonlyMap<string, string>
  readonly pack?: number
}

/** Values in pages and packs, each with the `seq` of the header that it was moved from. */
export type MovedEntries = ReadonlyMap<string, { readonly text: string; readonly seq: number }>

/** One stored part of a large value: compressed or not. */
export interface StoredValue {
  readonly bytes?: Uint8Array
  readonly text?: string
}

/** A graph, or a part of one. */
export interface StoredGraph extends StoredValue {
  /** Whether it must be put anew before another run starts with it, which may outlive it. @default false */
  readonly isAging?: boolean
}

/** A run that is put: not begun (`graph` undefined), with its start nodes queued, or in the state of another that it goes on from. */
export type NewRun = Omit<
  RunState,
  'status' | 'seq' | 'done' | 'arrivals' | 'pending' | 'errors' | 'fallback' | 'offloaded'
> &
  Partial<Pick<RunState, 'done' | 'arrivals' | 'pending' | 'errors' | 'fallback'>>

/** What a run has when its start nodes are queued. */
export type FirstState = Pick<RunState, 'active' | 'fired' | 'iterations' | 'format'> & {
  readonly graph: string
  /** The input, in place of what the run was accepted with. @default - that */
  readonly inlineValues?: ReadonlyMap<string, string>
  /** Added to what the run used. @default - nothing */
  readonly cost?: Counts
}

/** A place in the table as a whole. */
export interface TablePlace {
  readonly pk: string
  readonly sk: string
}

/** Which part of the table is looked through for runs that stand in no list. */
export interface UnlistedRead {
  /** Begins behind this place. @default - with the first item */
  readonly after?: TablePlace
  /** The part of the table to look at. @default - all of it */
  readonly segment?: { readonly index: number; readonly of: number }
}

/** Runs that could stand in a list and do not. */
export interface Unlisted {
  /** Ids of runs that could stand in a list and do not. */
  readonly runIds: readonly string[]
  /** Items that were looked at. */
  readonly looked: number
  /** Where there are more. */
  readonly next?: TablePlace
}

/** How a run ends as failed without a commit of one of its nodes. */
export interface FailedEnd {
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Of a run that was begun: its commits so far, the child runs that are to be cancelled, and what it may cost. */
  readonly seen?: EndOfBegun & Pick<RunState, 'budget'>
}

/** A begun run as it was seen by who ends it. */
export interface EndOfBegun {
  readonly seq: number
  /** Child runs that are to be cancelled with it. */
  readonly children: readonly string[]
  /** Whether the header keeps what is active, for whoever redrives the run. @default false */
  readonly keepsActive?: boolean
  /** That of the run. @default - that of this version */
  readonly format?: RunState['format']
}

/** How a run is taken up again after its end. */
export interface RedriveState extends Redriven {
  /** In place of all inline values. */
  readonly inlineValues: ReadonlyMap<string, string>
  /** Whether inline values were ever moved out, and in how many packs. */
  readonly offloaded: boolean
  readonly packs?: number
  /** When the sweep looks whether its jobs were sent, in milliseconds since the epoch. */
  readonly dueAt: number
  /** The outbox entry that it leaves, until it is published. @default - one that names nobody */
  readonly note?: RedriveNote
  /** Whether the run that waits for this one has taken in what this one used. @default false */
  readonly costIsTold?: boolean
}

/** When the sweep looks at a run next. */
export interface Reschedule {
  readonly seq: number
  /** Milliseconds since the epoch; undefined for never. */
  readonly dueAt: number | undefined
  /** The time that is moved: whoever unpauses a run, which is no commit, sets another. @default - any */
  readonly was?: number
}

/** Where runs are kept: DynamoDB, or the memory of a test. Each write is one item and one condition. */
export interface RunStore extends PauseStore {
  /** The same store, whose requests are counted. @default - nothing is counted: it makes none */
  countedBy?(counter: CostCounter): RunStore
  /** Puts the header if there is none. `run` is what is there afterwards. */
  create(run: NewRun): Promise<{ created: boolean; run: RunState }>
  /** Puts the entries by which a run that is about to be created is found by its labels. Again is the same. */
  putLabels(run: NewRun): Promise<void>
  /** Queues the start nodes of an accepted run, unless somebody did. */
  begin(runId: string, first: FirstState): Promise<CommitResult>
  /** Consistent read of the header. */
  read(runId: string): Promise<RunState | undefined>
  /** Consistent reads of headers, of those runs that are there. */
  readMany(runIds: readonly string[]): Promise<ReadonlyMap<string, RunState>>
  /**
   * Some entries of one shard of a list. All but those of labels may be a moment old.
   * @throws FlowcraftAwsError RUN_INDEX_MISSING
   */
  readList(read: ListRead): Promise<ListPart>
  /** Looks through some of the table for runs that an older version wrote, or one that was told to list none. */
  readUnlisted(read: UnlistedRead): Promise<Unlisted>
  /** Puts a run into the lists that it could stand in, if it is as it was seen. Again is the same. */
  enlist(seen: RunState): Promise<CommitResult>
  /**
   * `seen` is the state that the change was decided on. Refused as well where the header would not fit into an item:
   * `offloadUntilItFits` is for that.
   */
  commit(runId: string, change: Change, seen?: RunState): Promise<CommitResult>
  /** Ends a run as failed that nobody has begun, or, with `seen`, one in which nothing was committed since it was read. */
  fail(runId: string, end: FailedEnd): Promise<CommitResult>
  /** Ends a run as cancelled, if nothing was committed since it was read. */
  cancel(runId: string, seen: EndOfBegun & { readonly now: number }): Promise<CommitResult>
  /**
   * Takes a run up again that has ended, and whose end is published, if it is as it was seen. Refused as well where the
   * header would not fit into an item.
   */
  redrive(seen: RunState, next: RedriveState): Promise<CommitResult>
  /** Lets nobody work on a run from now on; refused where it is over or paused. */
  pause(runId: string, now: number): Promise<CommitResult>
  /** Lets the run go on, and has the sweep look at it at a time; refused where it is not paused. */
  unpause(runId: string, at: number): Promise<CommitResult>
  /** Says what a run may cost, whatever state it is in. */
  setBudget(runId: string, budget: NonNullable<RunState['budget']>): Promise<CommitResult>
  /** Puts a cancelled run where there is none, so that nobody can start it. False where there is one. */
  putCancelled(runId: string, blueprintId: string, now: number): Promise<boolean>
  /** Ids of runs that the sweep must look at by now: a hint, to be checked against the header. */
  due(now: number): Promise<string[]>
  /** Moves the time of the next look, if the run is as it was seen. */
  reschedule(runId: string, look: Reschedule): Promise<boolean>
  /** Notes that the message of an activation, or of the start, lies in the dead-letter queue, if it is still needed. */
  noteDeadLetter(runId: string, key: ActivationKey | undefined, reason: string): Promise<void>
  /** Removes the outbox entry of a run's end, once that is published: of this end, not of one after a redrive. */
  markPublished(ended: Pick<RunState, 'runId' | 'redrives'>): Promise<void>
  /** Removes the outbox entry of a redrive, once that is published: of this redrive, not of the next. */
  markRedrivePublished(redriven: Pick<RunState, 'runId' | 'redrives'>): Promise<void>

  /** Takes the strand's lease if there is none or it is over; also answers to whoever holds it already. */
  lease(request: LeaseRequest): Promise<Lease>
  /** Moves the end of the caller's own lease; not held where a successor took over. */
  renew(request: LeaseRequest): Promise<Lease>
  /**
   * Notes on one's own lease that its holder works on nothing else in its process, and moves its end: whoever finds it
   * lost knows what its worker died with. Not held where a successor took over.
   */
  holdAlone(request: LeaseRequest): Promise<Lease>
  /** Gives one's own lease back, so that a successor need not wait for its end. */
  release(request: ReleaseRequest): Promise<void>
  /** Ends a lease whoever holds it, and forgets what its holders died of. Only of a run that is over. */
  revokeLease(run: LeasedRun, strand: string): Promise<void>
  /** Consistent read of the lease on a strand. */
  readLease(run: LeasedRun, strand: string): Promise<Lease | undefined>

  /** Moves inline values into a page. False where the page holds something newer than `seq` knew: then nothing changed. */
  writePage(runId: string, page: string, entries: PageEntries, seq: number): Promise<boolean>
  /**
   * Takes inline values that are in a pack, or in their pages, now out of the header, if nothing was committed and nothing
   * moved since it was seen.
   */
  evict(seen: RunState, moved: Moved): Promise<CommitResult>
  /** The values of a page, which a run of an older version moved out of its header. */
  readPage(runId: string, page: string): Promise<MovedEntries>
  /**
   * Puts inline values, as the header of `seq` shows them, into a pack of their own, which nobody changes. Whoever
   * takes them out of the header counts the pack: until then there may be others of the same number.
   */
  writePack(runId: string, pack: number, entries: PageEntries, seq: number): Promise<void>
  /** What is in the packs of these numbers, both included; of a name that several have the newest. */
  readPacks(runId: string, first: number, last: number): Promise<MovedEntries>
  /** The header, and all pages and packs; of a name that several have the newest. */
  readAll(runId: string): Promise<{ run: RunState; pages: MovedEntries } | undefined>

  /**
   * Adds a member to a set of arrivals, or some that always arrive together, and returns the set. Adding twice is adding once,
   * also of what was used for them. `failed`: whether any of them must be looked at; that counts once.
   */
  arrive(
    runId: string,
    partition: string,
    members: number | readonly number[],
    failed: boolean,
    cost?: Counts,
  ): Promise<Arrivals>
  /** A set of arrivals; empty where nobody has arrived. */
  arrivals(runId: string, partition: string): Promise<Arrivals>
  /** The values of one partition whose keys begin with `prefix` (which names the partition), by key. */
  listValues(runId: string, prefix: string): Promise<ReadonlyMap<string, StoredValue>>

  /** Values are immutable: their key names the attempt that wrote them, so a second put of a key is the same. */
  /** Puts a value whose key says nothing of its content: the first wins. False where there is one. */
  putOnce(runId: string, key: string, value: StoredValue): Promise<boolean>
  /** Puts a value whose key names the attempt that writes it. Again is the same. */
  putValue(runId: string, key: string, value: StoredValue): Promise<void>
  /** A value; undefined where there is none. */
  getValue(runId: string, key: string): Promise<StoredValue | undefined>
  /** Consistent reads of values, of those that are there. */
  getValues(runId: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredValue>>

  /** Puts a version of a blueprint. Again is the same. */
  putGraph(blueprintId: string, fingerprint: string, blueprint: StoredValue): Promise<void>
  /** A version of a blueprint; undefined where there is none. */
  getGraph(blueprintId: string, fingerprint: string): Promise<StoredGraph | undefined>
}
