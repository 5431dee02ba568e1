/** Runs that are paused in place of their end as failed, in memory: `onFailure: 'pause'`. */
import { createFlow, type NodeFunction, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import type { FlowcraftAwsError } from '../../lib/core/common/errors.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

/** A charge that fails until it is mended, beside a mail, before a parcel. */
function shop(options: object = {}, metadata?: Record<string, unknown>) {
  const broken = new Set(['charge'])
  const calls: string[] = []
  const node =
    (id: string): NodeFunction =>
    async () => {
      calls.push(id)
      if (broken.has(id)) throw new Error(`${id} is broken`)
      return { output: id }
    }
  const order = createFlow('order')
    .node('charge', node('charge'))
    .node('mail', node('mail'))
    .node('ship', node('ship'))
    .edge('charge', 'ship')
  const blueprint = { ...order.toBlueprint(), metadata: { ...order.toBlueprint().metadata, ...metadata } }
  const flows = {
    blueprints: { order: blueprint },
    registry: Object.fromEntries(order.getFunctionRegistry()),
  }
  return { broken, calls, service: new TestService({ ...flows, ...quiet, ...options } as never) }
}

const refused = (call: Promise<unknown>, message: string) =>
  expect(call).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringContaining(message) as string,
  })

describe("onFailure: 'pause'", () => {
  it('pauses a run that would end as failed, and redrive takes it up from its failed nodes', async () => {
    const { service, broken, calls } = shop({ onFailure: 'pause' })

    const paused = await service.run({ blueprintId: 'order', runId: 'r' })

    expect(paused).toMatchObject({
      status: 'paused',
      pausedBy: 'failure',
      pausedAt: expect.any(Date),
      nodes: { failed: ['charge'], completed: ['mail'], active: [] },
      errors: [{ nodeId: 'charge' }],
    })
    expect(paused.endedAt).toBeUndefined()
    await expect(service.waitFor('r')).rejects.toMatchObject({
      code: 'RUN_TIMEOUT',
      message: expect.stringContaining('paused since nodes of it failed') as string,
    })
    broken.clear()
    expect(await service.redrive('r', { by: 'Ada' })).toMatchObject({ redriven: true, again: ['charge'] })
    const run = await service.waitFor('r')
    expect(run).toMatchObject({ status: 'completed', redrives: 1 })
    expect([run.pausedBy, run.pausedAt, run.errors]).toEqual([undefined, undefined, undefined])
    expect(calls.toSorted()).toEqual(['charge', 'charge', 'mail', 'ship'])
  })

  it('is found by its status, and by what it failed with, and redriven with others', async () => {
    const { service, broken } = shop({ onFailure: 'pause' })
    await service.run({ blueprintId: 'order', runId: 'r' })
    const { runs } = await service.list({ status: 'paused' })
    expect(runs).toMatchObject([{ runId: 'r', pausedBy: 'failure' }])
    expect((await service.list({ status: 'failed' })).runs).toEqual([])
    const since = new Date(0)
    const { groups } = await service.failures({ since })
    expect(groups).toMatchObject([{ nodeId: 'charge', count: 1, lastFailedAt: expect.any(Date) }])
    broken.clear()
    for await (const outcome of service.redriveMany({ failures: { since } }))
      expect(outcome).toMatchObject({ runId: 'r', redriven: true })
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
    expect((await service.failures({ since })).groups).toEqual([])
  })

  it('is paused again where it fails again', async () => {
    const { service } = shop({ onFailure: 'pause' })
    await service.run({ blueprintId: 'order', runId: 'r' })
    await service.redrive('r')
    await service.settle()
    expect(await service.get('r')).toMatchObject({ status: 'paused', pausedBy: 'failure', redrives: 1 })
  })

  it('goes on without its failed node, where that is skipped', async () => {
    const { service } = shop({ onFailure: 'pause' })
    await service.run({ blueprintId: 'order', runId: 'r' })
    expect(await service.skip('r', { nodeId: 'charge', output: 'by hand' })).toEqual({ skipped: true })
    const run = await service.waitFor('r')
    expect(run).toMatchObject({ status: 'completed', context: { charge: 'by hand', ship: 'ship' } })
  })

  it('is not unpaused, and may be cancelled, and redriven after that', async () => {
    const { service, broken } = shop({ onFailure: 'pause' })
    await service.run({ blueprintId: 'order', runId: 'r' })
    await refused(service.unpause('r'), 'redrive it, skip a node, or cancel it')
    expect(await service.pause('r')).toEqual({ paused: false })
    expect(await service.cancel('r')).toEqual({ cancelled: true })
    expect(await service.waitFor('r')).toMatchObject({ status: 'cancelled' })
    broken.clear()
    await service.redrive('r')
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
  })

  it('may be forked', async () => {
    const { service, broken } = shop({ onFailure: 'pause' })
    await service.run({ blueprintId: 'order', runId: 'r' })
    broken.clear()
    await service.fork('r', { runId: 'other' })
    expect(await service.waitFor('other')).toMatchObject({ status: 'completed' })
    expect(await service.get('r')).toMatchObject({ status: 'paused' })
  })

  it("is a blueprint's to say, before the worker", async () => {
    const pauses = shop({}, { onFailure: 'pause' })
    expect(await pauses.service.run({ blueprintId: 'order' })).toMatchObject({ status: 'paused' })
    const ends = shop({ onFailure: 'pause' }, { onFailure: 'end' })
    expect(await ends.service.run({ blueprintId: 'order' })).toMatchObject({ status: 'failed' })
    expect(await shop().service.run({ blueprintId: 'order' })).toMatchObject({ status: 'failed' })
  })

  it('is refused where it is neither', () => {
    const message = expect.stringContaining("onFailure must be one of 'end', 'pause'") as string
    const error = (code: string) => expect.objectContaining({ code, message }) as FlowcraftAwsError
    expect(() => shop({ onFailure: 'stop' })).toThrow(error('INVALID_CONFIGURATION'))
    expect(() => shop({}, { onFailure: true })).toThrow(error('INVALID_BLUEPRINT'))
  })

  it('lets a child run end, whose parent is paused, and redriven with it', async () => {
    let isBroken = true
    const child = createFlow('child').node('leaf', async () => {
      if (isBroken) throw new Error('it is broken')
      return { output: 'leaf' }
    })
    const parent = createFlow('parent').node('sub', SubflowNode, { params: { blueprintId: 'child' } })
    const service = new TestService({ flows: [parent, child], onFailure: 'pause', ...quiet })
    expect(await service.run({ blueprintId: 'parent', runId: 'p' })).toMatchObject({ pausedBy: 'failure' })
    expect(await service.get('p/0.1')).toMatchObject({ status: 'failed' })
    isBroken = false
    expect(await service.redrive('p')).toMatchObject({ children: ['p/0.1'] })
    expect(await service.waitFor('p')).toMatchObject({ status: 'completed' })
  })

  it('leaves a run alone that a fallback saves, and one that ends by a reason of its own', async () => {
    const saved = createFlow('saved')
      .node('a', async () => Promise.reject(new Error('no')), { config: { fallback: 'b' } })
      .node('b', async () => ({ output: 'b' }))
    const service = new TestService({ flows: [saved], onFailure: 'pause', ...quiet })
    expect(await service.run({ blueprintId: 'saved' })).toMatchObject({ status: 'completed' })
  })
})
