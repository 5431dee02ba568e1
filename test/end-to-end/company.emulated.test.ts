/**
 * A node that ends its process takes those along that are worked on beside it, once. Then each of them is worked on
 * alone, so that the calm ones complete, and only the other is to blame. With processes that really end.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stateTable } from '../../lib/index.ts'
import { bundleHandler, type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { clientOf, type TestDeployment } from '../support/service.ts'

const CALM_RUNS = 3
/** Two in the same batch wait for each other so long, in seconds. */
const WINDOW = 1
const VISIBILITY = 4

let aws: LocalAws
let file: string
beforeAll(async () => {
  aws = await startLocalAws()
  const entry = fileURLToPath(new URL('company/worker.ts', import.meta.url))
  file = (await bundleHandler({ entry })).file
})
afterAll(() => aws.stop())

async function deploy() {
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: VISIBILITY })
  const tableName = await aws.createTable(stateTable.createInput(`state-${crypto.randomUUID()}`))
  const deployment: TestDeployment = { aws, queueUrl, deadLetterQueueUrl, tableName }
  const worker = await aws.createFunction({
    code: { file },
    timeoutSeconds: VISIBILITY,
    environment: { FLOWCRAFT_QUEUE_URL: queueUrl, FLOWCRAFT_TABLE_NAME: tableName },
  })
  const mapping = await aws.mapEventSource({ queueUrl, function: worker, batchingWindowSeconds: WINDOW })
  return { deployment, worker, mapping }
}

for (const way of ['exits', 'throws in a timer', 'leaves a rejection unhandled']) {
  it(`runs that lie in one batch with one whose node ${way} complete soon`, async () => {
    const { deployment, worker, mapping } = await deploy()
    const client = clientOf(deployment)
    try {
      const killer = await client.start({ blueprintId: 'killer', input: { way } })
      const calm = await Promise.all(
        Array.from({ length: CALM_RUNS }, () => client.start({ blueprintId: 'calm' })),
      )

      const runs = await Promise.all(
        calm.map(({ runId }) => client.waitFor(runId, { timeoutMs: 100_000, pollMs: 200 })),
      )

      expect(runs.map(({ status, context }) => [status, context['rest']])).toEqual(
        Array.from({ length: CALM_RUNS }, () => ['completed', 'calm']),
      )
      expect(await client.get(killer.runId)).toMatchObject({ status: 'running' })
      const deaths = worker.logs.filter((line) => line.includes(`killer ${way}`))
      expect(deaths.length).toBeGreaterThan(0)
      expect(deaths.length).toBeLessThan(10)
    } finally {
      await mapping.stop()
      await worker.stop()
    }
  })
}
