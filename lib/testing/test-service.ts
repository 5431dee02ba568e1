/**
 * Runs flows by the protocol that runs them on AWS, over memory, in this process: the same commits, joins and
 * redeliveries, no servers, and a clock that the test moves. What passes here differs from AWS in the store and the
 * queue only, and those two are held to the real ones by a contract suite.
 */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { FlowRuntime, JsonSerializer } from 'flowcraft'
import { RunClient } from '../client/run-client.ts'
import {
  endedWithin,
  type ResumeRequest,
  type ResumeResult,
  type Runs,
  type WaitOptions,
} from '../client/runs.ts'
import type { ForkRequest, ForkResult } from '../client/fork-request.ts'
import type {
  PauseBlueprintResult,
  PausedBlueprint,
  UnpauseBlueprintResult,
} from '../client/blueprint-pauses.ts'
import type { RedriveManyRequest, RedriveOutcome } from '../client/redrive-many.ts'
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
} from '../client/steering.ts'
import type { StartManyResult } from '../client/start-many.ts'
import type { StartRunRequest, StartRunResult } from '../client/start-request.ts'
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
} from '../client/typed-runs.ts'
import { checkWatch, type WatchOptions } from '../client/watch.ts'
import { Graphs } from '../core/blueprints/blueprint-versions.ts'
import { register } from '../core/blueprints/registration.ts'
import type { AnyFlows, DefinedFlows } from '../core/blueprints/flow-types.ts'
import { warningsOf } from '../core/blueprints/warnings.ts'
import { PRICES } from '../core/common/prices.ts'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { guardedBus } from '../core/common/guarded-event-bus.ts'
import { consoleLogger, guardedLogger } from '../core/common/logger.ts'
import { withContainer } from '../core/config/container.ts'
import { policiesOf } from '../core/config/policies.ts'
import { Isolation } from '../core/execution/isolation.ts'
import type { Runtime } from '../core/execution/node-call.ts'
import { PausedBlueprints } from '../core/execution/paused-blueprints.ts'
import type { Services } from '../core/execution/services.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import { recorderOf } from '../core/history/recorder.ts'
import { isOver, type RunState } from '../core/protocol/run-state.ts'
import type { RunDescription } from '../core/run/describe.ts'
import type { Failures, FailuresRequest } from '../core/run/failures.ts'
import { finalResult } from '../core/run/final-result.ts'
import type { ListRunsQuery, ListRunsRequest, RunPage, RunSummary } from '../core/run/list.ts'
import { answerWebhook, type WebhookAnswer } from '../core/run/webhook-request.ts'
import type { WebhookOutcome } from '../core/run/webhook.ts'
import { ownStore } from '../core/store/guarded-store.ts'
import { MemoryRunStore } from '../core/store/memory-run-store.ts'
import { endedEvent, type RunEvent } from '../core/telemetry/run-events.ts'
import { NO_TELEMETRY } from '../core/telemetry/telemetry.ts'
import { ValueStore } from '../core/values/value-store.ts'
import { MemoryDeadLetters } from './memory-dead-letters.ts'
import { MemoryEventBus } from './memory-event-bus.ts'
import { MemoryQueue } from './memory-queue.ts'
import { MemoryWorker } from './memory-worker.ts'
import { testAdapter } from './test-adapter.ts'
import type { PostOptions, TestServiceOptions } from './test-service-options.ts'

/**
 * @example
 * const service = new TestService({ flows: [order] })
 * const { status, context } = await service.run({ blueprintId: 'order', input: { orderId: 'A-17' } })
 * expect(status).toBe('completed')
 */
export class TestService<F extends AnyFlows = DefinedFlows> implements Runs {
  /** @internal */
  readonly services: Services
  readonly queue: MemoryQueue
  /** Messages that are no jobs, and those that were received too often. */
  readonly deadLetters = new MemoryDeadLetters()
  /** What was published of runs, of what the option `runEvents` chooses: in order, and some of it twice, as on AWS. */
  readonly runEvents: readonly RunEvent[]
  /** Milliseconds since the epoch, by the test's clock; set it to let time pass. */
  now = Date.UTC(2026, 0, 1)
  readonly #options: TestServiceOptions
  readonly #client: RunClient
  readonly #worker: MemoryWorker

  /** @throws FlowcraftAwsError INVALID_BLUEPRINT, with all problems at once */
  constructor(given: TestServiceOptions<F>) {
    const options: TestServiceOptions = { ...given, ...withContainer(given) }
    this.#options = options
    this.queue = new MemoryQueue(() => this.now)
    const registration = register(options)
    const logger = guardedLogger(options.logger ?? consoleLogger)
    const eventBus = options.eventBus && guardedBus(options.eventBus, logger)
    const store = options.store ? ownStore(options.store) : new MemoryRunStore()
    const serializer = options.serializer ?? new JsonSerializer()
    const events = new MemoryEventBus(options.runEvents)
    this.runEvents = events.published
    const dependencies = { adapter: testAdapter(() => this.services), ...options.dependencies }
    const runtimeOptions = { ...options, ...registration, eventBus, logger, serializer, dependencies }
    const values = new ValueStore({ store, serializer, readsTogether: true })
    const now = () => this.now
    this.services = {
      runtime: new FlowRuntime(runtimeOptions) as unknown as Runtime,
      graphs: new Graphs({ ...registration, store }),
      store,
      values,
      queue: this.queue,
      isOwn: () => true,
      logger,
      telemetry: NO_TELEMETRY,
      history: recorderOf(options.history ?? 'timings', { values, logger, now, newToken: randomUUID }),
      isolation: new Isolation(now),
      // Its clock stands still.
      pauses: new PausedBlueprints({ store, now, everyMs: 0 }),
      unreleased: new Set(),
      now,
      // Its clock moves when nothing else is left to do.
      sleep: async () => {},
      newToken: randomUUID,
      ...policiesOf(options),
      costs: { prices: PRICES, eventsAtEnd: 0 },
      deployGraceMs: options.deployGraceMs ?? 120_000,
      nodeTimeoutMs: options.nodeTimeoutMs,
      publishesRunEnds:
        eventBus !== undefined || options.publishFinalResult !== undefined || events.chosen.has('ended'),
      publishRunEnd: (run) => this.#publishRunEnd(run),
      events,
      emit: async (event) => eventBus?.emit(event),
    }
    // What a client has; it emits no events.
    const outside = { ...this.services, emit: async () => {}, deadLetters: this.deadLetters, serializer }
    this.#client = new RunClient(registration, outside)
    const { services, queue, deadLetters } = this
    this.#worker = new MemoryWorker({ ...options, services, queue, deadLetters, clock: this })
    for (const warning of warningsOf(registration.blueprints)) logger.warn(warning)
  }

  /** Runs a blueprint until nothing is left to do, and describes the run as it is then. */
  run<const Id extends BlueprintIdOf<F>>(request: StartRunRequestOf<F, Id>): Promise<RunDescriptionOf<F, Id>>
  async run(request: StartRunRequest): Promise<RunDescription> {
    const { runId } = await this.start(request)
    await this.settle()
    return this.get(runId)
  }

  start<const Id extends BlueprintIdOf<F>>(
    request: StartRunRequestOf<F, Id>,
  ): Promise<StartRunResultOf<F, Id>>
  async start(request: StartRunRequest): Promise<StartRunResult> {
    return this.#client.start(this.#named(request))
  }

  startMany<const Id extends BlueprintIdOf<F>>(
    requests: readonly StartRunRequestOf<F, Id>[],
  ): Promise<StartManyResult>
  async startMany(requests: readonly StartRunRequest[]): Promise<StartManyResult> {
    const isList = Array.isArray(requests)
    return this.#client.startMany(isList ? requests.map((request) => this.#named(request)) : requests)
  }

  #named<R extends { readonly runId?: string }>(request: R): R {
    const runId = this.#options.newRunId
    // What is no request at all is left to be reported as a problem.
    const isNamed = typeof request !== 'object' || request === null || request.runId !== undefined
    return isNamed || !runId ? request : { ...request, runId: runId() }
  }

  get<Id extends BlueprintIdOf<F>>(runId: RunIdOf<F, Id>): Promise<RunDescriptionOf<F, Id>>
  async get(runId: string): Promise<RunDescription> {
    return this.#client.get(runId)
  }

  list<const Id extends BlueprintIdOf<F>>(request?: ListOf<ListRunsRequest, F, Id>): Promise<RunPageOf<F, Id>>
  async list(request: ListRunsRequest = {}): Promise<RunPage> {
    return this.#client.list(request)
  }

  runs<const Id extends BlueprintIdOf<F>>(
    query?: ListOf<ListRunsQuery, F, Id>,
  ): AsyncIterable<RunSummaryOf<F, Id>>
  runs(query: ListRunsQuery = {}): AsyncIterable<RunSummary> {
    return this.#client.runs(query)
  }

  async failures(request: FailuresRequest): Promise<Failures> {
    return this.#client.failures(request)
  }

  async history(runId: string): Promise<HistoryEntry[]> {
    return this.#client.history(runId)
  }

  /** Settles, for `timeoutMs` of the test's clock at most, and then describes how the run ended. */
  waitFor<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    options?: WaitOptions,
  ): Promise<RunDescriptionOf<F, Id>>
  async waitFor(runId: string, { timeoutMs = Infinity }: WaitOptions = {}): Promise<RunDescription> {
    await this.get(runId)
    await this.#worker.settle(this.now + timeoutMs)
    return endedWithin(await this.get(runId), timeoutMs)
  }

  /** Settles between looks: ends where nothing is left to do. */
  watch<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    options?: WatchOptions,
  ): AsyncIterable<RunDescriptionOf<F, Id>>
  async *watch(runId: string, options: WatchOptions = {}): AsyncGenerator<RunDescription, void, undefined> {
    const { signal } = checkWatch(options)
    let seen: RunDescription | undefined
    for (;;) {
      signal?.throwIfAborted()
      const run = await this.get(runId)
      if (isDeepStrictEqual(run, seen)) return
      seen = run
      yield run
      if (run.endedAt) return
      await this.settle()
    }
  }

  resume<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    request?: ResumeRequestOf<F, Id>,
  ): Promise<ResumeResult>
  async resume(runId: string, request: ResumeRequest = {}): Promise<ResumeResult> {
    return this.#client.resume(runId, request)
  }

  async cancel(runId: string, request: OperationRequest = {}): Promise<CancelResult> {
    return this.#client.cancel(runId, request)
  }

  async redrive(runId: string, request: RedriveRequest = {}): Promise<RedriveResult> {
    return this.#client.redrive(runId, request)
  }

  redriveMany(request: RedriveManyRequest): AsyncIterable<RedriveOutcome> {
    return this.#client.redriveMany(request)
  }

  fork<Id extends BlueprintIdOf<F>>(
    runId: RunIdOf<F, Id>,
    request?: ForkRequest,
  ): Promise<ForkResultOf<F, Id>>
  async fork(runId: string, request: ForkRequest = {}): Promise<ForkResult> {
    return this.#client.fork(runId, this.#named(request))
  }

  async skip(runId: string, request: SkipRequest): Promise<SkipResult> {
    return this.#client.skip(runId, request)
  }

  async pause(runId: string, request: OperationRequest = {}): Promise<PauseResult> {
    return this.#client.pause(runId, request)
  }

  async unpause(runId: string, request: UnpauseRequest = {}): Promise<UnpauseResult> {
    return this.#client.unpause(runId, request)
  }

  async pauseBlueprint(
    blueprintId: BlueprintIdOf<F>,
    request: OperationRequest = {},
  ): Promise<PauseBlueprintResult> {
    return this.#client.pauseBlueprint(blueprintId, request)
  }

  async unpauseBlueprint(blueprintId: BlueprintIdOf<F>): Promise<UnpauseBlueprintResult> {
    return this.#client.unpauseBlueprint(blueprintId)
  }

  async pausedBlueprints(): Promise<readonly PausedBlueprint[]> {
    return this.#client.pausedBlueprints()
  }

  /**
   * Works on messages until there is none left, letting time pass where all that is left comes later. Nodes that can
   * run at the same time do: each sees the run as it was when all of them began.
   */
  async settle(): Promise<void> {
    await this.#worker.settle()
  }

  /**
   * Posts to a URL that a `webhook` node gave, as the webhook function does with a request of this body: bytes and texts
   * as they are, everything else as JSON.
   *
   * @returns 'resumed' where a node takes it, 'used' where the URL was used or its run is over, 'unknown', or
   * 'unwaited' where no node of the blueprint waits for it
   * @throws FlowcraftAwsError INVALID_INPUT where the request is not taken for one to the run: its answer is in the message
   */
  async post(url: string, body: unknown, options: PostOptions = {}): Promise<WebhookOutcome> {
    const { outcome, statusCode, body: text } = await this.request(url, { ...options, body })
    if (outcome === undefined)
      throw new FlowcraftAwsError('INVALID_INPUT', `the webhook answered ${statusCode}: ${text}`)
    return outcome
  }

  /** Any request to a URL that a `webhook` node gave, such as a sender's question whether it is there. */
  async request(
    url: string,
    { method = 'POST', headers = {}, body }: PostOptions & { readonly body?: unknown } = {},
  ): Promise<WebhookAnswer> {
    const { pathname: path, searchParams } = new URL(url)
    const isRaw = typeof body === 'string' || body instanceof Uint8Array || body === undefined
    const bytes = Buffer.from(isRaw ? (body ?? '') : JSON.stringify(body))
    const type = isRaw ? {} : { 'content-type': 'application/json' }
    const query = Object.fromEntries(
      [...searchParams.keys()].map((name) => [name, searchParams.getAll(name).join(',')]),
    )
    return answerWebhook(this.services, { method, path, headers: { ...type, ...headers }, query, bytes })
  }

  /** Whether a run has ended. */
  async isOver(runId: string): Promise<boolean> {
    const run = await this.services.store.read(runId)
    return run !== undefined && isOver(run)
  }

  async #publishRunEnd(run: RunState): Promise<void> {
    const { services } = this
    if (services.events?.chosen.has('ended')) await services.events.publish(endedEvent(run, PRICES))
    const { result, event } = await finalResult(services, services.runtime.serializer, run)
    await this.#options.publishFinalResult?.(run.runId, result)
    await services.emit(event)
  }
}
