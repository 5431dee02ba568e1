import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { order } from './src/flow.js'

const input = { orderId: 'A-17', cents: 4_000 }

it('is shipped when it was approved', async () => {
  const service = new TestService({ flows: [order] })
  const { runId } = await service.start({ blueprintId: 'order', input })
  await expect(service.waitFor(runId, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'RUN_TIMEOUT' })
  await service.resume(runId, { action: 'approve' })
  expect((await service.waitFor(runId)).context['ship']).toBe('shipped, receipt-A-17')
})

it('fails when nobody has approved it within three days', async () => {
  const { status } = await new TestService({ flows: [order], logger: new NullLogger() }).run({
    blueprintId: 'order',
    input,
  })
  expect(status).toBe('failed')
})
