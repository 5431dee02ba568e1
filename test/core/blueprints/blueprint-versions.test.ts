import { randomBytes } from 'node:crypto'
import { createFlow, FlowRuntime, type NodeFunction, type WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { Graphs } from '../../../lib/core/blueprints/blueprint-versions.ts'
import { register } from '../../../lib/core/blueprints/registration.ts'
import type { Flow } from '../../../lib/core/blueprints/registry.ts'
import { processJob } from '../../../lib/core/worker/process-job.ts'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { nextJob, workOnJob } from '../../support/one-message.ts'

const blueprint = (id: string, uses = 'work'): WorkflowBlueprint => ({
  id,
  nodes: [{ id: 'n', uses }],
  edges: [],
})
const work: NodeFunction = async () => ({ output: 1 })

function graphsOf(store: MemoryRunStore, ...blueprints: WorkflowBlueprint[]): Graphs {
  const registration = register({
    blueprints: Object.fromEntries(blueprints.map((one) => [one.id, one])),
    registry: { work, other: work },
  })
  return new Graphs({ ...registration, store })
}

describe('Graphs', () => {
  it('stores a version once, before the first run that goes by it', async () => {
    const store = new MemoryRunStore()
    const put = vi.spyOn(store, 'putGraph')
    const graphs = graphsOf(store, blueprint('order'))

    const [graph] = await Promise.all([graphs.remember('order'), graphs.remember('order')])
    await graphsOf(store, blueprint('order')).remember('order')

    expect(put).toHaveBeenCalledTimes(1)
    expect(await store.getGraph('order', graph.fingerprint)).toBeDefined()
  })

  it('stores a version anew that is aging, also in a process that lives for days', async () => {
    const store = new MemoryRunStore()
    const put = vi.spyOn(store, 'putGraph')
    let time = 0
    const registration = register({ blueprints: { order: blueprint('order') }, registry: { work } })
    const graphs = new Graphs({ ...registration, store, now: () => time })
    const { fingerprint } = await graphs.remember('order')
    const stored = await store.getGraph('order', fingerprint)
    vi.spyOn(store, 'getGraph').mockImplementation(async () => ({ ...stored, isAging: true }))

    await graphs.remember('order')
    expect(put).toHaveBeenCalledTimes(1)
    time += 86_400_001
    await graphs.remember('order')
    await graphs.remember('order')

    expect(put).toHaveBeenCalledTimes(2)
  })

  it('stores a version as it is drawn, with the edges to nodes that run always', async () => {
    const store = new MemoryRunStore()
    const order: WorkflowBlueprint = {
      id: 'order',
      nodes: [
        { id: 'n', uses: 'work' },
        { id: 'clean', uses: 'work', config: { runs: 'always' } },
      ],
      edges: [{ source: 'n', target: 'clean' }],
    }
    const graph = await graphsOf(store, order).remember('order')

    const later = await graphsOf(store).of('order', graph.fingerprint)

    expect(later.fingerprint).toBe(graph.fingerprint)
    expect(later.startNodes).toEqual([0])
    expect(later.alwaysBehind(0)).toEqual([1])
  })

  it('stores a version under each blueprint, also where two are alike', async () => {
    const store = new MemoryRunStore()
    const graphs = graphsOf(store, blueprint('order'), blueprint('refund'))

    const one = await graphs.remember('order')
    const other = await graphs.remember('refund')

    const later = graphsOf(store)
    expect((await later.of('order', one.fingerprint)).blueprint.id).toBe('order')
    expect((await later.of('refund', other.fingerprint)).blueprint.id).toBe('refund')
  })

  it('tries again to store a version where the store failed', async () => {
    const store = new MemoryRunStore()
    vi.spyOn(store, 'putGraph').mockRejectedValueOnce(new Error('throttled'))
    const graphs = graphsOf(store, blueprint('order'))

    await expect(graphs.remember('order')).rejects.toThrow('throttled')
    const { fingerprint } = await graphs.remember('order')

    expect(await store.getGraph('order', fingerprint)).toBeDefined()
  })

  it('reads a version that another deployment left, once', async () => {
    const store = new MemoryRunStore()
    const { fingerprint } = await graphsOf(store, blueprint('order')).remember('order')
    const get = vi.spyOn(store, 'getGraph')
    const newer = graphsOf(store, blueprint('order', 'other'))

    const first = await newer.of('order', fingerprint)
    const second = await newer.of('order', fingerprint)

    expect(first.blueprint).toEqual(blueprint('order'))
    expect(second).toBe(first)
    expect(get).toHaveBeenCalledTimes(1)
  })

  it('stores a version that is larger than an item in parts, and reads it', async () => {
    const store = new MemoryRunStore()
    const put = vi.spyOn(store, 'putGraph')
    const large = {
      ...blueprint('order'),
      nodes: [{ id: 'n', uses: 'work', params: { text: randomBytes(600_000).toString('base64') } }],
    }
    const { fingerprint } = await graphsOf(store, large).remember('order')

    for (const [, , { bytes, text: plain }] of put.mock.calls) {
      expect(bytes?.byteLength ?? Buffer.byteLength(plain ?? '')).toBeLessThan(390 * 1024)
    }
    expect(put.mock.calls.length).toBeGreaterThan(2)
    // The head comes last: a crash before it leaves nothing that is read.
    expect(put.mock.calls.at(-1)?.[1]).toBe(fingerprint)
    const read = await graphsOf(store).of('order', fingerprint)
    expect(read.blueprint).toEqual(large)
    put.mockClear()
    await graphsOf(store, large).remember('order')
    expect(put).not.toHaveBeenCalled()
  })

  it('says so where a part is lost', async () => {
    const store = new MemoryRunStore()
    const text = randomBytes(600_000).toString('base64')
    const large = { ...blueprint('order'), nodes: [{ id: 'n', uses: 'work', params: { text } }] }
    const { fingerprint } = await graphsOf(store, large).remember('order')
    const { getGraph } = store
    vi.spyOn(store, 'getGraph').mockImplementation(async (id, name) =>
      name.endsWith('.1') ? undefined : getGraph.call(store, id, name),
    )

    await expect(graphsOf(store).of('order', fingerprint)).rejects.toMatchObject({ code: 'VALUE_LOST' })
  })

  it('reads nothing for the registered version', async () => {
    const store = new MemoryRunStore()
    const graphs = graphsOf(store, blueprint('order'))
    const { fingerprint } = graphs.current('order')
    const get = vi.spyOn(store, 'getGraph')

    expect(await graphs.of('order', fingerprint)).toBe(graphs.current('order'))
    expect(get).not.toHaveBeenCalled()
  })

  it('says which version is not stored, and looks again later', async () => {
    const store = new MemoryRunStore()
    const graphs = graphsOf(store)

    await expect(graphs.of('order', 'v1')).rejects.toMatchObject({
      code: 'VALUE_LOST',
      message: "version v1 of blueprint 'order' is not stored",
    })
    await store.putGraph('order', 'v1', { text: JSON.stringify(blueprint('order')) })
    expect((await graphs.of('order', 'v1')).size).toBe(1)
  })

  it('knows no blueprint that an object merely inherits', () => {
    const graphs = graphsOf(new MemoryRunStore(), blueprint('order'))

    expect(() => graphs.current('constructor')).toThrow(
      "no blueprint 'constructor' here; registered: 'order'",
    )
  })
})

const say =
  (text: string): NodeFunction =>
  async () => ({ output: text })

/** Works on messages of one deployment, `steps` of them. */
async function workOn(service: TestService, steps: number): Promise<void> {
  for (let left = steps; left > 0; left--) {
    const [message] = service.queue.visible()
    if (!message) throw new Error('there is no message')
    await processJob(service.services, message.job, { deadline: () => service.now, extendsLease: false })
    service.queue.delete(message)
  }
}

/** Begins a run with one deployment, works on its first node, and lets another go on. */
async function handOver(before: Flow, after: Flow[]) {
  const store = new MemoryRunStore()
  const old = new TestService({ flows: [before], store, inline: false })
  const { runId } = await old.start({ blueprintId: 'order' })
  await workOn(old, 1)
  expect(await old.isOver(runId)).toBe(false)

  const next = new TestService({ flows: after, store })
  for (const { job } of old.queue.visible()) next.queue.put(job)
  await next.settle()
  return { run: await next.get(runId), next }
}

describe('a run that began before a deployment', () => {
  it('ends on the graph it began with, on the implementations of today', async () => {
    const before = createFlow('order')
      .node('take', say('taken 1'))
      .node('pack', say('packed 1'))
      .node('ship', say('shipped 1'))
      .edge('take', 'pack')
      .edge('pack', 'ship')
    const after = createFlow('order')
      .node('check', say('checked 2'))
      .node('take', say('taken 2'))
      .node('ship', say('shipped 2'))
      .node('pack', say('packed 2'))
      .edge('check', 'take')
      .edge('take', 'ship')
      .edge('ship', 'pack')

    const { run, next } = await handOver(before, [after])

    expect(run).toMatchObject({
      status: 'completed',
      nodes: { completed: ['take', 'pack', 'ship'], notRun: [] },
      context: { take: 'taken 1', pack: 'packed 2', ship: 'shipped 2' },
    })
    const fresh = await next.run({ blueprintId: 'order' })
    expect(fresh).toMatchObject({
      status: 'completed',
      context: { check: 'checked 2', take: 'taken 2', ship: 'shipped 2', pack: 'packed 2' },
    })
  })

  it('goes on with what the node of the same id uses today, where its own key is gone', async () => {
    const store = new MemoryRunStore()
    const version = (n: number) => ({
      blueprints: {
        order: {
          id: 'order',
          nodes: ['take', 'pack'].map((id) => ({ id, uses: `${id} ${n}` })),
          edges: [{ source: 'take', target: 'pack' }],
        },
      },
      registry: { [`take ${n}`]: say(`taken ${n}`), [`pack ${n}`]: say(`packed ${n}`) },
      store,
    })
    const old = new TestService({ ...version(1), inline: false })
    const { runId } = await old.start({ blueprintId: 'order' })
    await workOn(old, 1)

    const next = new TestService(version(2))
    for (const { job } of old.queue.visible()) next.queue.put(job)
    await next.settle()

    expect(await next.get(runId)).toMatchObject({
      status: 'completed',
      context: { take: 'taken 1', pack: 'packed 2' },
    })
  })

  it('is left by an old worker to a newer one at a node that uses other code by now, within the grace', async () => {
    const store = new MemoryRunStore()
    const version = (n: number) => ({
      blueprints: { order: { id: 'order', nodes: [{ id: 'charge', uses: `charge ${n}` }], edges: [] } },
      registry: { [`charge ${n}`]: say(`charged ${n}`) },
      store,
      logger: quiet,
    })
    const next = new TestService(version(2))
    const { runId } = await next.start({ blueprintId: 'order' })
    const old = new TestService(version(1))
    const options = { services: { deployGraceMs: 120_000 } }

    expect(await workOnJob(old, nextJob(next), options)).toEqual({
      kind: 'retry',
      reason: expect.stringMatching(
        /^node 'charge' uses 'charge 2', which this deployment does not have/,
      ) as string,
      afterSeconds: 10,
    })
    expect(await next.get(runId)).toMatchObject({ status: 'running', nodes: { active: ['charge'] } })

    // Nobody newer came: it was the newer deploy that was taken back.
    old.now += 120_000
    expect(await workOnJob(old, nextJob(next), options)).toEqual({ kind: 'acknowledge' })
    expect(await next.get(runId)).toMatchObject({
      status: 'completed',
      context: { charge: 'charged 1' },
    })
  })

  it('fails with a clear reason at a node that is gone', async () => {
    const before = createFlow('order').node('take', say('1')).node('pack', say('1')).edge('take', 'pack')
    const after = createFlow('order').node('take', say('2')).node('ship', say('2')).edge('take', 'ship')

    const { run } = await handOver(before, [after])

    expect(run).toMatchObject({ status: 'failed', nodes: { completed: ['take'], failed: ['pack'] } })
    expect(run.errors?.[0]?.message).toMatch(
      /^node 'pack' uses 'order\.pack', which this deployment does not have \(the run goes by graph [\w-]{12}\)$/,
    )
  })

  it('fails with a clear reason where its blueprint is gone', async () => {
    const before = createFlow('order').node('take', say('1')).node('pack', say('1')).edge('take', 'pack')

    const { run } = await handOver(before, [createFlow('refund').node('pay', say('2'))])

    expect(run.status).toBe('failed')
    expect(run.errors?.[0]?.message).toContain(
      "node 'pack' uses 'order.pack', which this deployment does not have",
    )
  })

  it('ends as in memory where the deployment is the same', async () => {
    const flow = createFlow('order').node('take', say('1')).node('pack', say('1')).edge('take', 'pack')
    const inMemory = await flow.run(new FlowRuntime({}))

    const { run } = await handOver(flow, [flow])

    expect(run.status).toBe(inMemory.status)
    expect(run.context).toMatchObject({ take: '1', pack: '1' })
  })
})
