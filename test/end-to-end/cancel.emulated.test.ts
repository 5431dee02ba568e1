/** Cancelling a run, before, while and after it runs. */
import { describe, expect, it, vi } from 'vitest'
import type { LocalAws } from '../../lib/local/index.ts'
import { batchOf, graph, trail, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import type { TestDeployment } from '../support/service.ts'
import { depth, Gate } from './driver.ts'
import { Durable } from './durable.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

const two = () => graph({ a: value('A'), b: trail('b') }, ['a>b'])

describe('cancel', () => {
  it('leaves a run that waits as it is, for good', async () => {
    const durable = new Durable(
      deployment,
      graph({ a: value('A'), wait: { run: 'wait' }, b: trail('b') }, ['a>wait', 'wait>b']),
    )
    const runId = await durable.start()

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })

    const run = await durable.client.get(runId)
    expect(run).toMatchObject({
      status: 'cancelled',
      context: { a: 'A' },
      nodes: { completed: ['a'], active: [], notRun: ['wait', 'b'] },
    })
    expect(run.endedAt?.getTime()).toBeGreaterThanOrEqual(run.startedAt.getTime())
    expect(run).not.toHaveProperty('waiting')
    expect(await durable.client.resume(runId, { nodeId: 'wait' })).toEqual({ resumed: false })
    await durable.work()
    expect(await durable.client.get(runId)).toEqual(run)
    expect(await durable.client.waitFor(runId)).toEqual(run)
    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 0, hidden: 0 })
  })

  it('lets a node that is being executed end in vain', async () => {
    const [entered, gate] = [new Gate(), new Gate()]
    let followed = 0
    const durable = new Durable(
      deployment,
      graph(
        {
          slow: async ({ context }) => {
            entered.open()
            await gate.passed
            await context.set('key', 'late')
            return { output: 'late' }
          },
          after: async () => ({ output: ++followed }),
        },
        ['slow>after'],
      ),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case', input: { given: 1 } })
    const working = durable.work()
    await entered.passed

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })
    const cancelled = await durable.client.get(runId)
    gate.open()
    await working

    expect(await durable.client.get(runId)).toEqual(cancelled)
    expect(cancelled).toMatchObject({ status: 'cancelled', context: { given: 1 } })
    expect(cancelled.context).not.toHaveProperty('key')
    expect(followed).toBe(0)
    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 0, hidden: 0 })
  })

  it('before any worker has begun the run keeps it from beginning', async () => {
    const durable = new Durable(deployment, two())
    const { runId } = await durable.client.start({ blueprintId: 'case' })

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })
    await durable.work()

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'cancelled',
      nodes: { completed: [], active: [] },
    })
    expect(await durable.client.start({ blueprintId: 'case', runId })).toEqual({
      runId,
      status: 'cancelled',
      created: false,
    })
    await durable.work()
    expect((await durable.client.get(runId)).status).toBe('cancelled')
  })

  it('of a run that has ended is refused, and changes nothing', async () => {
    const durable = new Durable(deployment, two())
    const runId = await durable.start()
    const before = await durable.client.get(runId)

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: false })

    expect(await durable.client.get(runId)).toEqual(before)
    expect(before.status).toBe('completed')
  })

  it('twice, or with its answer lost, is still that the run is cancelled', async () => {
    const durable = new Durable(deployment, graph({ wait: { run: 'wait' } }, []))
    const runId = await durable.start()
    aws.intercept(({ operation, count }) => (operation === 'UpdateItem' && count === 1 ? 'lose' : 'forward'))

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })
    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })
  })

  it('of a run that commits all the time gets through', async () => {
    let ran = 0
    const ids = Array.from({ length: 200 }, (_, at) => `n${at}`)
    const node = async () => ({ output: ++ran })
    const durable = new Durable(
      deployment,
      graph(
        Object.fromEntries(ids.map((id) => [id, node])),
        ids.slice(1).map((id, at) => `${ids[at]}>${id}`),
      ),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    const working = durable.work()
    await vi.waitFor(() => expect(ran).toBeGreaterThan(5), { timeout: 60_000 })

    expect(await durable.client.cancel(runId)).toEqual({ cancelled: true })
    await working

    expect(ran).toBeLessThan(200)
    const { status, nodes } = await durable.client.get(runId)
    expect(status).toBe('cancelled')
    expect(ran - nodes.completed.length).toBeLessThanOrEqual(1)
  })

  it('of a batch stops the items that have not begun', async () => {
    let ran = 0
    const durable = new Durable(
      deployment,
      batchOf(
        Array.from({ length: 50 }, (_, at) => at),
        async () => {
          if (++ran === 5) await durable.client.cancel('r1')
          return { output: 1 }
        },
      ),
    )

    await durable.start(undefined, 'r1')

    // Those that were received together with it may have begun.
    expect(ran).toBeLessThanOrEqual(20)
    expect((await durable.client.get('r1')).status).toBe('cancelled')
    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 0, hidden: 0 })
  })

  it('of a run that is not there says so', async () => {
    const { client } = new Durable(deployment, two())

    await expect(client.cancel('nope')).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      message: "there is no run 'nope'",
    })
  })
})
