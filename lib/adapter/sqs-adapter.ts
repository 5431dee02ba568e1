/**
 * Flowcraft's distributed adapter for SQS and DynamoDB. It keeps the base class's contract and replaces its loop:
 * see `core/worker/process-job.ts` for the way of one message.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { BaseDistributedAdapter, type FlowcraftEvent, type IAsyncContext, type JobPayload } from 'flowcraft'
import type { ResumeRequest, ResumeResult } from '../client/runs.ts'
import type { CancelResult } from '../client/steering.ts'
import { Graphs } from '../core/blueprints/blueprint-versions.ts'
import {
  describeBlueprints,
  type DescribeRequest,
  type WorkerDescription,
} from '../core/blueprints/described.ts'
import { register, type Registration } from '../core/blueprints/registration.ts'
import { warningsOf } from '../core/blueprints/warnings.ts'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { guardedBus } from '../core/common/guarded-event-bus.ts'
import { consoleLogger, guardedLogger, withoutGreeting } from '../core/common/logger.ts'
import { type AwsConfig, environmentVariables, resolveConfig } from '../core/config/config.ts'
import { costsOf, type Stores, storesOf } from '../core/config/connections.ts'
import { withContainer } from '../core/config/container.ts'
import { policiesOf } from '../core/config/policies.ts'
import type { Disposition } from '../core/execution/disposition.ts'
import { Isolation } from '../core/execution/isolation.ts'
import type { Runtime } from '../core/execution/node-call.ts'
import { PausedBlueprints } from '../core/execution/paused-blueprints.ts'
import { NODE_TIMEOUT_MS } from '../core/execution/node-timeout.ts'
import type { Invocation, Services } from '../core/execution/services.ts'
import { type HistoryRecorder, type HistoryWriter, recorderOf } from '../core/history/recorder.ts'
import type { RunState } from '../core/protocol/run-state.ts'
import { checkJob } from '../core/queue/job.ts'
import { newToken } from '../core/queue/sqs-job-queue.ts'
import { cancelRun } from '../core/run/cancel.ts'
import { type FinalResult, finalResult } from '../core/run/final-result.ts'
import { reconcileRun } from '../core/run/reconcile.ts'
import { resumeAll, resumeRun } from '../core/run/resume.ts'
import { sweep, type SweepResult } from '../core/run/sweep.ts'
import { makeWebhook, type WebhookEndpoint } from '../core/run/webhook.ts'
import { EmfTelemetry } from '../core/telemetry/emf-telemetry.ts'
import { EventBridgeBus } from '../core/telemetry/event-bridge.ts'
import { endedEvent, type RunEventBus } from '../core/telemetry/run-events.ts'
import { NO_TELEMETRY, type Telemetry } from '../core/telemetry/telemetry.ts'
import { Tracing } from '../core/telemetry/tracing.ts'
import { processJob } from '../core/worker/process-job.ts'
import { DynamoDbCoordinationStore } from './dynamodb-coordination-store.ts'
import { RunContext } from './run-context.ts'
import { type SqsAdapterOptions, type MessageSource, refuseNested } from './sqs-adapter-options.ts'
import { SqsPoller, type StopOptions } from './sqs-poller.ts'
import { withoutEffect } from './without-effect.ts'

export type { SqsAdapterOptions } from './sqs-adapter-options.ts'

/** All adapters of a process die together. */
const isolationOfProcess = new Isolation(Date.now)

/** A long-lived worker's lease reaches this far ahead and is prolonged while a node works. */
const LEASE_MS = 45_000

/**
 * Runs blueprints on workers fed by SQS, with the outcome they have in memory.
 *
 * @example
 * const adapter = new SqsAdapter({ flows: [order], queueUrl, tableName: 'flowcraft' })
 * adapter.start()
 * process.once('SIGTERM', () => adapter.stop({ within: 20_000 }))
 */
export class SqsAdapter extends BaseDistributedAdapter {
  readonly #config: AwsConfig
  readonly #stores: Stores
  readonly #services: Services
  readonly #concurrency: number
  readonly #deployGraceMs: number
  readonly #policies: Pick<Services, 'maxActivations' | 'contextConflicts' | 'onFailure'>
  readonly #nodeTimeoutMs: number
  readonly #pauses: PausedBlueprints
  readonly #events: RunEventBus | undefined
  /** What this worker counts; written out by whoever feeds it messages. */
  readonly telemetry: Telemetry
  /** What it notes of its runs, if anything; written out by whoever feeds it messages. */
  readonly history: HistoryWriter | undefined
  /** Who is worked on beside whom in this process; for whoever feeds it messages. */
  readonly isolation: Isolation
  /** Where its messages come from; for whoever feeds it messages. */
  readonly source: MessageSource
  /** What `createWorkerHandler` answers to an invocation that asks for it. */
  readonly describeBlueprints: (request: DescribeRequest) => Promise<WorkerDescription>
  readonly #recorder: HistoryRecorder | undefined
  #poller: SqsPoller | undefined

  /** @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once */
  constructor(options: SqsAdapterOptions) {
    refuseNested(options)
    const config = resolveConfig(options)
    const runtimeOptions = withContainer(options)
    const registration = register({ ...runtimeOptions, flows: options.flows })
    const bus = runtimeOptions.eventBus
    const eventBus = bus && guardedBus(bus, runtimeOptions.logger && guardedLogger(runtimeOptions.logger))
    super({
      runtimeOptions: {
        ...runtimeOptions,
        ...registration,
        eventBus,
        logger: withoutGreeting(guardedLogger(runtimeOptions.logger ?? consoleLogger)),
      },
      coordinationStore: new DynamoDbCoordinationStore(config),
      eventBus,
    })
    this.#config = config
    this.#concurrency = options.concurrency ?? 10
    this.#deployGraceMs = options.deployGraceMs ?? config.deployGraceMs ?? 120_000
    this.#policies = policiesOf(options)
    this.#nodeTimeoutMs = options.nodeTimeoutMs ?? NODE_TIMEOUT_MS
    this.isolation = options.isolation ?? isolationOfProcess
    const { sqsClient, deadLetterQueueUrl, pools } = config
    this.source = { sqsClient, queueUrl: pools.ownQueueUrl, deadLetterQueueUrl, logger: this.logger }
    const { eventBusName, runEvents: chosen, eventBridgeClient: client, metricsNamespace } = config
    this.#events = eventBusName ? new EventBridgeBus({ eventBusName, chosen, client }) : undefined
    this.telemetry = metricsNamespace ? new EmfTelemetry(metricsNamespace) : NO_TELEMETRY
    this.#stores = storesOf(config, this.serializer, 'worker')
    const { store, values } = this.#stores
    this.#recorder = recorderOf(config.history, { values, logger: this.logger, now: Date.now, newToken })
    this.history = this.#recorder
    this.#pauses = new PausedBlueprints({ store, now: Date.now, everyMs: options.lookForPausesEveryMs })
    this.#services = this.#makeServices(registration)
    this.describeBlueprints = (request) => describeBlueprints(registration, request)
    const ignored = withoutEffect(options, this, SqsAdapter.prototype)
    for (const warning of [...warningsOf(registration.blueprints), ...ignored]) this.logger.warn(warning)
    for (const rule of config.pools.rulesWithoutNode(registration.blueprints)) {
      this.logger.warn('a pool names a node that no blueprint has', { rule })
    }
  }

  /**
   * Works on one job until nothing of it is left, as a long-lived worker does.
   * Resolves when its message may be acknowledged.
   *
   * @throws FlowcraftAwsError MESSAGE_LEFT where the message must come back: another worker is at it
   * @throws FlowcraftAwsError INVALID_JOB or UNKNOWN_BLUEPRINT where no redelivery can help
   */
  override async handleJob(job: JobPayload): Promise<void> {
    const result = await this.process(job, { deadline: () => Date.now() + LEASE_MS, extendsLease: true })
    await this.history?.flush()
    if (result.kind === 'retry') throw new FlowcraftAwsError('MESSAGE_LEFT', result.reason)
  }

  /** As `handleJob`, for callers who know how long they may work. Returns what becomes of the message. */
  async process(job: unknown, invocation: Invocation): Promise<Disposition> {
    const checked = checkJob(job)
    await this.onJobStart(checked.runId, checked.blueprintId, checked.nodeId ?? '')
    return processJob(this.#services, checked, invocation)
  }

  /**
   * Sends the jobs of all that is scheduled in a run and that nobody works on. Safe at any time.
   *
   * @returns the ids of the nodes whose jobs were sent
   * @throws FlowcraftAwsError RUN_NOT_FOUND
   */
  override async reconcile(runId: string): Promise<Set<string>> {
    return reconcileRun(this.#services, runId)
  }

  /** As `RunClient.resume`: gives a run that waits an event, and so resumes it. */
  async resume(runId: string, request: ResumeRequest = {}): Promise<ResumeResult> {
    return { resumed: await resumeRun(this.#services, runId, request.nodeId, request) }
  }

  /**
   * Gives every node of a run that waits for an event this one, as the engine's base class does from its next version
   * on; for one node, or to know whether the event counts, there is `resume`.
   * @returns the ids of those nodes; what follows them is sent once they have gone on
   * @throws FlowcraftAwsError RUN_NOT_FOUND, or INVALID_INPUT where no node waits, or no edge of one names the action;
   * then nothing was changed
   */
  async resumeWithAction(runId: string, action: string, output?: unknown): Promise<Set<string>> {
    return resumeAll(this.#services, runId, { action, output })
  }

  /** As `RunClient.cancel`: cancels a run and the child runs it waits for. */
  async cancel(runId: string): Promise<CancelResult> {
    return { cancelled: await cancelRun(this.#services, runId) }
  }

  /**
   * Sends the timers that come due within SQS's 15 minutes, and sends jobs from the dead-letter queue back to the job
   * queue. To be called every minute or so.
   */
  async sweep(): Promise<SweepResult> {
    return sweep({ ...this.#services, deadLetters: this.#stores.deadLetters })
  }

  /**
   * Stops polling and waits until the nodes under way are done; what follows them is for others. With `within` it
   * resolves some seconds after so many milliseconds at the latest: nodes that are still under way are given up.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const poller = this.#poller
    await poller?.stop(options)
    if (this.#poller === poller) this.#poller = undefined
  }

  /** `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  protected override processJobs(_handler: (job: JobPayload) => Promise<void>): void {
    if (this.#poller) throw new FlowcraftAwsError('INVALID_CONFIGURATION', 'the worker is started already')
    this.#poller = new SqsPoller({
      ...this.#config,
      queueUrl: this.#config.pools.ownQueueUrl,
      concurrency: this.#concurrency,
      logger: this.logger,
      telemetry: this.telemetry,
      history: this.history,
      isolation: this.isolation,
      process: (job, message) =>
        this.process(job, { deadline: () => Date.now() + LEASE_MS, extendsLease: true, ...message }),
    })
    this.#poller.start()
  }

  /** The context of a run as it is committed; to be read: only the nodes of a run write it. */
  protected override createContext(runId: string): IAsyncContext<Record<string, unknown>> {
    return new RunContext(this.#services, runId)
  }

  protected override async enqueueJob(job: JobPayload): Promise<void> {
    await this.#services.queue.send([checkJob(job)])
  }

  /**
   * Called when a run has ended, at least once, after its result is stored. To be overridden; does nothing, since the
   * result stands in the table. A run that failed or was cancelled has a `reason`: of a run whose nodes failed, the
   * message of the first one's error, with its cause.
   */
  protected override async publishFinalResult(_runId: string, _result: FinalResult): Promise<void> {}

  /** Makes a URL that gives this run an event, once. @throws FlowcraftAwsError INVALID_CONFIGURATION without a base URL */
  override async registerWebhookEndpoint(runId: string, nodeId: string): Promise<WebhookEndpoint> {
    const { webhookUrl } = this.#config
    if (webhookUrl) return makeWebhook(this.#services.store, webhookUrl, runId, nodeId)
    const why = `give webhookUrl as an option or set ${environmentVariables.webhookUrl}`
    throw new FlowcraftAwsError(
      'INVALID_CONFIGURATION',
      `node '${nodeId}' wants a webhook, but there is none: ${why}`,
    )
  }

  #makeServices(registration: Registration): Services {
    const { store, values, queue } = this.#stores
    return {
      runtime: this.runtime as Runtime,
      graphs: new Graphs({ ...registration, store }),
      store,
      values,
      queue,
      isOwn: (job) => this.#config.pools.isOwn(job),
      logger: this.logger,
      telemetry: this.telemetry,
      history: this.#recorder,
      tracing: this.#config.tracing ? new Tracing() : undefined,
      isolation: this.isolation,
      pauses: this.#pauses,
      unreleased: new Set(),
      now: Date.now,
      sleep: (ms) => sleep(ms),
      newToken,
      deployGraceMs: this.#deployGraceMs,
      ...this.#policies,
      costs: costsOf(this.#config),
      leases: this.#config.leases,
      nodeTimeoutMs: this.#nodeTimeoutMs,
      publishesRunEnds: this.#publishes || this.#events?.chosen.has('ended') === true,
      publishRunEnd: (run) => this.#publishRunEnd(run),
      events: this.#events,
      emit: async (event: FlowcraftEvent) => this.eventBus?.emit(event),
    }
  }

  /** Whether somebody in this process wants a run's result. */
  get #publishes(): boolean {
    const overridden = this.publishFinalResult !== SqsAdapter.prototype.publishFinalResult
    return overridden || this.eventBus !== undefined
  }

  async #publishRunEnd(run: RunState): Promise<void> {
    if (this.#events?.chosen.has('ended')) await this.#events.publish(endedEvent(run, this.#config.prices))
    if (this.#publishes) await this.#publish(run)
  }

  async #publish(run: RunState): Promise<void> {
    const { result, event } = await finalResult(this.#services, this.serializer, run)
    await this.publishFinalResult(run.runId, result)
    await this.eventBus?.emit(event)
  }
}
