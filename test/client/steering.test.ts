/** Runs are taken up again, paused and skipped in memory, by the code that does it on AWS. */
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
    async ({ context }) => {
      calls[id] = (calls[id] ?? 0) + 1
      if (broken.has(id)) throw new Error(`${id} is broken`)
      return { output: output ?? `${id} ${String(await context.get('key' as never))}` }
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
    .node('e', node('e'), { config: { joinStrategy: 'all' } })
    .edge('a', 'b')
    .edge('a', 'c')
    .edge('b', 'd')
    .edge('d', 'e')
    .edge('c', 'e')
  return { ...shop, service: new TestService({ flows: [flow], ...quiet }) }
}

function refused(message: string, code = 'INVALID_STATE') {
  return { code, message: expect.stringContaining(message) as string }
}

describe('redrive', () => {
  it('runs what failed again, keeps what succeeded, and fires the join', async () => {
    const { service, calls, broken } = diamond()
    broken.add('b')
    const { runId, status } = await service.run({ blueprintId: 'flow', input: { key: 1 } })
    expect(status).toBe('failed')

    const plan = { again: ['b'], goesOn: [], children: [] }
    expect(await service.redrive(runId, { dryRun: true })).toEqual({ ...plan, redriven: false })
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
    broken.delete('b')
    expect(await service.redrive(runId, { by: 'Ada', reason: 'mended' })).toEqual({ ...plan, redriven: true })

    const run = await service.waitFor(runId)
    expect(run).toMatchObject({ status: 'completed', redrives: 1, context: { e: 'e 1', b: 'b 1' } })
    expect(run.errors).toBeUndefined()
    expect(run.operations).toEqual([
      { kind: 'redrive', by: 'Ada', reason: 'mended', nodes: ['b'], keys: [], at: expect.any(Date) },
    ])
    expect(calls).toEqual({ a: 1, b: 2, c: 1, d: 1, e: 1 })
  })

  it('may fail again, and be redriven again, by other values', async () => {
    const { service, calls, broken } = diamond()
    for (const id of ['b', 'c']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow', input: { key: 1 } })
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'failed', redrives: 1 })
    expect((await service.get(runId)).errors).toHaveLength(2)

    broken.clear()
    await service.redrive(runId, { nodes: ['b'], set: { key: 2, more: [1] } })
    const half = await service.waitFor(runId)
    expect(half).toMatchObject({ status: 'failed', nodes: { failed: ['c'], notRun: ['e'] } })
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({
      status: 'completed',
      redrives: 3,
      context: { a: 'a 1', d: 'd 2', e: 'e 2', more: [1] },
    })
    expect(calls).toEqual({ a: 1, b: 3, c: 3, d: 1, e: 1 })
  })

  it('goes on from a node that completed, with all that follows from it', async () => {
    const { service, calls, broken } = diamond()
    broken.add('e')
    const { runId } = await service.run({ blueprintId: 'flow', input: { key: 1 } })
    broken.clear()
    expect(await service.redrive(runId, { nodes: ['b', 'd'], set: { key: 2 } })).toMatchObject({
      again: ['b'],
    })
    expect(await service.waitFor(runId)).toMatchObject({
      status: 'completed',
      context: { a: 'a 1', b: 'b 2', c: 'c 1', d: 'd 2', e: 'e 2' },
    })
    expect(calls).toEqual({ a: 1, b: 2, c: 1, d: 2, e: 2 })
  })

  it('lets a cancelled run go on', async () => {
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
    await service.cancel(runId, { by: 'Ada', reason: 'wrong order' })
    await service.settle()
    const { operations } = await service.get(runId)
    expect(operations).toMatchObject([{ kind: 'cancel', by: 'Ada', reason: 'wrong order' }])
    expect(await service.redrive(runId)).toMatchObject({ again: [], goesOn: ['approval', 'rest'] })
    await service.resume(runId, { nodeId: 'approval', output: 'yes' })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { approval: 'yes' } })
    expect(calls).toEqual({ a: 1, b: 1 })
  })

  it('takes child runs up first, however deep, and children alone not at all', async () => {
    const { node, calls, broken } = workshop()
    const leaf = createFlow('leaf').node('l1', node('l1')).node('l2', node('l2', 7)).edge('l1', 'l2')
    const middle = createFlow('middle').node('call', SubflowNode, { params: { blueprintId: 'leaf' } })
    const top = createFlow('top')
      .node('start', node('start'))
      .node('call', SubflowNode, { params: { blueprintId: 'middle' } })
      .node('end', node('end'))
      .edge('start', 'call')
      .edge('call', 'end')
    const service = new TestService({ flows: [top, middle, leaf], ...quiet })
    broken.add('l2')
    const { runId } = await service.run({ blueprintId: 'top' })
    const children = [`${runId}/1.1`, `${runId}/1.1/0.1`]
    await expect(service.redrive(children[0] as string)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: `cannot redrive run '${children[0]}': it is the child run of '${runId}', which is to be redriven`,
    })
    broken.clear()
    expect(await service.redrive(runId)).toMatchObject({ again: ['call'], children })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { call: 7 } })
    expect(calls).toEqual({ start: 1, l1: 1, l2: 2, end: 1 })
  })

  it('scatters a batch anew of which items failed', async () => {
    const { calls, broken } = workshop()
    const item: NodeFunction = async ({ input }) => {
      calls[`item ${String(input)}`] = (calls[`item ${String(input)}`] ?? 0) + 1
      if (input === 2 && broken.has('item')) throw new Error('no')
      return { output: Number(input) * 10 }
    }
    const flow = createFlow('flow')
      .node('list', async () => ({ output: [1, 2, 3] }))
      .batch('all', item, { inputKey: 'list', outputKey: 'results' })
    flow.edge('list', 'all_scatter')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('item')
    const { runId, status } = await service.run({ blueprintId: 'flow' })
    expect(status).toBe('failed')
    broken.clear()
    expect(await service.redrive(runId)).toMatchObject({ again: ['all_scatter'] })
    const run = await service.waitFor(runId)
    expect(run.errors).toBeUndefined()
    expect(run).toMatchObject({ status: 'completed', context: { results: [10, 20, 30] } })
  })

  it('begins a run whose blueprint nobody had', async () => {
    const { node } = workshop()
    const service = new TestService({ flows: [createFlow('flow').node('a', node('a'))], ...quiet })
    await service.services.store.create({
      runId: 'early',
      blueprintId: 'later',
      active: new Map(),
      fired: new Set(),
      iterations: new Map(),
      inlineValues: new Map(),
      startedAt: 0,
    })
    await service.services.queue.send([{ runId: 'early', blueprintId: 'later' }])
    await service.settle()
    expect(await service.get('early')).toMatchObject({ status: 'failed' })
    await service.redrive('early')
    await service.settle()
    expect(await service.get('early')).toMatchObject({ status: 'failed', redrives: 1 })
  })

  it('is refused where there is nothing to take up, and changes nothing', async () => {
    const { service, broken } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow' })
    await expect(service.redrive(runId)).rejects.toMatchObject(refused('it is completed'))
    await expect(service.redrive('nobody')).rejects.toMatchObject(refused('there is no run', 'RUN_NOT_FOUND'))
    broken.add('a')
    const failed = await service.run({ blueprintId: 'flow' })
    await expect(service.redrive(failed.runId, { nodes: ['x'] })).rejects.toMatchObject(
      refused("has no node 'x'; it has 'a', 'b'", 'INVALID_INPUT'),
    )
    await expect(service.redrive(failed.runId, { nodes: ['e', 'd'] })).rejects.toMatchObject(
      refused("node 'e' has not run; node 'd' has not run"),
    )
    const wrong = { nodes: [], set: 1, dryRun: 'yes', by: '' } as unknown as { nodes: string[] }
    await expect(service.redrive(failed.runId, wrong)).rejects.toMatchObject(
      refused(
        [
          "by must be a text; got ''",
          'nodes must be a list of node ids; got []',
          'set must be an object of context keys; got 1',
          "dryRun must be true or false; got 'yes'",
        ].join('\n- '),
        'INVALID_INPUT',
      ),
    )
    for (const set of [{ a: () => 1 }, [1], null] as unknown as Record<string, unknown>[]) {
      await expect(service.redrive(failed.runId, { set })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    expect(await service.get(failed.runId)).toMatchObject({ status: 'failed' })
    expect((await service.get(failed.runId)).redrives).toBeUndefined()
  })
})

describe('skip', () => {
  it('goes on without a node that failed, by its output and its action', async () => {
    const { node, calls, broken } = workshop()
    const flow = createFlow('flow')
      .node('check', node('check'))
      .node('yes', node('yes'))
      .node('no', node('no'))
      .edge('check', 'yes', { action: 'yes' })
      .edge('check', 'no', { action: 'no' })
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('check')
    const { runId } = await service.run({ blueprintId: 'flow' })
    const unnamed = { nodeId: 'check', output: 1, action: 'perhaps' }
    await expect(service.skip(runId, unnamed)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
    expect(await service.skip(runId, { ...unnamed, action: 'no', by: 'Ada' })).toEqual({ skipped: true })
    const run = await service.waitFor(runId)
    expect(run).toMatchObject({ status: 'completed', context: { check: 1 }, nodes: { notRun: ['yes'] } })
    expect(calls).toEqual({ check: 1, no: 1 })
  })

  it('goes on without a node that waits: for its next try, for an event, for a time', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('flow')
      .node('flaky', node('flaky'), { config: { maxRetries: 9, retryDelay: 3_600_000 } })
      .wait('approval')
      .sleep('rest', { duration: 86_400_000 })
      .node('end', node('end'), { config: { joinStrategy: 'all' } })
      .edge('flaky', 'end')
      .edge('approval', 'end')
      .edge('rest', 'end')
    const service = new TestService({ flows: [flow], ...quiet })
    broken.add('flaky')
    const { runId } = await service.start({ blueprintId: 'flow' })
    await service.waitFor(runId, { timeoutMs: 1_000 }).catch(() => {})
    for (const nodeId of ['flaky', 'approval', 'rest']) {
      expect(await service.skip(runId, { nodeId, output: `${nodeId} by hand` })).toEqual({ skipped: true })
    }
    const context = { flaky: 'flaky by hand', approval: 'approval by hand', rest: 'rest by hand' }
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context })
  })

  it('leaves what else failed', async () => {
    const { service, broken } = diamond()
    for (const id of ['b', 'c']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow' })
    await service.skip(runId, { nodeId: 'b', output: 'by hand' })
    expect(await service.waitFor(runId)).toMatchObject({
      status: 'failed',
      nodes: { completed: ['a', 'b', 'd'], failed: ['c'] },
    })
  })

  it('is refused for a node that neither failed nor waits', async () => {
    const { service } = diamond()
    const { runId } = await service.run({ blueprintId: 'flow' })
    await expect(service.skip(runId, { nodeId: 'a' })).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await expect(service.skip(runId, {} as { nodeId: string })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
  })
})

describe('pause', () => {
  it('lets nobody work on the run, nor on its children, until it is unpaused', async () => {
    const { node, calls } = workshop()
    const child = createFlow('child').wait('approval').node('after', node('after')).edge('approval', 'after')
    const flow = createFlow('flow')
      .node('call', SubflowNode, { params: { blueprintId: 'child' } })
      .node('end', node('end'))
      .edge('call', 'end')
    const service = new TestService({ flows: [flow, child], ...quiet })
    const { runId } = await service.start({ blueprintId: 'flow' })
    await service.waitFor(runId, { timeoutMs: 1_000 }).catch(() => {})
    const childId = `${runId}/0.1`
    expect(await service.pause(runId, { by: 'Ada' })).toEqual({ paused: true })
    expect(await service.pause(runId)).toEqual({ paused: false })
    expect(await service.get(childId)).toMatchObject({ status: 'paused', pausedAt: expect.any(Date) })
    await service.resume(childId, { nodeId: 'approval' })
    await service.settle()
    expect(calls).toEqual({})
    await expect(service.waitFor(runId)).rejects.toMatchObject({ code: 'RUN_TIMEOUT' })

    expect(await service.unpause(runId)).toEqual({ unpaused: true })
    expect(await service.unpause(runId)).toEqual({ unpaused: false })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    expect(calls).toEqual({ after: 1, end: 1 })
    await expect(service.pause(runId)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect((await service.get(runId)).operations).toBeUndefined()
  })

  it('keeps timers, which go on when their time is over', async () => {
    const flow = createFlow('flow').sleep('rest', { duration: 86_400_000 })
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.start({ blueprintId: 'flow' })
    await service.waitFor(runId, { timeoutMs: 1_000 }).catch(() => {})
    await service.pause(runId)
    service.now += 2 * 86_400_000
    await service.settle()
    expect(await service.get(runId)).toMatchObject({ status: 'paused' })
    await service.unpause(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
  })
})
