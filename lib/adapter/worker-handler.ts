/** The worker function: SQS events in, partial batch responses out. */
import { handleMessage } from '../core/worker/handle-message.ts'
import type { Disposition } from '../core/execution/disposition.ts'
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { ILogger, RuntimeOptions } from 'flowcraft'
import { type AwsConfig, type AwsOptions, resolveConfig } from '../core/config/config.ts'
import { withContainer } from '../core/config/container.ts'
import { messageOf } from '../core/common/errors.ts'
import { guardedLogger, jsonLogger } from '../core/common/logger.ts'
import { rejectMessage } from '../core/queue/dead-letter-queue.ts'
import { retryIn } from '../core/queue/redelivery.ts'
import type { Invocation } from '../core/execution/services.ts'
import { SqsAdapter, type SqsAdapterOptions } from './sqs-adapter.ts'

export interface WorkerHandlerOptions
  extends RuntimeOptions, Omit<SqsAdapterOptions, 'runtimeOptions' | 'eventBus'> {}

export type WorkerHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>

/**
 * A Lambda handler for the job queue. The event source mapping must have `ReportBatchItemFailures`, the function
 * `RecursiveLoop` Allow: it sends to the queue that feeds it, which Lambda would stop after 16 rounds.
 *
 * @example
 * import { createWorkerHandler } from 'flowcraft-aws'
 * import { order } from './flows.js'
 *
 * export const handler = createWorkerHandler({ flows: [order] })
 *
 * @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once
 */
export function createWorkerHandler(options: WorkerHandlerOptions = {}): WorkerHandler {
  const { sqsClient, dynamoDbClient } = resolveConfig(options)
  const runtimeOptions = withContainer(options)
  const logger = runtimeOptions.logger ?? jsonLogger()
  const clients = { ...options, sqsClient, dynamoDbClient }
  const adapter = new SqsAdapter({ ...clients, runtimeOptions: { ...runtimeOptions, logger } })
  return workerHandlerOf(adapter, clients, logger)
}

/**
 * As `createWorkerHandler`, for your own adapter: a subclass that publishes results, say. `options` are those
 * that the adapter was made with.
 *
 * @throws FlowcraftAwsError INVALID_CONFIGURATION, with all problems at once
 */
export function workerHandlerOf(
  adapter: WorkerAdapter,
  options: AwsOptions = {},
  logger: ILogger = jsonLogger(),
): WorkerHandler {
  const worker = { adapter, config: resolveConfig(options), logger: guardedLogger(logger) }
  return async (event, context) => {
    const end = Date.now() + context.getRemainingTimeInMillis()
    const deadline = () => end
    // All of them before the first begins: one that was lost before has none beside it.
    const places = new Map(
      event.Records.map((record) => {
        const isRedelivered = receivesOf(record) > 1
        return [record, adapter.isolation.arrive({ until: deadline, isRedelivered })]
      }),
    )
    const handle = async (record: SQSRecord): Promise<void> => {
      const sentAt = Number(record.attributes?.SentTimestamp)
      const place = places.get(record)
      try {
        const result = await work(worker, record, { deadline, extendsLease: false, sentAt, place })
        if (result.kind === 'acknowledge') return
        if (result.afterSeconds !== undefined) await retryLater(worker, record, result.afterSeconds)
        // What is thrown here becomes a batch item failure: the message stays in the queue.
        throw new Error(result.reason)
      } finally {
        // Not before it is given back: whoever is alone then may end the process.
        place?.leave()
      }
    }
    try {
      return await processPartialResponse(event, handle, new BatchProcessor(EventType.SQS), {
        context,
        throwOnFullBatchFailure: false,
      })
    } finally {
      for (const place of places.values()) place.leave()
      adapter.telemetry.publish()
    }
  }
}

/** What the handler needs of an adapter. */
export type WorkerAdapter = Pick<SqsAdapter, 'process' | 'telemetry' | 'isolation'>

function receivesOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount)
}

interface Worker {
  readonly adapter: WorkerAdapter
  readonly config: AwsConfig
  readonly logger: ILogger
}

function work(
  { adapter, config, logger }: Worker,
  record: SQSRecord,
  invocation: Invocation,
): Promise<Disposition> {
  const { body, messageId } = record
  return handleMessage(
    {
      logger,
      telemetry: adapter.telemetry,
      reject: (text, error) => rejectMessage({ ...config, logger }, text, error),
      work: (job) => adapter.process(job, invocation),
    },
    { body, receives: receivesOf(record), messageId },
  )
}

async function retryLater({ config, logger }: Worker, record: SQSRecord, seconds: number): Promise<void> {
  const { sqsClient, pools } = config
  const { messageId, receiptHandle } = record
  try {
    await retryIn({ sqsClient, queueUrl: pools.ownQueueUrl, receiptHandle, seconds })
  } catch (error) {
    // It then comes back when its visibility timeout is over.
    logger.warn('could not say when a message comes back', { messageId, reason: messageOf(error) })
  }
}
