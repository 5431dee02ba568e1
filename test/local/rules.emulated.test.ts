/** The rules stand before the engines: what they refuse is AWS's error, and nothing is applied. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import { receive, tableInput } from './helpers.ts'

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
