/** When a message that was not worked on comes back. */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs'

/** A message that failed for reasons of the infrastructure is tried again after this, doubled at first. */
const FIRST_RETRY_SECONDS = 5
/** So often; what is throttled has air soon. */
const DOUBLINGS_AT_MOST = 2
/**
 * And by this from then on, so that a message waits for a sixth of the time that the trouble has lasted: doubled on, it would
 * wait for ten minutes more after an outage of ten.
 */
const GROWTH = 1.2
/**
 * So the 100 receives of the job queue's redrive policy last for ten hours of trouble and more; from the dead-letter queue
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
  const before = Math.max(0, (Number.isFinite(receives) ? receives : 1) - 1)
  const doublings = Math.min(before, DOUBLINGS_AT_MOST)
  const grown = FIRST_RETRY_SECONDS * 2 ** doublings * GROWTH ** (before - doublings)
  const longest = Math.min(grown, LONGEST_RETRY_SECONDS)
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
