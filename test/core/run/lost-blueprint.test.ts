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
    expect(await workOnJob(late, { runId, blueprintId: 'order', nodeId: 'sub', iteration: 1 })).toEqual({
      kind: 'acknowledge',
    })
    await late.settle()

    expect(await late.get(runId)).toMatchObject({ status: 'failed' })
    expect(await late.get(childId)).toMatchObject({ status: 'cancelled' })
  })
})
