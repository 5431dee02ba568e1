/**
 * Asynchronous invocations: Lambda takes the event, and tries again by itself where the function fails.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (November 2026): "it retries two times by default, with a one-minute wait
 * between the first two attempts, and two minutes between the second and third"; what is throttled is tried "for up to 6 hours by
 * default", "from 1 second after the first attempt to a maximum of 5 minutes"; then the event goes to the dead-letter queue and to
 * the destination for failures, or is discarded.
 */
import { randomUUID } from 'node:crypto'
import type { InFlight } from '../in-flight.ts'
import { FunctionError, ThrottledError } from './errors.ts'
import type { Invocable } from './types.ts'

const RETRY_AFTER_MS = [60_000, 120_000]
const LONGEST_AGE_SECONDS = 21_600
const THROTTLED_AT_MOST_MS = 300_000

/** What a function says of its asynchronous invocations. */
export interface AsynchronousConfig {
  /** 0 to 2. @default 2 */
  readonly retryAttempts?: number | undefined
  /** 60 to 21,600 seconds. @default 21600 */
  readonly maxEventAgeSeconds?: number | undefined
  /** Gets an event that is given up. */
  readonly onFailure?: ((given: GivenUp) => Promise<void>) | undefined
}

/** An event that is given up, and why. */
export interface GivenUp {
  readonly requestId: string
  readonly condition: 'RetriesExhausted' | 'EventAgeExceeded'
  readonly tries: number
  readonly arn: string
  readonly event: unknown
  readonly error: unknown
  readonly at: Date
}

interface Timing {
  /** Milliseconds until the second try and until the third. @default AWS's: [60000, 120000] */
  readonly retryAfterMs?: readonly number[]
  readonly now?: () => number
}

interface Invocation {
  readonly requestId: string
  readonly fn: Invocable
  readonly event: unknown
  readonly since: number
  /** Of tries that ran; those that were throttled do not count. */
  failures: number
  throttles: number
}

export class Asynchronous {
  readonly #inFlight: InFlight
  readonly #retryAfterMs: readonly number[]
  readonly #now: () => number
  /** By the ARN of a function, of a version or of an alias. */
  readonly #configs = new Map<string, AsynchronousConfig[]>()
  readonly #waiting = new Set<NodeJS.Timeout>()
  #stopped = false

  constructor(inFlight: InFlight, { retryAfterMs = RETRY_AFTER_MS, now = Date.now }: Timing = {}) {
    this.#inFlight = inFlight
    this.#retryAfterMs = retryAfterMs
    this.#now = now
  }

  /** Until it is stopped. A dead-letter queue and a destination may both be there. */
  configure(arn: string, config: AsynchronousConfig): { stop(): Promise<void> } {
    this.#configs.set(arn, [...(this.#configs.get(arn) ?? []), config])
    return {
      stop: async () => {
        this.#configs.set(
          arn,
          (this.#configs.get(arn) ?? []).filter((one) => one !== config),
        )
      },
    }
  }

  /** Takes an event. Whoever invokes does not wait, and is not told what becomes of it. */
  take(fn: Invocable, event: unknown): void {
    const requestId = randomUUID()
    this.#try({ requestId, fn, event, since: this.#now(), failures: 0, throttles: 0 })
  }

  /** From now on nothing is tried again: on AWS it would be. */
  stop(): void {
    this.#stopped = true
    for (const timer of this.#waiting) clearTimeout(timer)
    this.#waiting.clear()
  }

  #try(invocation: Invocation): void {
    this.#inFlight.add(
      invocation.fn.invoke(invocation.event).then(
        () => {},
        (error: unknown) => this.#failed(invocation, error),
      ),
    )
  }

  async #failed(invocation: Invocation, error: unknown): Promise<void> {
    // What else it may be is no failure of the function: that it was stopped, say.
    if (this.#stopped || !(error instanceof FunctionError || error instanceof ThrottledError)) return
    const { arn } = invocation.fn
    const configs = this.#configs.get(arn) ?? []
    const { retryAttempts = this.#retryAfterMs.length, maxEventAgeSeconds = LONGEST_AGE_SECONDS } =
      merged(configs)
    const waitMs = this.#waitOf(invocation, error, retryAttempts)
    const isTooOld = this.#now() + (waitMs ?? 0) - invocation.since > maxEventAgeSeconds * 1_000
    if (waitMs !== undefined && !isTooOld) return this.#tryAfter(waitMs, invocation)
    const { requestId, event, failures } = invocation
    const condition = waitMs === undefined ? 'RetriesExhausted' : 'EventAgeExceeded'
    const given = {
      requestId,
      condition,
      tries: failures,
      arn,
      event,
      error,
      at: new Date(this.#now()),
    } as const
    await Promise.all(configs.map((config) => config.onFailure?.(given)))
  }

  /** Milliseconds until the next try; undefined where there is none. */
  #waitOf(invocation: Invocation, error: unknown, retryAttempts: number): number | undefined {
    if (error instanceof ThrottledError) {
      invocation.throttles += 1
      return Math.min(THROTTLED_AT_MOST_MS, 1_000 * 2 ** (invocation.throttles - 1))
    }
    invocation.failures += 1
    return invocation.failures > retryAttempts ? undefined : this.#retryAfterMs[invocation.failures - 1]
  }

  #tryAfter(waitMs: number, invocation: Invocation): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      this.#try(invocation)
    }, waitMs)
    this.#waiting.add(timer)
  }
}

function merged(configs: readonly AsynchronousConfig[]): AsynchronousConfig {
  const all = configs.map(({ retryAttempts, maxEventAgeSeconds }) => ({
    ...(retryAttempts !== undefined && { retryAttempts }),
    ...(maxEventAgeSeconds !== undefined && { maxEventAgeSeconds }),
  }))
  return Object.assign({}, ...all) as AsynchronousConfig
}
