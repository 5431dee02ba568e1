/** Runs as a program outside the workers sees them: in memory, on the local AWS and on AWS by the same verbs. */
import { FlowcraftAwsError } from '../core/common/errors.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import type { RunDescription } from '../core/run/describe.ts'
import type { Failures, FailuresRequest } from '../core/run/failures.ts'
import type { ListRunsQuery, ListRunsRequest, RunPage, RunSummary } from '../core/run/list.ts'
import type { ForkRequest, ForkResult } from './fork-request.ts'
import type { PauseBlueprintResult, PausedBlueprint, UnpauseBlueprintResult } from './blueprint-pauses.ts'
import type { RedriveManyRequest, RedriveOutcome } from './redrive-many.ts'
import type {
  CancelResult,
  OperationRequest,
  PauseResult,
  RedriveRequest,
  RedriveResult,
  SkipRequest,
  SkipResult,
  UnpauseRequest,
  UnpauseResult,
} from './steering.ts'
import type { StartManyResult } from './start-many.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'
import type { WatchOptions } from './watch.ts'

/** `by` and `reason` stand in the run's history. */
export interface ResumeRequest extends OperationRequest {
  /** The node that waits. @default - the only one that does */
  readonly nodeId?: string
  /** Chooses the edges to take, as a node's own action does. @default - the edges without an action */
  readonly action?: string
  /** Becomes the output of the waiting node. @default - what the node itself gave */
  readonly output?: unknown
  /**
   * Names the call, so that it can be made again when its answer was lost: a repeated call without one may give its
   * event to the next round of a loop, or, where it names no node, to the next that waits. @default - each call is its own
   */
  readonly idempotencyKey?: string
}

/** What became of a `resume`. */
export interface ResumeResult {
  /** Whether this call's event is the one that counts; false where the node was resumed before. */
  readonly resumed: boolean
}

/** Options of `get`. */
export interface GetOptions {
  /** Whether the run's values are read; without, `context` is empty. @default true */
  readonly context?: boolean
}

/** Options of `waitFor`. */
export interface WaitOptions {
  /** Milliseconds. @default 60000; `TestService`, whose clock costs nothing, waits as long as anything is left to do */
  readonly timeoutMs?: number
  /** Milliseconds between looks, at most; the first come sooner. `TestService` does not look, it works. @default 1000 */
  readonly pollMs?: number
}

/**
 * What starts runs and watches them. `RunClient` does it on AWS and on the local AWS, `TestService` in memory, so that
 * one test can run on all three.
 *
 * @example
 * async function orderIsShipped(runs: Runs): Promise<void> {
 *   const { runId } = await runs.start({ blueprintId: 'order', input: { orderId: 'A-17' } })
 *   await runs.resume(runId, { nodeId: 'approval', output: { by: 'Ada' } })
 *   expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed' })
 * }
 */
export interface Runs {
  /**
   * Starts a run, once per run id. When it resolves, the run is accepted and its first jobs are on the queue.
   * Called again after an error or a crash it finishes what was begun.
   *
   * @throws FlowcraftAwsError INVALID_INPUT or UNKNOWN_BLUEPRINT, or RUN_CONFLICT where the run id was used with another
   * input, blueprint or labels; then nothing was changed
   * @example
   * const { runId } = await client.start({ blueprintId: 'order', runId: 'order-A-17', input: { orderId: 'A-17' } })
   */
  start(request: StartRunRequest): Promise<StartRunResult>
  /**
   * Starts up to 1,000 runs, each as `start` does, and tells of each what became of it: one that is refused keeps none of the
   * others. The same call may be made again, with the ids of what failed.
   *
   * @throws FlowcraftAwsError INVALID_INPUT for more than 1,000 requests, or what is no list; nothing was started then
   * @example
   * const { failures } = await client.startMany(orders.map((input) => ({ blueprintId: 'order', input, runId: input.id })))
   * for (const { runId, error } of failures) console.error(runId, error.message)
   */
  startMany(requests: readonly StartRunRequest[]): Promise<StartManyResult>
  /**
   * How a run stands.
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   * @example
   * const { status, errors } = await client.get('order-A-17')
   */
  get(runId: string): Promise<RunDescription>
  /**
   * A page of runs, newest first. Child runs stand in no list but that of their parent. A list without `label` and
   * `parentRunId` may be a moment old. It costs some 8 read units a page, and a unit for each run of it that is under way;
   * a label 4 units, and one for each run.
   *
   * @throws FlowcraftAwsError INVALID_INPUT, also for a cursor of another query
   * @throws FlowcraftAwsError RUN_INDEX_MISSING where the table has no index of runs; labels and children need none
   * @throws FlowcraftAwsError RUN_NOT_FOUND for a `parentRunId` that is none
   * @example
   * const { runs, cursor } = await client.list({ blueprintId: 'order', status: ['failed', 'paused'], limit: 20 })
   */
  list(request?: ListRunsRequest): Promise<RunPage>
  /**
   * All runs that `list` would give, page by page.
   *
   * @example
   * for await (const run of client.runs({ blueprintId: 'order', status: 'failed' })) console.log(run.runId)
   */
  runs(query?: ListRunsQuery): AsyncIterable<RunSummary>
  /**
   * Failed runs in groups of node, error and message, the message without its numbers, with counts and examples: by an
   * index that every table has. It costs a read unit for each run, and another where its error is not in its header. Child
   * runs are left out, whose failures are their parents' too.
   *
   * @throws FlowcraftAwsError INVALID_INPUT
   * @example
   * const { groups } = await client.failures({ since: new Date(Date.now() - 3_600_000) })
   * for (const { count, nodeId, error, message } of groups) console.log(count, nodeId, error, message)
   */
  failures(request: FailuresRequest): Promise<Failures>
  /**
   * Waits until the run is over, and describes how it ended.
   * @throws FlowcraftAwsError RUN_TIMEOUT where it is not in time, RUN_NOT_FOUND
   * @example
   * const { status, context } = await client.waitFor('order-A-17', { timeoutMs: 30_000 })
   */
  waitFor(runId: string, options?: WaitOptions): Promise<RunDescription>
  /**
   * How a run stands, at once and after each change, until it is over. Changes that follow each other closely are given as one.
   * `TestService` works until nothing is left to do, and the watch ends where that is so.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_INPUT
   * @example
   * for await (const { status, nodes } of client.watch(runId)) console.log(status, nodes.active)
   */
  watch(runId: string, options?: WatchOptions): AsyncIterable<RunDescription>
  /**
   * What happened in a run, in order. Workers note it with `history: 'timings'` or `'full'`; without, and where a worker died
   * before it had written its notes, there is less: that nodes ended, and when they failed, but not when they completed. What
   * a worker is at is noted when its invocation is done with the run, or after a minute.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   * @example
   * for (const entry of await client.history(runId)) console.log(entry.at?.toISOString(), entry.type)
   */
  history(runId: string): Promise<HistoryEntry[]>
  /**
   * Gives a run that waits an event, and so resumes it: `output` becomes the waiting node's output, `action` chooses
   * its edges. An event may come before its node waits; the first one counts. A node that sleeps is woken at once.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   * @throws FlowcraftAwsError INVALID_INPUT where the run has no such node, where that waits for no event, or where no
   * edge of it names the action
   * @throws FlowcraftAwsError RESUME_CONFLICT where the idempotency key came with another event before
   * @example
   * await client.resume('order-A-17', { nodeId: 'approval', action: 'approve', output: { by: 'Ada' } })
   */
  resume(runId: string, request?: ResumeRequest): Promise<ResumeResult>
  /**
   * Cancels a run and the child runs it waits for. Results of nodes that are still executing are discarded.
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   * @example
   * await client.cancel('order-A-17', { by: 'Ada', reason: 'the customer called' })
   */
  cancel(runId: string, request?: OperationRequest): Promise<CancelResult>
  /**
   * Takes a run up again that failed or was cancelled: what failed runs again, what was active goes on, what succeeded
   * stays. Its failed child runs come first; a child run alone is refused. The end of the run is told again, by another id.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_INPUT
   * @throws FlowcraftAwsError INVALID_STATE where the run has not ended, completed, is a child, or has nothing to run again
   * @example
   * await client.redrive('order-A-17', { set: { address: '1 Main Street' }, by: 'Ada', reason: 'the address was wrong' })
   */
  redrive(runId: string, request?: RedriveRequest): Promise<RedriveResult>
  /**
   * Redrives many runs, each as `redrive` does, ten at a time, and tells of each what became of it: one that cannot be redriven
   * keeps none of the others. Stopped early, up to ten runs after the last one told are redriven too. The same call may be made
   * again, and goes on with the runs that are left.
   *
   * @throws FlowcraftAwsError INVALID_INPUT; RUN_INDEX_MISSING for `runs` where the table has no index of runs
   * @example
   * const { groups: [group] } = await client.failures({ since })
   * for await (const outcome of client.redriveMany({ failures: { since, group }, by: 'Ada', reason: 'bank is back' }))
   *   if ('error' in outcome) console.error(outcome.runId, outcome.error.message)
   */
  redriveMany(request: RedriveManyRequest): AsyncIterable<RedriveOutcome>
  /**
   * Starts another run in the state of one that has ended, before these nodes had run: they and all that follows from them run
   * again, with the code of today; everything else has its values. The run that it is forked from stays as it is.
   * Called again after an error or a crash, with the same `runId`, it finishes what was begun.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_INPUT
   * @throws FlowcraftAwsError INVALID_STATE where the run has not ended, a node has not run, or no node is named and none failed
   * @throws FlowcraftAwsError RUN_CONFLICT where another run, or another fork, has the `runId`
   * @example
   * const { runId } = await client.fork('order-A-17', { nodes: ['charge'], set: { currency: 'EUR' }, by: 'Ada' })
   */
  fork(runId: string, request?: ForkRequest): Promise<ForkResult>
  /**
   * Goes on without a node: it counts as completed with the output that is given. Of a run that has ended, that run goes
   * on from there; what else failed of it stays failed.
   *
   * @throws FlowcraftAwsError as `redrive`, and as `resume`
   * @example
   * await client.skip('order-A-17', { nodeId: 'mail', output: 'sent by hand', by: 'Ada' })
   */
  skip(runId: string, request: SkipRequest): Promise<SkipResult>
  /**
   * Lets nobody work on a run until it is unpaused. Nodes that are executing end; nothing follows from them. Also the child
   * runs that it waits for.
   *
   * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_STATE where it is over
   * @example
   * await client.pause('order-A-17', { by: 'Ada', reason: 'the price is being checked' })
   */
  pause(runId: string, request?: OperationRequest): Promise<PauseResult>
  /**
   * Lets a paused run go on, with its child runs.
   * @throws FlowcraftAwsError as `pause`; INVALID_STATE where its blueprint is paused
   * @example
   * await client.unpause('order-A-17', { by: 'Ada' })
   */
  unpause(runId: string, request?: UnpauseRequest): Promise<UnpauseResult>
  /**
   * Lets nothing of a blueprint start or go on until it is unpaused, within half a minute. Nodes that are executing end. Starts
   * are accepted, and wait. Child runs go by the blueprint that they are of. Its runs are 'paused' from when something of them
   * was to go on; those that wait for an event or a time are not asked.
   *
   * @throws FlowcraftAwsError INVALID_INPUT; UNKNOWN_BLUEPRINT where the client has flows, and not this one
   * @example
   * await client.pauseBlueprint('order', { by: 'Ada', reason: 'charges twice' })
   */
  pauseBlueprint(blueprintId: string, request?: OperationRequest): Promise<PauseBlueprintResult>
  /**
   * Lets the runs of a blueprint start and go on, but those that are paused themselves. The first thousand go on at once; where
   * there are more, the sweep lets some 5,000 a minute go.
   *
   * @throws FlowcraftAwsError INVALID_INPUT
   * @example
   * await client.unpauseBlueprint('order')
   */
  unpauseBlueprint(blueprintId: string): Promise<UnpauseBlueprintResult>
  /**
   * The blueprints that are paused, by their ids. A read unit.
   * @example
   * for (const { blueprintId, by, reason } of await client.pausedBlueprints()) console.log(blueprintId, by, reason)
   */
  pausedBlueprints(): Promise<readonly PausedBlueprint[]>
}

const WHY_PAUSED = {
  run: 'it is paused',
  blueprint: 'its blueprint is paused',
  failure: 'it is paused since nodes of it failed',
} as const

/** The run, if it is over. @throws FlowcraftAwsError RUN_TIMEOUT that says what the run is at */
export function endedWithin(run: RunDescription, timeoutMs: number): RunDescription {
  const { runId, status, nodes, waiting = [], startsAt, pausedBy } = run
  if (status !== 'running' && status !== 'awaiting' && status !== 'paused') return run
  const waits = waiting.map(({ nodeId, reason }) => `node '${nodeId}' waits (${reason})`)
  const works = nodes.active
    .filter((id) => !waiting.some(({ nodeId }) => nodeId === id))
    .map((id) => `node '${id}' is to run`)
  const paused = pausedBy && [WHY_PAUSED[pausedBy]]
  const at =
    [...(paused ?? []), ...waits, ...works].join(', ') ||
    `no worker has begun it${startsAt ? `, which starts at ${startsAt.toISOString()}` : ''}`
  throw new FlowcraftAwsError('RUN_TIMEOUT', `run '${runId}' did not end within ${timeoutMs} ms: ${at}`, {
    runId,
  })
}
