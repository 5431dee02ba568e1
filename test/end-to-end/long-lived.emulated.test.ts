/** Long-lived workers that are stopped, or cut off from the queue or the table, and how soon their runs go on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import { SqsAdapter } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import { Gate, quiet } from './driver.ts'

let aws: LocalAws
let deployment: TestDeployment
const started: SqsAdapter[] = []
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.stop({ within: 0 })))
})

type Flows = NonNullable<ConstructorParameters<typeof SqsAdapter>[0]['flows']>
/** A worker with a process of its own. */
function worker(flows: Flows, logger = quiet, concurrency = 10): SqsAdapter {
  const own = { flows, concurrency, deployGraceMs: 0, isolation: new Isolation(Date.now) }
  const adapter = new SqsAdapter({ ...awsOptions(deployment), ...own, logger })
  started.push(adapter)
  adapter.start()
  return adapter
}

const slowChain = (ms: number) =>
  createFlow('chain')
    .node('a', async () => (await sleep(ms), { output: 'a' }))
    .node('b', async () => ({ output: 'b' }))
    .edge('a', 'b')

describe('a worker that stops', () => {
  it('hides no message: what follows its nodes goes on elsewhere at once', async () => {
    const flows = [slowChain(1_000)]
    const client = clientOf(deployment, { flows })
    const runs = await Promise.all(Array.from({ length: 12 }, () => client.start({ blueprintId: 'chain' })))
    const first = worker(flows)
    await sleep(500)
    worker(flows)

    // Twice, as two signals would.
    await Promise.all([first.stop(), first.stop()])

    const ends = runs.map(({ runId }) => client.waitFor(runId, { timeoutMs: 60_000, pollMs: 100 }))
    for (const { status } of await Promise.all(ends)) expect(status).toBe('completed')
  })

  it('within a time gives up nodes that never end: their leases are given back, and others run them', async () => {
    const entered = new Gate()
    const commits: string[] = []
    const hangs: Gate[] = []
    const signals: (AbortSignal | undefined)[] = []
    const flow = (name: string) =>
      createFlow('one').node('a', async ({ signal }: NodeContext) => {
        commits.push(name)
        if (name === 'second') return { output: name }
        const gate = new Gate()
        hangs.push(gate)
        signals.push(signal)
        if (hangs.length === 10) entered.open()
        await gate.passed
        return { output: name }
      })
    const client = clientOf(deployment, { flows: [flow('first')] })
    const runs = await Promise.all(Array.from({ length: 10 }, () => client.start({ blueprintId: 'one' })))
    const first = worker([flow('first')])
    await entered.passed

    await first.stop({ within: 200 })

    expect(signals.every((signal) => signal?.aborted)).toBe(true)
    worker([flow('second')])
    const ends = await Promise.all(
      runs.map(({ runId }) => client.waitFor(runId, { timeoutMs: 80_000, pollMs: 100 })),
    )
    expect(ends.map(({ context }) => context['a'])).toEqual(Array.from({ length: 10 }, () => 'second'))
    // What was given up ends after all, and changes nothing.
    for (const gate of hangs) gate.open()
    await sleep(200)
    expect((await client.get(runs[0]?.runId ?? '')).context['a']).toBe('second')
    // No worker is taken for dead.
    const { Items = [] } = await aws.clients.dynamoDbClient.send(
      new (await import('@aws-sdk/client-dynamodb')).ScanCommand({
        TableName: deployment.tableName,
        ConsistentRead: true,
      }),
    )
    const leases = Items.filter(({ sk }) => sk?.S?.startsWith('LEASE'))
    expect(leases.map(({ n, g }) => [n?.N, g?.N])).toEqual(Array.from({ length: 10 }, () => ['2', '1']))
  })

  it('that has all the time waits for its nodes', async () => {
    const [entered, gate] = [new Gate(), new Gate()]
    const flow = createFlow('chain')
      .node('a', async () => (entered.open(), await gate.passed, { output: 'a' }))
      .node('b', async () => ({ output: 'b' }))
      .edge('a', 'b')
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'chain' })
    const only = worker([flow])
    await entered.passed

    const stopped = only.stop({ within: Infinity })
    await sleep(200)
    gate.open()
    await stopped

    expect((await client.get(runId)).nodes).toMatchObject({ completed: ['a'], active: ['b'] })
  })
})

describe('a worker that is cut off for seconds', () => {
  const OUTAGE_MS = 6_000
  for (const service of ['sqs', 'dynamodb', 'all'] as const) {
    it(`from ${service} polls seldom, says so once, and goes on within seconds`, async () => {
      const error = vi.fn()
      const flows = [slowChain(1_000)]
      const client = clientOf(deployment, { flows })
      const runs = await Promise.all(Array.from({ length: 5 }, () => client.start({ blueprintId: 'chain' })))
      worker(flows, { ...quiet, error })
      await sleep(600)
      let requests = 0
      aws.intercept((request) => {
        if (service !== 'all' && request.service !== service) return 'forward'
        if (request.operation === 'ReceiveMessage') requests++
        return 'reject'
      })
      await sleep(OUTAGE_MS)
      aws.intercept(undefined)

      // Later where messages stay hidden or leases last: then it is 45 s.
      const ends = runs.map(({ runId }) => client.waitFor(runId, { timeoutMs: 80_000, pollMs: 100 }))
      for (const { status } of await Promise.all(ends)) expect(status).toBe('completed')

      // Each poll is three requests of the SDK's.
      expect(requests).toBeLessThan(60)
      const said = error.mock.calls.filter(([message]) => message === 'polling failed')
      expect(said.length).toBeLessThanOrEqual(1)
    })
  }
})
