// Feeds a queue to a function as the Lambda service does. Talks to SQS and to the function only; what a
// record looks like and what an answer means is records.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { localError, wholeNumber } from '../errors.ts'
import { FunctionError, ThrottledError } from '../lambda/errors.ts'
import { failedRecords, splitBySize, toRecord } from './records.ts'
import type { SqsRecord } from './records.ts'
import type { EventSourceMappingOptions, LocalEventSourceMapping, MappingStats } from './types.ts'

/** The most that one receive or delete takes. */
const SQS_BATCH = 10
const LONG_POLL_SECONDS = 20
/** Pause after SQS failed, and between two tries of a function that is throttled. */
const RETRY_PAUSE_MS = 200

type Checked = Required<EventSourceMappingOptions> & { queueArn: string; visibilitySeconds: number }

/** Checks the options as AWS does and starts polling. */
export async function startMapping(
  sqs: SQSClient,
  options: EventSourceMappingOptions,
): Promise<LocalEventSourceMapping> {
  const checked = checkNumbers(options)
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: options.queueUrl,
      AttributeNames: ['QueueArn', 'VisibilityTimeout'],
    }),
  )
  const visibilitySeconds = Number(Attributes['VisibilityTimeout'])
  const { timeoutSeconds } = options.function
  if (visibilitySeconds < timeoutSeconds) {
    throw localError(
      `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    )
  }
  const mapping = new Mapping(sqs, { ...checked, visibilitySeconds, queueArn: Attributes['QueueArn'] ?? '' })
  mapping.start()
  return mapping
}

function checkNumbers(options: EventSourceMappingOptions): Required<EventSourceMappingOptions> {
  const { batchSize = 10, batchingWindowSeconds = 0, maximumConcurrency = 5 } = options
  wholeNumber('batchingWindowSeconds', batchingWindowSeconds, 0, 300, 'seconds')
  const window = batchingWindowSeconds > 0
  wholeNumber(
    'batchSize',
    batchSize,
    1,
    window ? 10_000 : 10,
    window ? '' : 'without a batchingWindowSeconds',
  )
  wholeNumber('maximumConcurrency', maximumConcurrency, 2, 1_000)
  const { reportBatchItemFailures = true, onError = (error: Error) => console.error(error) } = options
  return {
    ...options,
    batchSize,
    batchingWindowSeconds,
    maximumConcurrency,
    reportBatchItemFailures,
    onError,
  }
}

/**
 * A number of pollers, each of which receives a batch, has it handled, deletes what succeeded, and starts over.
 * So there are never more invocations than pollers. One always listens, up to the maximum concurrency: whoever
 * receives something brings in another if nobody else listens, and leaves when a long poll brought nothing and
 * somebody else does.
 */
class Mapping implements LocalEventSourceMapping {
  readonly #sqs: SQSClient
  readonly #options: Checked
  readonly #stopping = new AbortController()
  readonly #pollers = new Set<Promise<void>>()
  /** Pollers that are not handling a batch. */
  #listening = 0
  readonly #stats = { polls: 0, batches: 0, succeeded: 0, failed: 0 }

  constructor(sqs: SQSClient, options: Checked) {
    this.#sqs = sqs
    this.#options = options
  }

  get stats(): MappingStats {
    return { ...this.#stats }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    while (this.#pollers.size > 0) await Promise.all(this.#pollers)
  }

  /** Adds a poller if there may be one more. */
  start(): void {
    if (this.#stopping.signal.aborted || this.#pollers.size >= this.#options.maximumConcurrency) return
    const poller = this.#poll().finally(() => this.#pollers.delete(poller))
    this.#pollers.add(poller)
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const records = await this.#listen()
        if (records.length > 0) {
          if (this.#listening === 0) this.start()
          await this.#handleAll(records)
        } else if (this.#listening > 0) return
      } catch (error) {
        this.#options.onError(new Error(`polling ${this.#options.queueUrl} failed`, { cause: error }))
        await sleep(RETRY_PAUSE_MS)
      }
    }
  }

  async #listen(): Promise<SqsRecord[]> {
    this.#listening += 1
    try {
      return await this.#collect()
    } finally {
      this.#listening -= 1
    }
  }

  /** Receives until the batch is full or its window, which the first message opens, is over. */
  async #collect(): Promise<SqsRecord[]> {
    const { batchSize, batchingWindowSeconds } = this.#options
    const records = await this.#receive(batchSize, LONG_POLL_SECONDS)
    const closes = Date.now() + batchingWindowSeconds * 1000
    while (records.length > 0 && records.length < batchSize && !this.#stopping.signal.aborted) {
      const secondsLeft = Math.ceil((closes - Date.now()) / 1000)
      if (secondsLeft <= 0) break
      records.push(
        ...(await this.#receive(batchSize - records.length, Math.min(LONG_POLL_SECONDS, secondsLeft))),
      )
    }
    return records
  }

  async #receive(count: number, waitSeconds: number): Promise<SqsRecord[]> {
    this.#stats.polls += 1
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#options.queueUrl,
      MaxNumberOfMessages: Math.min(SQS_BATCH, count),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    })
    try {
      const { Messages = [] } = await this.#sqs.send(command, { abortSignal: this.#stopping.signal })
      return Messages.map((message) => toRecord(message, this.#options.queueArn))
    } catch (error) {
      if (this.#stopping.signal.aborted) return [] // The long poll was broken off on purpose.
      throw error
    }
  }

  async #handleAll(records: SqsRecord[]): Promise<void> {
    for (const part of splitBySize(records)) await this.#handle(part)
  }

  async #handle(records: SqsRecord[]): Promise<void> {
    this.#stats.batches += 1
    const failed = await this.#invoke(records)
    const succeeded = records.filter((record) => !failed.includes(record))
    this.#stats.failed += failed.length
    await this.#delete(succeeded)
    this.#stats.succeeded += succeeded.length
  }

  /** Gives the records that failed. What the function's own error was stays in its log, as on AWS. */
  async #invoke(records: SqsRecord[]): Promise<SqsRecord[]> {
    const { function: fn, visibilitySeconds, reportBatchItemFailures, onError } = this.#options
    const giveUp = Date.now() + visibilitySeconds * 1000
    for (;;) {
      try {
        const answer = await fn.invoke({ Records: records })
        return reportBatchItemFailures ? failedRecords(records, answer) : []
      } catch (error) {
        // Lambda keeps trying a throttled function until the messages would be visible again.
        const throttled = error instanceof ThrottledError
        if (!throttled && !(error instanceof FunctionError)) onError(asError(error))
        if (!throttled || Date.now() >= giveUp || this.#stopping.signal.aborted) return records
        await sleep(RETRY_PAUSE_MS)
      }
    }
  }

  async #delete(records: SqsRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += SQS_BATCH) {
      const Entries = records.slice(at, at + SQS_BATCH).map(({ receiptHandle }, index) => {
        return { Id: String(index), ReceiptHandle: receiptHandle }
      })
      const { queueUrl: QueueUrl, onError } = this.#options
      const { Failed = [] } = await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
      if (Failed.length > 0) onError(new Error(`SQS refused ${Failed.length} deletes: ${Failed[0]?.Message}`))
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
