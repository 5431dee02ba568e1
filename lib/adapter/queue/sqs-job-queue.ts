/** Sends jobs to SQS. Standard queues: order and repetition do not matter to the protocol. */
import { randomUUID } from 'node:crypto'
import {
  SendMessageBatchCommand,
  type SendMessageBatchCommandOutput,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { requestFailed } from '../errors.ts'
import { formatJob, type Job, type JobQueue } from './job.ts'

/** SQS takes ten messages a batch. */
const BATCH = 10
/** Batches under way at a time. */
const CONCURRENCY = 5
const TRIES = 3

export class SqsJobQueue implements JobQueue {
  readonly #client: SQSClient
  readonly #queueUrl: string

  constructor(options: { client: SQSClient; queueUrl: string }) {
    this.#client = options.client
    this.#queueUrl = options.queueUrl
  }

  async send(jobs: readonly Job[], delaySeconds?: number): Promise<void> {
    const batches: Job[][] = []
    for (let at = 0; at < jobs.length; at += BATCH) batches.push(jobs.slice(at, at + BATCH))
    for (let at = 0; at < batches.length; at += CONCURRENCY) {
      await Promise.all(
        batches.slice(at, at + CONCURRENCY).map((batch) => this.#sendBatch(batch, delaySeconds)),
      )
    }
  }

  /** A batch may be taken in part: what was refused is sent again, and what SQS keeps refusing is an error. */
  async #sendBatch(batch: readonly Job[], delaySeconds: number | undefined): Promise<void> {
    let rest = batch
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#send(
        new SendMessageBatchCommand({
          QueueUrl: this.#queueUrl,
          Entries: rest.map((job, index) => ({
            Id: `${index}`,
            MessageBody: formatJob(job),
            DelaySeconds: delaySeconds,
          })),
        }),
      )
      const failed = answer.Failed ?? []
      if (failed.length === 0) return
      if (attempt === TRIES) {
        const reasons = [...new Set(failed.map(({ Code, Message }) => `${Code}: ${Message ?? ''}`))].join(
          '; ',
        )
        throw new Error(`SQS refused ${failed.length} of ${batch.length} jobs: ${reasons}`)
      }
      rest = failed.flatMap(({ Id }) => rest[Number(Id)] ?? [])
    }
  }

  async #send(command: SendMessageBatchCommand): Promise<SendMessageBatchCommandOutput> {
    try {
      return await this.#client.send(command)
    } catch (error) {
      throw requestFailed(`SQS SendMessageBatch to '${this.#queueUrl}'`, error)
    }
  }
}

/** Unguessable and unique. */
export function newToken(): string {
  return randomUUID()
}
