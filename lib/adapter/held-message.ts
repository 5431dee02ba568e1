/** A message that a long-lived worker has received: hidden from others until it is deleted or given back. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { messageOf } from '../core/common/errors.ts'
import { pauseMs } from '../core/queue/backoff.ts'
import { retryIn } from '../core/queue/redelivery.ts'

/**
 * A message that is received is hidden so long at first, and longer only where working on it takes longer. So one that
 * SQS handed to a poll that was cut, or to a process that died at once, is soon there again, and no message whose work
 * is short costs a request more.
 */
export const FIRST_VISIBILITY_SECONDS = 10
const FIRST_HEARTBEAT_MS = 4_000
/** A dead worker's message comes back after this; a live one prolongs it in time. */
const VISIBILITY_SECONDS = 45
const HEARTBEAT_MS = 15_000
/** What SQS does not answer is tried again so long, or, while the worker stops: */
const TRY_MS = 120_000
const STOPPING_TRY_MS = 3_000

export interface HeldMessageOptions {
  readonly sqsClient: SQSClient
  readonly queueUrl: string
  readonly logger: ILogger
  /** Aborted when the worker stops. */
  readonly stopping: AbortSignal
}

export class HeldMessage {
  readonly #options: HeldMessageOptions
  readonly #message: Message
  #timer: NodeJS.Timeout | undefined

  constructor(options: HeldMessageOptions, message: Message) {
    this.#options = options
    this.#message = message
    this.#timer = setTimeout(() => this.#prolong(), FIRST_HEARTBEAT_MS)
  }

  get body(): string {
    return this.#message.Body ?? ''
  }

  get messageId(): string | undefined {
    return this.#message.MessageId
  }

  get receives(): number {
    return Number(this.#message.Attributes?.ApproximateReceiveCount)
  }

  /** Milliseconds since the epoch. */
  get sentAt(): number {
    return Number(this.#message.Attributes?.SentTimestamp)
  }

  get traceHeader(): string | undefined {
    return this.#message.Attributes?.AWSTraceHeader
  }

  async delete(): Promise<void> {
    this.release()
    const { sqsClient, queueUrl } = this.#options
    const command = { QueueUrl: queueUrl, ReceiptHandle: this.#message.ReceiptHandle }
    await this.#persist('delete a message', () => sqsClient.send(new DeleteMessageCommand(command)))
  }

  async retryIn(seconds: number): Promise<void> {
    this.release()
    const { sqsClient, queueUrl } = this.#options
    const receiptHandle = this.#message.ReceiptHandle
    await this.#persist('give a message back', () => retryIn({ sqsClient, queueUrl, receiptHandle, seconds }))
  }

  /** Prolongs it no more: it comes back when its time is over. */
  release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #prolong(): void {
    const { sqsClient, queueUrl, logger } = this.#options
    const timer = setTimeout(() => this.#prolong(), HEARTBEAT_MS)
    this.#timer = timer
    const { ReceiptHandle } = this.#message
    const command = { QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: VISIBILITY_SECONDS }
    sqsClient.send(new ChangeMessageVisibilityCommand(command)).catch((error: unknown) => {
      logger.debug('could not keep a message hidden', { reason: messageOf(error) })
      if (this.#timer !== timer) return
      clearTimeout(timer)
      this.#timer = setTimeout(() => this.#prolong(), FIRST_HEARTBEAT_MS)
    })
  }

  /** An outage of some seconds must not hide the message for longer. */
  async #persist(what: string, request: () => Promise<unknown>): Promise<void> {
    const { logger, stopping } = this.#options
    const since = Date.now()
    for (let failures = 1; ; failures++) {
      try {
        await request()
        return
      } catch (error) {
        const pause = pauseMs(failures)
        const longest = stopping.aborted ? STOPPING_TRY_MS : TRY_MS
        if (!isGone(error) && Date.now() + pause - since < longest) {
          await sleep(pause)
          continue
        }
        // It then comes back when its visibility timeout is over.
        logger.warn(`could not ${what}`, { reason: messageOf(error), messageId: this.#message.MessageId })
        return
      }
    }
  }
}

/** The receipt handle is no good any more: somebody else was given the message, or it is deleted. */
function isGone(error: unknown): boolean {
  const names =
    /^(ReceiptHandleIsInvalid|InvalidParameterValue|MessageNotInflight|QueueDoesNotExist|AWS\.SimpleQueueService)/
  return error instanceof Error && names.test(error.name)
}
