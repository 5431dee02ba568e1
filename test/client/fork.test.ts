/** Runs are forked in memory, by the code that does it on AWS. */
import { createFlow, type NodeFunction, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

/** Nodes that count their calls, and fail while they are broken. */
function workshop() {
  const calls: Record<string, number> = {}
  const broken = new Set<string>()
  const node =
    (id: string, output?: unknown): NodeFunction =>
    async ({ context, input }) => {
      calls[id] = (calls[id] ?? 0) + 1
      if (broken.has(id)) throw new Error(`${id} is broken`)
      return { output: output ?? `${id}(${input ?? ''}) ${String(await context.get('key' as never))}` }
    }
  return { calls, broken, node }
}

function diamond() {
  const shop = workshop()
  const { node } = shop
  const flow = createFlow('flow')
    .node('a', node('a'))
    .node('b', node('b'))
    .node('c', node('c'))
    .node('d', node('d'))
    .node('e', node('e', 'e'), { config: { joinStrategy: 'all' } })
    .edge('a', 'b')
    .edge('a', 'c')
    .edge('b', 'd')
    .edge('d', 'e')
    .edge('c', 'e')
  return { ...shop, service: new TestService({ flows: [flow], ...quiet }) }
}

/** Counts to four, in a loop. */
const add: NodeFunction = async ({ context }) => {
  const n = ((await context.get('n' as never)) as number) + 1
  await context.set('n' as never, n as never)
  await context.set('more' as never, (n < 4) as never)
  return { output: n }
}

const refused = (message: string, code = 'INVALID_STATE') => ({
  code,
  message: expect.stringContaining(message) as string,
})

const LONG = 'long '.repeat(400)

describe('a fork', () => {
  it('of a completed run runs a node and all that follows again; that run stays as it is', async () => {
    const { service, calls } = diamond()
    const { runId: source } = await service.run({ blueprintId: 'flow', input: { key: 1 } })
    const before = await service.get(source)

    const plan = await service.fork(source, { nodes: ['b'], dryRun: true })
    expect(plan).toEqual({ runId: expect.any(String), forked: false, again: ['b'] })
    await expect(service.get(plan.runId)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    const request = { nodes: ['b'], set: { key: 2 }, runId: 'fork', by: 'Ada', reason: 'what if' }
    expect(await service.fork(source, request)).toEqual({ runId: 'fork', forked: true, again: ['b'] })

    const fork = await service.waitFor('fork')
    expect(fork).toMatchObject({
      status: 'completed',
      forkedFrom: { runId: source },
      context: { a: 'a() 1', b: 'b(a() 1) 2', c: 'c(a() 1) 1', d: 'd(b(a() 1) 2) 2', e: 'e', key: 2 },
      operations: [{ kind: 'fork', by: 'Ada', reason: 'what if', nodes: ['b'], keys: ['key'] }],
    })
    expect(calls).toEqual({ a: 1, b: 2, c: 1, d: 2, e: 2 })
    expect(await service.get(source)).toEqual(before)
    expect(await service.fork(source, request)).toEqual({ runId: 'fork', forked: true, again: ['b'] })
    await service.settle()
    expect(calls['b']).toBe(2)
  })

  it('of a failed run runs what failed again, and a named node leaves other failures', async () => {
    const { service, calls, broken } = diamond()
    for (const id of ['c', 'd']) broken.add(id)
    const { runId: source } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    const { runId: all, again } = await service.fork(source)
    expect(again.toSorted()).toEqual(['c', 'd'])
    expect(await service.waitFor(all)).toMatchObject({ status: 'completed', nodes: { notRun: [] } })
    const { runId: one } = await service.fork(source, { nodes: ['d'] })
    expect(await service.waitFor(one)).toMatchObject({
      status: 'failed',
      nodes: { failed: ['c'], notRun: ['e'] },
    })
    expect(calls).toEqual({ a: 1, b: 1, c: 2, d: 3, e: 1 })
    expect(await service.get(source)).toMatchObject({ status: 'failed', nodes: { failed: ['c', 'd'] } })
  })

  it('of a cancelled run runs what was active from its beginning, and has its own events', async () => {
    const { node, calls } = workshop()
    const flow = createFlow('flow')
      .node('a', node('a'))
      .wait('approval')
      .sleep('rest', { duration: 3_600_000 })
      .node('b', node('b'))
      .edge('a', 'approval')
      .edge('a', 'rest')
      .edge('approval', 'b')
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.start({ blueprintId: 'flow' })
    await service.waitFor(runId, { timeoutMs: 1_000 }).catch(() => {})
    await expect(service.fork(runId)).rejects.toMatchObject(refused('it has not ended'))
    await service.cancel(runId)
    await service.settle()
    const { runId: fork, again } = await service.fork(runId)
    expect(again).toEqual(['approval', 'rest'])
    await service.settle()
    expect(await service.get(fork)).toMatchObject({ status: 'awaiting', waiting: [{ nodeId: 'approval' }] })
    await service.resume(fork, { nodeId: 'approval', output: 'yes' })
    expect(await service.waitFor(fork)).toMatchObject({ status: 'completed', context: { approval: 'yes' } })
    expect(calls).toEqual({ a: 1, b: 1 })
  })

  it('of a fork, of which others are forked, has the values of all of them', async () => {
    const { node } = workshop()
    const flow = createFlow('chain')
    for (const id of 'abcd') flow.node(id, node(id, `${id} ${LONG}`))
    flow.edge('a', 'b').edge('b', 'c').edge('c', 'd')
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.run({ blueprintId: 'chain', input: { key: LONG, other: 1 } })
    let from = runId
    for (const id of ['b', 'c', 'd', 'd']) {
      const fork = await service.fork(from, { nodes: [id], set: { [id]: LONG } })
      const { status, context, lost } = await service.waitFor(fork.runId)
      expect([status, lost, context['key']]).toEqual(['completed', undefined, LONG])
      for (const each of 'abcd') expect(context[each]).toBe(`${each} ${LONG}`)
      from = fork.runId
    }
    expect(await service.get(runId)).toMatchObject({ status: 'completed' })
  })

  it('has its own child runs, and keeps what those gave that are not run again', async () => {
    const { node, calls, broken } = workshop()
    const leaf = createFlow('leaf').node('l', node('l', 7))
    const top = createFlow('top')
      .node('one', SubflowNode, { params: { blueprintId: 'leaf' } })
      .node('two', SubflowNode, { params: { blueprintId: 'leaf' } })
      .node('end', node('end'))
      .edge('one', 'two')
      .edge('two', 'end')
    const service = new TestService({ flows: [top, leaf], ...quiet })
    broken.add('end')
    const { runId } = await service.run({ blueprintId: 'top' })
    broken.clear()
    const { runId: late } = await service.fork(runId)
    expect(await service.waitFor(late)).toMatchObject({ status: 'completed', context: { one: 7, two: 7 } })
    const reads = vi.spyOn(service.services.store, 'readMany')
    expect(await service.list({ parentRunId: late })).toEqual({ runs: [] })
    expect(reads.mock.calls.flatMap(([ids]) => ids)).toEqual([])
    const { runId: early } = await service.fork(runId, { nodes: ['two'] })
    expect(await service.waitFor(early)).toMatchObject({
      status: 'completed',
      context: { end: 'end(7) undefined' },
    })
    const { runs } = await service.list({ parentRunId: early })
    expect(runs.map(({ runId: child }) => child)).toEqual([`${early}/1.2`])
    expect((await service.list({ parentRunId: runId })).runs).toHaveLength(2)
    expect(calls['l']).toBe(3)
  })

  it('of a child run is nobody’s child', async () => {
    const { node, broken } = workshop()
    const leaf = createFlow('leaf').node('l', node('l'))
    const top = createFlow('top').node('sub', SubflowNode, {
      params: { blueprintId: 'leaf', inputs: { key: 'key' } },
    })
    const service = new TestService({ flows: [top, leaf], ...quiet })
    broken.add('l')
    const { runId } = await service.run({ blueprintId: 'top', input: { key: LONG } })
    broken.clear()
    const { runId: fork } = await service.fork(`${runId}/0.1`)
    const run = await service.waitFor(fork)
    expect(run).toMatchObject({ status: 'completed', blueprintId: 'leaf', context: { l: `l() ${LONG}` } })
    expect(run.parent).toBeUndefined()
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
  })

  it('gathers the results of a batch that is not run again, wherever they are', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('batch')
      .node('list', async () => ({ output: Array.from({ length: 230 }, (_, n) => n) }))
      .batch('each', async ({ input }) => ({ output: `${input} ${Number(input) < 3 ? LONG : ''}` }), {
        inputKey: 'list',
        outputKey: 'results',
      })
      .node('end', node('end', 'end'))
      .edge('list', 'each_scatter')
      .edge('each_gather', 'end')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('end')
    const { runId } = await service.run({ blueprintId: 'batch' })
    broken.clear()
    const expected = (await service.get(runId)).context['results']
    expect(expected).toHaveLength(230)
    let from = runId
    for (const nodes of [['each_gather'], ['each_gather'], ['each_scatter'], ['end']]) {
      const { runId: fork } = await service.fork(from, { nodes })
      const { status, context } = await service.waitFor(fork)
      expect([status, context['results']]).toEqual(['completed', expected])
      from = fork
    }
  })

  it('goes on in the round of a loop that it was forked in', async () => {
    const { node, broken, calls } = workshop()
    const flow = createFlow('loop')
      .node('begin', node('begin', 'begun'))
      .node('add', add, { config: { joinStrategy: 'any' } })
      .node('end', node('end'))
      .edge('begin', 'add')
      .loop('again', { startNodeId: 'add', endNodeId: 'add', condition: 'more' })
      .edge('again', 'end')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('end')
    const { runId } = await service.run({ blueprintId: 'loop', input: { n: 0 } })
    broken.clear()
    const { runId: end } = await service.fork(runId)
    expect(await service.waitFor(end)).toMatchObject({ status: 'completed', context: { n: 4, add: 4 } })
    const { runId: back } = await service.fork(runId, { nodes: ['add'], set: { n: 1 } })
    expect(await service.waitFor(back)).toMatchObject({ status: 'completed', context: { n: 4, add: 4 } })
    expect(calls).toEqual({ begin: 1, end: 3 })
  })

  it('of a run with thousands of values in pages and bundles has them all, and new ones over them', async () => {
    const { node, broken } = workshop()
    let life = 0
    const flow = createFlow('many')
    for (let n = 0; n < 60; n++) {
      flow.node(`n${n}`, async ({ context }) => {
        await context.set(`own${n}`, n)
        if (n % 20 === 5) for (let key = 0; key < 400; key++) await context.set(`key${key}`, `${n} of ${key}`)
        if (n === 40) await context.delete('key7')
        return { output: `output ${n} of ${life} ${'x'.repeat(200)}` }
      })
      if (n > 0) flow.edge(`n${n - 1}`, `n${n}`)
    }
    flow.node('end', node('end', 'end')).edge('n59', 'end')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('end')
    const { runId } = await service.run({ blueprintId: 'many' })
    broken.clear()
    const { context: before } = await service.get(runId)
    let from = runId
    const again: Record<string, unknown> = {}
    for (const nodes of [['end'], ['n58'], ['n2']]) {
      life++
      const first = nodes[0] === 'end' ? 60 : Number(nodes[0]?.slice(1))
      for (let n = first; n < 60; n++) {
        const output = `output ${n} of ${life} ${'x'.repeat(200)}`
        Object.assign(again, { [`n${n}`]: output, [`_outputs.n${n}`]: output })
        if (n < 59) again[`_inputs.n${n + 1}`] = output
        else again['_inputs.end'] = output
      }
      const { runId: fork } = await service.fork(from, { nodes, set: { key9: 'nine', own1: 'one' } })
      const { context, status } = await service.waitFor(fork)
      const { _executionId: _, ...kept } = context
      const isEarly = nodes[0] === 'n2'
      expect(status).toBe('completed')
      expect(kept).toEqual({
        ...Object.fromEntries(Object.entries(before).filter(([key]) => key !== '_executionId')),
        own1: 'one',
        key9: isEarly ? '45 of 9' : 'nine',
        ...(isEarly ? { key7: '45 of 7' } : {}),
        ...again,
        end: 'end',
        '_outputs.end': 'end',
      })
      from = fork
    }
    expect(await service.get(runId)).toMatchObject({ context: before })
  })

  it('does not see what the run comes to later', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('later')
    for (let n = 0; n < 12; n++) {
      flow.node(`n${n}`, node(`n${n}`))
      if (n > 0) flow.edge(`n${n - 1}`, `n${n}`)
    }
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('n11')
    const { runId } = await service.run({ blueprintId: 'later', input: { key: `1 ${'x'.repeat(200)}` } })
    const { context: before } = await service.get(runId)
    const { runId: fork } = await service.fork(runId, { nodes: ['n10'] })
    broken.clear()
    await service.redrive(runId, { nodes: ['n0'], set: { key: `2 ${'x'.repeat(200)}` } })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    const { context } = await service.waitFor(fork)
    expect(context).toMatchObject({ n9: before['n9'], key: before['key'] })
    expect(String(context['n11'])).toContain('1 x')
  })

  it('is not made of what somebody redrives while it is read', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('raced')
    for (let n = 0; n < 12; n++) {
      flow.node(`n${n}`, node(`n${n}`, `n${n} ${'x'.repeat(200)}`))
      if (n > 0) flow.edge(`n${n - 1}`, `n${n}`)
    }
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('n11')
    const { runId } = await service.run({ blueprintId: 'raced' })
    const { store } = service.services
    const readPacks = store.readPacks.bind(store)
    vi.spyOn(store, 'readPacks').mockImplementationOnce(async (...of) => {
      const { redriven } = await service.redrive(runId)
      expect(redriven).toBe(true)
      return readPacks(...of)
    })
    const why = refused('somebody else has changed it meanwhile')
    await expect(service.fork(runId, { runId: 'fork' })).rejects.toMatchObject(why)
    await expect(service.get('fork')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await service.settle()
    expect(await service.fork(runId, { runId: 'fork' })).toMatchObject({ forked: true, again: ['n11'] })
  })

  it('has no output of a node that gave one before and now gives none', async () => {
    let output: string | undefined = 'before'
    const flow = createFlow('gives')
      .node('a', (async () => (output === undefined ? undefined : { output })) as unknown as NodeFunction)
      .node('b', async ({ context }) => ({ output: await context.has('a' as never) }))
      .edge('a', 'b')
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.run({ blueprintId: 'gives' })
    output = undefined
    const { runId: fork } = await service.fork(runId, { nodes: ['a'] })
    const { context } = await service.waitFor(fork)
    expect(context).toMatchObject({ b: false })
    expect(context).not.toHaveProperty('a')
  })

  it('is not made within a loop that has ended, of which something else ran beside the node', async () => {
    const { node, broken } = workshop()
    const all = { config: { joinStrategy: 'all' } } as const
    const flow = createFlow('loop')
      .node('first', node('first', 'first'))
      .node('x', node('x', 'x'))
      .node('y', node('y', 'y'))
      .node('j', node('j', 'j'), all)
      .node('end', node('end', 'end'))
      .edge('first', 'x')
      .edge('first', 'y')
      .edge('x', 'j')
      .edge('y', 'j')
      .loop('again', { startNodeId: 'first', endNodeId: 'j', condition: 'more' })
      .edge('again', 'end')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('end')
    const { runId } = await service.run({ blueprintId: 'loop', input: { more: false } })
    broken.clear()
    const why = refused("node 'x' ran in a round of a loop that has gone on since")
    await expect(service.fork(runId, { nodes: ['x'] })).rejects.toMatchObject(why)
    const { runId: fork } = await service.fork(runId, { nodes: ['first'] })
    expect(await service.waitFor(fork)).toMatchObject({ status: 'completed', nodes: { notRun: [] } })
    expect(await service.redrive(runId, { nodes: ['first'] })).toMatchObject({ again: ['first'] })
  })

  it('of a run that no worker could begin begins', async () => {
    const { node } = workshop()
    const flow = createFlow('new').node('a', node('a'))
    const old = new TestService({ flows: [createFlow('other').node('a', node('a'))], ...quiet })
    const { store } = old.services
    const client = new TestService({ flows: [flow], store, ...quiet })
    const { runId } = await client.start({ blueprintId: 'new', input: { key: LONG } })
    await client.cancel(runId)
    await client.settle()
    const later = await client.start({ blueprintId: 'new', input: { key: LONG }, delayMs: 3_600_000 })
    await client.cancel(later.runId)
    await client.settle()
    await expect(client.fork(later.runId, { nodes: ['a'] })).rejects.toMatchObject(
      refused('no worker has begun'),
    )
    const { runId: fork, again } = await client.fork(later.runId)
    expect(again).toEqual([])
    expect(await client.waitFor(fork)).toMatchObject({ status: 'completed', context: { a: `a() ${LONG}` } })
  })

  it('ends by its own failures, whether a fallback stood in before or not', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('stands-in')
      .node('a', node('a'))
      .node('b', node('b'), { config: { fallback: 'b2' } })
      .node('b2', node('b2'))
      .node('c', node('c'))
      .edge('a', 'b')
      .edge('b', 'c')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('b')
    const { runId, status } = await service.run({ blueprintId: 'stands-in' })
    expect(status).toBe('completed')
    broken.clear()
    broken.add('c')
    const { runId: early } = await service.fork(runId, { nodes: ['a'] })
    expect(await service.waitFor(early)).toMatchObject({ status: 'failed' })
    const { runId: late } = await service.fork(runId, { nodes: ['c'] })
    expect(await service.waitFor(late)).toMatchObject({ status: 'completed', nodes: { failed: ['c'] } })
  })

  it('can be redriven, and its failures are its own', async () => {
    const { service, broken, calls } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow', input: { key: LONG } })
    broken.add('d')
    const { runId: fork } = await service.fork(runId, { nodes: ['b'] })
    expect(await service.waitFor(fork)).toMatchObject({ status: 'failed', nodes: { failed: ['d'] } })
    broken.clear()
    await service.redrive(fork, { by: 'Eve' })
    const run = await service.waitFor(fork)
    expect(run).toMatchObject({ status: 'completed', redrives: 1 })
    expect(run.operations).toMatchObject([{ kind: 'fork' }, { kind: 'redrive', by: 'Eve' }])
    expect(run.errors).toBeUndefined()
    expect(calls).toMatchObject({ a: 1, c: 1, d: 3 })
  })
})

describe('forks of a run', () => {
  it('are found by it, and by its labels', async () => {
    const { service } = diamond()
    const labels = { order: 'A-17' }
    const { runId } = await service.run({ blueprintId: 'flow', labels })
    await service.fork(runId, { nodes: ['a'], runId: 'one' })
    service.now += 1_000
    await service.fork(runId, { nodes: ['a'], runId: 'two', labels: {} })
    await service.settle()
    await service.fork('one', { nodes: ['e'], runId: 'three' })
    const ids = async (query: object) => (await service.list(query)).runs.map((run) => run.runId)
    expect(await ids({ forkedFrom: runId })).toEqual(['two', 'one'])
    expect(await ids({ forkedFrom: runId, limit: 1 })).toEqual(['two'])
    expect(await ids({ forkedFrom: runId, status: 'failed' })).toEqual([])
    expect(await ids({ forkedFrom: 'two' })).toEqual([])
    expect((await ids({ label: labels })).toSorted()).toEqual([runId, 'one', 'three'].toSorted())
    const { runs } = await service.list({ forkedFrom: 'one' })
    expect(runs).toMatchObject([{ runId: 'three', forkedFrom: { runId: 'one' }, labels }])
    const { runs: all } = await service.list()
    expect(all.find((run) => run.runId === 'two')).toMatchObject({
      forkedFrom: { runId },
      status: 'completed',
    })
    await expect(service.list({ forkedFrom: 'none' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await expect(service.list({ forkedFrom: 'a b' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('are refused where they cannot be, and nothing is changed', async () => {
    const { service, broken } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow', input: { key: 1 } })
    broken.add('a')
    const { runId: failed } = await service.run({ blueprintId: 'flow' })
    const fork = (request: object, of = runId) => expect(service.fork(of, request)).rejects
    await fork({}).toMatchObject(refused('nothing of it failed'))
    await fork({ nodes: ['none'] }).toMatchObject(refused("has no node 'none'", 'INVALID_INPUT'))
    await fork({ nodes: ['e'] }, failed).toMatchObject(refused("node 'e' has not run"))
    await fork({}, 'none').toMatchObject(refused("no run 'none'", 'RUN_NOT_FOUND'))
    await fork({ nodes: [] }).toMatchObject(refused('nodes must be', 'INVALID_INPUT'))
    await fork({ runId: 'a b' }).toMatchObject(refused('runId must be', 'INVALID_INPUT'))
    await fork({ labels: { 'a b': '' } }).toMatchObject(refused('labels', 'INVALID_INPUT'))
    await fork({ nodes: ['a'], set: { n: 1n } }).toMatchObject(refused('cannot fork a run', 'INVALID_INPUT'))
    await fork({ nodes: ['a'], runId }).toMatchObject(refused('no fork', 'RUN_CONFLICT'))
    expect(await service.list({ forkedFrom: runId })).toEqual({ runs: [] })

    await service.fork(runId, { nodes: ['b'], set: { key: 2 }, runId: 'fork' })
    const there = refused('another fork', 'RUN_CONFLICT')
    await fork({ nodes: ['c'], set: { key: 2 }, runId: 'fork' }).toMatchObject(there)
    await fork({ nodes: ['b'], set: { key: 3 }, runId: 'fork' }).toMatchObject(there)
    await fork({ nodes: ['b'], set: { key: 2 }, labels: { a: 'b' }, runId: 'fork' }).toMatchObject(there)
    await fork({ runId: 'fork' }, failed).toMatchObject(there)
    await expect(
      service.start({ blueprintId: 'flow', input: { key: 2 }, runId: 'fork' }),
    ).rejects.toMatchObject(refused('as its fork', 'RUN_CONFLICT'))
  })

  it('may cost what their run may, or more, from their own start on', async () => {
    const { service } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow', maxUsd: 2, onBudget: 'pause' })
    const { runId: same } = await service.fork(runId, { nodes: ['e'] })
    const { runId: more } = await service.fork(runId, { nodes: ['e'], maxUsd: 5 })
    await service.settle()
    expect(await service.get(same)).toMatchObject({ budget: { maxUsd: 2, onBudget: 'pause' } })
    expect(await service.get(more)).toMatchObject({ budget: { maxUsd: 5, onBudget: 'pause' } })
    await expect(service.fork(runId, { nodes: ['e'], maxUsd: -1 })).rejects.toMatchObject(
      refused('maxUsd must be', 'INVALID_INPUT'),
    )
  })

  it('that came to nothing leave notes that nobody sees', async () => {
    const { service, calls } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow' })
    const { store } = service.services
    vi.spyOn(store, 'create').mockRejectedValueOnce(new Error('the caller died'))
    const dying = service.fork(runId, { nodes: ['b'], runId: 'other', by: 'Eve' })
    await expect(dying).rejects.toThrow('the caller died')
    expect(await service.list({ forkedFrom: runId })).toEqual({ runs: [] })
    expect(calls['b']).toBe(1)
    await service.start({ blueprintId: 'flow', runId: 'other' })
    await service.pause('other', { by: 'Ada' })
    expect((await service.get('other')).operations).toMatchObject([{ kind: 'pause', by: 'Ada' }])
    expect(await service.list({ forkedFrom: runId })).toEqual({ runs: [] })
    const again = service.fork(runId, { nodes: ['b'], runId: 'other', by: 'Eve' })
    await expect(again).rejects.toMatchObject(refused('a run that is no fork', 'RUN_CONFLICT'))
  })

  it('store their graph anew where that is aging', async () => {
    const { service } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow' })
    const { store } = service.services
    const { graph = '' } = (await store.read(runId)) ?? {}
    const stored = await store.getGraph('flow', graph)
    vi.spyOn(store, 'getGraph').mockResolvedValue({ ...stored, isAging: true })
    const put = vi.spyOn(store, 'putGraph')
    await service.fork(runId, { nodes: ['b'], dryRun: true })
    expect(put).not.toHaveBeenCalled()
    await service.fork(runId, { nodes: ['b'] })
    expect(put).toHaveBeenCalledWith('flow', graph, stored)
  })

  it('of a value that is gone say so', async () => {
    const { node } = workshop()
    const flow = createFlow('gone').node('a', node('a', LONG)).node('b', node('b')).edge('a', 'b')
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.run({ blueprintId: 'gone' })
    const { store } = service.services
    const { runId: fork } = await service.fork(runId, { nodes: ['b'] })
    const getValue = store.getValue.bind(store)
    vi.spyOn(store, 'getValue').mockImplementation(async (of, key) =>
      of === runId ? undefined : getValue(of, key),
    )
    const run = await service.waitFor(fork)
    const gone = expect.stringContaining(`of run '${runId}' is gone`) as string
    expect(run.status).toBe('failed')
    expect(run.lost?.map(({ reason }) => reason)).toEqual([gone, gone, gone])
    expect(JSON.stringify(run.errors)).toEqual(gone)
  })
})
