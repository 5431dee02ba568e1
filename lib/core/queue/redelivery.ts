/** When a message that was not worked on comes back. */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs'

/** A message that failed for reasons of the infrastructure is tried again after this, doubled each time. */
const FIRST_RETRY_SECONDS = 5
/**
 * So the 100 receives of the job queue's redrive policy last for half a day of trouble and more; from the dead-letter queue
 * the sweep sends jobs back.
 */
const LONGEST_RETRY_SECONDS = 900
/** SQS's longest visibility timeout: 12 hours. */
const MAX_VISIBILITY_SECONDS = 43_200

/**
 * `receives` counts this one, as SQS's ApproximateReceiveCount does. With jitter, half of it at least: what was throttled
 * together must not come back together.
 */
export function retrySeconds(receives: number, random: () => number = Math.random): number {
  const doublings = Math.max(0, (Number.isFinite(receives) ? receives : 1) - 1)
  const longest = Math.min(FIRST_RETRY_SECONDS * 2 ** Math.min(doublings, 10), LONGEST_RETRY_SECONDS)
  return Math.ceil(longest * (0.5 + random() / 2))
}

export interface RedeliveryOptions {
  readonly sqsClient: SQSClient
  /** The queue that the message came from. */
  readonly queueUrl: string
  readonly receiptHandle: string | undefined
  readonly seconds: number
}

export async function retryIn({
  sqsClient,
  queueUrl,
  receiptHandle,
  seconds,
}: RedeliveryOptions): Promise<void> {
  await sqsClient.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: Math.min(seconds, MAX_VISIBILITY_SECONDS),
    }),
  )
}
