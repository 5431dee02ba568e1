/** What a worker counts of its runs. */
import type { RunStatus } from '../protocol/run-state.ts'

/** What workers count. On AWS it becomes CloudWatch metrics. */
export interface Telemetry {
  /** Whether what is counted is written anywhere. */
  readonly isOn: boolean
  /** A run has begun. */
  runStarted(): void
  /** A run is paused in place of its end as failed. */
  runPaused(): void
  /** A run has ended. */
  runEnded(status: RunStatus): void
  /** A run has ended that cost so many US dollars. Of one that is redriven: at each of its ends, all it has cost. */
  runCost(blueprintId: string, usd: number): void
  /** An activation was committed. A node that waits has not ended. */
  nodeEnded(succeeded: boolean, durationMs: number): void
  /** A message failed for reasons of the infrastructure. */
  jobRetried(): void
  /** A message is no job. */
  messageRejected(): void
  /** Writes out what was counted; called when a message, or a batch of them, is done. */
  publish(): void
}

const nothing = () => {}

export const NO_TELEMETRY: Telemetry = {
  isOn: false,
  runStarted: nothing,
  runPaused: nothing,
  runEnded: nothing,
  runCost: nothing,
  nodeEnded: nothing,
  jobRetried: nothing,
  messageRejected: nothing,
  publish: nothing,
}
