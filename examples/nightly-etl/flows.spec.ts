import { FlowRuntime, NullLogger } from 'flowcraft'
import { extendRuntime } from 'flowcraft-aws'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import { type Context, flows, nightly, type Services } from './flows.js'
import type { Totals } from './services.js'

const night = { at: '2026-11-27T02:00:00Z' }

/** Two shops, of which one answers only after so many questions. */
function fakes(refusals = 0) {
  const loaded = new Map<string, Totals[]>()
  const mails: string[] = []
  let refused = 0
  const services: Services = {
    sales: {
      shops: async () => ['Oslo', 'Rome'],
      async of(shop) {
        if (shop === 'Rome' && refused++ < refusals) throw new Error('Rome is closed')
        return [{ cents: 250 }, { cents: 50 }]
      },
    },
    warehouse: { replace: async (day, totals) => void loaded.set(day, totals) },
    mail: { send: async (text) => void mails.push(text) },
  }
  return { loaded, mails, services }
}

function serviceWith(dependencies: Services) {
  return new TestService({ flows, dependencies, logger: new NullLogger() })
}

it('in memory, loads the day before and tells somebody', async () => {
  const { services, loaded, mails } = fakes()

  const runtime = extendRuntime(new FlowRuntime<Context, Services>({ dependencies: services }))
  const { status } = await nightly.run(runtime, night)

  expect(status).toBe('completed')
  expect(loaded.get('2026-11-26')).toContainEqual({ shop: 'Oslo', sales: 2, cents: 300 })
  expect(mails).toEqual(['2026-11-26: 2 rows'])
})

describe('by the protocol of AWS', () => {
  it('asks a shop again that is closed', async () => {
    const { services, loaded, mails } = fakes(2)

    expect((await serviceWith(services).run({ blueprintId: 'nightly-etl', input: night })).status).toBe(
      'completed',
    )

    expect(loaded.get('2026-11-26')).toHaveLength(2)
    expect(mails).toEqual(['2026-11-26: 2 rows'])
  })

  it('says what failed, loads nothing, and goes on from there when the shop is open again', async () => {
    const { services, loaded, mails } = fakes(4)
    const service = serviceWith(services)

    const { runId, status } = await service.run({ blueprintId: 'nightly-etl', input: night })

    expect(status).toBe('failed')
    expect(loaded.size).toBe(0)
    expect(mails).toEqual([expect.stringContaining('Rome is closed')])

    await service.redrive(runId)

    expect((await service.waitFor(runId)).status).toBe('completed')
    expect(loaded.get('2026-11-26')).toHaveLength(2)
    expect(mails[1]).toBe('2026-11-26: 2 rows')
  })
})
