/** Starts runs and looks at them, from any program that may use the queue and the table. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowBlueprint } from 'flowcraft'
import type { AnyFlows, DefinedFlows } from '../core/blueprints/flow-types.ts'
import type { RunCost } from '../core/common/run-cost.ts'
import { isOver, type RunState } from '../core/protocol/run-state.ts'
import { backfill, type BackfillRequest, type BackfillResult } from '../core/run/backfill.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import type { RunDescription } from '../core/run/describe.ts'
import { type Failures, type FailuresRequest, findFailures } from '../core/run/failures.ts'
import { eachRun, listRuns, type ListRunsQuery, type ListRunsRequest } from '../core/run/list.ts'
import type { RunPage, RunSummary } from '../core/run/list.ts'
import { resumeRun } from '../core/run/resume.ts'
import {
  type ClientParts,
  type ClientServices,
  clientServices,
  type RunClientOptions,
  withDeadLetters,
} from './client-services.ts'
import { acceptRun } from './accept-run.ts'
import {
  pauseBlueprintBy,
  type PauseBlueprintResult,
  type PausedBlueprint,
  pausedBlueprintsOf,
  unpauseBlueprintBy,
  type UnpauseBlueprintResult,
} from './blueprint-pauses.ts'
import { checkRunId } from './client-checks.ts'
import { checkBackfill, checkFailures, checkList } from './list-request.ts'
import { DeadLetterBox } from './dead-letter-requests.ts'
import { forkBy, type ForkRequest, type ForkResult } from './fork-request.ts'
import { redriveMany, type RedriveManyRequest, type RedriveOutcome } from './redrive-many.ts'
import { checkResume } from './resume-request.ts'
import { RunLookup } from './run-lookup.ts'
import {
  endedWithin,
  type GetOptions,
  type ResumeRequest,
  type ResumeResult,
  type Runs,
  type WaitOptions,
} from './runs.ts'
import {
  cancelBy,
  type CancelResult,
  type OperationRequest,
  pauseBy,
  type PauseResult,
  redriveBy,
  type RedriveRequest,
  type RedriveResult,
  skipBy,
  type SkipRequest,
  type SkipResult,
  unpauseBy,
  type UnpauseRequest,
  type UnpauseResult,
} from './steering.ts'
import { startMany, type StartManyResult } from './start-many.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'
import type {
  BlueprintIdOf,
  ForkResultOf,
  ListOf,
  ResumeRequestOf,
  RunDescriptionOf,
  RunIdOf,
  RunPageOf,
  RunSummaryOf,
  StartRunRequestOf,
  StartRunResultOf,
} from './typed-runs.ts'
import { checkWatch, type WatchOptions, watchRun } from './watch.ts'

/**
 * `F` is the type of what `defineFlows` gave: then ids, inputs and nodes that the flows do not have do not compile.
 *
 * @example
 * const client = new RunClient({ queueUrl, tableName: 'flowcraft' })
 * const { runId } = await client.start({ blueprintId: 'order', input: { orderId: 'A-17' } })
 * const { status, context } = await client.waitFor(runId, { timeoutMs: 30_000 })
 */
export class RunClient<F extends AnyFlows = DefinedFlows> implements Runs {
  /** Messages that no worker could be done with. */
  readonly deadLetters: DeadLetterBox
  readonly #services: ClientServices
  readonly #lookup: RunLookup
  readonly #checks: boolean

  /** @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once */
  constructor(options?: RunClientOptions<F>)
  /**
   * `made` are stores of another kind, as `TestService` has them.
   * @internal
   */
  constructor(options: RunClientOptions, made: ClientParts)
  constructor(options: RunClientOptions = {}, made: ClientParts = clientServices(options)) {
    const { serializer, ...services } = made
    this.#services = services
    this.deadLetters = new DeadLetterBox(() => withDeadLetters(services))
    this.#lookup = new RunLookup(services, serializer)
    this.#checks = Boolean(options.flows ?? options.blueprints)
  }

  start<const Id extends BlueprintIdOf<F>>(
    request: StartRunRequestOf<F, Id>,
  ): Promise<StartRunResultOf<F, Id>>
  async start(request: StartRunRequest): Promise<StartRunResult> {
    const { result, jobs } = await acceptRun(this.#services, request, this.#checks)
    // Crash before: the run stands and waits for the same call, or the sweep. Sending twice is harmless.
    if (jobs.length > 0) await this.#services.queue.send(jobs)
    return result
  }

  startMany<const Id extends BlueprintIdOf<F>>(
    requests: readonly StartRunRequestOf<F, Id>[],
  ): Promise<StartManyResult>
  async startMany(requests: readonly StartRunRequest[]): Promise<StartManyResult> {
    const services = this.#services
    const accept = (request: StartRunRequest) => acceptRun(services, request, this.#checks)
    return startMany({ accept, send: (jobs) => services.queue.send(jobs), newRunId: randomUUID }, requests)
  }

  /** With `context: false` no values are read, and `context` is empty. */
  get<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    options?: GetOptions,
  ): Promise<RunDescriptionOf<F, Id>>
  async get(runId: string, { context }: GetOptions = {}): Promise<RunDescription> {
    return this.#lookup.describe(await this.#lookup.read(runId), context)
  }

  /** The graph that a run goes by; undefined while no worker has begun it. @throws FlowcraftAwsError RUN_NOT_FOUND, VALUE_LOST */
  async blueprintOf(runId: string): Promise<WorkflowBlueprint | undefined> {
    return this.#lookup.blueprintOf(runId)
  }

  /**
   * Some values of a run's context, by their keys: what there is none of is left out. It reads these only.
   * @throws FlowcraftAwsError RUN_NOT_FOUND; VALUE_LOST where one cannot be read any more
   * @example
   * const { total } = await client.values('order-A-17', ['total'])
   */
  async values(runId: string, keys: readonly string[]): Promise<Record<string, unknown>> {
    return this.#lookup.values(runId, keys)
  }

  /**
   * What a run has cost so far, for a read unit or a few; undefined where nothing was counted.
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   * @example
   * const cost = await client.costOf('order-A-17')
   * console.log(cost?.usd)
   */
  async costOf(runId: string): Promise<RunCost | undefined> {
    return this.#lookup.costOf(runId)
  }

  /**
   * What runs have cost so far, by their ids, a hundred in a request; what was not counted is left out.
   * @example
   * const costs = await client.costsOf(['order-A-17', 'order-A-18'])
   */
  async costsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, RunCost>> {
    return this.#lookup.costsOf(runIds)
  }

  /**
   * The versions of their blueprints that runs go by, by their ids; those that no worker has begun are left out.
   * @example
   * const versions = await client.versionsOf(['order-A-17'])
   */
  async versionsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#lookup.versionsOf(runIds)
  }

  async history(runId: string): Promise<HistoryEntry[]> {
    return this.#lookup.history(runId)
  }

  list<const Id extends BlueprintIdOf<F>>(request?: ListOf<ListRunsRequest, F, Id>): Promise<RunPageOf<F, Id>>
  async list(request: ListRunsRequest = {}): Promise<RunPage> {
    return listRuns(this.#services, checkList(request))
  }

  runs<const Id extends BlueprintIdOf<F>>(
    query?: ListOf<ListRunsQuery, F, Id>,
  ): AsyncIterable<RunSummaryOf<F, Id>>
  async *runs(query: ListRunsQuery = {}): AsyncGenerator<RunSummary, void, undefined> {
    yield* eachRun(this.#services, checkList(query))
  }

  async failures(request: FailuresRequest): Promise<Failures> {
    return findFailures(this.#services, checkFailures(request))
  }

  /**
   * Takes runs into the lists that are older than the index of runs, or were started with `runIndex: false`. One call looks
   * through a megabyte of the table: call it again with its `cursor` until there is none. It may be stopped and repeated, and
   * run while runs do. It costs a read unit for each 4 KB of the whole table, a unit for each run that is taken in to read it,
   * and two to write. It needs `grantBackfill` of the table.
   *
   * @throws FlowcraftAwsError INVALID_INPUT, also for a cursor of another request
   * @example
   * let cursor: string | undefined
   * do {
   *   cursor = (await client.backfill({ cursor })).cursor
   * } while (cursor)
   */
  async backfill(request: BackfillRequest = {}): Promise<BackfillResult> {
    return backfill(this.#services, checkBackfill(request))
  }

  waitFor<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    options?: WaitOptions,
  ): Promise<RunDescriptionOf<F, Id>>
  async waitFor(runId: string, options: WaitOptions = {}): Promise<RunDescription> {
    const { timeoutMs = 60_000, pollMs = 1_000 } = options
    const end = Date.now() + timeoutMs
    for (let pause = 50; ; pause = Math.min(pause * 1.5, pollMs)) {
      const run = await this.#lookup.read(runId)
      const left = end - Date.now()
      if (isOver(run) || left <= 0) return endedWithin(await this.get(runId), timeoutMs)
      await sleep(Math.min(pause, left))
    }
  }

  watch<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    options?: WatchOptions,
  ): AsyncIterable<RunDescriptionOf<F, Id>>
  async *watch(runId: string, options: WatchOptions = {}): AsyncGenerator<RunDescription, void, undefined> {
    const checkedOptions = checkWatch(options)
    const read = () => this.#lookup.read(runId)
    const describe = (run: RunState) => this.#lookup.describe(run, checkedOptions.context)
    yield* watchRun({ read, describe }, checkedOptions)
  }

  resume<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    request?: ResumeRequestOf<F, Id>,
  ): Promise<ResumeResult>
  async resume(runId: string, request: ResumeRequest = {}): Promise<ResumeResult> {
    const { nodeId, ...event } = checkResume(request)
    checkRunId(runId)
    return { resumed: await resumeRun(this.#services, runId, nodeId, event) }
  }

  async cancel(runId: string, request: OperationRequest = {}): Promise<CancelResult> {
    checkRunId(runId)
    return cancelBy(this.#services, runId, request)
  }

  async redrive(runId: string, request: RedriveRequest = {}): Promise<RedriveResult> {
    checkRunId(runId)
    return redriveBy(this.#services, runId, request)
  }

  redriveMany(request: RedriveManyRequest): AsyncIterable<RedriveOutcome> {
    return redriveMany(this.#services, request)
  }

  fork<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    request?: ForkRequest,
  ): Promise<ForkResultOf<F, Id>>
  async fork(runId: string, request: ForkRequest = {}): Promise<ForkResult> {
    checkRunId(runId)
    return forkBy(this.#services, runId, request)
  }

  async skip(runId: string, request: SkipRequest): Promise<SkipResult> {
    checkRunId(runId)
    return skipBy(this.#services, runId, request)
  }

  async pause(runId: string, request: OperationRequest = {}): Promise<PauseResult> {
    checkRunId(runId)
    return pauseBy(this.#services, runId, request)
  }

  async unpause(runId: string, request: UnpauseRequest = {}): Promise<UnpauseResult> {
    checkRunId(runId)
    return unpauseBy(this.#services, runId, request)
  }

  async pauseBlueprint(
    blueprintId: BlueprintIdOf<F>,
    request: OperationRequest = {},
  ): Promise<PauseBlueprintResult> {
    return pauseBlueprintBy(this.#services, blueprintId, request, this.#checks)
  }

  async unpauseBlueprint(blueprintId: BlueprintIdOf<F>): Promise<UnpauseBlueprintResult> {
    return unpauseBlueprintBy(this.#services, blueprintId)
  }

  async pausedBlueprints(): Promise<readonly PausedBlueprint[]> {
    return pausedBlueprintsOf(this.#services)
  }
}

/** `Runs` with the types of what `defineFlows` gave, for code that runs on AWS and in memory. */
export type TypedRuns<F extends AnyFlows> = Pick<RunClient<F>, keyof Runs>
