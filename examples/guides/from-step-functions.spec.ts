import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { order, type Shop } from './from-step-functions.js'

const shop: Shop = { charge: async (total) => `charged ${total}`, reserve: async (sku) => `${sku} reserved` }

async function begin(total: number, over: Partial<Shop> = {}) {
  const service = new TestService({
    flows: [order],
    dependencies: { shop: { ...shop, ...over } },
    logger: new NullLogger(),
  })
  const input = { total, lines: [{ sku: 'a' }, { sku: 'b' }] }
  const { runId } = await service.start({ blueprintId: 'order', input })
  // It may come before the run waits for it.
  if (total > 0) await service.resume(runId, { nodeId: 'delivered', output: 'by post' })
  return service.waitFor(runId)
}

it('charges and reserves at the same time, then waits until it is delivered', async () => {
  const { status, context } = await begin(40)

  expect(status).toBe('completed')
  expect([context['charge'], context['pack'], context['delivered']]).toEqual([
    'charged 40',
    ['a reserved', 'b reserved'],
    'by post',
  ])
  expect(context['invoice']).toBeUndefined()
})

it('goes the way of its choice', async () => {
  expect((await begin(0)).context['refuse']).toBe('refused')
})

it('catches a charge that keeps failing', async () => {
  const { status, context } = await begin(40, { charge: () => Promise.reject(new Error('declined')) })

  expect([status, context['invoice']]).toEqual(['completed', 'an invoice in place of a charge'])
  expect(context['pack']).toEqual(['a reserved', 'b reserved'])
})
