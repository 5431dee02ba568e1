/** The console's answers from a service, by the same operations as client and command line. */
import { generateMermaidForRun } from 'flowcraft'
import pMap from 'p-map'
import { HistoryEventStore } from '../client/history-event-store.ts'
import type { RunClient } from '../client/run-client.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import type { FailuresRequest } from '../core/run/failures.ts'
import type { ListRunsRequest } from '../core/run/list.ts'
import { isFlowcraftAwsError, messageOf } from '../core/common/errors.ts'
import { BlueprintViews, type DescribeWorkers } from './blueprint-views.ts'
import { asJson } from './json.ts'
import { contextView, ERRORS_AT_MOST, errorViews, graphView, runView, valueView } from './run-views.ts'
import type { ConsoleSource } from './source.ts'
import type { HistoryView, LogLineView, NodeView, RunView, ServiceView, ValueView } from './views.ts'

export interface ServiceSourceOptions {
  readonly client: RunClient
  readonly service: ConsoleSource['service']
  /** Lines that functions logged of a run, or of a node of it. @default - they are not known */
  readonly logs?: (runId: string, nodeId: string | undefined) => Promise<readonly LogLineView[]>
  /** What the workers have. @default - they cannot be asked */
  readonly describeWorkers?: DescribeWorkers
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * While pages look at a run, its header is read twice a second at most, and less often while nothing changes: what they ask for
 * beside the watch, its history every few seconds, reads it too.
 */
const LOOK = { minPollMs: 700, pollMs: 5_000 }
/** Longer histories are not shown as a whole. */
const ENTRIES_AT_MOST = 20_000
const CONCURRENCY = 4

export class ServiceSource implements ConsoleSource {
  readonly service: Omit<ServiceView, 'services'>
  readonly acts?: RunClient
  readonly #client: RunClient
  readonly #blueprints: BlueprintViews
  readonly #logs: ServiceSourceOptions['logs']
  readonly #now: () => number

  constructor({ client, service, logs, describeWorkers, now = Date.now }: ServiceSourceOptions) {
    this.#client = client
    this.service = service
    if (service.writable) this.acts = client
    this.#logs = logs
    this.#now = now
    this.#blueprints = new BlueprintViews({ client, describeWorkers, now })
  }

  async runs(request: ListRunsRequest) {
    return asJson<Awaited<ReturnType<ConsoleSource['runs']>>>(await this.#client.list(request))
  }

  async costs(runIds: readonly string[]) {
    const costs = await this.#client.costsOf(runIds)
    return { usd: Object.fromEntries([...costs].map(([runId, { usd }]) => [runId, usd])) }
  }

  async failures(request: FailuresRequest) {
    return asJson<Awaited<ReturnType<ConsoleSource['failures']>>>(await this.#client.failures(request))
  }

  async run(runId: string): Promise<RunView> {
    return runView(await this.#client.get(runId, { context: false }))
  }

  async *watch(runId: string, signal: AbortSignal): AsyncGenerator<RunView, void, undefined> {
    for await (const run of this.#client.watch(runId, { ...LOOK, context: false, signal })) yield runView(run)
  }

  async graph(runId: string) {
    const blueprint = await this.#client.blueprintOf(runId)
    return blueprint && graphView(blueprint)
  }

  async history(runId: string): Promise<HistoryView> {
    const entries = await this.#client.history(runId)
    const shown = entries.slice(0, ENTRIES_AT_MOST)
    return { entries: historyView(shown), more: entries.length - shown.length }
  }

  async context(runId: string) {
    return contextView(await this.#client.get(runId))
  }

  async value(runId: string, key: string): Promise<ValueView | undefined> {
    return this.#value(runId, key, false)
  }

  async node(runId: string, nodeId: string): Promise<NodeView> {
    const keys = [`_inputs.${nodeId}`, `_outputs.${nodeId}`]
    const [[input, output], run] = await Promise.all([
      pMap(keys, (key) => this.#value(runId, key, true), { concurrency: CONCURRENCY }),
      this.#client.get(runId, { context: false }),
    ])
    const own = errorViews(run).filter((error) => error.nodeId === nodeId)
    return {
      nodeId,
      ...(input ? { input } : {}),
      ...(output ? { output } : {}),
      errors: own.slice(0, ERRORS_AT_MOST),
      moreErrors: Math.max(0, own.length - ERRORS_AT_MOST),
    }
  }

  async #value(runId: string, key: string, folds: boolean): Promise<ValueView | undefined> {
    try {
      const found = await this.#client.values(runId, [key])
      return Object.hasOwn(found, key) ? valueView(found[key], { folds }) : undefined
    } catch (error) {
      if (isFlowcraftAwsError(error, 'VALUE_LOST')) return { lost: error.message }
      throw error
    }
  }

  async logs(runId: string, nodeId: string | undefined) {
    if (!this.#logs) return { lines: [], unavailable: 'which functions the service has is not known here' }
    try {
      return { lines: await this.#logs(runId, nodeId) }
    } catch (error) {
      // Whoever may see runs may not be allowed to see logs.
      return { lines: [], unavailable: messageOf(error) }
    }
  }

  async diagram(runId: string) {
    const blueprint = await this.#client.blueprintOf(runId)
    if (!blueprint) return undefined
    const events = await new HistoryEventStore(this.#client).retrieve(runId)
    return generateMermaidForRun(blueprint, events)
  }

  async file(runId: string) {
    const [run, graph, history] = await Promise.all([
      this.#client.get(runId),
      this.graph(runId),
      this.#client.history(runId),
    ])
    return {
      format: 'flowcraft-aws run 1' as const,
      savedAt: new Date(this.#now()).toISOString(),
      run: runView(run),
      ...(graph ? { graph } : {}),
      context: asJson<Record<string, never>>(run.context),
      errors: errorViews(run),
      history: historyView(history),
    }
  }

  blueprints() {
    return this.#blueprints.all()
  }

  blueprint(blueprintId: string) {
    return this.#blueprints.one(blueprintId)
  }

  inputProblem(blueprintId: string, input: unknown) {
    return this.#blueprints.inputProblem(blueprintId, input)
  }

  async deadLetters() {
    const letters = await this.#client.deadLetters.list({ limit: 100 })
    return {
      letters: letters.map(({ id, runId, nodeId, blueprintId, reason }) => ({
        id,
        runId,
        nodeId,
        blueprintId,
        reason,
      })),
    }
  }
}

function historyView(entries: readonly HistoryEntry[]): HistoryView['entries'] {
  return asJson(entries)
}
