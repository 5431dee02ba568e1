// Makes queues, tables and buckets through the ordinary clients.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import type { CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
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

/** Makes one queue. */
export async function makeQueue(sqs: SQSClient, name: string, attributes: Record<string, string>) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  const arn = answer.Attributes?.['QueueArn']
  if (!QueueUrl || !arn) throw localError(`SQS gave queue ${name} no address or no ARN`)
  return { url: QueueUrl, arn }
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
