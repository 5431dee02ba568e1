import { FlowRuntime, NullLogger } from 'flowcraft'
import { extendRuntime } from 'flowcraft-aws'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import type { Agency } from './agency.js'
import { booking, type Context, flows, type Services } from './flows.js'

const trip = { tripId: 'T-1', city: 'Rome' }

/** What is booked, and each call in its order. `refuses` says which of them fail. */
function fake(refuses: (call: string, time: number) => boolean = () => false) {
  const booked = new Set<string>()
  const calls: string[] = []
  const called = (call: string) => {
    calls.push(call)
    if (refuses(call, calls.filter((one) => one === call).length)) throw new Error(`no ${call}`)
  }
  const agency: Agency = {
    async book(kind, { tripId }) {
      called(`book ${kind}`)
      booked.add(`${kind}-${tripId}`)
      return `${kind}-${tripId}`
    },
    async cancel(one) {
      called(`cancel ${one}`)
      booked.delete(one)
    },
    async pay(tripId) {
      called('pay')
      return `receipt-${tripId}`
    },
    async tell(text) {
      called(`tell ${text}`)
    },
  }
  return { booked, calls, services: { agency } }
}

function serviceWith(dependencies: Services) {
  return new TestService({ flows, dependencies, logger: new NullLogger() })
}

it('in memory, gives back what was booked, the last one first', async () => {
  const { booked, calls, services } = fake((call) => call === 'pay')
  const runtime = extendRuntime(new FlowRuntime<Context, Services>({ dependencies: services }), {
    pause: async () => {},
  })

  expect((await booking.run(runtime, trip)).status).toBe('failed')
  expect(booked.size).toBe(0)
  expect(calls.filter((call) => call.startsWith('cancel'))).toEqual([
    'cancel car-T-1',
    'cancel hotel-T-1',
    'cancel flight-T-1',
  ])
})

describe('by the protocol of AWS', () => {
  it('books a trip, and gives nothing back', async () => {
    const { booked, calls, services } = fake()

    const { status, context } = await serviceWith(services).run({ blueprintId: 'trip', input: trip })

    expect([status, context['pay']]).toEqual(['completed', 'receipt-T-1'])
    expect(booked.size).toBe(3)
    expect(calls.at(-1)).toBe('tell have a good trip T-1')
  })

  it.each([
    ['book flight', []],
    ['book hotel', ['cancel flight-T-1']],
    ['book car', ['cancel hotel-T-1', 'cancel flight-T-1']],
    ['pay', ['cancel car-T-1', 'cancel hotel-T-1', 'cancel flight-T-1']],
  ])('undoes what was done before %s failed, and no more', async (step, undone) => {
    const { booked, calls, services } = fake((call) => call === step)

    const { status, errors } = await serviceWith(services).run({ blueprintId: 'trip', input: trip })

    expect([status, errors?.length]).toEqual(['failed', 1])
    expect(booked.size).toBe(0)
    expect(calls.filter((call) => call.startsWith('cancel'))).toEqual(undone)
    expect(calls.at(-1)).toBe(`tell no trip T-1: no ${step}`)
  })

  it('gives back the last one first, in whatever order messages come', async () => {
    for (const seed of Array.from({ length: 20 }, (_, n) => n + 1)) {
      const { calls, services } = fake((call) => call === 'pay')
      const order = { order: 'random', seed } as const
      const service = new TestService({ flows, dependencies: services, logger: new NullLogger(), ...order })
      await service.run({ blueprintId: 'trip', input: trip })
      expect(calls.filter((call) => call.startsWith('cancel'))).toEqual([
        'cancel car-T-1',
        'cancel hotel-T-1',
        'cancel flight-T-1',
      ])
    }
  })

  it('tries a compensation again, and undoes the others after it', async () => {
    const { booked, services } = fake(
      (call, time) => call === 'pay' || (call === 'cancel car-T-1' && time < 6),
    )

    await serviceWith(services).run({ blueprintId: 'trip', input: trip })

    expect(booked.size).toBe(0)
  })

  it('undoes the others where one compensation fails, and says so', async () => {
    const { booked, calls, services } = fake((call) => ['pay', 'cancel hotel-T-1'].includes(call))

    const { errors } = await serviceWith(services).run({ blueprintId: 'trip', input: trip })

    expect([...booked]).toEqual(['hotel-T-1'])
    expect(errors?.map(({ nodeId }) => nodeId).toSorted()).toEqual(['pay', 'returnHotel'])
    expect(calls.at(-1)).toContain('no cancel hotel-T-1')
  })

  it('does each step once where each message comes twice', async () => {
    const { calls, services } = fake((call) => call === 'pay')
    const service = serviceWith(services)
    const send = service.queue.send.bind(service.queue)
    service.queue.send = async (jobs, delaySeconds) => send([...jobs, ...jobs], delaySeconds)

    await service.run({ blueprintId: 'trip', input: trip })

    const once = calls.filter((call) => call !== 'pay')
    expect(new Set(once).size).toBe(once.length)
  })

  it('is not paid when it is redriven after it was undone', async () => {
    let full = true
    const { booked, calls, services } = fake((call) => call === 'book car' && full)
    const service = serviceWith(services)
    const { runId } = await service.run({ blueprintId: 'trip', input: trip })
    full = false

    await service.redrive(runId)

    expect((await service.waitFor(runId)).status).toBe('failed')
    expect(booked.size).toBe(0)
    expect(calls).not.toContain('pay')
  })
})
