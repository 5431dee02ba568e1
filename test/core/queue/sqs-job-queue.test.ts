/** What the queue does when SQS takes a batch in part or not at all; `sqs-job-queue.emulated.test.ts` has the rest. */
import {
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
  type SendMessageBatchCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { mockClient } from 'aws-sdk-client-mock'
import { afterEach, describe, expect, it } from 'vitest'
import { parseJob } from '../../../lib/core/queue/job.ts'
import { Pools } from '../../../lib/core/queue/pools.ts'
import { SqsJobQueue } from '../../../lib/core/queue/sqs-job-queue.ts'

const client = new SQSClient({ region: 'us-east-1' })
const sqs = mockClient(client)
const queue = new SqsJobQueue({ client, pools: new Pools('https://sqs.local/1/jobs') })
const jobs = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ runId: 'r', blueprintId: 'b', nodeId: `n${at}`, iteration: 1 }))

/** What SQS was asked to send, request by request. */
const requests = () =>
  sqs
    .commandCalls(SendMessageBatchCommand)
    .map(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody }) => parseJob(MessageBody ?? '').nodeId),
    )

const entriesSent = () =>
  sqs.commandCalls(SendMessageBatchCommand).flatMap(({ args: [{ input }] }) => input.Entries ?? [])

type Entries = NonNullable<SendMessageBatchCommandInput['Entries']>
function answer(
  entries: Entries,
  refuses: (entry: Entries[number]) => boolean,
): SendMessageBatchCommandOutput {
  const failed = entries.filter(refuses)
  return {
    $metadata: {},
    Successful: entries
      .filter((entry) => !failed.includes(entry))
      .map(({ Id }) => ({ Id, MessageId: `m${Id}`, MD5OfMessageBody: 'x' })),
    Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', Message: 'try again', SenderFault: false })),
  }
}
const onSend = (respond: (entries: Entries) => SendMessageBatchCommandOutput) =>
  sqs
    .on(SendMessageBatchCommand)
    .callsFake((input: SendMessageBatchCommandInput) => respond(input.Entries ?? []))

afterEach(() => sqs.reset())

describe('SqsJobQueue', () => {
  it('sends the trace header with each job, where there is one, also with those that it sends again', async () => {
    const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
    const pools = new Pools('https://sqs.local/1/jobs')
    let tries = 0
    onSend((entries) => answer(entries, ({ Id }) => Id === '1' && ++tries === 1))

    await new SqsJobQueue({ client, pools, traceHeader: () => header }).send(jobs(2))
    expect(entriesSent().map(({ MessageSystemAttributes }) => MessageSystemAttributes)).toEqual(
      Array.from({ length: 3 }, () => ({ AWSTraceHeader: { DataType: 'String', StringValue: header } })),
    )

    sqs.resetHistory()
    await new SqsJobQueue({ client, pools, traceHeader: () => undefined }).send(jobs(2))
    await queue.send(jobs(2))
    expect(entriesSent()).toHaveLength(4)
    for (const entry of entriesSent()) expect(entry).not.toHaveProperty('MessageSystemAttributes')
  })

  it('sends 25 jobs in 3 requests, each job once', async () => {
    onSend((entries) => answer(entries, () => false))

    await queue.send(jobs(25))

    expect(requests().map(({ length }) => length)).toEqual([10, 10, 5])
    expect(requests().flat().toSorted()).toEqual(
      jobs(25)
        .map(({ nodeId }) => nodeId)
        .toSorted(),
    )
    const [first] = sqs.commandCalls(SendMessageBatchCommand)
    expect(first?.args[0].input.QueueUrl).toBe('https://sqs.local/1/jobs')
  })

  it('asks nothing where there is nothing to send', async () => {
    await queue.send([])

    expect(requests()).toEqual([])
  })

  it('sends those again that a batch leaves out, and only those', async () => {
    let refusals = 0
    onSend((entries) =>
      answer(entries, ({ MessageBody }) => {
        const { nodeId } = parseJob(MessageBody ?? '')
        return (nodeId === 'n3' || nodeId === 'n7') && refusals++ < 3
      }),
    )

    await queue.send(jobs(10))

    expect(requests()).toEqual([jobs(10).map(({ nodeId }) => nodeId), ['n3', 'n7'], ['n3']])
  })

  it('fails where SQS refuses a job for good, and says how many and why', async () => {
    onSend((entries) => answer(entries, ({ MessageBody }) => Boolean(MessageBody?.includes('"n4"'))))

    await expect(queue.send(jobs(10))).rejects.toThrow('it refused 1 of 10 jobs: InternalError: try again')
    expect(requests()).toHaveLength(3)
  })

  it('fails where a request fails, whatever became of the others', async () => {
    let count = 0
    onSend((entries) => {
      if (count++ === 1) throw new Error('throttled')
      return answer(entries, () => false)
    })

    await expect(queue.send(jobs(25))).rejects.toThrow('throttled')
  })

  it('has at most 5 requests under way', async () => {
    let [now, most] = [0, 0]
    sqs.on(SendMessageBatchCommand).callsFake(async (input: SendMessageBatchCommandInput) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 1))
      now--
      return answer(input.Entries ?? [], () => false)
    })

    await queue.send(jobs(120))

    expect(requests()).toHaveLength(12)
    expect(most).toBe(5)
  })
})
