/** Subflow nodes as runs of their own, over real queues and tables. */
import type { NodeContext, WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { LocalAws } from '../../lib/local/index.ts'
import { failing, graph, type Setup, trail, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import type { TestDeployment } from '../support/service.ts'
import { put } from './driver.ts'
import { Durable } from './durable.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

/** A chain `<id>0` -> `<id>1` ... of these implementations. */
function chainOf(id: string, ...uses: string[]): WorkflowBlueprint {
  const nodes = uses.map((key, at) => ({
    id: `${id}${at}`,
    uses: key,
    ...(key.startsWith('subflow:')
      ? { uses: 'subflow', params: { blueprintId: key.slice('subflow:'.length) } }
      : {}),
  }))
  const edges = nodes.slice(1).map((node, at) => ({ source: `${id}${at}`, target: node.id }))
  return { id, nodes, edges }
}

/** start -> call -> end, where `call` is run as these blueprints say, the first of them first. */
function calling(
  blueprints: readonly WorkflowBlueprint[],
  config: object = {},
  builtIn: Setup['registry'] = {},
): Setup {
  const call = { run: 'subflow', params: { blueprintId: blueprints[0]?.id }, ...config }
  return graph({ start: value(4), call, end: trail('end') }, ['start>call', 'call>end'], {
    blueprints,
    builtIn: {
      increment: async ({ input }: NodeContext) => ({ output: Number(input) + 1 }),
      bad: failing('the child is bad'),
      ...builtIn,
    },
  })
}

describe('a subflow', () => {
  it('is a run with an id, a context and an end of its own', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'increment', 'increment')]))

    const runId = await durable.start({ secret: 'of the parent' }, 'r1')

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'completed',
      context: { start: 4, call: 6, end: ['end', 6] },
    })
    const child = await durable.client.get('r1/1.1')
    expect(child).toMatchObject({
      runId: 'r1/1.1',
      blueprintId: 'child',
      status: 'completed',
      context: { child0: 5, child1: 6, _executionId: 'r1/1.1' },
    })
    expect(child.context).not.toHaveProperty('secret')
  })

  it('that waits makes its parent wait, and is resumed by its own id', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'increment', 'wait', 'increment')]))
    const runId = await durable.start(undefined, 'r1')
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'call', reason: 'subflow', childRunId: 'r1/1.1' }],
    })
    expect(await durable.client.get('r1/1.1')).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'child1', reason: 'external_event' }],
    })

    expect(await durable.client.resume('r1/1.1', { output: 10 })).toEqual({ resumed: true })

    expect((await durable.finish(runId)).context).toMatchObject({ call: 11, end: ['end', 11] })
  })

  it('that waits three deep ends them all when it is resumed', async () => {
    const blueprints = [
      chainOf('child', 'subflow:grandchild'),
      chainOf('grandchild', 'wait', 'subflow:last'),
      chainOf('last', 'increment'),
    ]
    const durable = new Durable(deployment, calling(blueprints))
    const runId = await durable.start(undefined, 'r1')
    const [waiting] = (await durable.client.get('r1/1.1')).waiting ?? []
    expect(waiting?.childRunId).toBe('r1/1.1/0.1')

    await durable.client.resume('r1/1.1/0.1', { output: 20 })

    expect((await durable.finish(runId)).context).toMatchObject({ call: 21, end: ['end', 21] })
    expect(await durable.client.get('r1/1.1/0.1/1.1')).toMatchObject({ status: 'completed' })
  })

  it('that fails fails its node, with what was wrong', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'increment', 'bad')]))

    const runId = await durable.start(undefined, 'r1')

    const run = await durable.client.get(runId)
    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ nodeId: 'call' }],
      nodes: { completed: ['start'], failed: ['call'], notRun: ['end'] },
    })
    expect(run.errors?.[0]?.message).toMatch(/^Sub-workflow 'child' did not complete .* Status: failed\./)
    expect(JSON.stringify(run.errors)).toContain('the child is bad')
    expect(await durable.client.get('r1/1.1')).toMatchObject({
      status: 'failed',
      errors: [{ nodeId: 'child1' }],
    })
  })

  it('that fails leaves its node to its fallback', async () => {
    const setup = graph(
      {
        call: { run: 'subflow', params: { blueprintId: 'child' }, fallback: 'spare' },
        spare: value('spare'),
        end: trail('end'),
      },
      ['call>end'],
      { blueprints: [chainOf('child', 'bad')], builtIn: { bad: failing('bad') } },
    )
    const durable = new Durable(deployment, setup)

    const runId = await durable.start()

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'completed',
      context: { spare: 'spare' },
    })
  })

  for (const retryDelay of [0, 1_100]) {
    it(`that fails is tried again as another run, after ${retryDelay} ms`, async () => {
      let tries = 0
      const flaky = async () => {
        if (++tries < 3) throw new Error(`try ${tries}`)
        return { output: tries }
      }
      const durable = new Durable(
        deployment,
        calling([chainOf('child', 'flaky')], { maxRetries: 3, retryDelay }, { flaky }),
      )
      // A node that is tried for ever would not end.
      let requests = 0
      aws.intercept(() => (++requests > 1_000 ? 'reject' : 'forward'))

      const runId = await durable.start(undefined, 'r1')

      expect((await durable.finish(runId)).context).toMatchObject({ call: 3, end: ['end', 3] })
      expect(tries).toBe(3)
      expect((await durable.client.get('r1/1.1')).status).toBe('failed')
      expect((await durable.client.get('r1/1.1~1')).status).toBe('failed')
      expect((await durable.client.get('r1/1.1~2')).status).toBe('completed')
    })
  }

  it('runs each node once though every message comes twice at once and again later', async () => {
    let ran = 0
    const counted = async ({ input }: NodeContext) => ({ output: Number(input) + ++ran })
    const durable = new Durable(
      deployment,
      calling([chainOf('child', 'counted', 'counted')], {}, { counted }),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })

    await durable.work({ copies: 3 })

    expect(await durable.client.get(runId)).toMatchObject({ status: 'completed', context: { call: 7 } })
    expect(ran).toBe(2)
  })

  it('whose notice was lost is asked for by reconcile', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'increment')]))
    // The notice of the child's end is the only job of the parent's node 'call'.
    let lost = 0
    aws.intercept(({ operation, body }) => {
      const isNotice =
        operation === 'SendMessageBatch' && JSON.stringify(body).includes('\\"nodeId\\":\\"call\\"')
      if (isNotice) lost++
      return isNotice ? 'reject' : 'forward'
    })
    const errors: unknown[] = []
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    await durable.work({
      onError(error) {
        errors.push(error)
        aws.intercept(undefined)
      },
    })

    expect(lost).toBeGreaterThan(0)
    expect(errors).toHaveLength(1)
    expect(await durable.client.get(runId)).toMatchObject({ status: 'completed', context: { call: 5 } })
    expect(await durable.adapter.reconcile(runId)).toEqual(new Set())
  })
})

describe('a subflow is cancelled', () => {
  it('with its parent, also three deep, and not without it being told', async () => {
    const blueprints = [chainOf('child', 'subflow:grandchild'), chainOf('grandchild', 'wait', 'increment')]
    const durable = new Durable(deployment, calling(blueprints))
    await durable.start(undefined, 'r1')

    expect(await durable.client.cancel('r1')).toEqual({ cancelled: true })
    await durable.work()

    for (const id of ['r1', 'r1/1.1', 'r1/1.1/0.1']) {
      expect([id, (await durable.client.get(id)).status]).toEqual([id, 'cancelled'])
    }
    expect(await durable.client.resume('r1/1.1/0.1', { nodeId: 'grandchild0' })).toEqual({ resumed: false })
  })

  it('with its parent where it is about to be made: nobody can start it then', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'increment')]))
    aws.intercept(({ operation, body }) =>
      operation === 'PutItem' && JSON.stringify(body).includes('R#r1/1.1') ? 'reject' : 'forward',
    )
    const { runId } = await durable.client.start({ blueprintId: 'case', runId: 'r1' })
    let cancelled: Promise<unknown> | undefined
    await durable.work({
      onError() {
        aws.intercept(undefined)
        cancelled ??= durable.client.cancel(runId)
      },
    })
    expect(await cancelled).toEqual({ cancelled: true })
    await durable.work()

    expect(await durable.client.get('r1/1.1')).toMatchObject({ status: 'cancelled', blueprintId: 'child' })
    expect((await durable.client.get('r1')).status).toBe('cancelled')
    // The job that would have begun it, late.
    await put(deployment, { runId: 'r1/1.1', blueprintId: 'child', nodeId: 'child0' })
    await durable.work()
    expect(await durable.client.get('r1/1.1')).toMatchObject({
      status: 'cancelled',
      nodes: { completed: [] },
    })
  })

  it('though the worker dies before it has told the children', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'wait')]))
    await durable.start(undefined, 'r1')
    await durable.client.cancel('r1')
    aws.intercept(({ operation, body }) =>
      operation === 'UpdateItem' && JSON.stringify(body).includes('R#r1/1.1') ? 'reject' : 'forward',
    )
    const errors: unknown[] = []
    await durable.work({
      onError(error) {
        errors.push(error)
        aws.intercept(undefined)
      },
    })

    expect(errors).toHaveLength(1)
    expect((await durable.client.get('r1/1.1')).status).toBe('cancelled')
  })

  it('where the client died before it sent the word, by the next message or the next cancel', async () => {
    for (const [at, mend] of [
      async (durable: Durable, id: string) => void (await durable.client.cancel(id)),
      async (durable: Durable, id: string) => void (await durable.adapter.reconcile(id)),
    ].entries()) {
      const durable = new Durable(deployment, calling([chainOf('child', 'wait')]))
      const id = await durable.start(undefined, `r${at}`)
      aws.intercept(({ service }) => (service === 'sqs' ? 'reject' : 'forward'))
      await expect(durable.client.cancel(id)).rejects.toThrow('SendMessageBatch')
      aws.intercept(undefined)
      expect((await durable.client.get(`${id}/1.1`)).status).toBe('awaiting')

      await mend(durable, id)
      await durable.work()

      expect((await durable.client.get(`${id}/1.1`)).status).toBe('cancelled')
    }
  })

  it('by itself, and its node fails with that as the reason', async () => {
    const durable = new Durable(deployment, calling([chainOf('child', 'wait')]))
    const runId = await durable.start(undefined, 'r1')

    await durable.client.cancel('r1/1.1')

    const run = await durable.finish(runId)
    expect(run.status).toBe('failed')
    expect(run.errors?.[0]?.message).toContain("'child' did not complete successfully. Status: cancelled")
  })
})
