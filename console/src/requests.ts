/** What the console's server takes. Types only. */
import type { Json } from '../../lib/console/json.ts'
import type { FailureGroupView, RunStatusView } from '../../lib/console/views.ts'

export interface RunsQuery {
  readonly blueprint?: string
  readonly status?: readonly RunStatusView[]
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
  readonly group?: Pick<FailureGroupView, 'blueprintId' | 'nodeId' | 'error' | 'message'>
}

export interface RedrivesRequest extends Reasoned {
  readonly failures?: FailuresOf
  readonly runIds?: readonly string[]
  readonly dryRun?: boolean
  readonly limit?: number
}
