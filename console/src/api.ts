/** What the console's server can be asked for: a typed method for each of its routes. */
import type * as views from '../../lib/console/views.ts'
import { getJson, postForStream, postJson } from './http.ts'
import { jsonLines } from './json-lines.ts'
import type {
  RunsQuery,
  FailuresQuery,
  Reasoned,
  StartRequest,
  ResumeRequest,
  RedriveRequest,
  SkipRequest,
  ForkRequest,
  RedrivesRequest,
} from './requests.ts'
import { watchRun } from './watch-run.ts'

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
  /** Null while no worker has begun the run. */
  graph: (runId: string, signal?: AbortSignal) =>
    getJson<views.GraphView | null>(ofRun(runId, '/graph'), {}, signal),
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
