/** The flow as it runs on AWS, in memory: no servers, and time passes when nothing else is left to do. */
import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { flows } from './flows.js'
import { payments } from './payments.js'

function serviceWith(dependencies = { payments }) {
  return new TestService({ flows, dependencies, logger: new NullLogger() })
}

it('charges and ships a small order', async () => {
  const { status, context } = await serviceWith().run({
    blueprintId: 'order',
    input: { orderId: 'A-17', total: 40 },
  })

  expect(status).toBe('completed')
  expect(context['ship']).toEqual({ parcel: 'parcel-A-17', receipt: 'receipt-A-17' })
})

it('waits for the approval of a large one', async () => {
  const service = serviceWith()
  const { runId } = await service.start({ blueprintId: 'order', input: { orderId: 'A-18', total: 4_000 } })
  await service.settle()
  expect((await service.get(runId)).status).toBe('awaiting')

  await service.resume(runId, { nodeId: 'approval', action: 'refuse' })

  const { status, context } = await service.waitFor(runId)
  expect([status, context['refuse']]).toEqual(['completed', 'order A-18 was refused'])
  expect(context).not.toHaveProperty('ship')
})

it('charges again while the provider is down', async () => {
  let calls = 0
  const flaky = {
    async charge(order: { orderId: string; total: number }) {
      if (++calls < 3) throw new Error('The provider answered 503')
      return payments.charge(order)
    },
  }

  const { status } = await serviceWith({ payments: flaky }).run({
    blueprintId: 'order',
    input: { orderId: 'A-19', total: 40 },
  })

  expect([status, calls]).toEqual(['completed', 3])
})

it('starts nothing with a wrong input', async () => {
  const wrong = { orderId: '', total: 40 }

  await expect(serviceWith().start({ blueprintId: 'order', input: wrong })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})
