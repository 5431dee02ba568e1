/** Errors for users' nodes to throw: they say whether and when the node is tried again. */
import { FlowcraftError } from 'flowcraft'
import { FlowcraftAwsError } from './errors.ts'
import { propertyOf, show } from './thrown.ts'

/**
 * The node fails at once: it is not tried again, whatever its `maxRetries`, and no `fallback` stands in for it. This is
 * what the engine calls a fatal error, in memory as on AWS.
 *
 * @example
 * if (card.isExpired) throw new NonRetryableError('the card has expired')
 */
export class NonRetryableError extends FlowcraftError {
  constructor(message: string, { cause }: ErrorOptions = {}) {
    super(message, { isFatal: true, cause: cause as Error | undefined })
    this.name = 'NonRetryableError'
  }
}

/** Options of `RetryAfterError`. */
export interface RetryAfterOptions extends ErrorOptions {
  /** The next try comes no sooner, from 0; of any length. A longer delay of the node's config counts instead. */
  readonly seconds: number
}

/**
 * This try has failed, and the next one is to come after a time, such as an API's `Retry-After` says. No function waits
 * more than a second meanwhile: the run's message comes back by the queue. It counts as one of the node's tries
 * (`maxRetries`, or `retry.maxAttempts`); the last one fails as by any other error. In memory the engine tries again at once. An item of a
 * batch cannot be put off: its worker waits for 10 seconds at most, and an item that asks for more fails with this.
 *
 * @example
 * if (response.status === 429) throw new RetryAfterError('busy', { seconds: Number(response.headers.get('retry-after')) })
 */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError'
  readonly seconds: number

  /** @throws FlowcraftAwsError INVALID_INPUT where `seconds` is no number from 0 */
  constructor(message: string, { seconds, cause }: RetryAfterOptions) {
    super(message, { cause })
    if (!isDelay(seconds)) {
      throw new FlowcraftAwsError('INVALID_INPUT', `seconds must be a number from 0; got ${show(seconds)}`, {
        cause: this,
      })
    }
    this.seconds = seconds
  }
}

/** The delay in milliseconds that an error asks for; undefined for any other. By name: bundles may hold the class twice. */
export function retryAfterMs(error: unknown): number | undefined {
  if (propertyOf(error, 'name') !== 'RetryAfterError') return undefined
  const seconds = propertyOf(error, 'seconds')
  return isDelay(seconds) ? seconds * 1000 : undefined
}

/**
 * The delay in milliseconds that `retryAfter` of any error asks for, as HTTP's header has it: seconds, as a number or as
 * digits, or a date, as a `Date` or as the header's text. Undefined for any other. A date is one of this host's clock.
 */
export function retryAfterOf(error: unknown): number | undefined {
  const asked = propertyOf(error, 'retryAfter')
  if (typeof asked === 'string' && /^\d+$/.test(asked.trim())) return Number(asked) * 1000
  if (isDelay(asked)) return asked * 1000
  const at =
    asked instanceof Date ? asked.getTime() : typeof asked === 'string' ? Date.parse(asked) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

function isDelay(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0
}
