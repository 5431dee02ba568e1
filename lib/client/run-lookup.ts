/** Reads runs for a client: one whole, or one thing of many. */
import type { ISerializer, WorkflowBlueprint } from 'flowcraft'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { PRICES } from '../core/common/prices.ts'
import { type RunCost, runCostOf } from '../core/common/run-cost.ts'
import type { RunGraph } from '../core/protocol/run-graph.ts'
import type { RunState } from '../core/protocol/run-state.ts'
import { describeRun, type RunDescription } from '../core/run/describe.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import { readHistory } from '../core/run/read-history.ts'
import { type LostValue, unlessLost } from '../core/values/lost.ts'
import { readValues } from '../core/values/read-values.ts'
import { checkRunId } from './client-checks.ts'
import type { ClientServices } from './client-services.ts'

export class RunLookup {
  readonly #services: ClientServices
  readonly #serializer: ISerializer

  constructor(services: ClientServices, serializer: ISerializer) {
    this.#services = services
    this.#serializer = serializer
  }

  /** @throws FlowcraftAwsError RUN_NOT_FOUND */
  async read(runId: string): Promise<RunState> {
    checkRunId(runId)
    const run = await this.#services.store.read(runId)
    if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
    return run
  }

  /** What cannot be read any more of a run is named in it: the rest is worth having. */
  async describe(run: RunState, context = true): Promise<RunDescription> {
    const lost: LostValue[] = []
    const graph = await this.#graphOf(run, lost)
    const serializer = this.#serializer
    const described = await describeRun({ ...this.#services, run, graph, serializer, context })
    return lost.length > 0 ? { ...described, lost: [...lost, ...(described.lost ?? [])] } : described
  }

  async blueprintOf(runId: string): Promise<WorkflowBlueprint | undefined> {
    const { blueprintId, graph } = await this.read(runId)
    if (graph === undefined) return undefined
    return (await this.#services.graphs.of(blueprintId, graph)).blueprint
  }

  async values(runId: string, keys: readonly string[]): Promise<Record<string, unknown>> {
    const run = await this.read(runId)
    return readValues({ ...this.#services, run, graph: await this.#graphOf(run, []) }, keys)
  }

  async history(runId: string): Promise<HistoryEntry[]> {
    const run = await this.read(runId)
    return readHistory({ services: this.#services, run, graph: await this.#graphOf(run, []) })
  }

  async costOf(runId: string): Promise<RunCost | undefined> {
    return this.#costOf(await this.read(runId))
  }

  costsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, RunCost>> {
    return this.#ofEach(runIds, (run) => this.#costOf(run))
  }

  versionsOf(runIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#ofEach(runIds, ({ graph }) => graph)
  }

  #costOf({ cost }: RunState): RunCost | undefined {
    return runCostOf(cost, this.#services.costs?.prices ?? PRICES)
  }

  /** Without the runs that are not there, and those that do not have it. */
  async #ofEach<T>(
    runIds: readonly string[],
    of: (run: RunState) => T | undefined,
  ): Promise<ReadonlyMap<string, T>> {
    runIds.forEach(checkRunId)
    const found = new Map<string, T>()
    for (const [runId, run] of await this.#services.store.readMany(runIds)) {
      const value = of(run)
      if (value !== undefined) found.set(runId, value)
    }
    return found
  }

  async #graphOf({ blueprintId, graph }: RunState, lost: LostValue[]): Promise<RunGraph | undefined> {
    if (graph === undefined) return undefined
    return unlessLost('_blueprint', lost, () => this.#services.graphs.of(blueprintId, graph))
  }
}
