/**
 * How long messages that were received are kept from others, all in all. Knows the time only from whoever asks.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html (November 2026): "a
 * 12-hour limit from when the message is first received. Extending the visibility timeout doesn't reset this 12-hour limit."
 */
import type { Refusal } from './rules.ts'

const SECONDS_AT_MOST = 43_200
/** Handles that nobody deleted are forgotten from time to time. */
const TIDY_EVERY = 1_000

export class Visibility {
  /** When a message was received, in milliseconds, by the receipt handle that it came with. */
  readonly #receivedAt = new Map<string, number>()

  received(receiptHandle: string, now: number): void {
    this.#receivedAt.set(receiptHandle, now)
    if (this.#receivedAt.size % TIDY_EVERY === 0) this.#tidy(now)
  }

  deleted(receiptHandle: string): void {
    this.#receivedAt.delete(receiptHandle)
  }

  /** A handle that was not seen is the engine's to judge. */
  refusalOf(receiptHandle: string, seconds: number, now: number): Refusal | undefined {
    const since = this.#receivedAt.get(receiptHandle)
    if (since === undefined || (now - since) / 1_000 + seconds <= SECONDS_AT_MOST) return undefined
    return {
      type: 'InvalidParameterValue',
      message: `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${SECONDS_AT_MOST} seconds].`,
    }
  }

  #tidy(now: number): void {
    for (const [handle, since] of this.#receivedAt) {
      if (now - since > SECONDS_AT_MOST * 1_000) this.#receivedAt.delete(handle)
    }
  }
}
