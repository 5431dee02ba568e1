/** A deploy in the middle of a run that waits, sleeps, or has a batch or a child under way. */
import type { NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { Job } from '../../lib/core/queue/job.ts'
import { graph, type Setup, trail, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import type { TestDeployment } from '../support/service.ts'
import { giveBack, jobOf, receive, remove } from './driver.ts'
import { Durable } from './durable.ts'

let deployment: TestDeployment
eachDeployment((made) => (deployment = made))

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Works on so many messages, one at a time. */
async function workOn(durable: Durable, messages: number): Promise<void> {
  for (let left = messages; left > 0; left--) {
    const [message, ...rest] = await receive(deployment)
    for (const other of rest) await giveBack(deployment, other)
    if (!message) throw new Error('there is no message')
    await durable.adapter.process(jobOf(message), {
      deadline: () => Date.now() + 30_000,
      extendsLease: false,
    })
    await remove(deployment, message)
  }
}

function batch(worker: string, builtIn: Setup['registry'], more: string[] = []): Setup {
  return graph(
    {
      make: value(upTo(5)),
      scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: worker, outputKey: 'results', gatherNodeId: 'gather' },
      },
      gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'gather' } },
      end: async ({ context }) => ({ output: await context.get('results') }),
      ...Object.fromEntries(more.map((id) => [id, trail(id)])),
    },
    ['make>scatter', 'scatter>gather', 'gather>end', ...more.map((id) => `end>${id}`)],
    { builtIn },
  )
}

const times = (factor: number) => async (call: NodeContext) => ({ output: Number(call.input) * factor })

const waiting = () => graph({ a: value('A'), wait: { run: 'wait' }, b: trail('old b') }, ['a>wait', 'wait>b'])

const sleeping = (name: string, ...more: string[]) =>
  graph(
    {
      sleep: { run: 'sleep', params: { duration: 1_000 } },
      end: trail(name),
      ...Object.fromEntries(more.map((id) => [id, trail(id)])),
    },
    ['sleep>end', ...more.map((id) => `end>${id}`)],
  )

/** A run whose batch was scattered, and some of whose items have run. */
async function begun(): Promise<string> {
  const before = new Durable(deployment, batch('worker', { worker: times(2) }))
  const { runId } = await before.client.start({ blueprintId: 'case' })
  // What begins the run and scatters, and two items with what sends them.
  await workOn(before, 3)
  expect((await before.client.get(runId)).waiting).toMatchObject([{ nodeId: 'scatter', reason: 'items' }])
  return runId
}

const calling = (name: string, more: string[] = []): Setup => {
  const child = graph(
    { wait: { run: 'wait' }, c: trail(name), ...Object.fromEntries(more.map((id) => [id, trail(id)])) },
    ['wait>c', ...more.map((id) => `c>${id}`)],
  )
  return graph(
    { call: { run: 'subflow', params: { blueprintId: 'child' } }, end: trail('end') },
    ['call>end'],
    {
      blueprints: [{ ...child.blueprint, id: 'child' }],
      builtIn: child.registry,
    },
  )
}

describe('a deploy while a run waits', () => {
  it('lets it go on by the graph that it began with, and by the new code of its nodes', async () => {
    const runId = await new Durable(deployment, waiting()).start()
    const after = new Durable(
      deployment,
      graph({ first: value(1), a: value('A2'), wait: { run: 'wait' }, c: trail('c'), b: trail('new b') }, [
        'first>a',
        'a>wait',
        'wait>c',
        'c>b',
      ]),
    )
    await after.work()
    expect((await after.client.get(runId)).nodes).toMatchObject({ completed: ['a'], active: ['wait'] })

    await after.client.resume(runId, { output: 'event' })

    expect(await after.finish(runId)).toMatchObject({
      status: 'completed',
      context: { a: 'A', wait: 'event', b: ['new b', 'event'] },
      nodes: { completed: ['a', 'wait', 'b'], notRun: [] },
    })
    const next = await after.start()
    expect((await after.client.get(next)).nodes.completed).toEqual(['first', 'a'])
  })

  it('fails its node with a clear reason where the code of the node is gone', async () => {
    const runId = await new Durable(deployment, waiting()).start()
    const after = new Durable(deployment, graph({ a: value('A'), wait: { run: 'wait' } }, ['a>wait']))

    await after.client.resume(runId, { output: 'event' })

    const run = await after.finish(runId)
    expect(run).toMatchObject({ status: 'failed', errors: [{ nodeId: 'b' }] })
    expect(run.errors?.[0]?.message).toMatch(
      /^node 'b' uses 'run b', which this deployment does not have \(the run goes by graph [\w-]+\)$/,
    )
  })

  it('lets it go on where its whole blueprint is gone but the code is there', async () => {
    const runId = await new Durable(deployment, waiting()).start()
    const other = waiting()
    const after = new Durable(deployment, { ...other, blueprint: { ...other.blueprint, id: 'other' } })

    await after.client.resume(runId, { output: 'event' })

    expect((await after.finish(runId)).context['b']).toEqual(['old b', 'event'])
  })

  it('lets a sleep end, by the graph that it began with', async () => {
    const runId = await new Durable(deployment, sleeping('old')).start()

    const run = await new Durable(deployment, sleeping('new', 'added')).finish(runId)

    expect(run).toMatchObject({ status: 'completed', nodes: { completed: ['sleep', 'end'] } })
    expect((run.context['end'] as unknown[])[0]).toBe('new')
  })
})

describe('a deploy while a batch is under way', () => {
  it('lets it end by the graph that it began with, the rest of its items by the new code', async () => {
    const runId = await begun()

    const after = new Durable(deployment, batch('worker', { worker: times(3) }, ['added']))
    const run = await after.finish(runId)

    expect(run).toMatchObject({ status: 'completed', nodes: { notRun: [] } })
    expect(run.nodes.completed).not.toContain('added')
    const end = run.context['end'] as number[]
    expect(end).toHaveLength(5)
    expect(end.filter((n, at) => n === at * 2 || n === at * 3)).toHaveLength(5)
    // Of the items 1 to 4, one or two ran before.
    expect(end.slice(1).filter((n, at) => n === (at + 1) * 2).length).toBeLessThanOrEqual(2)
    expect(end.slice(1).filter((n, at) => n === (at + 1) * 3).length).toBeGreaterThanOrEqual(2)
  })

  it('goes on with the worker that its node names now, where the old name is gone', async () => {
    const runId = await begun()

    const run = await new Durable(deployment, batch('renamed', { renamed: times(2) })).finish(runId)

    expect(run).toMatchObject({ status: 'completed', context: { end: upTo(5).map((n) => n * 2) } })
  })

  it('fails the items whose worker is gone, with a clear reason', async () => {
    const runId = await begun()

    const run = await new Durable(deployment, graph({ other: value(1) }, [])).finish(runId)

    expect(run.status).toBe('failed')
    expect(run.errors?.length).toBe(3)
    expect(run.errors?.[0]?.message).toMatch(
      /^item \d of node 'scatter' uses 'worker', which this deployment does not have \(the run goes by graph [\w-]+\)$/,
    )
  })
})

describe('a deploy while a child is under way', () => {
  it('lets both end by the graphs that they began with', async () => {
    const runId = await new Durable(deployment, calling('old')).start(undefined, 'r1')
    const after = new Durable(deployment, calling('new', ['added']))

    await after.client.resume('r1/0.1', { output: 'event' })

    expect(await after.finish(runId)).toMatchObject({
      status: 'completed',
      context: { call: ['new', 'event'], end: ['end', ['new', 'event']] },
    })
    expect((await after.client.get('r1/0.1')).nodes.completed).toEqual(['wait', 'c'])
  })
})

const newVersion = () => graph({ a: value('A'), b: trail('b') }, ['a>b'])
const oldVersion = () => graph({ a: value('A') }, [])
const makes = async () => ({ output: 1, dynamicNodes: [{ id: 'extra', uses: 'made' }] })
const making = (builtIn: Setup['registry']) =>
  graph({ make: makes, end: trail('end') }, ['make>end'], { builtIn })
const process = ({ adapter }: Durable, job: Job) =>
  adapter.process(job, { deadline: () => Date.now() + 30_000, extendsLease: false })
const left = (reason: RegExp) => ({
  kind: 'retry',
  reason: expect.stringMatching(reason) as string,
  afterSeconds: 5,
})

describe('an old worker that gets a run of a newer deploy', () => {
  it('leaves a node that it does not have to a worker that has it', async () => {
    const newer = new Durable(deployment, newVersion())
    const older = new Durable(deployment, oldVersion(), { deployGraceMs: 60_000 })
    const job = { runId: 'r1', blueprintId: 'case', nodeId: 'a', iteration: 1 }
    // It is begun by the newer graph.
    await newer.knowing.start({ blueprintId: 'case', runId: 'r1' })

    expect(await process(older, job)).toEqual(
      left(/^node 'b' uses 'run b', which this deployment does not have/),
    )

    expect((await newer.client.get('r1')).nodes).toMatchObject({
      completed: ['a'],
      active: ['b'],
      failed: [],
    })
    expect(await newer.finish('r1')).toMatchObject({ status: 'completed', context: { b: ['b', 'A'] } })
  })

  it('leaves a blueprint that it does not have, and fails it once the grace is over', async () => {
    const other = new Durable(deployment, graph({ x: value(1) }, []), { deployGraceMs: 60_000 })
    await other.client.start({ blueprintId: 'newest', runId: 'r1' })
    const job = { runId: 'r1', blueprintId: 'newest' }

    expect(await process(other, job)).toEqual(left(/^no blueprint 'newest' here; registered: 'case'$/))
    expect(await other.client.get('r1')).toMatchObject({ status: 'running' })

    const later = new Durable(deployment, graph({ x: value(1) }, []), { deployGraceMs: 1 })
    expect(await process(later, job)).toEqual({ kind: 'acknowledge' })
    expect(await other.client.get('r1')).toMatchObject({
      status: 'failed',
      reason: "no blueprint 'newest' here; registered: 'case'",
    })
  })

  it('leaves the items of a batch whose worker it does not have', async () => {
    const runId = await begun()
    const older = new Durable(deployment, graph({ x: value(1) }, []), { deployGraceMs: 60_000 })
    const item = { runId, blueprintId: 'case', nodeId: 'scatter', iteration: 1, items: { round: 0, item: 4 } }

    expect(await process(older, item)).toEqual(left(/^item 4 of node 'scatter' uses 'worker'/))

    const newer = new Durable(deployment, batch('worker', { worker: times(2) }))
    expect(await newer.finish(runId)).toMatchObject({ context: { end: upTo(5).map((n) => n * 2) } })
  })

  it('leaves a node that a newer worker made just now in a run that began long ago', async () => {
    const newer = new Durable(deployment, making({ made: async () => ({ output: 'made' }) }))
    const { runId } = await newer.client.start({ blueprintId: 'case' })
    // What begins the run, and the node that makes another.
    await workOn(newer, 1)
    const older = new Durable(deployment, making({}), { deployGraceMs: 1 })
    const item = { runId, blueprintId: 'case', nodeId: 'make', iteration: 1, items: { round: 0, item: 0 } }

    // Within the grace of the message, not of the run.
    const sent = { deadline: () => Date.now() + 30_000, extendsLease: false, sentAt: Date.now() + 60_000 }
    expect(await older.adapter.process(item, sent)).toMatchObject({
      kind: 'retry',
      reason: expect.stringMatching(/^item 0 of node 'make' uses 'made', which/) as string,
    })

    expect(await newer.finish(runId)).toMatchObject({ status: 'completed', context: { extra: 'made' } })
  })

  it('leaves a subflow whose blueprint it does not have', async () => {
    const newer = new Durable(deployment, calling('new'))
    const older = new Durable(deployment, oldVersion(), { deployGraceMs: 60_000 })
    const { runId } = await newer.knowing.start({ blueprintId: 'case', runId: 'r1' })

    const call = { runId, blueprintId: 'case', nodeId: 'call', iteration: 1 }
    expect(await process(older, call)).toEqual(left(/Sub-blueprint 'child' not found/))

    await newer.work()
    await newer.client.resume('r1/0.1', { output: 'event' })
    expect((await newer.finish(runId)).status).toBe('completed')
  })
})
