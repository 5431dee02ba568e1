// An event source mapping does what the Lambda service does between a queue and a function.

import { SendMessageCommand } from '@aws-sdk/client-sqs'
import type { SQSRecord } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { EventSourceMappingOptions, LocalAws, LocalFunction } from '../../lib/local/index.ts'
import { eventually, functionOf, receive, sendAll } from './helpers.ts'

let local: LocalAws
beforeAll(async () => {
  local = await startLocalAws()
})
afterAll(() => local.stop())

/** A function that prints each body and fails those that say so. */
const SELECTIVE = `
  const failed = []
  for (const { body, messageId } of event.Records) {
    console.log(body)
    if (body.startsWith('fail')) failed.push({ itemIdentifier: messageId })
  }
  return { batchItemFailures: failed }`

/** A queue that forgets failures after a second, a function on it, and the mapping between them. */
/** Longer than a busy machine takes to start a function: what succeeds is deleted before it comes again. */
const LONG = 15

async function pipeline(
  body: string,
  options: Partial<EventSourceMappingOptions> = {},
  maxReceiveCount = 20,
  visibilityTimeoutSeconds = 1,
  timeoutSeconds = 1,
) {
  const queue = await local.createQueue({ visibilityTimeoutSeconds, maxReceiveCount })
  const fn = await functionOf(local, body, { timeoutSeconds })
  const map = () => local.mapEventSource({ queueUrl: queue.queueUrl, function: fn, ...options })
  return { queue, fn, map }
}

describe('events', () => {
  it('have the shape that AWS gives them', async () => {
    const { queue, fn, map } = await pipeline('console.log(JSON.stringify(event))')
    await local.clients.sqsClient.send(
      new SendMessageCommand({
        QueueUrl: queue.queueUrl,
        MessageBody: 'hello 😀',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'ä' },
          bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
        },
      }),
    )
    const mapping = await map()
    await eventually(() => fn.logs.length === 1)
    await mapping.stop()
    const event = JSON.parse(fn.logs[0] ?? '') as { Records: SQSRecord[] }
    expect(event).toEqual({
      Records: [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          body: 'hello 😀',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            text: { stringValue: 'ä', stringListValues: [], binaryListValues: [], dataType: 'String' },
            bytes: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: 'e32c825fab671c652d9e88fbd289aab8',
          eventSource: 'aws:sqs',
          eventSourceARN: queue.queueArn,
          awsRegion: 'us-east-1',
        },
      ],
    })
  })

  it('hold at most batchSize messages, and the whole batch when a window is open', async () => {
    const print = 'console.log(event.Records.length)'
    // Long enough for a machine that is busy: what comes twice would be counted twice.
    const small = await pipeline(print, { batchSize: 3 }, 20, 60, 30)
    const large = await pipeline(print, { batchSize: 25, batchingWindowSeconds: 20 }, 20, 60, 30)
    const bodies = Array.from({ length: 25 }, (_, n) => String(n))
    await Promise.all([small, large].map(({ queue }) => sendAll(local, queue.queueUrl, bodies)))
    const mappings = await Promise.all([small.map(), large.map()])
    await eventually(() => mappings.every(({ stats }) => stats.succeeded === 25))
    await Promise.all(mappings.map((mapping) => mapping.stop()))
    expect(Math.max(...small.fn.logs.map(Number))).toBe(3)
    expect(large.fn.logs).toEqual(['25'])
  })
})

describe.concurrent('failures', () => {
  it('deletes what succeeded and leaves what failed to its visibility timeout', async () => {
    const { queue, fn, map } = await pipeline(SELECTIVE, {}, 20, LONG)
    await sendAll(local, queue.queueUrl, ['a', 'fail', 'b'])
    const mapping = await map()
    await eventually(() => fn.logs.filter((line) => line === 'fail').length === 2)
    await mapping.stop()
    expect(fn.logs.toSorted()).toEqual(['a', 'b', 'fail', 'fail'])
    expect(mapping.stats).toMatchObject({ succeeded: 2, failed: 2 })
  })

  it('moves a poisonous message to the dead-letter queue after maxReceiveCount', async () => {
    const { queue, fn, map } = await pipeline(SELECTIVE, {}, 2, LONG)
    await sendAll(local, queue.queueUrl, ['fail', 'fine'])
    const mapping = await map()
    const dead = await eventually(async () => (await receive(local, queue.deadLetterQueueUrl))[0] ?? false)
    await mapping.stop()
    expect(dead.Body).toBe('fail')
    expect(fn.logs.toSorted()).toEqual(['fail', 'fail', 'fine'])
  })

  it.each([
    ['a thrown error', "throw new Error('no')"],
    ['a crash', 'process.exit(1)'],
    ['an identifier that is missing', 'return { batchItemFailures: [{}] }'],
    ['an identifier that is empty', "return { batchItemFailures: [{ itemIdentifier: '' }] }"],
    ['an identifier of nobody', "return { batchItemFailures: [{ itemIdentifier: 'x' }] }"],
    ['an answer that is no object', "return 'fine'"],
    ['failures that are no list', 'return { batchItemFailures: 1 }'],
  ])('takes %s for the failure of all', async (_, body) => {
    const { queue, map } = await pipeline(body)
    await sendAll(local, queue.queueUrl, ['a', 'b'])
    const mapping = await map()
    await eventually(() => mapping.stats.failed >= 2)
    await mapping.stop()
    expect(mapping.stats.succeeded).toBe(0)
    await eventually(async () => expect(await receive(local, queue.queueUrl)).toHaveLength(2))
  })

  it.each([
    ['nothing', ''],
    ['an empty list', 'return { batchItemFailures: [] }'],
    ['no list', 'return { batchItemFailures: null }'],
    ['an empty object', 'return {}'],
  ])('takes %s for the success of all', async (_, body) => {
    const { queue, map } = await pipeline(body, {}, 20, LONG)
    await sendAll(local, queue.queueUrl, ['a', 'b'])
    const mapping = await map()
    await eventually(() => mapping.stats.succeeded === 2)
    await mapping.stop()
    expect(mapping.stats.failed).toBe(0)
  })

  it('does not heed the failures when told not to', async () => {
    const { queue, map } = await pipeline(SELECTIVE, { reportBatchItemFailures: false })
    await sendAll(local, queue.queueUrl, ['fail'])
    const mapping = await map()
    await eventually(() => mapping.stats.succeeded === 1)
    await mapping.stop()
  })
})

describe('trouble', () => {
  it('comes back after SQS failed, and tells', async () => {
    const errors: Error[] = []
    const { queue, map } = await pipeline('', { onError: (error) => errors.push(error) })
    // Three attempts make one failure for the SDK; the rest is for the poller to survive.
    local.intercept(({ operation, count }) =>
      operation === 'ReceiveMessage' && count <= 3 ? 'reject' : 'forward',
    )
    await sendAll(local, queue.queueUrl, ['a'])
    const mapping = await map()
    await eventually(() => mapping.stats.succeeded === 1)
    local.intercept(undefined)
    await mapping.stop()
    expect(errors.map(({ message }) => message)).toEqual([`polling ${queue.queueUrl} failed`])
  })
})

describe('concurrency', () => {
  it('reaches the maximum and never more', async () => {
    const queue = await local.createQueue()
    const fn = await functionOf(local, 'await new Promise((resolve) => setTimeout(resolve, 150))')
    let running = 0
    let most = 0
    const counted: LocalFunction = Object.create(fn, {
      timeoutSeconds: { value: fn.timeoutSeconds },
      invoke: {
        value: async (event: unknown) => {
          most = Math.max(most, ++running)
          await fn.invoke(event).finally(() => running--)
        },
      },
    })
    await sendAll(
      local,
      queue.queueUrl,
      Array.from({ length: 12 }, (_, n) => String(n)),
    )
    const options = { queueUrl: queue.queueUrl, function: counted, batchSize: 1, maximumConcurrency: 3 }
    const mapping = await local.mapEventSource(options)
    await eventually(() => mapping.stats.succeeded === 12)
    await mapping.stop()
    expect(most).toBe(3)
    expect(fn.stats).toMatchObject({ invocations: 12, coldStarts: 3 })
  })

  it('waits for a function that is throttled', async () => {
    const queue = await local.createQueue()
    const fn = await functionOf(local, 'await new Promise((resolve) => setTimeout(resolve, 50))', {
      maxConcurrency: 1,
    })
    await sendAll(local, queue.queueUrl, ['a', 'b', 'c'])
    const mapping = await local.mapEventSource({ queueUrl: queue.queueUrl, function: fn, batchSize: 1 })
    await eventually(() => mapping.stats.succeeded === 3)
    await mapping.stop()
    expect(fn.stats.throttles).toBeGreaterThan(0)
    expect(mapping.stats.failed).toBe(0)
  })
})

describe('life cycle', () => {
  it('finishes what is in flight when it stops, and does not take more', async () => {
    const { queue, fn, map } = await pipeline(
      "console.log('begun'); await new Promise((resolve) => setTimeout(resolve, 400))",
      { batchSize: 1, maximumConcurrency: 2 },
    )
    await sendAll(local, queue.queueUrl, ['a'])
    const mapping = await map()
    await eventually(() => fn.logs.length === 1)
    const stopping = mapping.stop()
    await sendAll(local, queue.queueUrl, ['b'])
    await stopping
    expect(mapping.stats).toMatchObject({ succeeded: 1, failed: 0 })
    expect(fn.stats.invocations).toBe(1)
    const [left] = await receive(local, queue.queueUrl)
    expect(left?.Body).toBe('b')
  })

  it('stops at once when idle, and asks little while idle', async () => {
    const { map } = await pipeline('')
    local.meter.reset()
    const mapping = await map()
    await eventually(() => mapping.stats.polls === 1)
    const started = performance.now()
    await Promise.all([mapping.stop(), mapping.stop()])
    // The poll's own end is at 20 s.
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(mapping.stats.polls).toBe(1)
  })

  it('is killed with its invocations when the local AWS stops without draining', async () => {
    await using other = await startLocalAws()
    const queue = await other.createQueue({ visibilityTimeoutSeconds: 900 })
    // Longer than this test may take: that stopping comes back at all says that it is killed.
    const fn = await functionOf(
      other,
      "console.log('begun'); await new Promise((r) => setTimeout(r, 600_000))",
      { timeoutSeconds: 900 },
    )
    await sendAll(other, queue.queueUrl, ['a'])
    await other.mapEventSource({ queueUrl: queue.queueUrl, function: fn })
    await eventually(() => fn.logs.length === 1)
    await other.stop({ drain: false })
    expect(fn.stats.errors).toBe(1)
  })

  it.each([
    [
      { batchSize: 11 },
      'batchSize must be a whole number from 1 to 10 without a batchingWindowSeconds; got 11',
    ],
    [{ batchSize: 10_001, batchingWindowSeconds: 1 }, 'from 1 to 10000; got 10001'],
    [
      { batchingWindowSeconds: 301 },
      'batchingWindowSeconds must be a whole number from 0 to 300 seconds; got 301',
    ],
    [{ maximumConcurrency: 1 }, 'maximumConcurrency must be a whole number from 2 to 1000; got 1'],
  ])('refuses %j', async (options, message) => {
    const { map } = await pipeline('', options)
    await expect(map()).rejects.toThrow(message)
  })

  it('refuses a queue whose visibility timeout is shorter than the function may take', async () => {
    const { queueUrl } = await local.createQueue({ visibilityTimeoutSeconds: 5 })
    const fn = await functionOf(local, '', { timeoutSeconds: 6 })
    const message = 'Queue visibility timeout: 5 seconds is less than Function timeout: 6 seconds'
    await expect(local.mapEventSource({ queueUrl, function: fn })).rejects.toThrow(message)
  })
})
