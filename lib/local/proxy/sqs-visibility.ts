/**
 * Which messages are in flight: received, not deleted, and hidden from others still. Knows the time only from whoever asks.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html (November 2026): "a
 * 12-hour limit from when the message is first received. Extending the visibility timeout doesn't reset this 12-hour limit."
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html: "approximately 120,000 in flight messages", with
 * OverLimit beyond for a short poll, and an empty answer for a long one.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html: "MessageNotInflight: the specified message
 * isn't in flight". A handle is of one receive; a delete by an old one "succeeds, but the message might not be deleted" (API_DeleteMessage.html), which
 * the engine does.
 */
import type { Refusal } from './rules.ts'

const SECONDS_AT_MOST = 43_200
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html: "Default: 30 seconds". */
const DEFAULT_SECONDS = 30
/** Handles that nobody deleted are forgotten from time to time. */
const TIDY_EVERY = 1_000

interface Receive {
  readonly queueUrl: string
  readonly messageId: string
  readonly receivedAt: number
  until: number
}

export class Visibility {
  /** By the receipt handle that a message came with. */
  readonly #receives = new Map<string, Receive>()
  /** The handle of a message's last receive. */
  readonly #last = new Map<string, string>()
  /** The visibility timeout of queues that have one, seconds. */
  readonly #ofQueues = new Map<string, number>()

  setQueue(queueUrl: string, seconds: number): void {
    this.#ofQueues.set(queueUrl, seconds)
  }

  /** @param seconds - that it is hidden for. @default - the queue's */
  received(
    receiptHandle: string,
    message: { queueUrl: string; messageId: string },
    now: number,
    seconds?: number,
  ): void {
    const { queueUrl, messageId } = message
    const hidden = seconds ?? this.#ofQueues.get(queueUrl) ?? DEFAULT_SECONDS
    this.#receives.set(receiptHandle, { queueUrl, messageId, receivedAt: now, until: now + hidden * 1_000 })
    this.#last.set(messageId, receiptHandle)
    if (this.#receives.size % TIDY_EVERY === 0) this.#tidy(now)
  }

  deleted(receiptHandle: string): void {
    const receive = this.#receives.get(receiptHandle)
    if (receive) receive.until = -Infinity
  }

  changed(receiptHandle: string, seconds: number, now: number): void {
    const receive = this.#receives.get(receiptHandle)
    if (receive) receive.until = now + seconds * 1_000
  }

  /** A handle that was not seen is the engine's to judge. */
  refusalOf(receiptHandle: string, seconds: number, now: number): Refusal | undefined {
    const receive = this.#receives.get(receiptHandle)
    if (!receive) return undefined
    const { receivedAt, messageId, until } = receive
    if (until <= now || this.#last.get(messageId) !== receiptHandle) {
      return { type: 'MessageNotInflight', message: 'The specified message is not in flight.' }
    }
    if ((now - receivedAt) / 1_000 + seconds <= SECONDS_AT_MOST) return undefined
    return {
      type: 'InvalidParameterValue',
      message: `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [${SECONDS_AT_MOST} seconds].`,
    }
  }

  /** Whether a queue has so many messages in flight. */
  isFull(queueUrl: string, atMost: number, now: number): boolean {
    if (this.#receives.size < atMost) return false
    const all = [...this.#receives].filter(
      ([handle, one]) =>
        one.queueUrl === queueUrl && one.until > now && this.#last.get(one.messageId) === handle,
    )
    return all.length >= atMost
  }

  #tidy(now: number): void {
    for (const [handle, { receivedAt, messageId }] of this.#receives) {
      if (now - receivedAt <= SECONDS_AT_MOST * 1_000) continue
      this.#receives.delete(handle)
      if (this.#last.get(messageId) === handle) this.#last.delete(messageId)
    }
  }
}
