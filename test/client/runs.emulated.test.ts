import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll } from 'vitest'
import type { RunClient, SqsAdapter } from '../../lib/index.ts'
import { adapterOf, clientOf, deploy, type TestDeployment } from '../support/service.ts'
import { blueprintPausesContract } from './blueprint-pauses.contract.ts'
import { contractFlows } from './contract-flows.ts'
import { costsContract } from './costs.contract.ts'
import { runsContract } from './runs.contract.ts'

let deployment: TestDeployment
let worker: SqsAdapter
let client: RunClient

beforeAll(async () => {
  deployment = await deploy()
  const options = { logger: new NullLogger(), history: 'timings', lookForPausesEveryMs: 0 } as const
  worker = adapterOf(deployment, { flows: contractFlows, ...options })
  worker.start()
  client = clientOf(deployment)
})
afterAll(async () => {
  await worker?.stop()
  await deployment?.aws.stop()
})

runsContract('of a client of the local AWS', () => client)
blueprintPausesContract('of a client of the local AWS', () => client)
costsContract('of a client of the local AWS', () => client)
