// What the proxy mends in fauxqs, and queues as createQueue makes them.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetQueueAttributesCommand,
  type MessageSystemAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eventually, receive, sendAll } from './helpers.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterAll(() => local.stop())

const attributes = async (QueueUrl: string) => {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })
  return (await local.clients.sqsClient.send(command)).Attributes as Record<string, string>
}
const counts = async (QueueUrl: string) => {
  const all = await attributes(QueueUrl)
  return ['', 'NotVisible', 'Delayed'].map((kind) => Number(all[`ApproximateNumberOfMessages${kind}`]))
}

it('carries emoji, alone and in batches, with checksums that the SDK accepts', async () => {
  const { queueUrl: QueueUrl } = await local.createQueue()
  const bodies = ['😀', 'a👩‍👩‍👧 \u{10FFFF}\uE000\uE800 z', 'plain ä', '\uF8FF\uE801astral\uF8FF']
  await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: bodies[0] }))
  const Entries = bodies.slice(1).map((MessageBody, i) => ({ Id: String(i), MessageBody }))
  const { Failed } = await local.clients.sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  expect(Failed ?? []).toEqual([])
  expect((await receive(local, QueueUrl)).map(({ Body }) => Body)).toEqual(bodies)
})

it('still refuses characters that SQS refuses', async () => {
  const { queueUrl: QueueUrl } = await local.createQueue()
  for (const MessageBody of ['\u0000', '\uFFFF', '\uD83D']) {
    const sent = local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    await expect(sent).rejects.toMatchObject({ name: expect.stringMatching(/InvalidMessageContents$/) })
  }
})

const traced = (StringValue: string) => ({
  MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue } },
})

it("keeps X-Ray's header of a message, for who asks for it", async () => {
  const { queueUrl: QueueUrl } = await local.createQueue()
  const { sqsClient } = local.clients
  await sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a', ...traced('Root=a') }))
  const Entries = [
    { Id: 'b', MessageBody: 'b', ...traced('Root=b') },
    { Id: 'c', MessageBody: 'c' },
  ]
  await sqsClient.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  const seen = async (...MessageSystemAttributeNames: MessageSystemAttributeName[]) => {
    const command = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageSystemAttributeNames }
    const { Messages = [] } = await sqsClient.send(new ReceiveMessageCommand(command))
    return Object.fromEntries(Messages.map(({ Body, Attributes }) => [Body, Attributes?.AWSTraceHeader]))
  }

  expect(await seen('AWSTraceHeader')).toEqual({ a: 'Root=a', b: 'Root=b', c: undefined })
  expect(await seen('All')).toEqual({ a: 'Root=a', b: 'Root=b', c: undefined })
  expect(await seen('SentTimestamp')).toEqual({ a: undefined, b: undefined, c: undefined })
})

it('tells fresh counts without anybody polling, and takes no message for it', async () => {
  const { queueUrl } = await local.createQueue({ visibilityTimeoutSeconds: 3, maxReceiveCount: 2 })
  await sendAll(local, queueUrl, ['a', 'b'])
  await local.clients.sqsClient.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'c', DelaySeconds: 3 }),
  )
  await receive(local, queueUrl, 1)
  expect(await counts(queueUrl)).toEqual([1, 1, 1])
  await eventually(async () => expect(await counts(queueUrl)).toEqual([3, 0, 0]))
  const received = await receive(local, queueUrl)
  expect(received.map(({ Attributes }) => Attributes?.ApproximateReceiveCount).toSorted()).toEqual([
    '1',
    '1',
    '2',
  ])
})

it('gives a message back at once that went to an abandoned long poll', async () => {
  const { queueUrl: QueueUrl } = await local.createQueue()
  const abort = new AbortController()
  const command = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })
  const abandoned = local.clients.sqsClient.send(command, { abortSignal: abort.signal })
  await eventually(() => local.meter.snapshot().sqs.byOperation['ReceiveMessage'] !== undefined)
  await sleep(50)
  abort.abort()
  await expect(abandoned).rejects.toThrow('aborted')
  await sleep(50)
  await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
  const next = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 })
  expect((await local.clients.sqsClient.send(next)).Messages).toHaveLength(1)
})

it('makes a queue with a dead-letter queue that keeps messages for 14 days', async () => {
  const queue = await local.createQueue({ visibilityTimeoutSeconds: 0, maxReceiveCount: 2, delaySeconds: 0 })
  expect(await attributes(queue.queueUrl)).toMatchObject({
    QueueArn: queue.queueArn,
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queue.deadLetterQueueArn, maxReceiveCount: 2 }),
  })
  expect(await attributes(queue.deadLetterQueueUrl)).toMatchObject({ MessageRetentionPeriod: '1209600' })
  await sendAll(local, queue.queueUrl, ['x'])
  expect(await receive(local, queue.queueUrl)).toHaveLength(1)
  expect(await receive(local, queue.queueUrl)).toHaveLength(1)
  expect(await receive(local, queue.queueUrl)).toHaveLength(0)
  expect(await receive(local, queue.deadLetterQueueUrl)).toHaveLength(1)
})
