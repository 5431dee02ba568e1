// Each outcome of an interceptor, and that it sees what is asked.

import { DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { InterceptedRequest, LocalAws, Outcome } from '../../lib/local/index.ts'
import { receive, tableInput } from './helpers.ts'

let local: LocalAws
let TableName: string
/** Clients that try once, so that a test sees what one request does. */
let once: { dynamodb: DynamoDBClient; sqs: SQSClient; s3: S3Client }
const Key = { pk: { S: 'counter' } }
const increment = () =>
  new UpdateItemCommand({
    TableName,
    Key,
    UpdateExpression: 'ADD n :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  })
const counter = async () => {
  local.intercept(undefined)
  const { Item } = await local.clients.dynamoDbClient.send(
    new GetItemCommand({ TableName, Key, ConsistentRead: true }),
  )
  return Number(Item?.['n']?.N ?? 0)
}

beforeAll(async () => {
  local = await startLocalAws()
  const { clientConfig } = local
  once = {
    dynamodb: new DynamoDBClient({ ...clientConfig.dynamodb, maxAttempts: 1 }),
    sqs: new SQSClient({ ...clientConfig.sqs, maxAttempts: 1 }),
    s3: new S3Client({ ...clientConfig.s3, maxAttempts: 1 }),
  }
})
beforeEach(async () => {
  TableName = await local.createTable(tableInput())
  local.meter.reset()
})
afterEach(() => local.intercept(undefined))
afterAll(async () => {
  for (const client of Object.values(once)) client.destroy()
  await local.stop()
})

const always = (outcome: Outcome) => () => outcome

it('forward: applies and answers', async () => {
  local.intercept(always('forward'))
  await once.dynamodb.send(increment())
  expect(await counter()).toBe(1)
})

it('reject: answers 500 and does not apply', async () => {
  local.intercept(always('reject'))
  const refused = { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } }
  await expect(once.dynamodb.send(increment())).rejects.toMatchObject(refused)
  expect(local.meter.snapshot().dynamodb.requests).toBe(0)
  expect(await counter()).toBe(0)
})

it('lose: applies, then breaks the connection', async () => {
  local.intercept(always('lose'))
  await expect(once.dynamodb.send(increment())).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(local.meter.snapshot().dynamodb).toMatchObject({ requests: 1, writeUnits: 1 })
  expect(await counter()).toBe(1)
})

it('drop: breaks the connection without applying', async () => {
  local.intercept(always('drop'))
  await expect(once.dynamodb.send(increment())).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(local.meter.snapshot().dynamodb.requests).toBe(0)
  expect(await counter()).toBe(0)
})

it('delayMs: applies later', async () => {
  local.intercept(always({ delayMs: 150 }))
  const started = performance.now()
  await once.dynamodb.send(increment())
  expect(performance.now() - started).toBeGreaterThanOrEqual(145)
  expect(await counter()).toBe(1)
})

it('lets the SDK retry, and so shows a lost answer applied twice', async () => {
  local.intercept(({ count }) => (count === 1 ? 'lose' : 'forward'))
  await local.clients.dynamoDbClient.send(increment())
  expect(await counter()).toBe(2)
})

it('sees service, operation, body and count, each operation counted by itself', async () => {
  const seen: InterceptedRequest[] = []
  local.intercept((request) => {
    seen.push(request)
    return 'forward'
  })
  await once.dynamodb.send(new PutItemCommand({ TableName, Item: Key }))
  await once.dynamodb.send(increment())
  await once.dynamodb.send(increment())
  expect(seen.map(({ service, operation, count }) => `${service} ${operation} ${count}`)).toEqual([
    'dynamodb PutItem 1',
    'dynamodb UpdateItem 1',
    'dynamodb UpdateItem 2',
  ])
  expect(seen[0]?.body).toEqual({ TableName, Item: Key })
})

it('rejects with the message when the interceptor itself throws', async () => {
  local.intercept(() => {
    throw new Error('oh no')
  })
  await expect(once.dynamodb.send(increment())).rejects.toThrow('local dynamodb: oh no')
})

it('works for SQS: a lost answer is a message sent', async () => {
  const { queueUrl: QueueUrl } = await local.createQueue()
  const send = new SendMessageCommand({ QueueUrl, MessageBody: 'x' })
  for (const outcome of ['reject', 'drop', 'lose'] as const) {
    local.intercept(always(outcome))
    await expect(once.sqs.send(send)).rejects.toThrow()
  }
  local.intercept(undefined)
  expect(await receive(local, QueueUrl)).toHaveLength(1)
})

it('works for S3: only forward and lose apply', async () => {
  const Bucket = await local.createBucket()
  const outcomes = ['reject', 'drop', 'lose'] as const
  for (const outcome of outcomes) {
    local.intercept(({ operation }) => (operation === 'PutObject' ? outcome : 'forward'))
    await expect(once.s3.send(new PutObjectCommand({ Bucket, Key: outcome, Body: 'x' }))).rejects.toThrow()
  }
  local.intercept(undefined)
  const there = await Promise.allSettled(
    outcomes.map((Key) => once.s3.send(new GetObjectCommand({ Bucket, Key }))),
  )
  expect(there.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
})
