/** The Lambda handlers as Lambda calls them: events in, partial batch responses out. */
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createFlow } from 'flowcraft'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createWorkerHandler, SqsAdapter, type WorkerHandlerOptions } from '../../lib/index.ts'
import type { InterceptedRequest, LocalAws } from '../../lib/local/index.ts'
import { depth, Gate, giveBack, put, quiet, receive, remove } from '../end-to-end/driver.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

const order = createFlow('order')
  .node('take', async ({ context }) => ({ output: await context.get('orderId' as never) }))
  .node('pack', async ({ input }) => ({ output: `packed ${String(input)}` }))
  .edge('take', 'pack')
const all = { status: 'completed', nodes: { completed: ['take', 'pack'] } }

type Handler = ReturnType<typeof createWorkerHandler>
const handlerOf = (options: WorkerHandlerOptions = {}): Handler =>
  createWorkerHandler({
    ...awsOptions(deployment),
    flows: [order],
    logger: quiet,
    deployGraceMs: 0,
    ...options,
  })

/** What the event source mapping makes of up to ten messages of the queue. */
async function nextEvent(): Promise<SQSEvent> {
  const {
    aws: { region, accountId },
  } = deployment
  const messages = await receive(deployment)
  return {
    Records: messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', MD5OfBody = '' }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: `${Date.now()}`,
        SenderId: accountId,
        ApproximateFirstReceiveTimestamp: `${Date.now()}`,
      },
      messageAttributes: {},
      md5OfBody: MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:${region}:${accountId}:jobs`,
      awsRegion: region,
    })),
  }
}

function contextWith(remainingMs: number): Context {
  const end = Date.now() + remainingMs
  return {
    awsRequestId: crypto.randomUUID(),
    functionName: 'worker',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:worker',
    memoryLimitInMB: '256',
    logGroupName: '/aws/lambda/worker',
    logStreamName: 'stream',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => end - Date.now(),
    done() {},
    fail() {},
    succeed() {},
  }
}

/** One invocation, and what the mapping does with the answer: delete all but the failures. */
async function invoke(handler: Handler, { remainingMs = 30_000 } = {}) {
  const event = await nextEvent()
  const response = await handler(event, contextWith(remainingMs))
  const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  for (const { messageId, receiptHandle } of event.Records) {
    if (!failed.has(messageId)) await remove(deployment, { ReceiptHandle: receiptHandle })
  }
  return {
    event,
    response,
    bodies: event.Records.filter(({ messageId }) => failed.has(messageId)).map(({ body }) => body),
  }
}

async function deadLetters(): Promise<{ body: string | undefined; reason: string | undefined }[]> {
  const { Messages = [] } = await aws.clients.sqsClient.send(
    new ReceiveMessageCommand({
      QueueUrl: deployment.deadLetterQueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    }),
  )
  return Messages.map(({ Body, MessageAttributes }) => ({
    body: Body,
    reason: MessageAttributes?.['flowcraft-reason']?.StringValue,
  }))
}

const none: SQSBatchResponse = { batchItemFailures: [] }

/** Where the table has leases. */
async function leases(): Promise<string[]> {
  const request = new ScanCommand({ TableName: deployment.tableName, ConsistentRead: true })
  const { Items = [] } = await aws.clients.dynamoDbClient.send(request)
  return Items.filter(({ sk }) => sk?.S?.startsWith('LEASE')).map(({ pk }) => pk?.S ?? '')
}

describe('workers that lease redeliveries only', () => {
  it('lease no first delivery, as a function', async () => {
    await clientOf(deployment, { flows: [order] }).start({ blueprintId: 'order', runId: 'r1', input: {} })
    expect((await invoke(handlerOf({ leases: 'redeliveries' }))).response).toEqual(none)
    expect(await clientOf(deployment, { flows: [order] }).get('r1')).toMatchObject(all)
    expect(await leases()).toEqual([])
  })

  it('nor as a long-lived worker, which leases what comes again', async () => {
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'again', input: {} })
    // Somebody was given it, and has died.
    const [message] = await receive(deployment)
    if (!message) throw new Error('there is no message')
    await giveBack(deployment, message)
    await client.start({ blueprintId: 'order', runId: 'first', input: {} })
    const options = {
      ...awsOptions(deployment),
      flows: [order],
      logger: quiet,
      leases: 'redeliveries',
    } as const
    const adapter = new SqsAdapter(options)
    adapter.start()
    onTestFinished(() => adapter.stop())

    for (const runId of ['again', 'first']) expect(await client.waitFor(runId)).toMatchObject(all)
    expect(await leases()).toEqual(['R#again|0.1'])
  })
})

describe('the worker', () => {
  it('works on all messages of a batch', async () => {
    const client = clientOf(deployment, { flows: [order] })
    for (const runId of ['r1', 'r2', 'r3']) {
      await client.start({ blueprintId: 'order', runId, input: { orderId: runId } })
    }

    const { response, event } = await invoke(handlerOf())

    expect(event.Records).toHaveLength(3)
    expect(response).toEqual(none)
    for (const runId of ['r1', 'r2', 'r3']) {
      expect(await client.get(runId)).toMatchObject({ ...all, context: { pack: `packed ${runId}` } })
    }
  })

  it('goes on inline only while time remains', async () => {
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'r1' })

    const { response } = await invoke(handlerOf(), { remainingMs: 4_000 })

    expect(response).toEqual(none)
    expect(await client.get('r1')).toMatchObject({ status: 'running', nodes: { active: ['pack'] } })
    await invoke(handlerOf())
    expect(await client.get('r1')).toMatchObject(all)
  })

  it('sends what is no job to the dead-letter queue at once, with the reason, and works on the rest', async () => {
    const client = clientOf(deployment, { flows: [order] })
    await put(deployment, 'hello')
    await client.start({ blueprintId: 'order', runId: 'r1' })
    await put(deployment, { runId: 'a b', blueprintId: 'order' })

    const { response, event } = await invoke(handlerOf())

    expect(event.Records).toHaveLength(3)
    expect(response).toEqual(none)
    expect(await client.get('r1')).toMatchObject(all)
    expect(await deadLetters()).toEqual(
      expect.arrayContaining([
        { body: 'hello', reason: "not a job: the message is not JSON: 'hello'" },
        {
          body: '{"runId":"a b","blueprintId":"order"}',
          reason: expect.stringContaining("got 'a b'") as string,
        },
      ]),
    )
  })

  const poison: [what: string, job: unknown, reason: string][] = [
    [
      'of an unknown blueprint',
      { runId: 'r1', blueprintId: 'nope', nodeId: 'a' },
      "no blueprint 'nope' here; registered: 'order'",
    ],
    [
      'of an unknown node',
      { runId: 'r1', blueprintId: 'order', nodeId: 'nope' },
      "blueprint 'order' has no node 'nope'",
    ],
    [
      'that would begin a run nobody accepted',
      { runId: 'r1', blueprintId: 'order' },
      "there is no run 'r1' to begin",
    ],
  ]
  for (const [what, job, reason] of poison) {
    it(`sends a job ${what} to the dead-letter queue, and begins no run`, async () => {
      await put(deployment, job)

      const { response } = await invoke(handlerOf())

      expect(response).toEqual(none)
      expect(await deadLetters()).toEqual([{ body: JSON.stringify(job), reason }])
      await expect(clientOf(deployment).get('r1')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    })
  }

  it('leaves it to a newer worker while the message is young: it comes back', async () => {
    const job = { runId: 'r1', blueprintId: 'newest', nodeId: 'a' }
    await put(deployment, job)

    const { response, event } = await invoke(handlerOf({ deployGraceMs: 60_000 }))

    expect(response.batchItemFailures).toEqual([{ itemIdentifier: event.Records[0]?.messageId }])
    expect(await deadLetters()).toEqual([])
    await expect(clientOf(deployment).get('r1')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  it('sends a job that names another blueprint than its run, or a node it has not, there too', async () => {
    const other = createFlow('other').node('take', async () => ({}))
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'r1' })
    await put(deployment, { runId: 'r1', blueprintId: 'other', nodeId: 'take', iteration: 1 })
    await put(deployment, { runId: 'r1', blueprintId: 'order', nodeId: 'nope', iteration: 1 })

    const { response } = await invoke(handlerOf({ flows: [order, other] }), { remainingMs: 4_000 })

    expect(response).toEqual(none)
    expect((await deadLetters()).map(({ reason }) => reason).toSorted()).toEqual([
      "blueprint 'order' has no node 'nope'",
      "run 'r1' is of 'order', but its job says 'other'",
    ])
  })

  it('drops a job of a run that is gone', async () => {
    const warn = vi.fn()
    await put(deployment, { runId: 'gone', blueprintId: 'order', nodeId: 'take', iteration: 1 })

    const { response } = await invoke(handlerOf({ logger: { ...quiet, warn } }))

    expect(response).toEqual(none)
    expect(await deadLetters()).toEqual([])
    expect(warn).toHaveBeenCalledWith(
      'dropped a job of a run that is not there',
      expect.objectContaining({ runId: 'gone' }),
    )
  })

  it('leaves what is no job where it is, without a dead-letter queue, and while that cannot be reached', async () => {
    await put(deployment, 'hello')
    const without = await invoke(
      createWorkerHandler({
        ...awsOptions(deployment),
        deadLetterQueueUrl: undefined,
        flows: [order],
        logger: quiet,
      }),
    )
    expect(without.bodies).toEqual(['hello'])

    await put(deployment, 'hello again')
    aws.intercept(({ operation }) => (operation === 'SendMessage' ? 'reject' : 'forward'))
    const unreachable = await invoke(handlerOf())
    expect(unreachable.bodies).toEqual(['hello again'])
    expect(await deadLetters()).toEqual([])
  })

  it('fails a run that was accepted for a blueprint it does not have, with the reason', async () => {
    const client = clientOf(deployment)
    await client.start({ blueprintId: 'nope', runId: 'r1', input: { a: 1 } })

    const { response } = await invoke(handlerOf())

    expect(response).toEqual(none)
    expect(await client.waitFor('r1')).toMatchObject({
      status: 'failed',
      reason: "no blueprint 'nope' here; registered: 'order'",
      context: { a: 1 },
    })
    expect(await deadLetters()).toEqual([])
  })

  it('fails one item, and no other, while the table cannot be reached for it; it comes back in 3 to 5 s', async () => {
    const client = clientOf(deployment, { flows: [order] })
    for (const runId of ['r1', 'r2']) await client.start({ blueprintId: 'order', runId })
    const seen: InterceptedRequest[] = []
    aws.intercept((request) => {
      seen.push(request)
      const ofRun = JSON.stringify(request.body).includes('R#r1')
      return request.service === 'dynamodb' && ofRun ? 'reject' : 'forward'
    })
    const error = vi.fn()

    const { bodies } = await invoke(handlerOf({ logger: { ...quiet, error } }))

    aws.intercept(undefined)
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({ runId: 'r1' }),
    ])
    const changes = seen.filter(({ operation }) => operation === 'ChangeMessageVisibility')
    // With jitter, by `retrySeconds`.
    const times = changes.map(({ body }) => (body as { VisibilityTimeout?: number }).VisibilityTimeout)
    expect([[3], [4], [5]]).toContainEqual(times)
    expect(error).toHaveBeenCalledWith(
      'a job failed and comes back',
      expect.objectContaining({ reason: expect.stringContaining('rejected by the test') as string }),
    )
    expect(await client.get('r2')).toMatchObject(all)
    expect(await client.get('r1')).toMatchObject({ status: 'running', nodes: { active: ['take'] } })
  })

  it('fails all items, and throws nothing, while nothing can be reached', async () => {
    const client = clientOf(deployment, { flows: [order] })
    for (const runId of ['r1', 'r2']) await client.start({ blueprintId: 'order', runId })
    const event = await nextEvent()
    aws.intercept(() => 'reject')

    const response = await handlerOf()(event, contextWith(30_000))

    expect(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).toSorted()).toEqual(
      event.Records.map(({ messageId }) => messageId).toSorted(),
    )
  })

  it('fails an item whose followers could not be sent; its redelivery sends them', async () => {
    const fan = createFlow('fan').node('a', async () => ({}))
    for (const id of ['b', 'c']) fan.node(id, async () => ({})).edge('a', id)
    const client = clientOf(deployment, { flows: [fan] })
    await client.start({ blueprintId: 'fan', runId: 'r1' })
    aws.intercept(({ operation }) => (operation === 'SendMessageBatch' ? 'reject' : 'forward'))
    const event = await nextEvent()
    const handler = handlerOf({ flows: [fan] })

    const first = await handler(event, contextWith(30_000))
    aws.intercept(undefined)
    expect(first.batchItemFailures).toHaveLength(1)
    expect(await client.get('r1')).toMatchObject({ nodes: { completed: ['a'], active: ['b', 'c'] } })
    const second = await handler(event, contextWith(30_000))

    expect(second).toEqual(none)
    expect(await depth(deployment, deployment.queueUrl)).toMatchObject({ visible: 2 })
  })

  it('gives its lease back where a commit failed, so that the redelivery need not wait', async () => {
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'r1' })
    aws.intercept(({ operation, body }) => {
      const ofHeader = JSON.stringify(body).includes('"sk":{"S":"RUN"}')
      return operation === 'UpdateItem' && ofHeader ? 'reject' : 'forward'
    })
    const event = await nextEvent()
    const handler = handlerOf()

    const first = await handler(event, contextWith(30_000))
    aws.intercept(undefined)
    expect(first.batchItemFailures).toHaveLength(1)

    expect(await handler(event, contextWith(30_000))).toEqual(none)
    expect(await client.get('r1')).toMatchObject(all)
  })

  it('leaves a message at which another worker is, until the lease of that one is over', async () => {
    // What is left of the lease does not depend on how long the machine takes.
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const [entered, gate] = [new Gate(), new Gate()]
    const slow = createFlow('slow').node('a', async () => {
      entered.open()
      await gate.passed
      return {}
    })
    const handler = handlerOf({ flows: [slow] })
    await clientOf(deployment, { flows: [slow] }).start({ blueprintId: 'slow', runId: 'r1' })
    const event = await nextEvent()
    const first = handler(event, contextWith(20_000))
    const seen: InterceptedRequest[] = []
    await entered.passed
    aws.intercept((request) => {
      seen.push(request)
      return 'forward'
    })

    const second = await handler(event, contextWith(20_000))

    expect(second.batchItemFailures).toHaveLength(1)
    const moved = seen.find(({ operation }) => operation === 'ChangeMessageVisibility')
    const seconds = (moved?.body as { VisibilityTimeout?: number } | undefined)?.VisibilityTimeout
    expect(seconds).toBeGreaterThanOrEqual(20)
    expect(seconds).toBeLessThanOrEqual(24)
    gate.open()
    expect(await first).toEqual(none)
  })

  it('takes an adapter that is made by the user', async () => {
    const told: string[] = []
    class Mine extends SqsAdapter {
      protected override async publishFinalResult(runId: string): Promise<void> {
        told.push(runId)
      }
    }
    const options = awsOptions(deployment)
    const adapter = new Mine({ ...options, flows: [order], logger: quiet })
    await clientOf(deployment, { flows: [order] }).start({ blueprintId: 'order', runId: 'r1' })

    const { response } = await invoke(createWorkerHandler({ adapter }))

    expect(response).toEqual(none)
    expect(told).toEqual(['r1'])
  })

  it('takes what the constructs set from the environment, and says what is missing', async () => {
    for (const name of ['FLOWCRAFT_QUEUE_URL', 'FLOWCRAFT_TABLE_NAME']) vi.stubEnv(name, '')
    expect(() => createWorkerHandler({ flows: [order] })).toThrow(
      /FLOWCRAFT_QUEUE_URL[\s\S]*FLOWCRAFT_TABLE_NAME/,
    )

    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value)
    vi.stubEnv('FLOWCRAFT_QUEUE_URL', deployment.queueUrl)
    vi.stubEnv('FLOWCRAFT_TABLE_NAME', deployment.tableName)
    vi.stubEnv('FLOWCRAFT_DEAD_LETTER_QUEUE_URL', deployment.deadLetterQueueUrl)
    try {
      const handler = createWorkerHandler({ flows: [order], logger: quiet })
      await clientOf(deployment, { flows: [order] }).start({ blueprintId: 'order', runId: 'r1' })
      await put(deployment, 'hello')
      expect((await invoke(handler)).response).toEqual(none)
      expect(await clientOf(deployment).get('r1')).toMatchObject(all)
      expect(await deadLetters()).toHaveLength(1)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('refuses bad blueprints when it is made, all at once', () => {
    const bad = createFlow('bad')
      .node('a', async () => ({}), { config: { fallback: 'x' } })
      .edge('a', 'y')

    expect(() => handlerOf({ flows: [bad] })).toThrow(/no node|valid node ID[\s\S]*no node/)
  })
})
