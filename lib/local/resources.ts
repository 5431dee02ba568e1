// Makes queues, tables and buckets through the ordinary clients.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateTableCommand, DescribeTableCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import type { CreateTableCommandInput, DynamoDBClient, TableDescription } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, ListBucketsCommand } from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { localError, resourceName, wholeNumber } from './errors.ts'
import type { LocalQueue, LocalQueueOptions } from './types.ts'

/** The longest that SQS keeps a message, 14 days, in seconds. */
const LONGEST_RETENTION_SECONDS = 1_209_600
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
const QUEUE_NAME_LENGTH = 80
const DEAD_LETTER_SUFFIX = '-dlq'
const TABLE_POLL_MS = 20
const TABLE_TIMEOUT_MS = 10_000

/** A short name that nobody else has. */
export function freshName(kind: string): string {
  return `${kind}-${randomUUID().slice(0, 8)}`
}

/** Makes a queue with its dead-letter queue. */
export async function createQueue(sqs: SQSClient, options: LocalQueueOptions = {}): Promise<LocalQueue> {
  const {
    name = freshName('queue'),
    visibilityTimeoutSeconds = 30,
    maxReceiveCount = 20,
    delaySeconds = 0,
  } = options
  resourceName('the name of a queue', name, QUEUE_NAME_LENGTH - DEAD_LETTER_SUFFIX.length)
  wholeNumber('visibilityTimeoutSeconds', visibilityTimeoutSeconds, 0, 43_200, 'seconds')
  wholeNumber('maxReceiveCount', maxReceiveCount, 1, 1_000)
  wholeNumber('delaySeconds', delaySeconds, 0, 900, 'seconds')
  const deadLetters = await makeQueue(sqs, name + DEAD_LETTER_SUFFIX, {
    MessageRetentionPeriod: String(LONGEST_RETENTION_SECONDS),
  })
  const queue = await makeQueue(sqs, name, {
    VisibilityTimeout: String(visibilityTimeoutSeconds),
    DelaySeconds: String(delaySeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount }),
  })
  return {
    queueName: name,
    queueUrl: queue.url,
    queueArn: queue.arn,
    deadLetterQueueUrl: deadLetters.url,
    deadLetterQueueArn: deadLetters.arn,
  }
}

/** Makes one queue; one of this name that is there gets the attributes. */
export async function makeQueue(sqs: SQSClient, name: string, attributes: Record<string, string>) {
  const QueueUrl = await createOrUpdateQueue(sqs, name, attributes)
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  const arn = answer.Attributes?.['QueueArn']
  if (!QueueUrl || !arn) throw localError(`SQS gave queue ${name} no address or no ARN`)
  return { url: QueueUrl, arn }
}

/** CreateQueue refuses a name that is there with other attributes. */
async function createOrUpdateQueue(
  sqs: SQSClient,
  QueueName: string,
  Attributes: Record<string, string>,
): Promise<string | undefined> {
  const { QueueUrl } = await sqs
    .send(new GetQueueUrlCommand({ QueueName }))
    .catch(onlyIf('QueueDoesNotExist'))
  if (QueueUrl === undefined)
    return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
  return QueueUrl
}

/** Takes this error for an empty answer. */
function onlyIf(name: string) {
  return (error: unknown): { readonly QueueUrl?: undefined } => {
    if ((error as { name?: unknown }).name === name) return {}
    throw error
  }
}

/** Makes a table; one of this name that is there gets the indexes that it lacks. */
export async function createOrUpdateTable(
  dynamodb: DynamoDBClient,
  input: CreateTableCommandInput,
): Promise<string> {
  const { TableName } = input
  const { Table } = await dynamodb
    .send(new DescribeTableCommand({ TableName }))
    .catch((error: unknown): { Table?: TableDescription } => {
      if ((error as { name?: unknown }).name === 'ResourceNotFoundException') return {}
      throw error
    })
  if (!Table) return createTable(dynamodb, input)
  const given = keysOf(input)
  if (given !== keysOf(Table)) {
    throw localError(
      `table ${TableName} is there with the keys ${keysOf(Table)}, and the stack has ${given}: keys of a table cannot change; start without the data that are kept`,
    )
  }
  const there = new Set(Table.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName))
  for (const Create of input.GlobalSecondaryIndexes ?? []) {
    if (there.has(Create.IndexName)) continue
    const { AttributeDefinitions } = input
    const GlobalSecondaryIndexUpdates = [{ Create }]
    await dynamodb.send(
      new UpdateTableCommand({ TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates }),
    )
  }
  return TableName as string
}

function keysOf({ KeySchema = [] }: Pick<TableDescription, 'KeySchema'>): string {
  return KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} (${KeyType})`).join(', ')
}

/** Makes a table and waits until it is ACTIVE. */
export async function createTable(dynamodb: DynamoDBClient, input: CreateTableCommandInput): Promise<string> {
  const made = await dynamodb.send(new CreateTableCommand(input))
  const TableName = made.TableDescription?.TableName ?? input.TableName
  if (!TableName) throw localError('a table needs a TableName; got none')
  const deadline = Date.now() + TABLE_TIMEOUT_MS
  for (let status = made.TableDescription?.TableStatus; status !== 'ACTIVE'; await sleep(TABLE_POLL_MS)) {
    if (Date.now() > deadline) {
      throw localError(`table ${TableName} is still ${status} after ${TABLE_TIMEOUT_MS} ms`)
    }
    status = (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus
  }
  return TableName
}

/** Makes a bucket and returns its name. */
export async function createBucket(s3: S3Client, name: string = freshName('bucket')): Promise<string> {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    throw localError(
      `the name of a bucket must be 3 to 63 lower-case letters, digits, dots or hyphens; got '${name}'`,
    )
  }
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  return name
}

/** Makes a bucket unless one of this name is there. */
export async function createBucketOnce(s3: S3Client, name: string): Promise<void> {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
  if (!Buckets.some(({ Name }) => Name === name)) await createBucket(s3, name)
}
