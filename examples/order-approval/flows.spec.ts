import { FlowRuntime, NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import { type Context, flows, order, type Order, type Services } from './flows.js'

const HOUR_MS = 3_600_000
const small = { orderId: 'A-17', cents: 4_000 }
const large = { orderId: 'A-18', cents: 400_000 }

/** A provider that charges an order once, as providers do by an idempotency key, and mail that is counted. */
function fakes() {
  const calls: string[] = []
  const charged = new Map<string, number>()
  const reminders: number[] = []
  const services: Services = {
    payments: {
      async charge({ orderId, cents }: Order) {
        calls.push(orderId)
        charged.set(orderId, cents)
        return `receipt-${orderId}`
      },
    },
    people: { remind: async (_, time) => void reminders.push(time) },
  }
  return { calls, charged, reminders, services }
}

function serviceWith(dependencies: Services) {
  return new TestService({ flows, dependencies, logger: new NullLogger() })
}

describe('in memory', () => {
  it('charges and ships a small order', async () => {
    const runtime = new FlowRuntime<Context, Services>({ dependencies: fakes().services })
    const { status, context } = await order.run(runtime, small)
    expect([status, (context as { ship?: unknown }).ship]).toEqual([
      'completed',
      { parcel: 'parcel-A-17', receipt: 'receipt-A-17' },
    ])
  })

  it('stops a large one at the approval', async () => {
    const runtime = new FlowRuntime<Context, Services>({ dependencies: fakes().services })
    expect((await order.run(runtime, large)).status).toBe('awaiting')
  })
})

describe('by the protocol of AWS', () => {
  it('ships a large order that a person approves', async () => {
    const { services, charged, reminders } = fakes()
    const service = serviceWith(services)
    const { runId } = await service.start({ blueprintId: 'order', input: large })
    await expect(service.waitFor(runId, { timeoutMs: HOUR_MS })).rejects.toMatchObject({
      code: 'RUN_TIMEOUT',
    })
    expect((await service.get(runId)).waiting).toMatchObject([{ nodeId: 'approval' }])

    await service.resume(runId, { nodeId: 'approval', action: 'approve' })

    expect((await service.waitFor(runId)).status).toBe('completed')
    expect(charged).toEqual(new Map([['A-18', 400_000]]))
    expect(reminders).toEqual([])
  })

  it('reminds a person on two days, and refuses the order on the third', async () => {
    const { services, charged, reminders } = fakes()
    const service = serviceWith(services)
    const before = service.now

    const { status, context } = await service.run({ blueprintId: 'order', input: large })

    expect([status, context['refuse']]).toEqual(['completed', 'order A-18 was refused'])
    expect(reminders).toEqual([1, 2])
    expect(Math.floor((service.now - before) / (24 * HOUR_MS))).toBe(3)
    expect(charged.size).toBe(0)
  })

  it('takes an answer after a reminder', async () => {
    const { services, reminders } = fakes()
    const service = serviceWith(services)
    const { runId } = await service.start({ blueprintId: 'order', input: large })
    await expect(service.waitFor(runId, { timeoutMs: 30 * HOUR_MS })).rejects.toThrow()

    await service.resume(runId, { nodeId: 'approval', action: 'refuse' })

    const { status, context } = await service.waitFor(runId)
    expect([status, context['refuse']]).toEqual(['completed', 'order A-18 was refused'])
    expect(reminders).toEqual([1])
  })

  it('charges once though the answer of the provider was lost', async () => {
    const { services, calls, charged } = fakes()
    const { charge } = services.payments
    services.payments.charge = async (given) => {
      const receipt = await charge(given)
      if (calls.length === 1) throw new Error('the connection broke')
      return receipt
    }

    const { status } = await serviceWith(services).run({ blueprintId: 'order', input: small })

    expect(status).toBe('completed')
    expect(calls).toEqual(['A-17', 'A-17'])
    expect(charged).toEqual(new Map([['A-17', 4_000]]))
  })

  it('does everything once where each message comes twice', async () => {
    const { services, calls } = fakes()
    const service = serviceWith(services)
    const send = service.queue.send.bind(service.queue)
    service.queue.send = async (jobs, delaySeconds) => send([...jobs, ...jobs], delaySeconds)

    expect((await service.run({ blueprintId: 'order', input: small })).status).toBe('completed')
    expect(calls).toEqual(['A-17'])
  })

  it('fails at once where it costs nothing', async () => {
    const { status, errors } = await serviceWith(fakes().services).run({
      blueprintId: 'order',
      input: { orderId: 'A-19', cents: 0 },
    })
    expect([status, errors?.[0]?.nodeId]).toEqual(['failed', 'check'])
  })
})
