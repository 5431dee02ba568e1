/** Messages that no redelivery can help go to the dead-letter queue at once, with their reason. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { isFlowcraftAwsError } from '../errors.ts'

/** The message attribute that tells why a message is in the dead-letter queue. */
export const REASON_ATTRIBUTE = 'flowcraft-reason'
/** SQS takes attributes up to the size of a message; a reason need not be long. */
const REASON_CHARACTERS = 1_000

export interface DeadLettersOptions {
  readonly sqsClient: SQSClient
  readonly deadLetterQueueUrl: string | undefined
  readonly logger: ILogger
}

/** Whether an error says that a message can never be worked on. */
export function isPoison(error: unknown): error is Error {
  return isFlowcraftAwsError(error, 'INVALID_JOB') || isFlowcraftAwsError(error, 'UNKNOWN_BLUEPRINT')
}

/**
 * Puts a copy of the message into the dead-letter queue. False where there is none: then the message stays, and its
 * queue's redrive policy moves it in time. Crash after the send: the message comes back and is copied once more.
 */
export async function rejectMessage(
  options: DeadLettersOptions,
  body: string,
  error: Error,
): Promise<boolean> {
  const { sqsClient, deadLetterQueueUrl, logger } = options
  logger.error('rejected a message', { reason: error.message, body: body.slice(0, 500) })
  if (!deadLetterQueueUrl) return false
  await sqsClient.send(
    new SendMessageCommand({
      QueueUrl: deadLetterQueueUrl,
      MessageBody: body,
      MessageAttributes: {
        [REASON_ATTRIBUTE]: { DataType: 'String', StringValue: error.message.slice(0, REASON_CHARACTERS) },
      },
    }),
  )
  return true
}
