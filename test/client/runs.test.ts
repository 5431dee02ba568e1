import { createFlow, NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { TestService } from '../../lib/testing/index.ts'
import { blueprintPausesContract } from './blueprint-pauses.contract.ts'
import { contractFlows } from './contract-flows.ts'
import { costsContract } from './costs.contract.ts'
import { runsContract } from './runs.contract.ts'

const logger = new NullLogger()

runsContract('in memory', () => new TestService({ flows: contractFlows, logger }))
blueprintPausesContract('in memory', () => new TestService({ flows: contractFlows, logger }))
costsContract('in memory', () => new TestService({ flows: contractFlows, logger }))

it('in memory are waited for as long as it takes, by a clock that costs nothing, or as long as is said', async () => {
  const flow = createFlow('nap').sleep('night', { duration: '8h' })
  const service = new TestService({ flows: [flow], logger })
  const began = service.now
  const { runId } = await service.start({ blueprintId: 'nap' })

  await expect(service.waitFor(runId, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'RUN_TIMEOUT' })
  expect(service.now).toBe(began + 60_000)
  expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
  expect(service.now - began).toBeGreaterThanOrEqual(8 * 3_600_000)
})
