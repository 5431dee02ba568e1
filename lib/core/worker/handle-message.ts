/**
 * What is done with one message of the job queue, for Lambda, the long-lived worker and `TestService` alike: they
 * receive it, and do with it what this says.
 */
import type { ILogger } from 'flowcraft'
import { messageOf } from '../common/errors.ts'
import { ACKNOWLEDGE, type Disposition } from '../execution/disposition.ts'
import { isPoison, shownOf } from '../queue/dead-letter-queue.ts'
import { type Job, parseJob } from '../queue/job.ts'
import { retrySeconds } from '../queue/redelivery.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

export interface HandleMessageOptions {
  readonly logger: ILogger
  readonly telemetry: Telemetry
  /** Puts a message into the dead-letter queue; false where that takes no such message, or there is none. */
  reject(body: string, error: Error): Promise<boolean>
  /** `processJob`, with what the caller knows of its invocation. */
  work(job: Job): Promise<Disposition>
}

export interface ReceivedMessage {
  readonly body: string
  /** How often it was received, this time included. */
  readonly receives: number
  readonly messageId?: string
}

/**
 * Never throws. A message that no redelivery can help goes to the dead-letter queue with its reason; one whose work
 * failed for reasons of the infrastructure comes back, each time later.
 */
export async function handleMessage(
  options: HandleMessageOptions,
  message: ReceivedMessage,
): Promise<Disposition> {
  const { logger, telemetry } = options
  const { body, receives, messageId } = message
  try {
    const result = await workOrReject(options, body)
    if (result.kind === 'retry') logger.debug('a message comes back', { reason: result.reason, messageId })
    return result
  } catch (error) {
    const reason = messageOf(error)
    telemetry.jobRetried()
    logger.error('a job failed and comes back', { reason, messageId, body: shownOf(body) })
    return { kind: 'retry', reason, afterSeconds: retrySeconds(receives) }
  }
}

/** Crash after the message is in the dead-letter queue: it comes back, and is put there once more. */
async function workOrReject(options: HandleMessageOptions, body: string): Promise<Disposition> {
  try {
    return await options.work(parseJob(body))
  } catch (error) {
    if (!isPoison(error)) throw error
    options.telemetry.messageRejected()
    return (await options.reject(body, error)) ? ACKNOWLEDGE : { kind: 'retry', reason: error.message }
  }
}
