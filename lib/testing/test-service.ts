/**
 * Runs flows by the protocol that runs them on AWS, over memory, in this process: the same commits, joins and
 * redeliveries, no servers, and a clock that the test moves. What passes here differs from AWS in the store and the
 * queue only, and those two are held to the real ones by a contract suite.
 */
import { randomUUID } from 'node:crypto'
import { FlowRuntime, JsonSerializer, type RuntimeOptions } from 'flowcraft'
import { boundsProblems, type MaxActivations } from '../adapter/bounds.ts'
import { throwProblems } from '../adapter/errors.ts'
import { type WithContainer, withContainer } from '../adapter/container.ts'
import { guardedBus } from '../adapter/events.ts'
import type { Runtime } from '../adapter/execute.ts'
import { Graphs } from '../adapter/graphs.ts'
import { processJob } from '../adapter/message.ts'
import { sendQueued } from '../adapter/outgoing.ts'
import { describeRun, type RunDescription } from '../adapter/outcome.ts'
import { type Flow, register } from '../adapter/registration.ts'
import { isOver, START } from '../adapter/run-state.ts'
import type { Services } from '../adapter/services.ts'
import { resumeRun } from '../adapter/resume.ts'
import { putRun } from '../adapter/start.ts'
import { sweep } from '../adapter/sweep.ts'
import { MemoryRunStore } from '../adapter/store/memory-run-store.ts'
import type { RunStore } from '../adapter/store/run-store.ts'
import { NO_TELEMETRY } from '../adapter/telemetry/telemetry.ts'
import { ValueStore } from '../adapter/values/value-store.ts'
import type { ResumeRequest } from '../client/run-client.ts'
import { makeWebhook, receiveWebhook, type WebhookOutcome } from '../adapter/webhook.ts'
import { MemoryQueue } from './memory-queue.ts'

export interface TestServiceOptions extends RuntimeOptions, WithContainer {
  /** What `createFlow()` builds. @default - none */
  readonly flows?: readonly Flow[]
  /** @default new MemoryRunStore() */
  readonly store?: RunStore
  /** Time an invocation may take, in milliseconds by the test's clock. @default 30000 */
  readonly invocationMs?: number
  /** Whether a chain goes on in the same invocation. @default true */
  readonly inline?: boolean
  /** As of `SqsAdapter`. @default { perNode: 10000, perRun: 1000000 } */
  readonly maxActivations?: MaxActivations
}

/** A dead worker's message comes back after this, in milliseconds by the test's clock. */
const VISIBILITY_MS = 180_000
const WEBHOOK_URL = 'https://webhooks.test'

/**
 * @example
 * const service = new TestService({ flows: [order] })
 * const { status, context } = await service.run('order', { orderId: 'A-17' })
 * expect(status).toBe('completed')
 */
export class TestService {
  readonly services: Services
  readonly queue: MemoryQueue
  /** Milliseconds since the epoch, by the test's clock; set it to let time pass. */
  now = Date.UTC(2026, 0, 1)
  readonly #options: TestServiceOptions

  /** @throws FlowcraftAwsError INVALID_BLUEPRINT, with all problems at once */
  constructor(given: TestServiceOptions) {
    const options: TestServiceOptions = { ...given, ...withContainer(given) }
    this.#options = options
    throwProblems(
      'INVALID_CONFIGURATION',
      'cannot make a TestService',
      boundsProblems(options.maxActivations),
    )
    this.queue = new MemoryQueue(() => this.now)
    const registration = register(options)
    const eventBus = options.eventBus && guardedBus(options.eventBus, options.logger)
    const store = options.store ?? new MemoryRunStore()
    const adapter = {
      registerWebhookEndpoint: (runId: string, nodeId: string) =>
        makeWebhook(store, WEBHOOK_URL, runId, nodeId),
    }
    const dependencies = { adapter, ...options.dependencies }
    const runtimeOptions = { ...options, ...registration, eventBus, dependencies }
    const runtime = new FlowRuntime(runtimeOptions) as unknown as Runtime
    this.services = {
      runtime,
      graphs: new Graphs({ ...registration, store }),
      store,
      values: new ValueStore({ store, serializer: options.serializer ?? new JsonSerializer() }),
      queue: this.queue,
      isOwn: () => true,
      logger: runtime.logger,
      telemetry: NO_TELEMETRY,
      now: () => this.now,
      newToken: randomUUID,
      deployGraceMs: 0,
      maxActivations: options.maxActivations,
      tells: false,
      tell: async () => {},
      emit: async (event) => eventBus?.emit(event),
    }
  }

  /** Runs a blueprint to its end and tells how it ended. */
  async run(blueprintId: string, input: Record<string, unknown> = {}): Promise<RunDescription> {
    const runId = await this.start(blueprintId, input)
    await this.settle()
    return this.describe(runId)
  }

  async start(
    blueprintId: string,
    input: Record<string, unknown> = {},
    runId: string = randomUUID(),
  ): Promise<string> {
    const graph = await this.services.graphs.remember(blueprintId)
    const { run } = await putRun(this.services, { runId, graph, input })
    await sendQueued(this.services, graph, run, START)
    return runId
  }

  /** Works on messages until there is none left, letting time pass where all that is left comes later. */
  async settle(): Promise<void> {
    for (let next = await this.#next(); next !== undefined; next = await this.#next()) {
      this.now = Math.max(this.now, next)
      await sweep(this.services)
      for (const message of this.queue.visible()) {
        this.queue.receive(message, VISIBILITY_MS)
        const end = this.now + (this.#options.invocationMs ?? 30_000)
        const deadline = () => (this.#options.inline === false ? this.now : end)
        const result = await processJob(this.services, message.job, { deadline, renews: false })
        if (result.kind === 'done') this.queue.delete(message)
        else if (result.seconds !== undefined) message.visibleAt = this.now + result.seconds * 1000
      }
    }
  }

  /** Gives a waiting run an event; see `RunClient.resume`. */
  async resume(runId: string, { nodeId, ...event }: ResumeRequest = {}): Promise<boolean> {
    return resumeRun(this.services, runId, nodeId, event)
  }

  /**
   * Posts to a URL that a `webhook` node gave, as the webhook function does with a request of this body.
   *
   * @returns 'resumed' where a node takes it, 'used' where the URL was used or its run is over, 'unknown', or
   * 'unwaited' where no node of the blueprint waits for it
   */
  async post(url: string, body: unknown): Promise<WebhookOutcome> {
    const { pathname, searchParams } = new URL(url)
    const output = { method: 'POST', headers: {}, query: Object.fromEntries(searchParams), body }
    return receiveWebhook(this.services, pathname, output)
  }

  /** When something is to be done next: a message comes, or the sweep must look at a run. */
  async #next(): Promise<number | undefined> {
    const runs = await Promise.all(
      (await this.services.store.due(Infinity)).map((id) => this.services.store.read(id)),
    )
    const times = [this.queue.nextAt(), ...runs.map((run) => run?.dueAt)].filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  async describe(runId: string): Promise<RunDescription> {
    const { store, values, graphs } = this.services
    const run = await store.read(runId)
    if (!run) throw new Error(`there is no run '${runId}'`)
    const graph = run.graph === undefined ? undefined : await graphs.of(run.blueprintId, run.graph)
    return describeRun({ run, graph, store, values, serializer: this.services.runtime.serializer })
  }

  /** Whether a run has ended. */
  async isOver(runId: string): Promise<boolean> {
    const run = await this.services.store.read(runId)
    return run !== undefined && isOver(run)
  }
}
