/** What is published of runs, kept in this process's memory. */
import { throwProblems } from '../core/common/errors.ts'
import { type RunEventName, runEventsProblems } from '../core/telemetry/names.ts'
import type { RunEvent, RunEventBus } from '../core/telemetry/run-events.ts'

export class MemoryEventBus implements RunEventBus {
  readonly chosen: ReadonlySet<RunEventName>
  readonly published: RunEvent[] = []

  /** @param chosen - undefined for none. @throws FlowcraftAwsError INVALID_CONFIGURATION */
  constructor(chosen: readonly RunEventName[] | undefined) {
    const problems = chosen === undefined ? [] : runEventsProblems(chosen)
    throwProblems('INVALID_CONFIGURATION', 'cannot publish events of runs', problems)
    this.chosen = new Set(chosen)
  }

  async publish(event: RunEvent): Promise<void> {
    this.published.push(event)
  }
}
