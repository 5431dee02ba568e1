/** While the queue cannot be reached: tries again later and later, and says so once a minute. */
import type { ILogger } from 'flowcraft'

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 4_000
const SAY_EVERY_MS = 60_000

/** Exponential, with jitter: half of it at least. `failures` counts this one. */
export function pauseMs(failures: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10))
  return Math.ceil(longest * (0.5 + Math.random() / 2))
}

export class Trouble {
  readonly #logger: ILogger
  readonly #what: string
  #failures = 0
  #unsaid = 0
  #saidAt = -Infinity

  /** `what` failed, as the log says it. */
  constructor(logger: ILogger, what: string) {
    this.#logger = logger
    this.#what = what
  }

  /** How long to wait before the next try, in milliseconds. */
  failed(reason: string): number {
    this.#failures++
    this.#unsaid++
    const now = Date.now()
    if (now - this.#saidAt >= SAY_EVERY_MS) {
      this.#logger.error(this.#what, { reason, failures: this.#unsaid })
      this.#saidAt = now
      this.#unsaid = 0
    }
    return pauseMs(this.#failures)
  }

  over(): void {
    if (this.#failures === 0) return
    this.#logger.info(`${this.#what} no more`, { failures: this.#failures })
    this.#failures = 0
    this.#unsaid = 0
  }
}
