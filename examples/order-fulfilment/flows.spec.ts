import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import { flows } from './flows.js'

const order = {
  orderId: 'A-17',
  lines: [
    { sku: 'kettle', quantity: 1, cents: 3_900 },
    { sku: 'cup', quantity: 4, cents: 750 },
  ],
}

async function runTo(payment: { paid: boolean; reference?: string }) {
  const service = new TestService({ flows })
  const { runId } = await service.start({ blueprintId: 'order-fulfilment', input: order })
  await service.settle()
  const waiting = await service.get(runId)
  const { url } = waiting.context['paymentPage'] as { url: string }
  expect(await service.post(url, payment)).toBe('resumed')
  await service.settle()
  return {
    waiting,
    ended: await service.get(runId),
    days: (service.now - Date.UTC(2026, 0, 1)) / 86_400_000,
  }
}

describe('an order', () => {
  it('waits for its payment, with the goods put aside', async () => {
    const { waiting } = await runTo({ paid: true })

    expect(waiting.status).toBe('awaiting')
    expect(waiting.context['check']).toEqual({ cents: 6_900 })
    expect(waiting.context['reserve']).toContainEqual({ sku: 'cup', quantity: 4, reservation: 'A-17/cup' })
    expect(waiting.waiting).toMatchObject([{ nodeId: 'payment', reason: 'external_event' }])
  })

  it('that is paid is shipped, and the customer asked three days later', async () => {
    const { ended, days } = await runTo({ paid: true, reference: 'P-1' })

    expect(ended.status).toBe('completed')
    expect(ended.context['settle']).toEqual({ cents: 6_900, reference: 'P-1' })
    expect(ended.context['ship']).toEqual({ tracking: 'PARCEL-A-17' })
    expect(ended.context['askForReview']).toBe('How do you like order A-17?')
    expect(Math.floor(days)).toBe(3)
  })

  it('that is not paid gives its goods back', async () => {
    const { ended } = await runTo({ paid: false })

    expect(ended.status).toBe('completed')
    expect(ended.context['release']).toEqual({ released: ['A-17/kettle', 'A-17/cup'] })
    expect(ended.context).not.toHaveProperty('ship')
  })

  it('without lines fails, and says so', async () => {
    const { status, errors } = await new TestService({ flows }).run({
      blueprintId: 'order-fulfilment',
      input: { orderId: 'A-18' },
    })

    expect(status).toBe('failed')
    expect(JSON.stringify(errors)).toContain('The order has no lines')
  })
})
