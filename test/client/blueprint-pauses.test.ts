/** Blueprints that are paused, in memory: how a worker comes to see it, and what a crash of whoever unpauses leaves. */
import { createFlow, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { PausedBlueprints } from '../../lib/core/execution/paused-blueprints.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import { releaseHeld } from '../../lib/core/run/release.ts'
import { sweep } from '../../lib/core/run/sweep.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import { workOnJob } from '../support/one-message.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

const ONE = { runId: 'r', blueprintId: 'one', nodeId: 'a' }

function one() {
  const calls: string[] = []
  const flow = createFlow('one').node('a', async ({ context }) => {
    calls.push(String(await context.get('key' as never)))
    return { output: 'done' }
  })
  return { calls, service: new TestService({ flows: [flow], ...quiet }) }
}

/** What a worker has that looked when the blueprint was paused. */
async function late(service: TestService): Promise<Partial<Services>> {
  const { store } = service.services
  const pauses = new PausedBlueprints({ store, now: () => 0 })
  await service.pauseBlueprint('one')
  await pauses.asSeen('one')
  await service.unpauseBlueprint('one')
  return { pauses }
}

describe('a run of a paused blueprint', () => {
  it('stops between two nodes of one invocation', async () => {
    const calls: string[] = []
    const flow = createFlow('chain')
      .node('a', async () => {
        calls.push('a')
        await service.pauseBlueprint('chain')
        return { output: 1 }
      })
      .node('b', async () => ({ output: calls.push('b') }))
      .edge('a', 'b')
    const service = new TestService({ flows: [flow], ...quiet })

    const paused = await service.run({ blueprintId: 'chain', runId: 'r' })

    expect(paused).toMatchObject({ status: 'paused', nodes: { completed: ['a'], active: ['b'] } })
    expect(calls).toEqual(['a'])
    expect(service.queue.size).toBe(0)
    await service.unpauseBlueprint('chain')
    expect(service.queue.size).toBe(1)
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
    expect(calls).toEqual(['a', 'b'])
  })

  it('is done with each of its messages, and leaves none to come back', async () => {
    const { service } = one()
    await service.pauseBlueprint('one')
    await service.run({ blueprintId: 'one' })
    expect(service.queue.size).toBe(0)
  })

  it('is accepted from a raw job, and begins by the blueprint that is there when it goes on', async () => {
    const { service, calls } = one()
    await service.pauseBlueprint('one')
    expect(await workOnJob(service, ONE)).toEqual({ kind: 'acknowledge' })
    expect(await service.services.store.read('r')).toMatchObject({
      graph: undefined,
      heldBy: expect.any(String),
    })
    expect(await service.get('r')).toMatchObject({ status: 'paused' })
    await service.unpauseBlueprint('one')
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
    expect(calls).toHaveLength(1)
  })

  it('that is delayed waits from its time on', async () => {
    const { service } = one()
    await service.pauseBlueprint('one')
    await service.start({ blueprintId: 'one', runId: 'r', delayMs: 86_400_000 })
    expect(await service.get('r')).toMatchObject({ status: 'running' })
    await service.settle()
    expect(await service.get('r')).toMatchObject({ status: 'paused', startsAt: expect.any(Date) })
    await service.unpauseBlueprint('one')
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
  })

  it('may be a child, whose parent waits', async () => {
    const parent = createFlow('parent').node('sub', SubflowNode, { params: { blueprintId: 'child' } })
    const child = createFlow('child').node('a', async () => ({ output: 1 }))
    const service = new TestService({ flows: [parent, child], ...quiet })
    await service.pauseBlueprint('child')
    expect(await service.run({ blueprintId: 'parent', runId: 'p' })).toMatchObject({ status: 'awaiting' })
    expect(await service.get('p/0.1')).toMatchObject({ status: 'paused', pausedBy: 'blueprint' })
    await service.unpauseBlueprint('child')
    expect(await service.waitFor('p')).toMatchObject({ status: 'completed' })
  })

  it('can be cancelled, and then is not let go', async () => {
    const { service, calls } = one()
    await service.pauseBlueprint('one')
    await service.run({ blueprintId: 'one', runId: 'r' })
    expect(await service.cancel('r')).toEqual({ cancelled: true })
    await service.unpauseBlueprint('one')
    const run = await service.waitFor('r')
    expect(run).toMatchObject({ status: 'cancelled' })
    expect([run.pausedBy, run.pausedAt, calls.length]).toEqual([undefined, undefined, 0])
  })
})

describe('a worker that saw late that a blueprint is unpaused', () => {
  it('holds a run, and lets it go at once', async () => {
    const { service, calls } = one()
    const services = await late(service)
    expect(await workOnJob(service, ONE, { services })).toEqual({ kind: 'acknowledge' })
    await service.settle()
    expect(await service.get('r')).toMatchObject({ status: 'completed' })
    expect(calls).toHaveLength(1)
  })

  it('and died when it held one leaves that to whoever gets the message again', async () => {
    const { service } = one()
    const services = await late(service)
    const { store } = service.services
    vi.spyOn(services.pauses!, 'asItIs').mockRejectedValueOnce(new Error('it died'))
    await expect(workOnJob(service, ONE, { services })).rejects.toThrow('it died')
    expect(await store.read('r')).toMatchObject({ heldBy: expect.any(String) })

    await workOnJob(service, ONE)
    await service.settle()
    expect(await service.get('r')).toMatchObject({ status: 'completed' })
  })

  it('and died when it held one leaves a run that can be unpaused by hand', async () => {
    const { service } = one()
    const services = await late(service)
    vi.spyOn(services.pauses!, 'asItIs').mockRejectedValueOnce(new Error('it died'))
    await expect(workOnJob(service, ONE, { services })).rejects.toThrow('it died')
    const stuck = await service.get('r')
    expect(stuck).toMatchObject({ status: 'paused', pausedBy: 'blueprint' })
    expect(stuck.blueprintPause).toBeUndefined()
    expect(await service.unpause('r')).toEqual({ unpaused: true })
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
  })

  it('holds it by the pause that is on, where it is paused again', async () => {
    const { service } = one()
    const services = await late(service)
    await service.pauseBlueprint('one', { reason: 'again' })
    await workOnJob(service, ONE, { services })
    expect(await service.get('r')).toMatchObject({ blueprintPause: { reason: 'again' } })
    await service.unpauseBlueprint('one')
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
  })
})

describe('unpauseBlueprint', () => {
  it('lets all runs go, however many, by parts', async () => {
    const { service, calls } = one()
    await service.pauseBlueprint('one')
    const ids = Array.from({ length: 350 }, (_, at) => `run-${at}`)
    await service.startMany(ids.map((runId) => ({ blueprintId: 'one', runId, input: { key: runId } })))
    await service.settle()
    const { store } = service.services
    const { paused } = await store.readPauses({ consistent: true })
    const { epoch } = paused.get('one')!
    // Whoever unpaused it died then.
    await store.unpauseBlueprint('one', epoch)
    const freed: number[] = []
    for (let released = 1; released > 0;) freed.push((released = await releaseHeld(service.services, 100)))
    expect(freed.length).toBeGreaterThan(3)
    expect(freed.reduce((sum, count) => sum + count)).toBe(350)
    expect((await store.readPauses({ consistent: true })).releases.size).toBe(0)
    await service.settle()
    expect(calls.toSorted()).toEqual(ids.toSorted())
  })

  it('leaves to the sweep what it has trouble with', async () => {
    const { service } = one()
    await service.pauseBlueprint('one')
    await service.run({ blueprintId: 'one', runId: 'r' })
    const trouble = Object.assign(new Error('throttled'), {
      name: 'FlowcraftAwsError',
      code: 'REQUEST_FAILED',
    })
    vi.spyOn(service.services.store, 'letGo').mockRejectedValueOnce(trouble)
    expect(await service.unpauseBlueprint('one')).toEqual({ unpaused: true })
    expect(await service.get('r')).toMatchObject({ status: 'paused' })
    expect(await sweep(service.services)).toMatchObject({ released: 1 })
    expect(await service.waitFor('r')).toMatchObject({ status: 'completed' })
  })

  it('lets a run go whose graph is lost, and others after it', async () => {
    const { service } = one()
    await service.pauseBlueprint('one')
    await service.startMany(['a', 'b', 'c'].map((runId) => ({ blueprintId: 'one', runId })))
    await service.settle()
    vi.spyOn(service.services.graphs, 'of').mockImplementationOnce(async () => {
      throw Object.assign(new Error('gone'), { name: 'FlowcraftAwsError', code: 'VALUE_LOST' })
    })
    await service.unpauseBlueprint('one')
    for (const runId of ['a', 'b', 'c'])
      expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
  })
})

describe('a worker', () => {
  it('looks once in 31 seconds, for all that it works on, and at once when it holds a run', async () => {
    const { service } = one()
    const { store } = service.services
    const looks: boolean[] = []
    const readPauses: typeof store.readPauses = async (read) => {
      looks.push(read.consistent)
      return store.readPauses(read)
    }
    let now = 0
    const pauses = new PausedBlueprints({ store: { readPauses }, now: () => now })
    await Promise.all([pauses.asSeen('one'), pauses.asSeen('two'), pauses.asSeen('three')])
    now += 30_999
    await service.pauseBlueprint('one')
    expect(await pauses.asSeen('one')).toBeUndefined()
    expect(looks).toEqual([false])
    now += 1
    expect(await pauses.asSeen('one')).toMatchObject({ epoch: expect.any(String) })
    expect(looks).toEqual([false, false])
    await service.unpauseBlueprint('one')
    expect(await pauses.asItIs('one')).toBeUndefined()
    expect(await pauses.asSeen('one')).toBeUndefined()
    expect(looks).toEqual([false, false, true])
  })

  it('that cannot look has trouble, and looks again with the next message', async () => {
    const readPauses = vi.fn(async () => Promise.reject(new Error('throttled')))
    const pauses = new PausedBlueprints({ store: { readPauses }, now: () => 0 })
    await expect(pauses.asSeen('one')).rejects.toThrow('throttled')
    await expect(pauses.asSeen('one')).rejects.toThrow('throttled')
    expect(readPauses).toHaveBeenCalledTimes(2)
  })
})

it('a client that knows its flows pauses none that it does not know', async () => {
  const { service } = one()
  const call = service.pauseBlueprint('on' as 'one')
  await expect(call).rejects.toMatchObject({ code: 'UNKNOWN_BLUEPRINT' })
})
