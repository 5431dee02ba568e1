// A local AWS with a data folder: what was there is there at the next start.

import { once } from 'node:events'
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { findDynoxide } from '../../lib/local/engine/dynoxide.ts'
import { MessageJournal } from '../../lib/local/keep/message-journal.ts'
import { eventually } from './helpers.ts'
import { arnOf, assemblyOf, inline, opened } from './templates.ts'

let dataFolder: string
beforeEach(async () => void (dataFolder = await mkdtemp(join(tmpdir(), 'flowcraft-data-test-'))))
afterEach(() => rm(dataFolder, { recursive: true }))

const template = {
  Resources: {
    Jobs: {
      Type: 'AWS::SQS::Queue',
      Properties: { RedrivePolicy: { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 1 } },
    },
    Dead: { Type: 'AWS::SQS::Queue' },
    State: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      },
    },
    Values: { Type: 'AWS::S3::Bucket' },
  },
}

async function start(dynamodb?: 'dynalite' | 'dynoxide') {
  const aws = await startLocalAws({ dataFolder, ...(dynamodb && { dynamodb }) })
  const { resources } = await aws.deploy({ assembly: await assemblyOf({ Shop: template }) })
  const refOf = (id: string) => resources[id]?.ref ?? ''
  return { aws, jobs: refOf('Jobs'), dead: refOf('Dead'), table: refOf('State'), bucket: refOf('Values') }
}

const receive = async ({ clients }: LocalAws, QueueUrl: string) =>
  (
    await clients.sqsClient.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    )
  ).Messages ?? []

describe.each(['dynalite', ...(findDynoxide() ? (['dynoxide'] as const) : [])] as const)(
  'with %s',
  (engine) => {
    it('tables keep their items, buckets their objects, and names stay', async () => {
      const first = await start(engine)
      const { dynamoDbClient, s3Client } = first.aws.clients
      await dynamoDbClient.send(new PutItemCommand({ TableName: first.table, Item: { pk: { S: 'run-1' } } }))
      const kept = { ContentType: 'text/plain', Metadata: { of: 'run-1' } }
      const object = { Bucket: first.bucket, Key: `values/run 1/ä/${'long'.repeat(100)}` }
      await s3Client.send(new PutObjectCommand({ ...object, Body: 'large', ContentLength: 5, ...kept }))
      await s3Client.send(new PutObjectCommand({ Bucket: first.bucket, Key: 'gone', Body: 'x' }))
      await s3Client.send(new DeleteObjectCommand({ Bucket: first.bucket, Key: 'gone' }))
      await first.aws.stop()

      const second = await start(engine)
      await using aws = second.aws
      expect(second.table).toBe(first.table)
      const found = await aws.clients.dynamoDbClient.send(
        new GetItemCommand({ TableName: second.table, Key: { pk: { S: 'run-1' } }, ConsistentRead: true }),
      )
      expect(found.Item).toEqual({ pk: { S: 'run-1' } })
      const { Contents } = await aws.clients.s3Client.send(
        new ListObjectsV2Command({ Bucket: second.bucket }),
      )
      expect(Contents?.map(({ Key }) => Key)).toEqual([object.Key])
      const { Body, ...described } = await aws.clients.s3Client.send(new GetObjectCommand(object))
      expect(await Body?.transformToString()).toBe('large')
      expect(described).toMatchObject(kept)
    })
  },
)

describe('messages', () => {
  it('are there again, but for those that were deleted', async () => {
    const { aws: first, jobs } = await start()
    const { sqsClient } = first.clients
    const binary = { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 3]) }
    await sqsClient.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: 'done' }))
    const [done] = await receive(first, jobs)
    await sqsClient.send(new DeleteMessageCommand({ QueueUrl: jobs, ReceiptHandle: done?.ReceiptHandle }))
    await sqsClient.send(
      new SendMessageBatchCommand({
        QueueUrl: jobs,
        Entries: [
          { Id: 'a', MessageBody: 'waits 😀', MessageAttributes: { binary } },
          { Id: 'b', MessageBody: 'later', DelaySeconds: 900 },
        ],
      }),
    )
    await first.stop()

    const second = await start()
    await using aws = second.aws
    const [found, ...others] = await receive(aws, second.jobs)
    expect(others).toEqual([])
    expect(found).toMatchObject({ Body: 'waits 😀', MessageAttributes: { binary } })
    expect(await receive(aws, second.dead)).toEqual([])
  })

  it('in flight are received again, and those received too often are dead letters', async () => {
    const { aws: first, jobs } = await start()
    await first.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: 'deadly' }))
    await receive(first, jobs)
    await first.stop()

    const second = await start()
    await using aws = second.aws
    expect(await receive(aws, second.jobs)).toEqual([])
    expect(await receive(aws, second.dead)).toMatchObject([{ Body: 'deadly' }])
  })

  it('outlive a crash, but for what came in the last moment', async () => {
    const { aws: crashed, jobs } = await start()
    await crashed.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: 'kept' }))
    await eventually(async () =>
      expect(await readFile(join(dataFolder, 'queues.json'), 'utf8')).toContain('kept'),
    )
    const copy = `${dataFolder}-copy`
    await cp(dataFolder, copy, { recursive: true })
    await crashed.stop()
    await rm(dataFolder, { recursive: true })
    await rename(copy, dataFolder)
    // Of a process that is no more.
    await writeFile(join(dataFolder, 'lock'), '999999999')

    const second = await start()
    await using aws = second.aws
    expect(await receive(aws, second.jobs)).toMatchObject([{ Body: 'kept' }])
  })
})

it('function URLs keep their address, unless somebody else listens there', async () => {
  const Url = { Type: 'AWS::Lambda::Url', Properties: { TargetFunctionArn: arnOf('Hook'), AuthType: 'NONE' } }
  const assembly = await assemblyOf({ Shop: { Resources: opened({ Hook: inline("return 'hooked'"), Url }) } })
  const urlOf = async (aws: LocalAws) =>
    (await aws.deploy({ assembly })).resources['Url']?.attributes['FunctionUrl'] ?? ''
  const first = await startLocalAws({ dataFolder })
  const address = await urlOf(first)
  await first.stop()

  const second = await startLocalAws({ dataFolder })
  expect(await urlOf(second)).toBe(address)
  expect(await (await fetch(address)).text()).toBe('hooked')
  await second.stop()

  const somebody = createServer().listen(Number(new URL(address).port), '127.0.0.1')
  await once(somebody, 'listening')
  await using aws = await startLocalAws({ dataFolder })
  expect(await (await fetch(await urlOf(aws))).text()).toBe('hooked')
  somebody.close()
})

it('one at a time uses a data folder', async () => {
  const { aws } = await start()
  await expect(startLocalAws({ dataFolder })).rejects.toThrow(`is in use by process ${process.pid}`)
  await aws.stop()
  await (await start()).aws.stop()
})

it('queues of an earlier start take other attributes', async () => {
  const first = await start()
  await first.aws.stop()
  await using aws = await startLocalAws({ dataFolder })
  const jobs = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 77 } }
  const { resources } = await aws.deploy({
    assembly: await assemblyOf({ Shop: { Resources: { Jobs: jobs } } }),
  })
  const QueueName = resources['Jobs']?.attributes['QueueName']
  const { QueueUrl } = await aws.clients.sqsClient.send(new GetQueueUrlCommand({ QueueName }))
  expect(QueueUrl).toBe(resources['Jobs']?.ref)
})

it('the journal forgets what was purged, and queues that were deleted', () => {
  const journal = new MessageJournal()
  const send = (name: string) =>
    journal.observe('SendMessage', { QueueUrl: `http://x/0/${name}`, MessageBody: name }, { MessageId: name })
  for (const QueueName of ['a', 'b', 'c']) {
    journal.observe('CreateQueue', { QueueName }, {})
    send(QueueName)
  }
  journal.observe('PurgeQueue', { QueueUrl: 'http://x/0/a' }, {})
  journal.observe('DeleteQueue', { QueueUrl: 'http://x/0/b' }, {})

  const { queues, messages } = journal.state
  expect(queues.map(({ name }) => name)).toEqual(['a', 'c'])
  expect(messages.map(({ queue }) => queue)).toEqual(['c'])
})
