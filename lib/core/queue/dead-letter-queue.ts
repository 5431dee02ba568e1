/** The dead-letter queue: messages that no redelivery can help, with their reason, and those that SQS moved there. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { isFlowcraftAwsError, requestFailed } from '../common/errors.ts'
import { DEAD_LETTER_REASON_BYTES, SQS_MESSAGE_BYTES } from '../common/size-limits.ts'
import { beginningInBytes, beginningOf, printable } from '../common/texts.ts'

/** The message attribute that says why a message is in the dead-letter queue. */
const REASON_ATTRIBUTE = 'flowcraft-reason'
const NO_REASON = 'no reason was given'
const ATTRIBUTE_TYPE = 'String'
/** Of a body, what a log shows. */
const SHOWN_CHARACTERS = 500
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
 * Puts a copy of the message into the dead-letter queue. False where there is none, or where it takes no such copy:
 * then the message stays, and its queue's redrive policy moves it in time. Crash after the send: the message comes back
 * and is copied once more.
 */
export async function rejectMessage(options: RejectOptions, body: string, error: Error): Promise<boolean> {
  const { sqsClient, deadLetterQueueUrl, logger } = options
  logger.error('rejected a message', { reason: error.message, body: shownOf(body) })
  if (!deadLetterQueueUrl) return false
  const queue = new DeadLetterQueue({ client: sqsClient, queueUrl: deadLetterQueueUrl })
  return queue.put(body, error.message)
}

/** The beginning of a message's body, for a log. */
export function shownOf(body: string): string {
  return beginningOf(body, SHOWN_CHARACTERS)
}

/** A message in the dead-letter queue. */
export interface DeadLetter {
  /** Names the message, as SQS does. */
  readonly id: string
  readonly body: string
  /** Why it is here; undefined where SQS moved it, since it had been received too often. */
  readonly reason: string | undefined
  readonly receiptHandle: string
}

/** What the sweep needs of a dead-letter queue. */
export type DeadLetters = Pick<DeadLetterQueue, 'receive' | 'put' | 'remove' | 'release'>

/** The dead-letter queue, on SQS. */
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
    return Messages.map(
      ({ MessageId = '', Body = '', ReceiptHandle = '', MessageAttributes, Attributes }) => ({
        id: MessageId,
        body: Body,
        // Whoever sends a message back by hand sends its attributes with it.
        reason: Attributes?.DeadLetterQueueSourceArn
          ? undefined
          : MessageAttributes?.[REASON_ATTRIBUTE]?.StringValue,
        receiptHandle: ReceiptHandle,
      }),
    )
  }

  /** Puts a message with the reason why it is here. False where the queue takes no such message, now or later. */
  async put(body: string, reason: string): Promise<boolean> {
    const StringValue = reasonBeside(body, reason)
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: body,
      MessageAttributes: { [REASON_ATTRIBUTE]: { DataType: ATTRIBUTE_TYPE, StringValue } },
    })
    try {
      await this.#client.send(command)
      return true
    } catch (error) {
      if (isRefusal(error)) return false
      throw requestFailed(`SQS SendMessage on '${this.#queueUrl}'`, error)
    }
  }

  /** Takes messages out of the queue for good. */
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

/** The reason as an attribute: of characters that SQS takes, not empty, and as long as the body leaves room for. */
function reasonBeside(body: string, reason: string): string {
  const room = SQS_MESSAGE_BYTES - Buffer.byteLength(body) - REASON_ATTRIBUTE.length - ATTRIBUTE_TYPE.length
  // One byte at least: a body that leaves no room is refused, whatever the reason.
  return beginningInBytes(
    printable(reason) || NO_REASON,
    Math.max(1, Math.min(DEAD_LETTER_REASON_BYTES, room)),
  )
}

/** Whether SQS will refuse this message each time: too large for the queue, or with characters that it does not take. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(InvalidParameterValue|InvalidMessageContents|InvalidAttribute)/.test(error.name)
  )
}
