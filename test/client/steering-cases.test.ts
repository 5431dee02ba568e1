/** Runs that are taken up again where that is hard: what a careless redrive, or pause, would lose. */
import { createFlow, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { pageOf } from '../../lib/core/protocol/inline-value.ts'
import type { RunState } from '../../lib/core/protocol/run-state.ts'
import { cancelChildren } from '../../lib/core/run/cancel.ts'
import { NO_GRAPH, RunReader } from '../../lib/core/values/run-reader.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import { serviceOf, workshop } from './workshop.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

const ALL = { config: { joinStrategy: 'all' } } as const

describe('redrive', () => {
  it('runs each of several completed nodes again that are named, whatever follows from both', async () => {
    const { node, calls, broken } = workshop()
    const flow = createFlow('flow')
      .node('a', node('a'))
      .node('b', node('b'))
      .node('j', node('j'), ALL)
      .edge('a', 'j')
      .edge('b', 'j')
    const service = serviceOf(flow)
    broken.add('j')
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    expect(await service.redrive(runId, { nodes: ['a', 'b'] })).toMatchObject({ again: ['a', 'b'] })
    expect(await service.waitFor(runId)).toMatchObject({
      status: 'completed',
      context: { a: 'a 2', b: 'b 2', j: 'j 2' },
    })
    expect(calls).toEqual({ a: 2, b: 2, j: 2 })
  })

  it('scatters each of two batches anew that have failed items', async () => {
    const { node, broken, calls } = workshop()
    const flow = createFlow('flow')
      .node('list', async () => ({ output: [1, 2] }))
      .batch('one', node('one'), { inputKey: 'list', outputKey: 'ones' })
      .batch('two', node('two'), { inputKey: 'list', outputKey: 'twos' })
      .node('end', node('end'), ALL)
      .edge('list', 'one_scatter')
      .edge('list', 'two_scatter')
      .edge('one_gather', 'end')
      .edge('two_gather', 'end')
    const service = serviceOf(flow)
    for (const id of ['one', 'two']) broken.add(id)
    const { runId, status } = await service.run({ blueprintId: 'flow' })
    expect(status).toBe('failed')
    broken.clear()
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { end: 'end 1' } })
    expect(calls).toEqual({ one: 4, two: 4, end: 1 })
  })

  it('takes a node that is named twice as one', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('flow').node('a', node('a'))
    const service = serviceOf(flow)
    broken.add('a')
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    expect(await service.redrive(runId, { nodes: ['a', 'a'] })).toMatchObject({ again: ['a'] })
  })

  it('keeps what else ran in the same round of a loop', async () => {
    const { node, broken, calls } = workshop()
    const flow = createFlow('flow')
      .node('first', node('first'))
      .node('x', node('x'))
      .node('y', node('y'))
      .node('j', node('j'), ALL)
      .node('end', node('end'))
      .edge('first', 'x')
      .edge('first', 'y')
      .edge('x', 'j')
      .edge('y', 'j')
      .loop('again', { startNodeId: 'first', endNodeId: 'j', condition: 'more' })
      .edge('again', 'end')
    const service = serviceOf(flow)
    broken.add('j')
    const { runId, status } = await service.run({ blueprintId: 'flow', input: { more: false } })
    expect(status).toBe('failed')
    broken.clear()
    await service.redrive(runId, { nodes: ['x'] })
    const run = await service.waitFor(runId)
    expect(calls).toEqual({ first: 1, x: 2, y: 1, j: 2, end: 1 })
    expect(run).toMatchObject({ status: 'completed', context: { end: 'end 1', y: 'y 1' } })
  })

  it("keeps an 'any' join that another node led to, and runs it again where it failed", async () => {
    const { node, broken, calls } = workshop()
    const flow = createFlow('flow')
      .node('a', node('a'))
      .node('list', async () => ({ output: [1] }))
      .batch('one', node('one'), { inputKey: 'list', outputKey: 'ones' })
      .node('any', node('any'), { config: { joinStrategy: 'any' } })
      .edge('list', 'one_scatter')
      .edge('a', 'any')
      .edge('one_gather', 'any', { condition: 'nobody' })
    const service = serviceOf(flow)
    for (const id of ['one', 'any']) broken.add(id)
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { any: 'any 2' } })
    expect(calls).toEqual({ a: 1, one: 2, any: 2 })
  })

  it('puts back a fallback that stood in, so that it may do so again', async () => {
    const { node, broken, calls } = workshop()
    const flow = createFlow('flow')
      .node('a', node('a'), { config: { fallback: 'spare' } })
      .node('spare', node('spare'))
      .node('end', node('end'))
      .edge('a', 'end')
      .wait('wait')
      .edge('end', 'wait')
    const service = serviceOf(flow)
    broken.add('a')
    const { runId } = await service.run({ blueprintId: 'flow' })
    await service.cancel(runId)
    await service.settle()
    await service.redrive(runId, { nodes: ['a'] })
    await service.settle()
    expect(calls).toEqual({ a: 2, spare: 2, end: 2 })
  })

  it('forgets an error also where its page has it, moved there by a worker that came no further', async () => {
    const { node, broken } = workshop()
    const service = serviceOf(createFlow('flow').node('a', node('a')))
    const { store, values } = service.services
    broken.add('a')
    const { runId } = await service.run({ blueprintId: 'flow' })
    const { inlineValues, seq } = (await store.read(runId)) as RunState
    const name = 'x0.1'
    expect(inlineValues.has(name)).toBe(true)
    await store.writePage(runId, pageOf(name), new Map([[name, inlineValues.get(name) as string]]), seq)
    broken.clear()
    await service.redrive(runId)
    await service.settle()
    // As it is once anything was moved in earnest.
    const run = { ...((await store.read(runId)) as RunState), offloaded: true }
    expect(await new RunReader({ graph: NO_GRAPH, run, store, values }).errors()).toEqual([])
  })

  it('keeps its children from one who publishes the end before late', async () => {
    const child = createFlow('child').wait('wait')
    const parent = createFlow('parent').node('sub', SubflowNode, { params: { blueprintId: 'child' } })
    const service = new TestService({ flows: [child, parent], ...quiet }) as unknown as TestService
    const { runId } = await service.run({ blueprintId: 'parent' })
    await service.cancel(runId)
    const ended = (await service.services.store.read(runId)) as RunState
    const [childId = ''] = ended.cancelledChildren ?? []
    await service.settle()
    expect(await service.get(childId)).toMatchObject({ status: 'cancelled' })
    await service.redrive(runId)
    await cancelChildren(service.services, ended)
    await service.settle()
    expect(await service.get(childId)).toMatchObject({ status: 'awaiting' })
  })

  it('sets many keys at once, and each wins over what nodes set', async () => {
    const { node, broken } = workshop()
    const seen: unknown[] = []
    const flow = createFlow('flow')
      .node('set', async ({ context }) => {
        for (let at = 0; at < 10; at++) await context.set(`k${at}` as never, 'old' as never)
        return {}
      })
      .node(
        'b',
        node('b', async ({ context }) => {
          seen.push(await context.get('k3' as never), await context.get('k300' as never))
          return {}
        }),
      )
      .edge('set', 'b')
    const service = serviceOf(flow)
    broken.add('b')
    const { runId } = await service.run({ blueprintId: 'flow' })
    broken.clear()
    const set = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`k${at}`, 'new']))
    await service.redrive(runId, { set })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { k3: 'new' } })
    expect(seen).toEqual(['new', 'new'])
  })

  it('lets a run go on that ended while it was paused', async () => {
    const { node, broken } = workshop()
    const flow = createFlow('flow').node('a', async (context) => {
      if (broken.has('a')) await service.pause(runId)
      return node('a')(context)
    })
    const service = serviceOf(flow)
    broken.add('a')
    const { runId } = await service.start({ blueprintId: 'flow' })
    await service.settle()
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
    broken.clear()
    await service.redrive(runId)
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
  })
})

describe('skip', () => {
  it('changes nothing where the output cannot be stored', async () => {
    const { node, broken } = workshop()
    const service = serviceOf(createFlow('flow').node('a', node('a')))
    broken.add('a')
    const { runId } = await service.run({ blueprintId: 'flow' })
    const skipped = service.skip(runId, { nodeId: 'a', output: { n: 1n } })
    await expect(skipped).rejects.toMatchObject({
      code: expect.stringMatching(/INVALID|SERIALIZABLE/) as string,
    })
    expect(await service.get(runId)).toMatchObject({ status: 'failed' })
    expect((await service.get(runId)).operations).toBeUndefined()
  })
})

describe('unpause', () => {
  it('leaves the run paused where it cannot unpause a child', async () => {
    const { node } = workshop()
    const child = createFlow('child').wait('wait').node('b', node('b')).edge('wait', 'b')
    const parent = createFlow('parent').node('sub', SubflowNode, { params: { blueprintId: 'child' } })
    const service = new TestService({ flows: [child, parent], ...quiet }) as unknown as TestService
    const { runId } = await service.run({ blueprintId: 'parent' })
    await service.pause(runId)
    const { store } = service.services
    const unpause = vi.spyOn(store, 'unpause').mockImplementation(async (id, at) => {
      if (id !== runId) throw new Error('the caller died')
      unpause.mockRestore()
      return store.unpause(id, at)
    })
    await expect(service.unpause(runId)).rejects.toThrow('the caller died')
    expect(await service.get(runId)).toMatchObject({ status: 'paused' })
    unpause.mockRestore()
    expect(await service.unpause(runId)).toEqual({ unpaused: true })
  })
})
