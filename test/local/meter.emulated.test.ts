// The meter counts exactly, wherever a request comes from, and prices are arithmetic.

import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bundleHandler, priceOf, startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { moduleFile, receive, tableInput } from './helpers.ts'

/** An item of exactly so many bytes. */
const item = (pk: string, bytes: number) => ({
  pk: { S: pk },
  text: { S: 'x'.repeat(bytes - 'pktext'.length - pk.length) },
})

describe.each(['dynoxide', 'dynalite'] as const)('units by %s', (dynamodb) => {
  let local: LocalAws
  let TableName: string
  const send: LocalAws['clients']['dynamoDbClient']['send'] = (...args: unknown[]) =>
    (local.clients.dynamoDbClient.send as (...args: unknown[]) => never)(...args)
  const units = () => {
    const { readUnits, writeUnits, refusedWrites } = local.meter.snapshot().dynamodb
    return { readUnits, writeUnits, refusedWrites }
  }

  beforeAll(async () => {
    local = await startLocalAws({ dynamodb, consistentReads: false })
    TableName = await local.createTable(tableInput())
  })
  beforeEach(() => local.meter.reset())
  afterAll(() => local.stop())

  it('charges a put of 1.5 KB two write units and one of 1 KB one', async () => {
    await send(new PutItemCommand({ TableName, Item: item('a', 1536) }))
    expect(units()).toEqual({ readUnits: 0, writeUnits: 2, refusedWrites: 0 })
    await send(new PutItemCommand({ TableName, Item: item('b', 1024) }))
    expect(units().writeUnits).toBe(3)
    await send(new PutItemCommand({ TableName, Item: item('b', 1025), ReturnConsumedCapacity: 'TOTAL' }))
    expect(units().writeUnits).toBe(5)
  })

  it('charges a consistent get of 5 KB two read units and an eventual one', async () => {
    await send(new PutItemCommand({ TableName, Item: item('c', 5 * 1024) }))
    local.meter.reset()
    await send(new GetItemCommand({ TableName, Key: { pk: { S: 'c' } }, ConsistentRead: true }))
    expect(units()).toEqual({ readUnits: 2, writeUnits: 0, refusedWrites: 0 })
    await send(new GetItemCommand({ TableName, Key: { pk: { S: 'c' } } }))
    expect(units().readUnits).toBe(3)
  })

  it('adds up queries and batches', async () => {
    const RequestItems = { [TableName]: ['d', 'e'].map((pk) => ({ PutRequest: { Item: item(pk, 1500) } })) }
    await send(new BatchWriteItemCommand({ RequestItems }))
    expect(units().writeUnits).toBe(4)
    await send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'd' } },
        ConsistentRead: true,
      }),
    )
    expect(units()).toEqual({ readUnits: 1, writeUnits: 4, refusedWrites: 0 })
    expect(local.meter.snapshot().dynamodb.byOperation).toEqual({ BatchWriteItem: 1, Query: 1 })
  })

  it('charges refused writes by the item that refused', async () => {
    await send(new PutItemCommand({ TableName, Item: item('f', 2500) }))
    local.meter.reset()
    const Key = { pk: { S: 'f' } }
    const refused = { TableName, ConditionExpression: 'attribute_not_exists(pk)' }
    const reason = { name: 'ConditionalCheckFailedException' }
    const old = dynamodb === 'dynoxide' ? 3 : 1 // dynalite does not tell the old item
    await expect(send(new UpdateItemCommand({ ...refused, Key }))).rejects.toMatchObject(reason)
    expect(units()).toEqual({ readUnits: 0, writeUnits: old, refusedWrites: 1 })
    await expect(send(new DeleteItemCommand({ ...refused, Key }))).rejects.toMatchObject(reason)
    expect(units()).toEqual({ readUnits: 0, writeUnits: 2 * old, refusedWrites: 2 })
    await expect(send(new PutItemCommand({ ...refused, Item: item('f', 4000) }))).rejects.toMatchObject(
      reason,
    )
    expect(units()).toEqual({ readUnits: 0, writeUnits: 2 * old + 4, refusedWrites: 3 })
  })
})

describe('counts and prices', () => {
  let local: LocalAws
  beforeAll(async () => {
    local = await startLocalAws()
  })
  beforeEach(() => local.meter.reset())
  afterAll(() => local.stop())

  it('counts requests by operation and bills SQS by 64 KB', async () => {
    const { queueUrl: QueueUrl } = await local.createQueue()
    const before = local.meter.snapshot()
    await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    const Entries = [1, 2].map((n) => ({ Id: String(n), MessageBody: 'x'.repeat(50 * 1024) }))
    await local.clients.sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    expect(await receive(local, QueueUrl)).toHaveLength(3)
    expect(local.meter.since(before).sqs).toEqual({
      requests: 3,
      byOperation: { SendMessage: 1, SendMessageBatch: 1, ReceiveMessage: 1 },
      billedRequests: 5,
    })
  })

  it('names S3 operations', async () => {
    const Bucket = await local.createBucket()
    await local.clients.s3Client.send(new PutObjectCommand({ Bucket, Key: 'a/b', Body: 'x' }))
    await local.clients.s3Client.send(new ListObjectsV2Command({ Bucket }))
    await local.clients.s3Client.send(new DeleteObjectCommand({ Bucket, Key: 'a/b' }))
    const { s3 } = local.meter.snapshot()
    expect(s3).toEqual({
      requests: 4,
      byOperation: { CreateBucket: 1, PutObject: 1, ListObjectsV2: 1, DeleteObject: 1 },
    })
  })

  it('counts what a function asks in its own process', async () => {
    const table = await local.createTable(tableInput())
    const entry = await moduleFile(`
      import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
      const client = new DynamoDBClient()
      export const handler = async () => {
        await client.send(new PutItemCommand({ TableName: process.env.TABLE, Item: { pk: { S: 'x' } } }))
      }`)
    const { file } = await bundleHandler({
      entry,
      external: ['@aws-sdk/*'],
      outfile: entry.replace(/mjs$/, 'out.mjs'),
    })
    const fn = await local.createFunction({ code: { file }, environment: { TABLE: table } })
    local.meter.reset()
    await fn.invoke(null)
    const { dynamodb } = local.meter.snapshot()
    expect(dynamodb).toMatchObject({ requests: 1, writeUnits: 1, byOperation: { PutItem: 1 } })
    expect(local.lambdaUsage().invocations).toBe(1)
    expect(local.lambdaUsage().gbSeconds).toBeGreaterThan(0)
  })

  it('prices a usage', () => {
    const price = priceOf(
      {
        dynamodb: { requests: 9, byOperation: {}, readUnits: 8e6, writeUnits: 1e6, refusedWrites: 0 },
        sqs: { requests: 1e6, byOperation: {}, billedRequests: 2.5e6 },
        s3: {
          requests: 4e6,
          byOperation: { PutObject: 1e6, ListObjectsV2: 1e6, GetObject: 1e6, DeleteObject: 1e6 },
        },
        eventbridge: { requests: 9, byOperation: {}, billedEvents: 3e6 },
      },
      { invocations: 1e6, gbSeconds: 1000 },
    )
    expect(price.byService.dynamodb).toBeCloseTo(1.625, 9)
    expect(price.byService.sqs).toBeCloseTo(1, 9)
    expect(price.byService.s3).toBeCloseTo(10.4, 9)
    expect(price.byService.eventbridge).toBeCloseTo(3, 9)
    expect(price.byService.lambda).toBeCloseTo(0.2133334, 9)
    expect(price.usd).toBeCloseTo(16.2383334, 9)
  })
})
