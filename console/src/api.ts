/** What the console's server can be asked for: a typed method for each of its routes. */
import type * as views from '../../lib/console/views.ts'
import type { Json } from '../../lib/console/json.ts'
import { getJson, postForStream, postJson } from './http.ts'
import { jsonLines } from './json-lines.ts'
import { watchRun } from './watch-run.ts'

export interface RunsQuery {
  readonly blueprint?: string
  readonly status?: readonly views.RunStatusView[]
  readonly since?: string
  readonly until?: string
  /** Each as `name=value`. */
  readonly label?: readonly string[]
  readonly parent?: string
  readonly forkedFrom?: string
  readonly limit?: number
  readonly cursor?: string
}

export interface FailuresQuery {
  readonly since?: string
  readonly until?: string
  readonly blueprint?: string
  readonly cursor?: string
}

/** Who does it, and why: it stands in the run's history. */
export interface Reasoned {
  readonly by?: string
  readonly reason?: string
}

export interface StartRequest {
  readonly blueprintId: string
  readonly input?: Json
  readonly runId?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly delayMs?: number
  readonly maxUsd?: number
}

export interface ResumeRequest extends Reasoned {
  readonly nodeId?: string
  readonly action?: string
  readonly output?: Json
}

export interface RedriveRequest extends Reasoned {
  readonly nodes?: readonly string[]
  readonly set?: Readonly<Record<string, Json>>
  readonly dryRun?: boolean
  readonly maxUsd?: number
}

export interface SkipRequest extends Reasoned {
  readonly nodeId: string
  readonly output?: Json
  readonly action?: string
}

export interface ForkRequest extends Reasoned {
  readonly nodes?: readonly string[]
  readonly set?: Readonly<Record<string, Json>>
  readonly runId?: string
  readonly dryRun?: boolean
}

/** Which failed runs: those of a time, of a blueprint, of one group. */
export interface FailuresOf {
  readonly since: string
  readonly until?: string
  readonly blueprintId?: string
  readonly group?: Pick<views.FailureGroupView, 'blueprintId' | 'nodeId' | 'error' | 'message'>
}

export interface RedrivesRequest extends Reasoned {
  readonly failures?: FailuresOf
  readonly runIds?: readonly string[]
  readonly dryRun?: boolean
  readonly limit?: number
}

const ofRun = (runId: string, rest = '') => `/api/runs/${encodeURIComponent(runId)}${rest}`
const ofBlueprint = (id: string, rest = '') => `/api/blueprints/${encodeURIComponent(id)}${rest}`

const reading = {
  service: (signal?: AbortSignal) => getJson<views.ServiceView>('/api/service', {}, signal),
  runs: (query: RunsQuery, signal?: AbortSignal) =>
    getJson<views.RunsView>('/api/runs', { ...query }, signal),
  /** Of 100 runs at most. */
  costs: (runIds: readonly string[], signal?: AbortSignal) =>
    getJson<views.CostsView>('/api/costs', { run: runIds }, signal),
  failures: (query: FailuresQuery, signal?: AbortSignal) =>
    getJson<views.FailuresView>('/api/failures', { ...query }, signal),
  run: (runId: string, signal?: AbortSignal) => getJson<views.RunView>(ofRun(runId), {}, signal),
  graph: (runId: string, signal?: AbortSignal) =>
    getJson<views.GraphView>(ofRun(runId, '/graph'), {}, signal),
  history: (runId: string, signal?: AbortSignal) =>
    getJson<views.HistoryView>(ofRun(runId, '/history'), {}, signal),
  context: (runId: string, signal?: AbortSignal) =>
    getJson<views.ContextView>(ofRun(runId, '/context'), {}, signal),
  value: (runId: string, key: string, signal?: AbortSignal) =>
    getJson<views.ValueView>(ofRun(runId, '/value'), { key }, signal),
  node: (runId: string, nodeId: string, signal?: AbortSignal) =>
    getJson<views.NodeView>(ofRun(runId, `/nodes/${encodeURIComponent(nodeId)}`), {}, signal),
  logs: (runId: string, nodeId?: string, signal?: AbortSignal) =>
    getJson<views.LogsView>(ofRun(runId, '/logs'), { node: nodeId }, signal),
  diagram: (runId: string, signal?: AbortSignal) =>
    getJson<{ readonly mermaid: string }>(ofRun(runId, '/diagram'), {}, signal),
  file: (runId: string, signal?: AbortSignal) => getJson<views.RunFile>(ofRun(runId, '/file'), {}, signal),
  blueprints: (signal?: AbortSignal) => getJson<views.BlueprintsView>('/api/blueprints', {}, signal),
  blueprint: (id: string, signal?: AbortSignal) => getJson<views.BlueprintView>(ofBlueprint(id), {}, signal),
  deadLetters: (signal?: AbortSignal) => getJson<views.DeadLettersView>('/api/dead-letters', {}, signal),
  /** How a run goes on, until it is over or what is returned is called. */
  watchRun,
}

const acting = {
  start: (request: StartRequest) =>
    postJson<{ readonly runId: string; readonly status: views.RunStatusView; readonly created: boolean }>(
      '/api/runs',
      request,
    ),
  resume: (runId: string, request: ResumeRequest) =>
    postJson<{ readonly resumed: boolean }>(ofRun(runId, '/resume'), request),
  cancel: (runId: string, request: Reasoned) =>
    postJson<{ readonly cancelled: boolean }>(ofRun(runId, '/cancel'), request),
  pause: (runId: string, request: Reasoned) =>
    postJson<{ readonly paused: boolean }>(ofRun(runId, '/pause'), request),
  unpause: (runId: string, request: Reasoned & { readonly maxUsd?: number }) =>
    postJson<{ readonly unpaused: boolean }>(ofRun(runId, '/unpause'), request),
  redrive: (runId: string, request: RedriveRequest) =>
    postJson<{ readonly redriven: boolean } & views.RedriveView>(ofRun(runId, '/redrive'), request),
  skip: (runId: string, request: SkipRequest) =>
    postJson<{ readonly skipped: boolean }>(ofRun(runId, '/skip'), request),
  fork: (runId: string, request: ForkRequest) =>
    postJson<{ readonly runId: string; readonly again: readonly string[] }>(ofRun(runId, '/fork'), request),
  /** An outcome for each run, as they come; `signal` stops it after those that are under way. */
  redriveMany: (request: RedrivesRequest, signal?: AbortSignal) => outcomes('/api/redrives', request, signal),
  cancelMany: (request: Reasoned & { readonly runIds: readonly string[] }, signal?: AbortSignal) =>
    outcomes('/api/cancels', request, signal),
  pauseBlueprint: (id: string, request: Reasoned) => postJson<object>(ofBlueprint(id, '/pause'), request),
  unpauseBlueprint: (id: string, request: Reasoned) => postJson<object>(ofBlueprint(id, '/unpause'), request),
  sendBack: (ids: readonly string[]) =>
    postJson<{ readonly sent: number }>('/api/dead-letters/send-back', { ids }),
  drop: (request: Reasoned & { readonly ids: readonly string[] }) =>
    postJson<{ readonly dropped: number }>('/api/dead-letters/drop', request),
}

export const api = { ...reading, ...acting }

async function* outcomes(
  path: string,
  request: object,
  signal?: AbortSignal,
): AsyncGenerator<views.OutcomeView> {
  yield* jsonLines<views.OutcomeView>(await postForStream(path, request, signal))
}
