/** Feeds a long-lived worker from the queue: each message on its own, visible to nobody else while it is worked on. */
import type { Message, SQSClient } from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { Consumer } from 'sqs-consumer'
import { messageOf } from '../errors.ts'
import type { Disposition } from '../services.ts'
import { isPoison, rejectMessage, shownOf } from './dead-letters.ts'
import { type Job, parseJob } from './job.ts'
import { comeBackIn, retrySeconds } from './redelivery.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

export interface SqsPollerOptions {
  readonly sqsClient: SQSClient
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string | undefined
  readonly concurrency: number
  readonly logger: ILogger
  readonly telemetry: Telemetry
  /** `goesOn` says whether there is time for more than one node; `sentAt` is in milliseconds since the epoch. */
  process(job: Job, message: { goesOn: () => boolean; sentAt?: number }): Promise<Disposition>
}

/** A dead worker's message comes back after this; a live one prolongs it in time. */
const VISIBILITY_SECONDS = 120
const HEARTBEAT_SECONDS = 40

export class SqsPoller {
  readonly #options: SqsPollerOptions
  readonly #consumers: Consumer[]
  /** Consumers that have a message, until it is deleted or given back. */
  readonly #busy = new Set<Consumer>()
  #draining = false
  #drained: (() => void) | undefined

  constructor(options: SqsPollerOptions) {
    this.#options = options
    this.#consumers = Array.from({ length: options.concurrency }, () => this.#consumer())
  }

  start(): void {
    for (const consumer of this.#consumers) consumer.start()
  }

  /** Waits for the messages under way, then cuts short the polls that wait for more. */
  async stop(): Promise<void> {
    this.#draining = true
    if (this.#busy.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve))
    await Promise.all(
      this.#consumers.map(
        (consumer) =>
          new Promise<void>((resolve) => {
            consumer.once('stopped', () => resolve())
            consumer.stop({ abort: true })
          }),
      ),
    )
  }

  #consumer(): Consumer {
    const { sqsClient: sqs, queueUrl, logger } = this.#options
    const consumer = Consumer.create({
      queueUrl,
      sqs,
      batchSize: 1,
      waitTimeSeconds: 20,
      messageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
      visibilityTimeout: VISIBILITY_SECONDS,
      heartbeatInterval: HEARTBEAT_SECONDS,
      suppressFifoWarning: true,
      handleMessage: (message) => this.#handle(message),
    })
    consumer.on('message_received', () => void this.#busy.add(consumer))
    consumer.on('response_processed', () => {
      this.#busy.delete(consumer)
      if (this.#busy.size === 0) this.#drained?.()
    })
    consumer.on('error', (error) => {
      // Cutting a poll short is an error of the poll.
      if (!this.#draining) logger.error('polling failed', { reason: error.message })
    })
    consumer.on('processing_error', (error) => logger.error('a message failed', { reason: error.message }))
    return consumer
  }

  /** Resolves to the message itself where it may be deleted, to another object where it must come back. */
  async #handle(message: Message): Promise<Message> {
    try {
      return await this.#work(message)
    } finally {
      this.#options.telemetry.publish()
    }
  }

  async #work(message: Message): Promise<Message> {
    const { logger, telemetry } = this.#options
    const body = message.Body ?? ''
    try {
      if (this.#draining) {
        await this.#comeBackIn(message, 0)
        return {}
      }
      const sentAt = Number(message.Attributes?.SentTimestamp)
      const result = await this.#options.process(parseJob(body), { goesOn: () => !this.#draining, sentAt })
      if (result.kind === 'done') return message
      logger.debug('left a message', { reason: result.reason })
      if (result.seconds !== undefined) await this.#comeBackIn(message, result.seconds)
    } catch (error) {
      if (isPoison(error)) {
        telemetry.messageRejected()
        return (await rejectMessage(this.#options, body, error)) ? message : {}
      }
      telemetry.jobRetried()
      logger.error('a job failed and comes back', { reason: messageOf(error), body: shownOf(body) })
      await this.#comeBackIn(message, retrySeconds(Number(message.Attributes?.ApproximateReceiveCount)))
    }
    return {}
  }

  async #comeBackIn(message: Message, seconds: number): Promise<void> {
    const { sqsClient, queueUrl } = this.#options
    await comeBackIn({ sqsClient, queueUrl, receiptHandle: message.ReceiptHandle, seconds })
  }
}
