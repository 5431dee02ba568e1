import type { Context, SQSEvent, SQSRecord } from 'aws-lambda'
import { createFlow, NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { createWorkerHandler, type WorkerAdapter } from '../../lib/adapter/worker-handler.ts'
import { defineFlows } from '../../lib/core/blueprints/define-flows.ts'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import { NO_TELEMETRY } from '../../lib/core/telemetry/telemetry.ts'

const body = JSON.stringify({ runId: 'r1', blueprintId: 'flow', nodeId: 'a', iteration: 1 })
const record = { messageId: 'm1', body, attributes: { ApproximateReceiveCount: '1' } } as SQSRecord
const event: SQSEvent = { Records: [record] }

function adapterWith(flush: () => Promise<void>): WorkerAdapter {
  return {
    process: async () => ({ kind: 'acknowledge' }),
    telemetry: NO_TELEMETRY,
    isolation: new Isolation(Date.now),
    source: {
      queueUrl: 'https://sqs.test/q',
      deadLetterQueueUrl: undefined,
      logger: new NullLogger(),
    } as never,
    history: { flush },
  }
}

const within = (ms: number) => ({ getRemainingTimeInMillis: () => ms }) as Context

it('answers once the history is written', async () => {
  let isWritten = false
  const flush = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    isWritten = true
  }
  const answer = await createWorkerHandler({ adapter: adapterWith(flush) })(event, within(30_000))
  expect([answer, isWritten]).toEqual([{ batchItemFailures: [] }, true])
})

it('answers in time though the table takes no history', async () => {
  const handler = createWorkerHandler({ adapter: adapterWith(() => new Promise(() => {})) })
  expect(await handler(event, within(1_050))).toEqual({ batchItemFailures: [] })
})

it('tells an invocation that asks which blueprints it has, without a message', async () => {
  const flow = createFlow('order')
    .node('charge', async () => ({ output: 1 }))
    .node('ship', async () => ({}))
  const given = z.object({ orderId: z.string().describe('as in the shop'), amount: z.number().default(1) })
  const handler = createWorkerHandler({
    flows: defineFlows({ order: { flow: flow.edge('charge', 'ship'), input: given } }),
    queueUrl: 'https://sqs.eu-north-1.amazonaws.com/111122223333/q',
    tableName: 't',
  })
  const { blueprints } = await handler({ flowcraft: 'describe' }, within(1_000))
  expect(blueprints).toEqual([{ id: 'order', version: expect.any(String) as string, nodes: 2, warnings: [] }])
  const one = await handler({ flowcraft: 'describe', blueprintId: 'order' }, within(1_000))
  expect(one.blueprints).toMatchObject([
    {
      graph: { id: 'order', nodes: [{ id: 'charge' }, { id: 'ship' }] },
      inputSchema: {
        type: 'object',
        required: ['orderId'],
        properties: { orderId: { description: 'as in the shop' } },
      },
    },
  ])
  expect(await handler({ flowcraft: 'describe', blueprintId: 'none' }, within(1_000))).toEqual({
    blueprints: [],
  })
})

it('tells nothing of an adapter of ones own that knows nothing', async () => {
  const handler = createWorkerHandler({ adapter: adapterWith(async () => {}) })
  expect(await handler({ flowcraft: 'describe' }, within(1_000))).toEqual({ blueprints: [] })
})

it.each([
  ['that was received just now', { receives: 1, ago: 1_000 }, true],
  ['that has waited for its invocation', { receives: 1, ago: 5_500 }, false],
  ['that was received before', { receives: 2, ago: 1_000 }, false],
  ['of which nobody says when it was received', { receives: 1 }, false],
] as const)('says whether nobody else can have a message %s', async (_, { receives, ...when }, isFirst) => {
  const firsts: unknown[] = []
  const adapter = adapterWith(async () => {})
  const process: WorkerAdapter['process'] = async (_job, invocation) => {
    firsts.push(invocation.isFirst)
    return { kind: 'acknowledge' }
  }
  const attributes = {
    ApproximateReceiveCount: `${receives}`,
    ...('ago' in when ? { ApproximateFirstReceiveTimestamp: `${Date.now() - when.ago}` } : {}),
  }
  const Records = [{ ...record, attributes } as SQSRecord]
  await createWorkerHandler({ adapter: { ...adapter, process } })({ Records }, within(30_000))
  expect(firsts).toEqual([isFirst])
})
