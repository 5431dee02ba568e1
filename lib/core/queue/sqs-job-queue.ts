/** Sends jobs to SQS. Standard queues: order and repetition do not matter to the protocol. */
import { randomUUID } from 'node:crypto'
import {
  SendMessageBatchCommand,
  type SendMessageBatchCommandOutput,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import pMap from 'p-map'
import type { CostCounter } from '../common/cost-counter.ts'
import { requestFailed } from '../common/errors.ts'
import { formatJob, type Job, type JobQueue } from './job.ts'
import type { Pools } from './pools.ts'

/** SQS takes ten messages a batch. */
const BATCH = 10
/** Batches under way at a time. */
const CONCURRENCY = 5
const TRIES = 3
/** In hundredths. Ten jobs are less than the 64 KB that SQS counts as one. */
const ONE_REQUEST = { $q: 100 } as const

interface Batch {
  readonly queueUrl: string
  readonly jobs: readonly Job[]
}

export interface SqsJobQueueOptions {
  readonly client: SQSClient
  readonly pools: Pools
  /** The X-Ray header that jobs sent now carry. @default - none */
  readonly traceHeader?: () => string | undefined
  /** @default - requests are not counted */
  readonly counter?: CostCounter
}

export class SqsJobQueue implements JobQueue {
  readonly #options: SqsJobQueueOptions
  readonly #client: SQSClient
  readonly #pools: Pools
  readonly #traceHeader: () => string | undefined

  constructor(options: SqsJobQueueOptions) {
    this.#options = options
    this.#client = options.client
    this.#pools = options.pools
    this.#traceHeader = options.traceHeader ?? (() => undefined)
  }

  countedBy(counter: CostCounter): SqsJobQueue {
    return new SqsJobQueue({ ...this.#options, counter })
  }

  async send(jobs: readonly Job[], delaySeconds?: number): Promise<void> {
    const batches: Batch[] = []
    for (const [queueUrl, own] of this.#byQueue(jobs)) {
      for (let at = 0; at < own.length; at += BATCH)
        batches.push({ queueUrl, jobs: own.slice(at, at + BATCH) })
    }
    await pMap(batches, (batch) => this.#sendBatch(batch, delaySeconds), { concurrency: CONCURRENCY })
  }

  #byQueue(jobs: readonly Job[]): Map<string, Job[]> {
    const byQueue = new Map<string, Job[]>()
    for (const job of jobs) {
      const url = this.#pools.queueUrlOf(job)
      const own = byQueue.get(url)
      if (own) own.push(job)
      else byQueue.set(url, [job])
    }
    return byQueue
  }

  /** A batch may be taken in part: what was refused is sent again, and what SQS keeps refusing is an error. */
  async #sendBatch({ queueUrl, jobs }: Batch, delaySeconds: number | undefined): Promise<void> {
    let rest = jobs
    const attributes = traceAttributes(this.#traceHeader())
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: rest.map((job, index) => ({
            Id: `${index}`,
            MessageBody: formatJob(job),
            DelaySeconds: delaySeconds,
            ...attributes,
          })),
        }),
      )
      const failed = answer.Failed ?? []
      if (failed.length === 0) return
      if (attempt === TRIES) {
        const reasons = [...new Set(failed.map(({ Code, Message }) => `${Code}: ${Message ?? ''}`))].join(
          '; ',
        )
        const refused = new Error(`it refused ${failed.length} of ${jobs.length} jobs: ${reasons}`)
        if (failed.every(({ Code }) => Code === 'InvalidMessageContents'))
          refused.name = 'InvalidMessageContents'
        throw requestFailed(`SQS SendMessageBatch to '${queueUrl}'`, refused)
      }
      rest = failed.flatMap(({ Id }) => rest[Number(Id)] ?? [])
    }
  }

  async #send(command: SendMessageBatchCommand): Promise<SendMessageBatchCommandOutput> {
    this.#options.counter?.add(ONE_REQUEST)
    try {
      return await this.#client.send(command)
    } catch (error) {
      throw requestFailed(`SQS SendMessageBatch to '${command.input.QueueUrl}'`, error)
    }
  }
}

/**
 * SQS counts it to no limit of size, and puts it before the header of the request, which the SDK sets in Lambda.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
 */
function traceAttributes(
  header: string | undefined,
): Pick<SendMessageBatchRequestEntry, 'MessageSystemAttributes'> {
  if (header === undefined) return {}
  return { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: header } } }
}

/** Unguessable and unique. */
export function newToken(): string {
  return randomUUID()
}
