import type { Context, SQSEvent, SQSRecord } from 'aws-lambda'
import { NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { createWorkerHandler, type WorkerAdapter } from '../../lib/adapter/worker-handler.ts'
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
