/** A run whose stored blueprint is gone ends as failed with that as its reason, whoever comes upon it. */
import { createFlow, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, workOnJob } from '../../support/one-message.ts'

const GRACE_MS = 120_000
const orderOf = (id: string) => createFlow('order').node(id, async () => ({ output: id }))
const REASON = /^VALUE_LOST: .*of blueprint 'order' is not stored/

/** A service of another version, for which the version that the runs of `store` go by is gone. */
function withoutIt(store: MemoryRunStore, flows = [orderOf('b')], now = 0) {
  vi.spyOn(store, 'getGraph').mockResolvedValue(undefined)
  const service = new TestService({ flows, store, logger: quiet })
  service.now += now
  return service
}

async function started(flow = orderOf('a'), blueprintId = 'order') {
  const store = new MemoryRunStore()
  const service = new TestService({ flows: [flow], store, logger: quiet })
  const { runId } = await service.start({ blueprintId })
  return { store, service, runId }
}

/** A run that waits for its child, and whose blueprint is gone; the grace of a deployment is over. */
async function parentOfLost() {
  const child = createFlow('child').wait('approval')
  const parent = createFlow('order').node('sub', SubflowNode, { params: { blueprintId: 'child' } })
  const store = new MemoryRunStore()
  const service = new TestService({ flows: [parent, child], store, logger: quiet })
  const { runId } = await service.start({ blueprintId: 'order' })
  await service.settle()
  const childId = `${runId}/0.1`
  expect(await service.get(childId)).toMatchObject({ status: 'awaiting' })

  const getGraph = store.getGraph.bind(store)
  vi.spyOn(store, 'getGraph').mockImplementation(async (id, print) =>
    id === 'order' ? undefined : getGraph(id, print),
  )
  const late = new TestService({ flows: [orderOf('b'), child], store, logger: quiet })
  late.now = service.now + GRACE_MS
  const job = { runId, blueprintId: 'order', nodeId: 'sub', iteration: 1 }
  return { late, job, childId }
}

describe('a run whose blueprint is lost', () => {
  it('fails with that reason once the grace of a deployment is over, and is acknowledged', async () => {
    const { store, runId } = await started()
    const job = { runId, blueprintId: 'order', nodeId: 'a', iteration: 1 }

    const early = withoutIt(store)
    expect(await workOnJob(early, job)).toMatchObject({ kind: 'retry' })
    expect(await early.get(runId)).toMatchObject({ status: 'running' })

    const late = withoutIt(store, [orderOf('b')], GRACE_MS)
    expect(await workOnJob(late, job)).toEqual({ kind: 'acknowledge' })
    expect(await late.get(runId)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(REASON) as string,
    })
    // The late duplicate of its message has nothing left to do.
    expect(await workOnJob(late, job)).toEqual({ kind: 'acknowledge' })
  })

  it('is brought to its end by the sweep where it only waits for a timer', async () => {
    const flow = createFlow('order').sleep('nap', { duration: '1d' })
    const { store, service, runId } = await started(flow)
    await takeOne(service)
    expect(await service.get(runId)).toMatchObject({ status: 'awaiting', nodes: { active: ['nap'] } })

    const late = withoutIt(store, [orderOf('b')], 2 * 86_400_000)
    await late.settle()

    expect(await late.get(runId)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(REASON) as string,
    })
  })

  it('cancels the child runs that it waits for, and can be cancelled itself', async () => {
    const { late, job, childId } = await parentOfLost()
    expect(await workOnJob(late, job)).toEqual({
      kind: 'acknowledge',
    })
    await late.settle()

    expect(await late.get(job.runId)).toMatchObject({ status: 'failed' })
    expect(await late.get(childId)).toMatchObject({ status: 'cancelled' })
  })
})

/** Counts what is asked of store and queue, and plays a crash at one request: before it, or before its answer. */
function crashing(service: TestService, at: number, when: 'before' | 'after') {
  let asked = 0
  const faulty = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name) as unknown
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const isHit = asked++ === at
          if (isHit && when === 'before') throw new Error('crash')
          const answer: unknown = await Reflect.apply(value, target, args)
          if (isHit) throw new Error('crash')
          return answer
        }
      },
    })
  const { store, queue } = service.services
  const services = { store: faulty(store), queue: faulty(queue), publishesRunEnds: true }
  return { services, asked: () => asked }
}

describe('a crash at any request while such a run is ended', () => {
  it.each(['before', 'after'] as const)(
    '%s the request leaves nothing behind that a redelivery does not end',
    async (when) => {
      let hits = 0
      for (let at = 0; at < 40; at++) {
        const { late, job, childId } = await parentOfLost()
        let published = 0
        const publishRunEnd = async () => void published++
        const { services, asked } = crashing(late, at, when)
        const first = await workOnJob(late, job, { services: { ...services, publishRunEnd } }).catch(
          () => 'crashed',
        )
        if (first === 'crashed') hits++
        expect(await workOnJob(late, job, { services: { publishesRunEnds: true, publishRunEnd } })).toEqual({
          kind: 'acknowledge',
        })
        await late.settle()
        expect(await late.get(job.runId)).toMatchObject({
          status: 'failed',
          reason: expect.stringMatching(REASON) as string,
        })
        expect(await late.get(childId)).toMatchObject({ status: 'cancelled' })
        expect((await late.services.store.read(job.runId))?.outbox).toBeUndefined()
        expect(published).toBeGreaterThan(0)
        if (at >= asked()) break
      }
      expect(hits).toBeGreaterThan(4)
    },
  )
})
