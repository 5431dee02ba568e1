/** What a configuration leads to, for workers and for programs outside: where runs, values, jobs and dead letters are. */
import type { ISerializer } from 'flowcraft'
import { DeadLetterQueue, type DeadLetters } from '../queue/dead-letter-queue.ts'
import type { JobQueue } from '../queue/job.ts'
import { SqsJobQueue } from '../queue/sqs-job-queue.ts'
import { DynamoDbRunStore } from '../store/dynamodb-run-store.ts'
import type { RunStore } from '../store/run-store.ts'
import { S3BlobStore } from '../values/s3-blob-store.ts'
import { PackCache } from '../values/pack-cache.ts'
import { ValueCache } from '../values/value-cache.ts'
import { ValueStore } from '../values/value-store.ts'
import type { Costs } from './costs.ts'
import { currentTraceHeader } from '../common/trace-context.ts'
import type { AwsConfig } from './config.ts'

export interface Stores {
  readonly store: RunStore
  readonly values: ValueStore
  readonly queue: JobQueue
  /** Undefined where no dead-letter queue is configured. */
  readonly deadLetters: DeadLetters | undefined
}

/** How what runs use is counted; undefined where it is not. */
export function costsOf({ runCosts, prices, eventBusName, runEvents }: AwsConfig): Costs | undefined {
  if (!runCosts) return undefined
  // Lambda sets it; elsewhere nobody pays for a message by its time.
  const memoryMb = Number(process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']) || undefined
  const tellsEnds = eventBusName !== undefined && runEvents.has('ended')
  return { prices, memoryMb, eventsAtEnd: tellsEnds ? 1 : 0 }
}

/** `by`: who works on runs reads again what it has just written; who looks at them reads much at a time, and is allowed to. */
export function storesOf(config: AwsConfig, serializer: ISerializer, by: 'worker' | 'client'): Stores {
  const {
    dynamoDbClient,
    tableName,
    serviceName,
    sqsClient,
    pools,
    deadLetterQueueUrl,
    bucketName,
    s3Client,
    tracing,
    runRetentionDays,
    runIndex,
  } = config
  const client = dynamoDbClient
  const store = new DynamoDbRunStore({ client, tableName, serviceName, runRetentionDays, runIndex })
  const blobs = bucketName ? new S3BlobStore({ bucketName, client: s3Client }) : undefined
  const reading =
    by === 'worker' ? { cache: new ValueCache(), packs: new PackCache() } : { readsTogether: true }
  return {
    store,
    values: new ValueStore({ store, blobs, serializer, ...reading }),
    queue: new SqsJobQueue({
      client: sqsClient,
      pools,
      traceHeader: tracing ? currentTraceHeader : undefined,
    }),
    deadLetters: deadLetterQueueUrl
      ? new DeadLetterQueue({ client: sqsClient, queueUrl: deadLetterQueueUrl })
      : undefined,
  }
}
