/** Blueprints as the page shows them: what the workers have, what runs remember, and how the runs of a day went. */
import type { PausedBlueprint } from '../client/blueprint-pauses.ts'
import type { RunClient } from '../client/run-client.ts'
import type { DescribedBlueprint, DescribeRequest, WorkerDescription } from '../core/blueprints/described.ts'
import type { RunSummary } from '../core/run/list.ts'
import { isFlowcraftAwsError } from '../core/common/errors.ts'
import { asJson } from './json.ts'
import { graphView } from './run-views.ts'
import type { BlueprintDay, BlueprintRow, BlueprintsView, BlueprintView, RunStatusView } from './views.ts'

/** Asks the workers of a service; none where it has none that can be asked. */
export type DescribeWorkers = (request: Omit<DescribeRequest, 'flowcraft'>) => Promise<WorkerDescription>

export interface BlueprintViewsOptions {
  readonly client: RunClient
  readonly describeWorkers: DescribeWorkers | undefined
  readonly now: () => number
}

const DAY_MS = 86_400_000
/** Runs of the last day that are looked at: some 100 read units of the index. */
const RUNS_AT_MOST = 2_000
/** Runs whose versions are read. */
const VERSIONS_OF = 100

export class BlueprintViews {
  readonly #options: BlueprintViewsOptions

  constructor(options: BlueprintViewsOptions) {
    this.#options = options
  }

  async all(): Promise<BlueprintsView> {
    const { client } = this.#options
    const [known, day, paused] = await Promise.all([
      this.#ask({}),
      this.#lastDay(undefined),
      client.pausedBlueprints(),
    ])
    const described = new Map(known.map((one) => [one.id, one]))
    const ids = new Set([
      ...described.keys(),
      ...day.runs.map((run) => run.blueprintId),
      ...paused.map((one) => one.blueprintId),
    ])
    const blueprints = [...ids].toSorted().map((id) => rowOf(id, described.get(id), day, paused))
    return { blueprints }
  }

  async one(blueprintId: string): Promise<BlueprintView | undefined> {
    const { client } = this.#options
    const [[described], day, paused] = await Promise.all([
      this.#ask({ blueprintId }),
      this.#lastDay(blueprintId),
      client.pausedBlueprints(),
    ])
    const { runs: latest } = await client.list({ blueprintId, limit: VERSIONS_OF })
    const isPaused = paused.some((one) => one.blueprintId === blueprintId)
    if (!described && latest.length === 0 && !isPaused) return undefined
    const versions = await client.versionsOf(latest.map(({ runId }) => runId))
    const known = new Set([...(described ? [described.version] : []), ...versions.values()])
    const row = rowOf(blueprintId, described, day, paused)
    const [[runId] = []] = [...versions]
    const graph = described?.graph ?? (runId === undefined ? undefined : await client.blueprintOf(runId))
    return {
      ...row,
      ...(graph ? { graph: graphView(graph) } : {}),
      warnings: described?.warnings ?? [],
      versions: [...known].map((version) => ({ version, isCurrent: version === described?.version })),
      ...(described?.inputSchema === undefined ? {} : { inputSchema: asJson(described.inputSchema) }),
    }
  }

  /** Why the schema of a blueprint does not take an input; undefined where it does, or where no worker can be asked. */
  async inputProblem(blueprintId: string, input: unknown): Promise<string | undefined> {
    return (await this.#ask({ blueprintId, input }))[0]?.inputProblem
  }

  async #ask(request: Omit<DescribeRequest, 'flowcraft'>): Promise<readonly DescribedBlueprint[]> {
    return (await this.#options.describeWorkers?.(request))?.blueprints ?? []
  }

  async #lastDay(blueprintId: string | undefined): Promise<Day> {
    const { client, now } = this.#options
    const startedAfter = new Date(now() - DAY_MS)
    const runs: RunSummary[] = []
    try {
      for await (const run of client.runs({ blueprintId, startedAfter })) {
        if (runs.length === RUNS_AT_MOST) return { runs, more: true }
        runs.push(run)
      }
    } catch (error) {
      // A table without the index of runs has no lists.
      if (!isFlowcraftAwsError(error, 'RUN_INDEX_MISSING')) throw error
    }
    return { runs, more: false }
  }
}

interface Day {
  readonly runs: readonly RunSummary[]
  readonly more: boolean
}

function rowOf(
  blueprintId: string,
  described: DescribedBlueprint | undefined,
  day: Day,
  paused: readonly PausedBlueprint[],
): BlueprintRow {
  const pause = paused.find((one) => one.blueprintId === blueprintId)
  const { pausedAt, by, reason } = pause ?? {}
  const who = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) }
  return {
    blueprintId,
    ...(described ? { version: described.version, warnings: described.warnings.length } : {}),
    ...(pausedAt ? { paused: { at: pausedAt.toISOString(), ...who } } : {}),
    lastDay: dayOf(
      day.runs.filter((run) => run.blueprintId === blueprintId),
      day.more,
    ),
  }
}

function dayOf(runs: readonly RunSummary[], more: boolean): BlueprintDay {
  const byStatus: Partial<Record<RunStatusView, number>> = {}
  for (const { status } of runs) byStatus[status] = (byStatus[status] ?? 0) + 1
  const took = runs
    .flatMap(({ status, startedAt, endedAt }) =>
      status === 'completed' && endedAt ? [endedAt.getTime() - startedAt.getTime()] : [],
    )
    .toSorted((a, b) => a - b)
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))]
  const [medianMs, p95Ms] = [at(0.5), at(0.95)]
  return {
    byStatus,
    ...(medianMs === undefined ? {} : { medianMs }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    runs: runs.length,
    more,
  }
}
