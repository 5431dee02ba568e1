/** The `detail` of each event of a run, for whoever receives it. Types only, and none of the engine's: the constructs have them too. */
import type { RunCost } from '../common/run-cost.ts'
import type { RunStatus } from '../protocol/run-state.ts'

/** What the detail of each event has. */
export interface RunEventDetail {
  /** The same each time the same event is published: a consumer that must not act twice remembers it. */
  readonly id: string
  readonly runId: string
  readonly blueprintId: string
  /** ISO 8601. */
  readonly startedAt: string
  /** The run that waits for this one, which is a subflow of it. */
  readonly parentRunId?: string
  /** The run from whose state this one began, which is a fork of it. */
  readonly forkedFromRunId?: string
  /** What the run was started with; absent where there is none. */
  readonly labels?: Readonly<Record<string, string>>
  /** The service whose worker published it, as in logs and metrics: POWERTOOLS_SERVICE_NAME. Absent where that is not set. */
  readonly service?: string
}

/** `detail` of an event with source 'flowcraft' and detail-type 'Flowcraft Run Status Change': a run has ended. */
export interface RunStatusChange extends RunEventDetail {
  readonly status: Exclude<RunStatus, 'running'>
  /** Number of nodes that failed. */
  readonly errors: number
  /** Why the run itself failed, where no node did; the beginning of a long one. */
  readonly reason?: string
  /** ISO 8601. */
  readonly endedAt: string
  /** What it cost; absent where that is not counted. */
  readonly cost?: RunCost
}

/** `detail` of an event with detail-type 'Flowcraft Run Started': the first node of a run is about to be worked on. */
export type RunStarted = RunEventDetail

/** `detail` of an event with detail-type 'Flowcraft Run Waiting': a node waits until `resume` or a webhook gives it an event. */
export interface RunWaiting extends RunEventDetail {
  /** The node that waits, for `resume`. */
  readonly nodeId: string
  /** Counts the rounds of a loop, and what runs again after a redrive. */
  readonly iteration: number
  /** Whether a webhook brings the event. Its URL is a secret, and not told. */
  readonly reason: 'event' | 'webhook'
  /** `eventName` of the node; absent where it has none. */
  readonly eventName?: string
  /** The actions that edges of the node name: one of them decides how the run goes on. Empty where no edge names one. */
  readonly actions: readonly string[]
  /** When the event need not come any more, ISO 8601; absent where the wait has no `timeout`. */
  readonly timeoutAt?: string
}

/** `detail` of an event with detail-type 'Flowcraft Run Redriven': a run that had ended goes on. */
export interface RunRedriven extends RunEventDetail {
  /** How often the run was redriven, this time included. */
  readonly redrives: number
  /** What was asked for: `redrive`, or `skip` of a run that had ended. */
  readonly operation?: 'redrive' | 'skip'
  /** Who asked for it; absent where nobody was named. The beginning of a long text. */
  readonly by?: string
  /** Why, where that was said; the beginning of a long text. */
  readonly reason?: string
  /** Ids of the nodes that run again, or were skipped, the first hundred; absent of a child run, which is redriven with its parent. */
  readonly nodes?: readonly string[]
  /** ISO 8601. */
  readonly redrivenAt?: string
}
