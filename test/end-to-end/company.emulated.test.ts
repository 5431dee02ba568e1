/**
 * A node that ends its process takes those along that are worked on beside it, once. Then each of them is worked on
 * alone, so that the calm ones complete, and only the other is to blame. With processes that really end.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientServices } from '../../lib/client/client-services.ts'
import { readBatch } from '../../lib/core/batch/under-way.ts'
import { partitions, roundOf } from '../../lib/core/protocol/batch.ts'
import { activationKey } from '../../lib/core/protocol/run-state.ts'
import { environmentVariables, type RunClient, stateTable } from '../../lib/index.ts'
import { bundleHandler, type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'

const CALM_RUNS = 3
/** Two in the same batch wait for each other so long, in seconds. */
const WINDOW = 1
/** Also how long an invocation may take, and so how long a dead one's leases live: time to start a process on a busy machine. */
const VISIBILITY = 20

let aws: LocalAws
let file: string
beforeAll(async () => {
  aws = await startLocalAws()
  const entry = fileURLToPath(new URL('company/worker.ts', import.meta.url))
  file = (await bundleHandler({ entry })).file
})
afterAll(() => aws.stop())

async function deploy(): Promise<TestDeployment> {
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: VISIBILITY })
  const tableName = await aws.createTable(stateTable.createInput(`state-${crypto.randomUUID()}`))
  return { aws, queueUrl, deadLetterQueueUrl, tableName }
}

function environmentOf({ queueUrl, deadLetterQueueUrl, tableName }: TestDeployment): Record<string, string> {
  return {
    [environmentVariables.queueUrl]: queueUrl,
    [environmentVariables.deadLetterQueueUrl]: deadLetterQueueUrl,
    [environmentVariables.tableName]: tableName,
  }
}

/** Worker functions, fed with batches of messages. */
async function functionsOf(deployment: TestDeployment) {
  const worker = await aws.createFunction({
    code: { file },
    timeoutSeconds: VISIBILITY,
    environment: environmentOf(deployment),
  })
  const { queueUrl } = deployment
  const mapping = await aws.mapEventSource({ queueUrl, function: worker, batchingWindowSeconds: WINDOW })
  const stop = async () => {
    await mapping.stop()
    await worker.stop()
  }
  return { worker, [Symbol.asyncDispose]: stop }
}

/** A long-lived worker, begun anew each time its process ends, as a supervisor does it. */
function supervised(deployment: TestDeployment) {
  let isOver = false
  let deaths = 0
  let child: ChildProcess | undefined
  const path = fileURLToPath(new URL('company/long-lived.ts', import.meta.url))
  const env = { ...process.env, ...aws.env, ...environmentOf(deployment) }
  const begin = () => {
    child = fork(path, { env, execArgv: ['--import', 'tsx'], silent: true })
    child.once('exit', () => {
      if (isOver) return
      deaths++
      begin()
    })
  }
  begin()
  const stop = () => {
    isOver = true
    child?.kill('SIGKILL')
  }
  return { deaths: () => deaths, [Symbol.dispose]: stop }
}

/** Starts one run whose node ends its process, and some beside it; the calm ones complete and the other does not. */
async function calmRunsComplete(client: RunClient, way: string): Promise<void> {
  const killer = await client.start({ blueprintId: 'killer', input: { way } })
  const calm = await Promise.all(
    Array.from({ length: CALM_RUNS }, () => client.start({ blueprintId: 'calm' })),
  )
  const runs = await Promise.all(
    calm.map(({ runId }) => client.waitFor(runId, { timeoutMs: 400_000, pollMs: 200 })),
  )
  expect(runs.map(({ status, context }) => [status, context['rest']])).toEqual(
    Array.from({ length: CALM_RUNS }, () => ['completed', 'calm']),
  )
  expect(await client.get(killer.runId)).toMatchObject({ status: 'running' })
}

describe.concurrent('runs that lie in one batch with one whose node', { timeout: 1_000_000 }, () => {
  for (const way of ['exits', 'throws in a timer', 'leaves a rejection unhandled']) {
    it(`${way} complete soon`, async ({ expect }) => {
      const deployment = await deploy()
      await using functions = await functionsOf(deployment)
      await calmRunsComplete(clientOf(deployment), way)
      const deaths = () => functions.worker.logs.filter((line) => line.includes(`killer ${way}`)).length
      // The calm ones may all be done before the killer begins.
      await expect.poll(deaths, { timeout: 400_000, interval: 500 }).toBeGreaterThan(0)
      expect(deaths()).toBeLessThan(10)
    })

    // A dead long-lived worker's leases last for a minute and a half.
    it(`${way} complete in a long-lived worker that is begun anew`, async ({ expect }) => {
      const deployment = await deploy()
      using worker = supervised(deployment)
      await calmRunsComplete(clientOf(deployment), way)
      await expect.poll(worker.deaths, { timeout: 400_000, interval: 500 }).toBeGreaterThan(0)
      expect(worker.deaths()).toBeLessThan(10)
    })
  }

  it('is an item of a batch: the other items have their results all the same', async ({ expect }) => {
    const deployment = await deploy()
    await using functions = await functionsOf(deployment)
    const client = clientOf(deployment)
    const { runId } = await client.start({ blueprintId: 'mixed' })
    const services = clientServices(awsOptions(deployment))
    const arrived = async () => {
      const run = await services.store.read(runId)
      if (run?.graph === undefined) return []
      const open = { services, run, graph: await services.graphs.of(run.blueprintId, run.graph) }
      const node = open.graph.indexOf('work_scatter')
      const batch = await readBatch(open, node)
      if (!batch) return []
      const shard = partitions.shard(activationKey(node, 1), batch, roundOf(batch, 0), 0)
      return [...(await services.store.arrivals(runId, shard)).arrived].toSorted((a, b) => a - b)
    }
    await expect.poll(arrived, { timeout: 400_000, interval: 500 }).toEqual([0, 2, 3])
    expect(await client.get(runId)).toMatchObject({ status: 'running' })
    expect(functions.worker.logs.filter((line) => line.includes('item killer')).length).toBeGreaterThan(0)
  })
})
