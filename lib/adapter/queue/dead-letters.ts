/** The dead-letter queue: messages that no redelivery can help, with their reason, and those that SQS moved there. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { isFlowcraftAwsError, requestFailed } from '../errors.ts'

/** The message attribute that tells why a message is in the dead-letter queue. */
export const REASON_ATTRIBUTE = 'flowcraft-reason'
/** SQS takes attributes up to the size of a message; a reason need not be long. */
const REASON_CHARACTERS = 1_000
/** Nobody else gets a message while it is looked at, in seconds. */
const LOOK_SECONDS = 60
/** SQS hands out and takes ten messages a request. */
const BATCH = 10

/** Whether an error says that a message can never be worked on. */
export function isPoison(error: unknown): error is Error {
  return isFlowcraftAwsError(error, 'INVALID_JOB') || isFlowcraftAwsError(error, 'UNKNOWN_BLUEPRINT')
}

export interface RejectOptions {
  readonly sqsClient: SQSClient
  readonly deadLetterQueueUrl: string | undefined
  readonly logger: ILogger
}

/**
 * Puts a copy of the message into the dead-letter queue. False where there is none: then the message stays, and its
 * queue's redrive policy moves it in time. Crash after the send: the message comes back and is copied once more.
 */
export async function rejectMessage(options: RejectOptions, body: string, error: Error): Promise<boolean> {
  const { sqsClient, deadLetterQueueUrl, logger } = options
  logger.error('rejected a message', { reason: error.message, body: body.slice(0, 500) })
  if (!deadLetterQueueUrl) return false
  await new DeadLetterQueue({ client: sqsClient, queueUrl: deadLetterQueueUrl }).put(body, error.message)
  return true
}

export interface DeadLetter {
  readonly body: string
  /** Why it is here; undefined where SQS moved it, since it had been received too often. */
  readonly reason: string | undefined
  readonly receiptHandle: string
}

export class DeadLetterQueue {
  readonly #client: SQSClient
  readonly #queueUrl: string

  constructor(options: { client: SQSClient; queueUrl: string }) {
    this.#client = options.client
    this.#queueUrl = options.queueUrl
  }

  /** Up to ten messages, which nobody else sees for a minute. */
  async receive(): Promise<DeadLetter[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: BATCH,
      VisibilityTimeout: LOOK_SECONDS,
      MessageAttributeNames: [REASON_ATTRIBUTE],
      MessageSystemAttributeNames: ['DeadLetterQueueSourceArn'],
    })
    const { Messages = [] } = await this.#asked('ReceiveMessage', this.#client.send(command))
    return Messages.map(({ Body = '', ReceiptHandle = '', MessageAttributes, Attributes }) => ({
      body: Body,
      // Whoever sends a message back by hand sends its attributes with it.
      reason: Attributes?.DeadLetterQueueSourceArn
        ? undefined
        : MessageAttributes?.[REASON_ATTRIBUTE]?.StringValue,
      receiptHandle: ReceiptHandle,
    }))
  }

  async put(body: string, reason: string): Promise<void> {
    const StringValue = reason.slice(0, REASON_CHARACTERS)
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: body,
      MessageAttributes: { [REASON_ATTRIBUTE]: { DataType: 'String', StringValue } },
    })
    await this.#asked('SendMessage', this.#client.send(command))
  }

  async remove({ receiptHandle }: DeadLetter): Promise<void> {
    const command = new DeleteMessageCommand({ QueueUrl: this.#queueUrl, ReceiptHandle: receiptHandle })
    await this.#asked('DeleteMessage', this.#client.send(command))
  }

  /** Lets others see these messages again at once. */
  async release(letters: readonly DeadLetter[]): Promise<void> {
    for (let at = 0; at < letters.length; at += BATCH) {
      const Entries = letters.slice(at, at + BATCH).map(({ receiptHandle }, index) => ({
        Id: `${index}`,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }))
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries })
      await this.#asked('ChangeMessageVisibilityBatch', this.#client.send(command))
    }
  }

  async #asked<T>(operation: string, request: Promise<T>): Promise<T> {
    try {
      return await request
    } catch (error) {
      throw requestFailed(`SQS ${operation} on '${this.#queueUrl}'`, error)
    }
  }
}
