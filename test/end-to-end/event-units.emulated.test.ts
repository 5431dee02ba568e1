/** What events of runs cost beside the events themselves, to the unit: on dynoxide, as `units.emulated.test.ts`. */
import { createFlow, NullLogger } from 'flowcraft'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Job, type RunEventName, runEventNames, SqsAdapter } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, jobOf, receive } from './driver.ts'
import { hasDynoxide } from './engines.ts'

const flow = createFlow('approval')
  .node('ask', async () => ({ output: 'asked' }))
  .wait('decide')
  .node('ship', async () => {
    throw new Error('no carrier')
  })
  .edge('ask', 'decide')
  .edge('decide', 'ship')

let aws: LocalAws
let deployment: TestDeployment

function workerOf(runEvents: readonly RunEventName[]): SqsAdapter {
  const { eventBridgeClient } = aws.clients
  const bus = { eventBusName: 'default', eventBridgeClient, runEvents }
  return new SqsAdapter({ ...awsOptions(deployment), ...bus, flows: [flow], logger: new NullLogger() })
}

/** Units of the worker alone. */
async function drained(adapter: SqsAdapter): Promise<number> {
  let units = 0
  for (;;) {
    const jobs: Job[] = (await receive(deployment)).map(jobOf)
    if (jobs.length === 0) return units
    for (const job of jobs) {
      const before = aws.meter.snapshot()
      await adapter.process(job, { deadline: () => Date.now() + 30_000, extendsLease: false })
      units += aws.meter.since(before).dynamodb.writeUnits
    }
  }
}

async function costOf(runEvents: readonly RunEventName[]) {
  const adapter = workerOf(runEvents)
  const client = clientOf(deployment, { flows: [flow] })
  const { runId } = await client.start({ blueprintId: 'approval' })
  const toWait = await drained(adapter)
  await client.resume(runId)
  const toEnd = await drained(adapter)
  await client.redrive(runId, { by: 'ada' })
  const again = await drained(adapter)
  const told = aws.events.filter(({ detail }) => (detail as { runId: string }).runId === runId)
  return { toWait, toEnd, again, told: told.map(({ detailType }) => detailType) }
}

describe.skipIf(!hasDynoxide)('what events cost (dynoxide only: the binary is optional)', () => {
  beforeAll(async () => {
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
  })
  beforeEach(async () => {
    deployment = await deployOn(aws)
  })
  afterAll(() => aws.stop())

  it('no write unit for starts and waits, one for each redrive that is told', async () => {
    const ends = await costOf(['ended'])
    const all = await costOf(runEventNames)

    const ended = 'Flowcraft Run Status Change'
    expect(ends.told).toEqual([ended, ended])
    expect(all.told.toSorted()).toEqual(
      ['Redriven', 'Started', 'Status Change', 'Status Change', 'Waiting'].map(
        (name) => `Flowcraft Run ${name}`,
      ),
    )
    expect([all.toWait, all.toEnd]).toEqual([ends.toWait, ends.toEnd])
    expect(all.again).toBe(ends.again + 1)
  })
})
