/** What a redrive makes of the state of a run, where something of the life before could stay that must not, or the other way. */
import { createFlow } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { HEADER_AT_MOST_BYTES } from '../../lib/core/common/size-limits.ts'
import { activationKey, type RunState, START } from '../../lib/core/protocol/run-state.ts'
import { headerSize } from '../../lib/core/store/header.ts'
import { serviceOf, workshop } from './workshop.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

const ANY = { config: { joinStrategy: 'any' } } as const

function waiting() {
  const shop = workshop()
  const flow = createFlow('flow')
    .node('a', shop.node('a'), { config: { fallback: 'spare' } })
    .node('spare', shop.node('spare'))
    .wait('wait')
    .node('b', shop.node('b'))
    .edge('wait', 'b')
  return { ...shop, service: serviceOf(flow) }
}

describe('a fallback', () => {
  it('that is not needed after a redrive lets the run fail by others, as in memory', async () => {
    const { broken, service } = waiting()
    for (const id of ['a', 'b']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow' })
    await service.cancel(runId)
    await service.settle()
    broken.delete('a')
    await service.redrive(runId, { nodes: ['a'] })
    await service.settle()
    await service.resume(runId, { nodeId: 'wait' })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'failed', nodes: { failed: ['b'] } })
  })

  it('that stood in for what is not put back counts after a redrive', async () => {
    const { broken, service } = waiting()
    for (const id of ['a', 'b']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow' })
    await service.cancel(runId)
    await service.settle()
    await service.redrive(runId)
    await service.settle()
    await service.resume(runId, { nodeId: 'wait' })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', nodes: { failed: ['b'] } })
  })

  it('that stood in in an earlier round of a loop counts where the last round is put back', async () => {
    const { node, calls } = workshop()
    const flow = createFlow('flow')
      .node('pre', node('pre'))
      .edge('pre', 'a')
      .node(
        'a',
        async (context) => {
          if (!calls['a']) await node('a')(context).then(() => Promise.reject(new Error('the first time')))
          return node('a')(context)
        },
        { config: { fallback: 'spare', joinStrategy: 'any' } },
      )
      .node('spare', node('spare'))
      .wait('wait')
      .edge('a', 'wait')
      .loop('again', { startNodeId: 'a', endNodeId: 'wait', condition: 'more' })
      .node('b', () => Promise.reject(new Error('b is broken')))
      .edge('again', 'b')
    const service = serviceOf(flow)
    const { runId } = await service.run({ blueprintId: 'flow', input: { more: true } })
    expect(calls).toMatchObject({ a: 1, spare: 1 })
    await service.resume(runId, { nodeId: 'wait' })
    await service.settle()
    await service.cancel(runId)
    await service.settle()
    expect(await service.redrive(runId, { nodes: ['a'], set: { more: false } })).toMatchObject({
      again: ['a'],
    })
    await service.settle()
    await service.resume(runId, { nodeId: 'wait' })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', nodes: { failed: ['b'] } })
    expect(calls).toEqual({ pre: 1, a: 3, spare: 1 })
  })
})

describe("an 'any' join", () => {
  it('that failed runs again with the input that it had, whoever has led to it since', async () => {
    const { node, broken } = workshop()
    const inputs: unknown[] = []
    const flow = createFlow('flow')
      .node('x', node('x'))
      .wait('y')
      .node(
        'j',
        async (context) => {
          inputs.push(context.input)
          return node('j')(context)
        },
        ANY,
      )
      .edge('x', 'j')
      .edge('y', 'j')
    const service = serviceOf(flow)
    broken.add('j')
    const { runId } = await service.run({ blueprintId: 'flow' })
    await service.resume(runId, { nodeId: 'y', output: 'from y' })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'failed' })
    broken.clear()
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    expect(inputs).toEqual(['x 1', 'x 1'])
  })
})

/** `side` runs in the first round only, and the loop goes on without it. */
function twoRounds() {
  const { node, broken, calls } = workshop()
  const flow = createFlow('flow')
    .node('pre', node('pre'))
    .edge('pre', 'first')
    .node(
      'first',
      node('first', async ({ context }) => {
        await context.set('more' as never, (calls['first'] === 1) as never)
        await context.set('both' as never, (calls['first'] === 1) as never)
        return {}
      }),
      ANY,
    )
    .node('main', node('main'))
    .node('side', node('side'))
    .node('last', node('last'), ANY)
    .node('end', node('end'))
    .edge('first', 'main')
    .edge('first', 'side', { condition: 'both' })
    .edge('main', 'last')
    .edge('side', 'last')
    .loop('again', { startNodeId: 'first', endNodeId: 'last', condition: 'more' })
    .edge('again', 'end')
  return { calls, broken, service: serviceOf(flow) }
}

describe('a node that failed in an earlier round of a loop', () => {
  it('stays failed, since its round is over', async () => {
    const { calls, broken, service } = twoRounds()
    broken.add('side')
    const { runId, status } = await service.run({ blueprintId: 'flow' })
    expect(status).toBe('failed')
    broken.clear()
    expect(calls).toEqual({ pre: 1, first: 2, main: 2, side: 1, last: 2, end: 1 })
    await expect(service.redrive(runId)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    await expect(service.redrive(runId, { nodes: ['side'] })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining("'side' failed in a round of a loop that has gone on since") as string,
    })
    await expect(service.skip(runId, { nodeId: 'side' })).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(calls).toEqual({ pre: 1, first: 2, main: 2, side: 1, last: 2, end: 1 })
  })

  it('stays failed where what follows from the last round is put back', async () => {
    const { calls, broken, service } = twoRounds()
    for (const id of ['side', 'end']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    expect(await service.redrive(runId)).toMatchObject({ again: ['end'] })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'failed', nodes: { failed: ['side'] } })
    await expect(service.redrive(runId, { nodes: ['main'] })).rejects.toThrow(
      "node 'main' ran in a round of a loop that has gone on since",
    )
    expect(await service.redrive(runId, { nodes: ['again'] })).toMatchObject({ again: ['again'] })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'failed', nodes: { failed: ['side'] } })
    expect(calls).toEqual({ pre: 1, first: 2, main: 2, side: 1, last: 2, end: 3 })
  })

  it('is put back with the whole loop', async () => {
    const { calls, broken, service } = twoRounds()
    broken.add('side')
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    calls['first'] = 0
    await service.redrive(runId, { nodes: ['pre'] })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', nodes: { failed: [] } })
    expect(calls).toEqual({ pre: 2, first: 2, main: 4, side: 2, last: 4, end: 2 })
  })
})

describe('a redrive that sets much', () => {
  it('moves what a full header has out of it', async () => {
    const seen: unknown[] = []
    const flow = createFlow('flow').node('a', async ({ context }) => {
      seen.push(await context.get('old 0' as never), await context.get('old 1299' as never))
      seen.push(String(await context.get('new 0' as never)).length)
      return {}
    })
    const service = serviceOf(flow)
    const { runId: first } = await service.run({ blueprintId: 'flow' })
    seen.length = 0
    const { store } = service.services
    const { graph, blueprintId } = (await store.read(first)) as RunState
    const inlineValues = new Map(
      Array.from(
        { length: 1_330 },
        (_, at) => [`:old ${at}`, `={"v":"${`${at}`.padStart(240, '.')}"}`] as const,
      ),
    )
    const active = new Map([[activationKey(0, 1), { scheduledBy: START, inline: false } as const]])
    const runId = 'crowded'
    const rest = { fired: new Set<number>(), iterations: new Map<number, number>(), startedAt: 1 }
    await store.create({ runId, blueprintId, graph: graph as string, active, inlineValues, ...rest })
    const before = (await store.read(runId)) as RunState
    expect(headerSize(before)).toBeGreaterThan(HEADER_AT_MOST_BYTES - 15_000)
    await store.cancel(runId, { seq: before.seq, children: [], keepsActive: true, now: 2 })
    await store.markPublished({ runId })

    const set = Object.fromEntries(Array.from({ length: 140 }, (_, at) => [`new ${at}`, 'x'.repeat(240)]))
    await service.redrive(runId, { set })

    const after = (await store.read(runId)) as RunState
    expect(headerSize(after)).toBeLessThan(HEADER_AT_MOST_BYTES)
    expect(after.offloaded).toBe(true)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    expect(seen).toEqual(['0'.padStart(240, '.'), '1299'.padStart(240, '.'), 240])
  })

  it('is refused before anything is done where it sets what no header holds', async () => {
    const { node, broken } = workshop()
    const service = serviceOf(createFlow('flow').node('a', node('a')))
    broken.add('a')
    const { runId } = await service.run({ blueprintId: 'flow' })
    const set = Object.fromEntries(
      Array.from({ length: 4 }, (_, at) => [`${at}`.repeat(50_000), 'x'.repeat(5_000)]),
    )
    await expect(service.redrive(runId, { set })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
  })
})
