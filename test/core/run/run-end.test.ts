/** The word that the end of a run leaves, and who passes it on. */
import { createFlow } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Services } from '../../../lib/core/execution/services.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { cancelRun } from '../../../lib/core/run/cancel.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { nextJob, takeOne, workOnJob } from '../../support/one-message.ts'

const GRACE_MS = 120_000

let published: RunState[]
/** A worker with a bus for the ends of runs. */
const withBus = (): Partial<Services> => ({
  deployGraceMs: GRACE_MS,
  publishesRunEnds: true,
  publishRunEnd: async (run) => void published.push(run),
})
/** One that dies before it has published it. */
const dying: Partial<Services> = {
  deployGraceMs: GRACE_MS,
  publishesRunEnds: true,
  publishRunEnd: async () => {
    throw new Error('died')
  },
}
/** Of an older deploy, which has no bus. */
const without: Partial<Services> = { deployGraceMs: GRACE_MS }

beforeEach(() => {
  published = []
})

describe('the end of a run', () => {
  let service: TestService
  const outbox = async () => (await service.services.store.read('r'))?.outbox
  beforeEach(async () => {
    const flow = createFlow('one').node('a', async () => ({ output: 1 }))
    service = new TestService({ flows: [flow], logger: quiet })
    await service.start({ blueprintId: 'one', runId: 'r' })
  })

  it('is left by a worker without a bus to one that has it', async () => {
    const job = nextJob(service)
    await expect(workOnJob(service, job, { services: dying })).rejects.toThrow('died')

    expect(await workOnJob(service, job, { services: without })).toMatchObject({
      kind: 'retry',
      reason: 'the end of the run is to be published, and this worker has no bus to publish it on',
      afterSeconds: 10,
    })
    expect(await outbox()).toBe('tell')
    expect(await workOnJob(service, job, { services: withBus() })).toEqual({ kind: 'acknowledge' })

    expect(published).toMatchObject([{ runId: 'r', status: 'completed' }])
    expect(await outbox()).toBeUndefined()
    await workOnJob(service, job, { services: withBus() })
    expect(published).toHaveLength(1)
  })

  it('is taken away by a worker without a bus once nobody with one has come within the grace', async () => {
    const job = nextJob(service)
    await expect(workOnJob(service, job, { services: dying })).rejects.toThrow('died')
    service.now += GRACE_MS

    expect(await workOnJob(service, job, { services: without })).toEqual({ kind: 'acknowledge' })

    expect(await outbox()).toBeUndefined()
  })

  it('is none where the worker that ends the run has nobody to tell it to', async () => {
    await workOnJob(service, nextJob(service), { services: without })

    expect(await service.isOver('r')).toBe(true)
    expect(await outbox()).toBeUndefined()
  })

  it('is published of a run that was cancelled, by any worker that sees it', async () => {
    const job = nextJob(service)
    await cancelRun(service.services, 'r')

    expect(await workOnJob(service, job, { services: withBus() })).toEqual({ kind: 'acknowledge' })

    expect(published).toMatchObject([{ status: 'cancelled' }])
  })
})

it('a parent is published of its child by a worker without a bus all the same', async () => {
  const child = { id: 'child', nodes: [{ id: 'c', uses: 'run c' }], edges: [] }
  const { blueprint, registry } = graph(
    { call: { run: 'subflow', params: { blueprintId: 'child', outputs: { call: 'c' } } }, end: value('end') },
    ['call>end'],
    { builtIn: { 'run c': value('from the child') } },
  )
  const service = new TestService({ blueprints: { case: blueprint, child }, registry, logger: quiet })
  await service.start({ blueprintId: 'case', runId: 'r' })
  await takeOne(service)
  const job = nextJob(service)
  expect(job.runId).toBe('r/0.1')
  await expect(workOnJob(service, job, { services: dying })).rejects.toThrow('died')
  const toParent = () => service.queue.visible().filter((message) => message.job.runId === 'r')
  for (const message of toParent()) service.queue.delete(message)

  expect(await workOnJob(service, job, { services: without })).toMatchObject({ kind: 'retry' })

  expect(toParent()).toMatchObject([{ job: { runId: 'r', nodeId: 'call', iteration: 1 } }])
  await service.settle()

  expect(await service.get('r')).toMatchObject({ status: 'completed', context: { end: 'end' } })
})
