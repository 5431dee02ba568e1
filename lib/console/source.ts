/** Where the console's answers come from: a service, or a file with one run. */
import type { FailuresRequest } from '../core/run/failures.ts'
import type { ListRunsRequest } from '../core/run/list.ts'
import type { RunClient } from '../client/run-client.ts'
import type {
  BlueprintsView,
  BlueprintView,
  ContextView,
  CostsView,
  DeadLettersView,
  FailuresView,
  GraphView,
  HistoryView,
  LogsView,
  NodeView,
  RunFile,
  RunsView,
  RunView,
  ServiceView,
  ValueView,
} from './views.ts'

export interface ConsoleSource {
  readonly service: Omit<ServiceView, 'services'>
  /** What changes runs; undefined where nothing may be changed. */
  readonly acts?: Acts
  runs(request: ListRunsRequest): Promise<RunsView>
  costs(runIds: readonly string[]): Promise<CostsView>
  failures(request: FailuresRequest): Promise<FailuresView>
  run(runId: string): Promise<RunView>
  /** At once and after each change, until the run is over or the signal tells. */
  watch(runId: string, signal: AbortSignal): AsyncIterable<RunView>
  /** Undefined while no worker has begun the run. */
  graph(runId: string): Promise<GraphView | undefined>
  history(runId: string): Promise<HistoryView>
  context(runId: string): Promise<ContextView>
  value(runId: string, key: string): Promise<ValueView | undefined>
  node(runId: string, nodeId: string): Promise<NodeView>
  logs(runId: string, nodeId: string | undefined): Promise<LogsView>
  /** A Mermaid diagram; undefined while no worker has begun the run. */
  diagram(runId: string): Promise<string | undefined>
  file(runId: string): Promise<RunFile>
  blueprints(): Promise<BlueprintsView>
  /** Undefined where nobody knows of one. */
  blueprint(blueprintId: string): Promise<BlueprintView | undefined>
  /** Why a blueprint does not take an input; undefined where it does, or where that is not known. */
  inputProblem?(blueprintId: string, input: unknown): Promise<string | undefined>
  deadLetters(): Promise<DeadLettersView>
}

export type Acts = Pick<
  RunClient,
  | 'start'
  | 'resume'
  | 'cancel'
  | 'pause'
  | 'unpause'
  | 'redrive'
  | 'redriveMany'
  | 'fork'
  | 'skip'
  | 'pauseBlueprint'
  | 'unpauseBlueprint'
  | 'deadLetters'
>
