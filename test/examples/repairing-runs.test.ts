import { createFlow, NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { chargeAgain, standstill, stopCharging } from '../../examples/repairing-runs/stop-charging.ts'
import { TestService } from '../../lib/testing/index.ts'

it('a blueprint that charges twice is stopped, is seen to stand still, and goes on', async () => {
  const flow = createFlow('order').node('charge', async () => ({ output: 'charged' }))
  const service = new TestService({ flows: [flow], logger: new NullLogger() })

  await stopCharging(service, 'Ada')

  expect(await service.run({ blueprintId: 'order', runId: 'A-17' })).toMatchObject({ status: 'paused' })
  const since = new Date(service.now).toISOString()
  expect(await standstill(service)).toEqual([`order: by Ada, since ${since}: orders are charged twice`])
  await chargeAgain(service)
  expect(await service.waitFor('A-17')).toMatchObject({ status: 'completed' })
})
