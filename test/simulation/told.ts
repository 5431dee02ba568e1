/** What the workers of a world publish of runs, and what of it they owe. */
import type { RunState } from '../../lib/core/protocol/run-state.ts'
import type { RunEventName } from '../../lib/core/telemetry/names.ts'
import type { RunEvent } from '../../lib/core/telemetry/run-events.ts'
import type { ObservedStore } from './observed-store.ts'

export class Told {
  /** What is published besides ends. */
  readonly chosen: ReadonlySet<RunEventName>
  /** How often the end of a run was. */
  ends = 0
  readonly #ids = new Set<string>()

  constructor(chosen: readonly RunEventName[] = []) {
    this.chosen = new Set(chosen)
  }

  note({ detail }: RunEvent): void {
    this.#ids.add(detail.id)
  }

  /** Whether a person was asked for the event that an activation waits for. */
  wasAsked({ runId, redrives = 0 }: RunState, key: string): boolean {
    return this.#ids.has(`${runId}:waiting:${key}${redrives === 0 ? '' : `:${redrives}`}`)
  }

  /** What happened in the store, and was never published. */
  problems({ worked, redriven }: ObservedStore): string[] {
    const starts = this.chosen.has('started') ? [...worked].map((runId) => `${runId}:started`) : []
    const redrives = this.chosen.has('redriven') ? redriven : []
    const missing = [...starts, ...redrives].filter((id) => !this.#ids.has(id))
    return missing.map((id) => `G5: ${id} was never published`)
  }
}
