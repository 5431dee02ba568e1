/** What programs outside the workers need of them: the stores and the queue, no node implementations. */
import { type ILogger, type ISerializer, JsonSerializer, type WorkflowBlueprint } from 'flowcraft'
import { type AwsOptions, resolveConfig } from '../adapter/config.ts'
import { Graphs } from '../adapter/graphs.ts'
import { DeadLetterQueue } from '../adapter/queue/dead-letters.ts'
import { SqsJobQueue } from '../adapter/queue/sqs-job-queue.ts'
import { type Flow, register, type Registry } from '../adapter/registration.ts'
import type { Services } from '../adapter/services.ts'
import { DynamoDbRunStore } from '../adapter/store/dynamodb-run-store.ts'
import { S3BlobStore } from '../adapter/values/s3-blob-store.ts'
import { ValueStore } from '../adapter/values/value-store.ts'

export interface OutsideOptions extends AwsOptions {
  /**
   * Blueprints that may be started. With them a run is checked and begun at once; without, a worker begins it, and a
   * blueprint that no worker knows is seen only then.
   * @default - whatever the workers know
   */
  readonly flows?: readonly Flow[]
  /** As `flows`, for blueprints without their functions. @default - none */
  readonly blueprints?: Record<string, WorkflowBlueprint>
  readonly registry?: Registry
  /** Must be the workers'. @default new JsonSerializer() */
  readonly serializer?: ISerializer
  /** @default - JSON lines in functions, nothing elsewhere */
  readonly logger?: ILogger
}

export interface OutsideServices extends Pick<
  Services,
  'store' | 'values' | 'graphs' | 'queue' | 'now' | 'emit'
> {
  readonly deadLetters: DeadLetterQueue | undefined
}

/** @throws FlowcraftAwsError INVALID_CONFIGURATION or INVALID_BLUEPRINT, with all problems at once */
export function servicesOutside(options: OutsideOptions): OutsideServices & { serializer: ISerializer } {
  const config = resolveConfig(options)
  const { dynamoDbClient, tableName, sqsClient, pools, bucketName, s3Client } = config
  const { deadLetterQueueUrl: queueUrl } = config
  const serializer = options.serializer ?? new JsonSerializer()
  const store = new DynamoDbRunStore({ client: dynamoDbClient, tableName })
  const blobs = bucketName ? new S3BlobStore({ bucketName, client: s3Client }) : undefined
  return {
    store,
    serializer,
    values: new ValueStore({ store, blobs, serializer }),
    graphs: new Graphs({ ...register(options), store }),
    queue: new SqsJobQueue({ client: sqsClient, pools }),
    deadLetters: queueUrl ? new DeadLetterQueue({ client: sqsClient, queueUrl }) : undefined,
    now: Date.now,
    emit: async () => {},
  }
}
