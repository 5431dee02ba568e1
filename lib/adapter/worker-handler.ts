/** The worker function: SQS events in, partial batch responses out. */
import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs'
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { ILogger, RuntimeOptions } from 'flowcraft'
import { type AwsConfig, resolveConfig } from './config.ts'
import { messageOf } from './errors.ts'
import { jsonLogger } from './logger.ts'
import { isPoison, rejectMessage } from './queue/dead-letters.ts'
import { parseJob } from './queue/job.ts'
import type { Disposition, Invocation } from './services.ts'
import { SqsAdapter, type SqsAdapterOptions } from './sqs-adapter.ts'

export interface WorkerHandlerOptions
  extends RuntimeOptions, Omit<SqsAdapterOptions, 'runtimeOptions' | 'eventBus'> {}

/** A message that failed for reasons of the infrastructure is tried again after this. */
const RETRY_SECONDS = 5
/** SQS's longest visibility timeout: 12 hours. */
const MAX_VISIBILITY_SECONDS = 43_200

/**
 * A Lambda handler for the job queue. The event source mapping must have `ReportBatchItemFailures`.
 *
 * @example
 * import { createWorkerHandler } from 'flowcraft-aws'
 * import { order } from './flows.js'
 *
 * export const handler = createWorkerHandler({ flows: [order] })
 *
 * @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once
 */
export function createWorkerHandler(
  options: WorkerHandlerOptions = {},
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const config = resolveConfig(options)
  const { flows } = options
  const logger = options.logger ?? jsonLogger()
  const adapter = new SqsAdapter({ ...config, flows, runtimeOptions: { ...options, logger } })
  return workerHandlerOf(adapter, config, logger)
}

/** As `createWorkerHandler`, for an adapter of one's own: a subclass that publishes results, say. */
export function workerHandlerOf(
  adapter: Pick<SqsAdapter, 'process'>,
  config: Pick<AwsConfig, 'sqsClient' | 'queueUrl' | 'deadLetterQueueUrl'>,
  logger: ILogger = jsonLogger(),
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  return async (event, context) => {
    const deadline = Date.now() + context.getRemainingTimeInMillis()
    const invocation: Invocation = { deadline: () => deadline, renews: false }
    const handle = async (record: SQSRecord): Promise<void> => {
      const result = await work(record)
      if (result.kind === 'done') return
      if (result.seconds !== undefined) await comeBackIn(config, record, result.seconds)
      // What is thrown here becomes a batch item failure: the message stays in the queue.
      throw new Error(result.reason)
    }
    const work = async (record: SQSRecord): Promise<Disposition> => {
      try {
        return await adapter.process(parseJob(record.body), invocation)
      } catch (error) {
        if (isPoison(error) && (await rejectMessage({ ...config, logger }, record.body, error)))
          return { kind: 'done' }
        if (isPoison(error)) return { kind: 'left', reason: error.message }
        const reason = messageOf(error)
        logger.error('a job failed and comes back', {
          reason,
          messageId: record.messageId,
          body: record.body,
        })
        return { kind: 'left', reason, seconds: RETRY_SECONDS }
      }
    }
    return processPartialResponse(event, handle, new BatchProcessor(EventType.SQS), {
      context,
      throwOnFullBatchFailure: false,
    })
  }
}

async function comeBackIn(
  config: Pick<AwsConfig, 'sqsClient' | 'queueUrl'>,
  record: SQSRecord,
  seconds: number,
): Promise<void> {
  await config.sqsClient.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: config.queueUrl,
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: Math.min(seconds, MAX_VISIBILITY_SECONDS),
    }),
  )
}
