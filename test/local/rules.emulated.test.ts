/** The rules stand before the engines: what they refuse is AWS's error, and nothing is applied. */
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import {
  ChangeMessageVisibilityCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import { hasDynoxide } from '../end-to-end/engines.ts'
import { moduleFile, receive, tableInput } from './helpers.ts'

const MIB = 1_048_576

const detailOf = (bytes: number) => JSON.stringify({ x: 'x'.repeat(bytes - '{"x":""}'.length) })

it('a message and an item that AWS refuses are refused', async () => {
  await using local = await startLocalAws()
  const { sqsClient: sqs, dynamoDbClient: dynamodb } = local.clients
  const { queueUrl: QueueUrl } = await local.createQueue()
  const TableName = await local.createTable(tableInput())

  await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a\u0001' }))).rejects.toMatchObject({
    name: 'InvalidMessageContents',
    message: 'local sqs: a body may not have the character #x1',
  })
  const Item = { pk: { S: 'p' }, v: { S: 'x'.repeat(410_000) } }
  await expect(dynamodb.send(new PutItemCommand({ TableName, Item }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('Item size has exceeded'),
  })
  expect(await receive(local, QueueUrl)).toEqual([])
})

it.each([true, false])(
  'a read that may be stale is refused where one says so: %s',
  async (consistentReads) => {
    await using local = await startLocalAws({ consistentReads })
    const TableName = await local.createTable(tableInput())
    const read = local.clients.dynamoDbClient.send(new GetItemCommand({ TableName, Key: { pk: { S: 'p' } } }))

    if (consistentReads)
      await expect(read).rejects.toThrow('GetItem without ConsistentRead may give what is stale')
    else expect(await read).not.toHaveProperty('Item')
  },
)

it('of a batch the entries that SQS takes are sent, and the others told', async () => {
  await using local = await startLocalAws()
  const { sqsClient: sqs } = local.clients
  const { queueUrl: QueueUrl } = await local.createQueue()
  const send = (...bodies: string[]) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: bodies.map((MessageBody, at) => ({ Id: `${at}`, MessageBody })),
      }),
    )

  const some = await send('a', 'b\u0001', 'c')
  expect(some.Successful?.map(({ Id }) => Id)).toEqual(['0', '2'])
  expect(some.Failed).toEqual([
    {
      Id: '1',
      Code: 'InvalidMessageContents',
      Message: 'a body may not have the character #x1',
      SenderFault: true,
    },
  ])
  const none = await send('\u0001', '\u0002')
  expect([none.Successful, none.Failed?.length]).toEqual([[], 2])
  expect((await receive(local, QueueUrl)).map(({ Body }) => Body).toSorted()).toEqual(['a', 'c'])
})

it('a message cannot be kept for longer than 12 hours from its receive', async () => {
  await using local = await startLocalAws()
  const { sqsClient: sqs } = local.clients
  const { queueUrl: QueueUrl } = await local.createQueue()
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
  const ReceiptHandle = Messages?.[0]?.ReceiptHandle
  const keep = (VisibilityTimeout: number) =>
    sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }))

  await keep(43_000)
  await expect(keep(43_200)).rejects.toThrow('Total VisibilityTimeout for the message is beyond the limit')
})

it('Lambda and EventBridge take as much as AWS does, and no byte more', async () => {
  await using local = await startLocalAws()
  const { lambdaClient: lambda, eventBridgeClient: events } = local.clients
  const file = await moduleFile('export const handler = async (event) => event.length')
  const { name: FunctionName } = await local.createFunction({ code: { file } })
  const invoke = (InvocationType: 'Event' | 'RequestResponse', bytes: number) =>
    lambda.send(
      new InvokeCommand({ FunctionName, InvocationType, Payload: Buffer.from(`"${'x'.repeat(bytes - 2)}"`) }),
    )
  expect((await invoke('Event', MIB)).StatusCode).toBe(202)
  await expect(invoke('Event', MIB + 1)).rejects.toMatchObject({ name: 'RequestTooLargeException' })
  expect((await invoke('RequestResponse', MIB + 1)).StatusCode).toBe(200)
  await expect(invoke('RequestResponse', 6 * MIB + 1)).rejects.toMatchObject({
    name: 'RequestTooLargeException',
  })

  const put = (bytes: number) =>
    events.send(
      new PutEventsCommand({ Entries: [{ Source: 's', DetailType: 't', Detail: detailOf(bytes - 2) }] }),
    )
  expect((await put(MIB)).FailedEntryCount).toBe(0)
  await expect(put(MIB + 1)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('Total size of the entries in the request is over the limit'),
  })

  const make = (environment: Record<string, string>) => local.createFunction({ code: { file }, environment })
  // {"AB":"..."} has nine bytes besides.
  await make({ AB: 'x'.repeat(4_096 - 9) })
  await expect(make({ AB: 'x'.repeat(4_096 - 8) })).rejects.toThrow('4097 bytes as JSON, Lambda takes 4096')
  await expect(make({ AWS_REGION: 'here' })).rejects.toThrow('has AWS_REGION, which Lambda sets')
  await expect(make({ A: 'x' })).rejects.toThrow("may not have the name 'A' on Lambda")
})

it('takes what the engines do where it is not strict', async () => {
  await using local = await startLocalAws({ strict: false })
  const file = await moduleFile('export const handler = async () => 1')
  await local.createFunction({ code: { file }, environment: { A: 'x'.repeat(5_000) } })
  const { eventBridgeClient, dynamoDbClient } = local.clients
  const Detail = JSON.stringify({ x: 'x'.repeat(MIB) })
  const put = new PutEventsCommand({ Entries: [{ Source: 's', DetailType: 't', Detail }] })
  expect((await eventBridgeClient.send(put)).FailedEntryCount).toBe(0)
  const TableName = await local.createTable(tableInput())
  const ExpressionAttributeNames = { [`#${'x'.repeat(255)}`]: 'v' }
  const UpdateExpression = `SET ${Object.keys(ExpressionAttributeNames)[0]} = :v`
  const update = new UpdateItemCommand({
    TableName,
    Key: { pk: { S: 'p' } },
    UpdateExpression,
    ExpressionAttributeNames,
    ExpressionAttributeValues: { ':v': { S: 'x' } },
  })
  await dynamoDbClient.send(update)
})

it('a partition that bears no more units refuses, and the SDK tries again', async () => {
  await using local = await startLocalAws({ partitionLimits: { writeUnits: 5 } })
  const TableName = await local.createTable(tableInput())
  const impatient = new DynamoDBClient({ ...local.clientConfig.dynamodb, maxAttempts: 1 })
  const put = (pk: string, kb: number) =>
    new PutItemCommand({ TableName, Item: { pk: { S: pk }, v: { S: 'x'.repeat(kb * 1_024) } } })

  // The bucket is empty for more than a minute.
  await impatient.send(put('hot', 380))
  await expect(impatient.send(put('hot', 1))).rejects.toMatchObject({ name: 'ThrottlingException' })
  await impatient.send(put('cool', 9))
  const patient = new DynamoDBClient({ ...local.clientConfig.dynamodb, maxAttempts: 20 })
  const { $metadata } = await patient.send(put('cool', 1))
  expect($metadata.httpStatusCode).toBe(200)
  impatient.destroy()
  patient.destroy()
})

/** Of these the engines know: an update's item is theirs alone. */
describe.each(hasDynoxide ? (['dynoxide', 'dynalite'] as const) : (['dynalite'] as const))(
  '%s',
  (dynamodb) => {
    it('refuses an update that makes an item larger than 400 KB, and ends a page at 1 MB', async () => {
      await using local = await startLocalAws({ dynamodb })
      const { dynamoDbClient: client } = local.clients
      const TableName = await local.createTable({
        ...tableInput(),
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      })
      const grow = (sk: string, name: string, bytes: number) =>
        client.send(
          new UpdateItemCommand({
            TableName,
            Key: { pk: { S: 'p' }, sk: { S: sk } },
            UpdateExpression: `SET ${name} = :v`,
            ExpressionAttributeValues: { ':v': { S: 'x'.repeat(bytes) } },
          }),
        )
      for (const sk of ['1', '2', '3', '4', '5']) await grow(sk, 'a', 300_000)
      // pk, its text, sk, its text, two names: eight bytes. dynoxide counts a few more.
      await grow('1', 'b', 409_600 - 300_000 - 8 - 100)
      await expect(grow('1', 'b', 409_600 - 300_000 - 7)).rejects.toMatchObject({
        name: 'ValidationException',
      })

      const page = await client.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: 'p' } },
        }),
      )
      expect(page.LastEvaluatedKey).toBeDefined()
      expect(page.Count).toBeGreaterThanOrEqual(2)
      expect(page.Count).toBeLessThanOrEqual(4)
    })
  },
)
