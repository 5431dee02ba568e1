/** Jobs and dead letters on a real queue. */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { FlowcraftAwsError } from '../../../lib/core/common/errors.ts'
import { isPoison, rejectMessage } from '../../../lib/core/queue/dead-letter-queue.ts'
import { parseJob } from '../../../lib/core/queue/job.ts'
import { Pools } from '../../../lib/core/queue/pools.ts'
import { SqsJobQueue } from '../../../lib/core/queue/sqs-job-queue.ts'
import { type LocalAws, type LocalQueue, startLocalAws } from '../../../lib/local/index.ts'

let aws: LocalAws
let local: LocalQueue

beforeAll(async () => {
  aws = await startLocalAws()
})
afterEach(() => aws.intercept(undefined))
afterAll(() => aws.stop())

const receiveAll = async (QueueUrl: string) => {
  const messages = []
  for (;;) {
    const { Messages = [] } = await aws.clients.sqsClient.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    )
    if (Messages.length === 0) return messages
    messages.push(...Messages)
  }
}
const silent = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }

describe('SqsJobQueue', () => {
  it('carries 25 jobs in 3 requests, emoji and all', async () => {
    local = await aws.createQueue()
    const queue = new SqsJobQueue({ client: aws.clients.sqsClient, pools: new Pools(local.queueUrl) })
    const jobs = Array.from({ length: 25 }, (_, at) => ({
      runId: 'run/1',
      blueprintId: 'größe 📦',
      nodeId: `node "${at}" \u{10ffff}`,
      iteration: 1,
    }))
    aws.meter.reset()

    await queue.send(jobs)

    expect(aws.meter.snapshot().sqs).toMatchObject({ requests: 3, byOperation: { SendMessageBatch: 3 } })
    const received = (await receiveAll(local.queueUrl)).map(({ Body }) => parseJob(Body ?? ''))
    expect(received).toHaveLength(25)
    expect(received).toEqual(expect.arrayContaining(jobs))
  })

  it('sends once more where an answer was lost', async () => {
    local = await aws.createQueue()
    const queue = new SqsJobQueue({ client: aws.clients.sqsClient, pools: new Pools(local.queueUrl) })
    aws.intercept(({ operation, count }) =>
      operation === 'SendMessageBatch' && count === 1 ? 'lose' : 'forward',
    )

    await queue.send([{ runId: 'r', blueprintId: 'b', nodeId: 'n', iteration: 1 }])

    expect(await receiveAll(local.queueUrl)).toHaveLength(2)
  })
})

describe('a message that is rejected', () => {
  const error = new FlowcraftAwsError('INVALID_JOB', 'not a job: größe')

  it('lies in the dead-letter queue as it was, with the reason beside it', async () => {
    local = await aws.createQueue()
    const body = '{"hello":"📦"}'

    const gone = await rejectMessage(
      { sqsClient: aws.clients.sqsClient, deadLetterQueueUrl: local.deadLetterQueueUrl, logger: silent },
      body,
      error,
    )

    expect(gone).toBe(true)
    const [message, ...more] = await receiveAll(local.deadLetterQueueUrl)
    expect(more).toEqual([])
    expect(message?.Body).toBe(body)
    expect(message?.MessageAttributes?.['flowcraft-reason']?.StringValue).toBe('not a job: größe')
    expect(silent.error).toHaveBeenCalledWith('rejected a message', { reason: 'not a job: größe', body })
  })

  it('has a reason of 1,000 characters at most', async () => {
    local = await aws.createQueue()

    await rejectMessage(
      { sqsClient: aws.clients.sqsClient, deadLetterQueueUrl: local.deadLetterQueueUrl, logger: silent },
      'x',
      new Error('y'.repeat(5_000)),
    )

    const [message] = await receiveAll(local.deadLetterQueueUrl)
    expect(message?.MessageAttributes?.['flowcraft-reason']?.StringValue).toHaveLength(1_000)
  })

  it('stays where it is without such a queue', async () => {
    const options = { sqsClient: aws.clients.sqsClient, deadLetterQueueUrl: undefined, logger: silent }

    expect(await rejectMessage(options, 'x', error)).toBe(false)
  })

  it('stays where it is while the dead-letter queue cannot be reached', async () => {
    local = await aws.createQueue()
    aws.intercept(({ service }) => (service === 'sqs' ? 'reject' : 'forward'))

    const rejected = rejectMessage(
      { sqsClient: aws.clients.sqsClient, deadLetterQueueUrl: local.deadLetterQueueUrl, logger: silent },
      'x',
      error,
    )

    await expect(rejected).rejects.toThrow()
  })

  it('is one that can never be worked on, and no other', () => {
    expect(isPoison(error)).toBe(true)
    expect(isPoison(new FlowcraftAwsError('UNKNOWN_BLUEPRINT', 'x'))).toBe(true)
    expect(isPoison(new FlowcraftAwsError('VALUE_LOST', 'x'))).toBe(false)
    expect(isPoison(new Error('INVALID_JOB'))).toBe(false)
    expect(isPoison(undefined)).toBe(false)
  })
})
