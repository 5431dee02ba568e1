/** One trace from the start of a run to its end, over real queues and tables; and nothing of it where it is off. */
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { Context, SQSEvent } from 'aws-lambda'
import { createFlow, SleepNode, SubflowNode } from 'flowcraft'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  formatTraceHeader,
  parseTraceHeader,
  type TraceContext,
} from '../../lib/core/common/trace-context.ts'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import { keys } from '../../lib/core/store/schema.ts'
import {
  createStartRunHandler,
  createWorkerHandler,
  currentTraceHeader,
  SqsAdapter,
} from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import { newSegmentId, newTraceId, xrayDaemon } from '../support/xray.ts'
import { quiet } from './driver.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})
afterEach(() => vi.unstubAllEnvs())

const seen: (string | undefined)[] = []
const see = async () => {
  seen.push(currentTraceHeader())
  return {}
}
const child = createFlow('child').node('one', see).node('two', see).node('three', see)
child.edge('one', 'two').edge('one', 'three')
/** Its jobs are sent by a start, a fork, a join, a timer, a child run's start, and its end. */
const parent = createFlow('parent')
  .node('first', see)
  .node('left', see)
  .node('right', see)
  .node('join', see)
  .node('nap', SleepNode, { params: { duration: 50 } })
  .node('call', SubflowNode, { params: { blueprintId: 'child' } })
  .node('last', see)
  .edge('first', 'left')
  .edge('first', 'right')
  .edge('left', 'join')
  .edge('right', 'join')
  .edge('join', 'nap')
  .edge('nap', 'call')
  .edge('call', 'last')
const flows = [parent, child]

interface Traffic {
  /** Of each job that was sent. */
  readonly attributes: Record<string, unknown>[]
  /** What was asked for with messages. */
  readonly asked: Set<string>
}

function watchTraffic(): Traffic {
  const traffic: Traffic = { attributes: [], asked: new Set() }
  aws.intercept(({ operation, body }) => {
    const { Entries = [], MessageSystemAttributeNames = [] } = body as {
      Entries?: { MessageSystemAttributes?: Record<string, unknown> }[]
      MessageSystemAttributeNames?: string[]
    }
    if (operation === 'SendMessageBatch') {
      traffic.attributes.push(...Entries.map(({ MessageSystemAttributes = {} }) => MessageSystemAttributes))
    }
    for (const name of MessageSystemAttributeNames) traffic.asked.add(name)
    return 'forward'
  })
  return traffic
}

/** A worker that polls, until the test is over. */
function worker(tracing: boolean | undefined): void {
  const isolation = new Isolation(Date.now)
  const adapter = new SqsAdapter({ ...awsOptions(deployment), flows, tracing, logger: quiet, isolation })
  adapter.start()
  onTestFinished(() => adapter.stop({ within: 0 }))
}

/** Starts a run as the StartRun function does, in an invocation with this trace. */
async function startIn(context: TraceContext, tracing: boolean | undefined): Promise<string> {
  vi.stubEnv('_X_AMZN_TRACE_ID', formatTraceHeader(context))
  const startRun = createStartRunHandler({ ...awsOptions(deployment), flows, tracing })
  const { runId } = await startRun({ blueprintId: 'parent' })
  vi.stubEnv('_X_AMZN_TRACE_ID', undefined)
  return runId
}

async function headerItem(runId: string) {
  const { pk, sk } = keys.run(runId)
  const Key = { pk: { S: pk }, sk: { S: sk } }
  const { Item } = await aws.clients.dynamoDbClient.send(
    new GetItemCommand({ TableName: deployment.tableName, Key, ConsistentRead: true }),
  )
  return Item ?? {}
}

const start: TraceContext = { traceId: newTraceId(), parentId: newSegmentId(), isSampled: true }

describe('a service with tracing', () => {
  it('shows a run in one trace: its start, each message, joins, timers and child runs', async () => {
    const daemon = await xrayDaemon()
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', daemon.address)
    const traffic = watchTraffic()
    seen.length = 0
    worker(true)

    const runId = await startIn(start, true)
    const run = await clientOf(deployment).waitFor(runId, { timeoutMs: 60_000, pollMs: 50 })

    expect(run.status).toBe('completed')
    const sent = traffic.attributes.map(({ AWSTraceHeader }) =>
      parseTraceHeader((AWSTraceHeader as { StringValue: string }).StringValue),
    )
    // first; left, right; nap's timer; the child's one; its two, three; its end.
    expect(sent.length).toBeGreaterThanOrEqual(8)
    for (const context of sent) expect(context).toMatchObject({ traceId: start.traceId, isSampled: true })
    expect(sent[0]).toEqual(start)
    expect(seen.length).toBeGreaterThanOrEqual(8)
    for (const header of seen) expect(header).toContain(`Root=${start.traceId};`)
    expect(traffic.asked).toContain('AWSTraceHeader')

    // Each job that was sent is a message after the one that sent it; the last ones may come after the run's end.
    const senders = expect.arrayContaining(parentsOf(sent))
    const followed = () => {
      expect(idsOf(daemon.segments)).toEqual(senders)
      expect(daemon.segments.map(({ parent_id }) => parent_id)).toEqual(senders)
    }
    await vi.waitFor(followed, { timeout: 60_000 })
    for (const { trace_id } of daemon.segments) expect(trace_id).toBe(start.traceId)
    const known = new Set([start.parentId, ...idsOf(daemon.segments)])
    expect(daemon.segments.filter(({ parent_id }) => !known.has(parent_id))).toEqual([])
    expect(new Set(daemon.segments.map(({ name }) => name))).toEqual(new Set(['parent', 'child']))
    const { tr } = await headerItem(`${runId}/${childKey}`)
    expect(tr?.S).toMatch(new RegExp(`^${start.traceId}:[0-9a-f]{16}$`))
  })

  it('goes on in the function of a worker in the trace of each message, not of the invocation', async () => {
    const daemon = await xrayDaemon()
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', daemon.address)
    const runId = await startIn(start, true)
    const traffic = watchTraffic()
    const handler = createWorkerHandler({ ...awsOptions(deployment), flows, tracing: true, logger: quiet })
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${newTraceId()};Parent=${newSegmentId()};Sampled=1`)

    const event = await nextEvent()
    expect(event.Records.map(({ attributes }) => attributes.AWSTraceHeader)).toEqual([
      formatTraceHeader(start),
    ])
    expect(await handler(event, CONTEXT)).toEqual({ batchItemFailures: [] })

    await daemon.arrived()
    expect(daemon.segments).toMatchObject([
      {
        trace_id: start.traceId,
        parent_id: start.parentId,
        annotations: { run_id: runId, node_id: 'first' },
      },
    ])
    const StringValue = formatTraceHeader({ ...start, parentId: daemon.segments[0]?.id })
    const AWSTraceHeader = { DataType: 'String', StringValue }
    expect(traffic.attributes).toEqual([{ AWSTraceHeader }, { AWSTraceHeader }])

    // What follows comes after that message, not after the start that the run keeps.
    await handler(await nextEvent(), CONTEXT)
    await daemon.arrived()
    const first = daemon.segments[0]?.id
    expect(daemon.segments.slice(1)).toHaveLength(2)
    for (const segment of daemon.segments.slice(1)) expect(segment).toMatchObject({ parent_id: first })
  })
})

describe('a service without tracing', () => {
  it('sends, stores and asks for nothing of it, though Lambda traces', async () => {
    const daemon = await xrayDaemon()
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', daemon.address)
    const traffic = watchTraffic()
    worker(undefined)

    const runId = await startIn(start, undefined)
    const run = await clientOf(deployment).waitFor(runId, { timeoutMs: 60_000, pollMs: 50 })

    expect(run.status).toBe('completed')
    // How many there are depends on which branch goes on with the join.
    expect(traffic.attributes.length).toBeGreaterThan(1)
    expect(traffic.attributes.filter((attributes) => Object.keys(attributes).length > 0)).toEqual([])
    expect([...traffic.asked].toSorted()).toEqual(['ApproximateReceiveCount', 'SentTimestamp'])
    expect(await headerItem(runId)).not.toHaveProperty('tr')
    await daemon.arrived()
    expect(daemon.segments).toEqual([])
  })
})

/** Of the node `call`, the sixth, in its first round. */
const childKey = '5.1'

const idsOf = (segments: readonly { readonly id: string }[]) => segments.map(({ id }) => id)
const parentsOf = (sent: readonly (TraceContext | undefined)[]) =>
  sent.map((context) => context?.parentId).filter((id) => id !== start.parentId)

const CONTEXT = { getRemainingTimeInMillis: () => 30_000 } as Context

/** As the event source mapping makes it. */
async function nextEvent(): Promise<SQSEvent> {
  const { Messages = [] } = await aws.clients.sqsClient.send(
    new ReceiveMessageCommand({
      QueueUrl: deployment.queueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    }),
  )
  return {
    Records: Messages.map((message) => ({
      messageId: message.MessageId ?? '',
      receiptHandle: message.ReceiptHandle ?? '',
      body: message.Body ?? '',
      attributes: message.Attributes as unknown as SQSEvent['Records'][number]['attributes'],
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:jobs',
      awsRegion: 'us-east-1',
    })),
  }
}
