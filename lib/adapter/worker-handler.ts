/** The worker function: SQS events in, partial batch responses out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import {
  type DescribeRequest,
  isDescribeRequest,
  type WorkerDescription,
} from '../core/blueprints/described.ts'
import { messageOf } from '../core/common/errors.ts'
import { jsonLogger } from '../core/common/logger.ts'
import { withContainer } from '../core/config/container.ts'
import type { Disposition } from '../core/execution/disposition.ts'
import type { Invocation } from '../core/execution/services.ts'
import type { HistoryWriter } from '../core/history/recorder.ts'
import { rejectMessage } from '../core/queue/dead-letter-queue.ts'
import { retryIn } from '../core/queue/redelivery.ts'
import { handleMessage } from '../core/worker/handle-message.ts'
import { SqsAdapter, type SqsAdapterOptions } from './sqs-adapter.ts'
import { WorkLog } from './work-log.ts'

export interface WorkerHandlerOptions extends SqsAdapterOptions {
  /** Your own adapter, such as a subclass that publishes results; other options are then the adapter's. @default - one made of the options */
  readonly adapter?: WorkerAdapter
}

/** The Lambda handler of a worker. */
export interface WorkerHandler {
  /** A batch of messages of the job queue. */
  (event: SQSEvent, context: Context): Promise<SQSBatchResponse>
  /** An invocation that asks which blueprints the worker has, as the console does. */
  (event: DescribeRequest, context: Context): Promise<WorkerDescription>
}

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
export function createWorkerHandler({ adapter: own, ...options }: WorkerHandlerOptions = {}): WorkerHandler {
  const adapter = own ?? new SqsAdapter({ ...options, logger: withContainer(options).logger ?? jsonLogger() })
  const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const begunAt = Date.now()
    const end = begunAt + context.getRemainingTimeInMillis()
    const deadline = () => end
    // All of them before the first begins: one that was lost before has none beside it.
    const places = new Map(
      event.Records.map((record) => {
        const isRedelivered = receivesOf(record) > 1
        return [record, adapter.isolation.arrive({ until: deadline, isRedelivered })]
      }),
    )
    const log = new WorkLog(adapter.source.logger, adapter.telemetry)
    let left = 0
    const handle = async (record: SQSRecord): Promise<void> => {
      const sentAt = Number(record.attributes?.SentTimestamp)
      const traceHeader = record.attributes?.AWSTraceHeader
      const place = places.get(record)
      try {
        const together = event.Records.length
        const isFirst = isFirstOf(record, begunAt)
        const invocation = { deadline, extendsLease: false, sentAt, isFirst, traceHeader, place, together }
        const result = await work(adapter, record, invocation, log)
        if (result.kind === 'acknowledge') return
        left++
        if (result.afterSeconds !== undefined) await retryLater(adapter, record, result.afterSeconds)
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
      log.say(event.Records.length, left)
      // Before the answer: a function that has answered may be frozen.
      if (adapter.history) await writtenBy(end - ANSWER_MS, adapter.history)
    }
  }
  return (async (event: SQSEvent | DescribeRequest, context) =>
    isDescribeRequest(event)
      ? (adapter.describeBlueprints?.(event) ?? { blueprints: [] })
      : handler(event, context)) as WorkerHandler
}

/** The answer needs this long: without it SQS brings all messages again. */
const ANSWER_MS = 1_000

/** Waits until the history is written, but no longer than that; what a table then does not take is lost. */
async function writtenBy(time: number, history: HistoryWriter): Promise<void> {
  const waiting = new AbortController()
  const late = sleep(Math.max(0, time - Date.now()), undefined, { signal: waiting.signal }).catch(() => {})
  try {
    await Promise.race([history.flush(), late])
  } finally {
    waiting.abort()
  }
}

/** What the handler needs of an adapter. */
export type WorkerAdapter = Pick<SqsAdapter, 'process' | 'telemetry' | 'isolation' | 'source'> &
  Partial<Pick<SqsAdapter, 'history' | 'describeBlueprints'>>

function receivesOf({ attributes }: SQSRecord): number {
  return Number(attributes?.ApproximateReceiveCount)
}

/**
 * A message may wait for its invocation, while Lambda throttles or gathers a batch, and be received again before that ends. Only one
 * that was received just now is hidden for as long as this invocation has.
 */
function isFirstOf(record: SQSRecord, begunAt: number): boolean {
  const receivedAt = Number(record.attributes?.ApproximateFirstReceiveTimestamp)
  return receivesOf(record) === 1 && begunAt - receivedAt <= JUST_NOW_MS
}

/** Less than a queue hides a message for longer than its function has: `FlowcraftService` adds 10 seconds. */
const JUST_NOW_MS = 5_000

function work(
  adapter: WorkerAdapter,
  record: SQSRecord,
  invocation: Invocation,
  log: WorkLog,
): Promise<Disposition> {
  const { body, messageId } = record
  const { source, telemetry } = adapter
  return handleMessage(
    {
      ...source,
      telemetry,
      reject: (text, error) => rejectMessage(source, text, error),
      work: (job) => {
        log.note(job.runId)
        return adapter.process(job, invocation)
      },
    },
    { body, receives: receivesOf(record), messageId },
  )
}

async function retryLater({ source }: WorkerAdapter, record: SQSRecord, seconds: number): Promise<void> {
  const { sqsClient, queueUrl, logger } = source
  const { messageId, receiptHandle } = record
  try {
    await retryIn({ sqsClient, queueUrl, receiptHandle, seconds })
  } catch (error) {
    // It then comes back when its visibility timeout is over.
    logger.warn('could not say when a message comes back', { messageId, reason: messageOf(error) })
  }
}
