/** One line for what came together, in place of one for each node, where metrics count those. */
import type { ILogger } from 'flowcraft'
import type { Telemetry } from '../core/telemetry/telemetry.ts'

/** A line names so many runs; `flowcraft-aws logs` finds it by any of them. */
const RUNS_AT_MOST = 20

export class WorkLog {
  readonly #logger: ILogger
  readonly #isOn: boolean
  readonly #startedAt = Date.now()
  readonly #runs = new Set<string>()

  constructor(logger: ILogger, { isOn }: Pick<Telemetry, 'isOn'>) {
    this.#logger = logger
    this.#isOn = isOn
  }

  /** A message of this run is worked on. */
  note(runId: string): void {
    this.#runs.add(runId)
  }

  /** `left`: messages that come back. */
  say(messages: number, left: number): void {
    if (!this.#isOn || messages === 0) return
    const runs = [...this.#runs]
    this.#logger.info('worked on messages', {
      messages,
      ...(left > 0 ? { left } : {}),
      ...(runs.length === 1 ? { runId: runs[0] } : { runs: runs.slice(0, RUNS_AT_MOST) }),
      ...(runs.length > RUNS_AT_MOST ? { moreRuns: runs.length - RUNS_AT_MOST } : {}),
      ms: Date.now() - this.#startedAt,
    })
  }
}
