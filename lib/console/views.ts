/** What the console's page gets from its server: plain JSON, times as ISO 8601 texts. Types only. */
import type { BlueprintId, Json, Time } from './json.ts'

/** The service that the console shows. */
export interface ServiceView {
  /** Such as 'Shop/Flows'. */
  readonly name: string
  /** Such as 'Shop/Flows, local', or 'Shop/Flows, eu-north-1 of 111122223333'. */
  readonly place: string
  /** 'file': one run that was saved, which is all there is. */
  readonly kind: 'local' | 'account' | 'file'
  /** Whether the page may change anything; the server refuses it, too. */
  readonly writable: boolean
  /** Of this package. */
  readonly version: string
  /** Of 'file': the run that is in it. */
  readonly runId?: string
  /** What stands as `by` in the history of what is done here, until somebody says otherwise. */
  readonly by: string
  /** All services that can be chosen, by `?service=<name>` of any request; this one is among them. */
  readonly services: readonly string[]
}

export type RunStatusView = 'running' | 'awaiting' | 'paused' | 'completed' | 'failed' | 'cancelled'

export interface RunRow {
  readonly runId: string
  readonly blueprintId: BlueprintId
  readonly status: RunStatusView
  readonly labels?: Readonly<Record<string, string>>
  readonly parentRunId?: string
  readonly forkedFrom?: { readonly runId: string }
  readonly startedAt: Time
  readonly endedAt?: Time
}

export interface RunsView {
  readonly runs: readonly RunRow[]
  readonly cursor?: string
}

/** US dollars by run id; a run of which nothing was counted is not there. */
export interface CostsView {
  readonly usd: Readonly<Record<string, number>>
}

export interface FailureGroupView {
  readonly blueprintId: BlueprintId
  readonly nodeId?: string
  readonly error: string
  readonly message: string
  readonly count: number
  /** Ids of runs, 5 at most. */
  readonly examples: readonly string[]
  readonly firstFailedAt: Time
  readonly lastFailedAt: Time
}

export interface FailuresView {
  readonly groups: readonly FailureGroupView[]
  readonly runs: number
  readonly cursor?: string
}

export type NodeStateView = 'completed' | 'active' | 'waiting' | 'failed' | 'notRun'

export interface WaitingView {
  readonly nodeId: string
  readonly reason: 'external_event' | 'timer' | 'retry' | 'subflow' | 'items'
  readonly wakeUpAt?: Time
  readonly timeoutAt?: Time
  readonly childRunId?: string
}

export interface NodeProgressView {
  readonly nodeId: string
  readonly state: NodeStateView
  readonly iteration?: number
  readonly failedTries?: number
  readonly waiting?: WaitingView
  readonly arrived?: { readonly count: number; readonly of: number }
  readonly items?: { readonly done: number; readonly total: number }
}

/** How a run stands, without its context. */
export interface RunView {
  readonly runId: string
  readonly blueprintId: BlueprintId
  readonly status: RunStatusView
  /** Why the run itself failed, where no node did. */
  readonly reason?: string
  /** The first of what its nodes, and items of batches, failed with. */
  readonly errors?: readonly Pick<ErrorView, 'nodeId' | 'item' | 'name' | 'message'>[]
  /** How many more there are. */
  readonly moreErrors?: number
  readonly cost?: { readonly usd: number }
  readonly budget?: { readonly maxUsd: number; readonly onBudget: 'fail' | 'pause' }
  readonly redrives?: number
  readonly operations?: readonly OperationView[]
  readonly pausedAt?: Time
  readonly pausedBy?: 'run' | 'blueprint' | 'failure'
  readonly progress: readonly NodeProgressView[]
  readonly deadLetters?: readonly { readonly nodeId?: string; readonly reason: string }[]
  readonly labels?: Readonly<Record<string, string>>
  readonly parent?: { readonly runId: string; readonly nodeId: string }
  readonly forkedFrom?: { readonly runId: string }
  readonly startedAt: Time
  readonly startsAt?: Time
  readonly endedAt?: Time
}

/** What somebody did to a run, by whom and why. */
export interface OperationView {
  readonly kind: 'redrive' | 'skip' | 'pause' | 'unpause' | 'cancel' | 'drop' | 'fork'
  readonly at: Time
  readonly by?: string
  readonly reason?: string
  readonly nodes?: readonly string[]
  /** Context keys that were set. */
  readonly keys?: readonly string[]
}

/** A blueprint, or the graph that a run goes by. */
export interface GraphView {
  readonly blueprintId: BlueprintId
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

export interface GraphNode {
  readonly id: string
  /** What runs it, such as 'wait', 'sleep', 'subflow', 'loop-controller', 'batch-scatter', or a key of user code. */
  readonly uses: string
  /** Blueprint of the child run, of a subflow. */
  readonly child?: string
  /** 'any', or 'any' with joinCount; absent for 'all'. */
  readonly join?: string
  readonly maxRetries?: number
  readonly timeoutMs?: number
  readonly fallback?: string
  readonly pool?: string
}

export interface GraphEdge {
  readonly source: string
  readonly target: string
  readonly action?: string
  readonly condition?: string
}

/** Text of an error as it was recorded. */
export interface ErrorView {
  readonly nodeId?: string
  readonly name?: string
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorView
  /** Of an item of a batch: which. */
  readonly item?: number
  readonly at?: Time
}

/** A value, or how large it is where it is folded; `value?key=` gives it then. */
export type ValueView =
  | { readonly value: Json; readonly bytes: number }
  | { readonly folded: true; readonly bytes: number }
  /** It cannot be read any more: an object that was deleted from the bucket, say. */
  | { readonly lost: string }

export interface ContextView {
  readonly keys: readonly (ValueView & { readonly key: string })[]
}

export interface NodeView {
  readonly nodeId: string
  readonly input?: ValueView
  readonly output?: ValueView
  readonly errors: readonly ErrorView[]
  /** More errors of items than are given. */
  readonly moreErrors: number
}

/** As `RunClient.history` gives it: `type` such as 'nodeStarted', with `at`, `nodeId`, `iteration` and more. */
export interface HistoryEntryView {
  readonly type: string
  readonly at?: Time
  readonly nodeId?: string
  readonly iteration?: number
  readonly attempt?: number
  readonly durationMs?: number
  readonly reason?: string
  readonly until?: Time
  readonly next?: readonly string[]
  readonly action?: string
  readonly fallback?: string
  readonly childRunId?: string
  readonly item?: number
  readonly status?: RunStatusView
  readonly error?: { readonly name?: string; readonly message?: string }
  readonly by?: string
  /** Of `history: 'full'`, beside others: input, output, set. */
  readonly output?: Json
  readonly input?: Json
  /** Of 'operation'. */
  readonly kind?: OperationView['kind']
}

export interface HistoryView {
  readonly entries: readonly HistoryEntryView[]
  /** Entries that were left out: the first ones of a long history are given. */
  readonly more: number
}

export interface LogLineView {
  readonly at: Time
  /** 'INFO', say; '-' where it is not known. */
  readonly level: string
  readonly nodeId?: string
  readonly text: string
}

export interface LogsView {
  readonly lines: readonly LogLineView[]
  /** Why there are none, where they cannot be had. */
  readonly unavailable?: string
}

export interface BlueprintRow {
  readonly blueprintId: BlueprintId
  /** The version that the workers have; absent where they cannot be asked, or have it no more. */
  readonly version?: string
  /** How many warnings there are of it. */
  readonly warnings?: number
  readonly paused?: { readonly at: Time; readonly by?: string; readonly reason?: string }
  /** Runs that were started within the last day, by status; of the latest that were looked at. */
  readonly lastDay: BlueprintDay
}

export interface BlueprintDay {
  readonly byStatus: Readonly<Partial<Record<RunStatusView, number>>>
  /** Milliseconds, of runs that completed. */
  readonly medianMs?: number
  readonly p95Ms?: number
  readonly runs: number
  /** Whether there are more than were looked at. */
  readonly more: boolean
}

export interface BlueprintsView {
  readonly blueprints: readonly BlueprintRow[]
}

export interface BlueprintView extends Omit<BlueprintRow, 'warnings'> {
  readonly graph?: GraphView
  readonly warnings: readonly string[]
  readonly versions: readonly { readonly version: string; readonly isCurrent: boolean }[]
  /** JSON Schema of the input, where the flow has a schema that can be told so. */
  readonly inputSchema?: Json
}

export interface DeadLetterRow {
  readonly id: string
  readonly runId?: string
  readonly nodeId?: string
  readonly blueprintId?: string
  /** Absent where SQS moved it, since it was received too often. */
  readonly reason?: string
}

export interface DeadLettersView {
  readonly letters: readonly DeadLetterRow[]
}

/** What a redrive does, or would do. */
export interface RedriveView {
  /** Nodes that run again, and those that go on. */
  readonly again: readonly string[]
  readonly goesOn: readonly string[]
  /** Child runs that are redriven with it. */
  readonly children: readonly string[]
}

/** One of many: what became of a run. Lines of JSON, one for each. */
export type OutcomeView =
  | ({ readonly runId: string } & Partial<RedriveView>)
  | { readonly runId: string; readonly error: ProblemView }
  /** The last line, where it went no further. */
  | { readonly problem: ProblemView }

/** The body of every answer that is not 2xx. */
export interface ProblemView {
  /** A code of docs/errors.md, or of the console: 'READ_ONLY', 'FORBIDDEN', 'NOT_FOUND'. */
  readonly code: string
  readonly message: string
  /** Where the error is explained. */
  readonly docs?: string
}

/** One run with all that belongs to it, as the button "Save as file" writes it and `console --file` opens it. */
export interface RunFile {
  readonly format: 'flowcraft-aws run 1'
  readonly savedAt: Time
  readonly run: RunView
  readonly graph?: GraphView
  readonly context: Readonly<Record<string, Json>>
  readonly errors: readonly ErrorView[]
  readonly history: readonly HistoryEntryView[]
}
