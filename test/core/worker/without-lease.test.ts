/** `leases: 'redeliveries'`: what a worker does with a first delivery, without a lease, and with all others. */
import { createFlow, type NodeContext } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { batchOf } from '../../conformance/case.ts'
import { Gate, quiet } from '../../end-to-end/driver.ts'
import { nextJob, takeOne, type WorkerOptions, withMethods, workOnJob } from '../../support/one-message.ts'

const FIRST: WorkerOptions = { services: { leases: 'redeliveries' }, invocation: { isFirst: true } }
const AGAIN: WorkerOptions = { services: { leases: 'redeliveries' } }

/** Large enough to be a value of its own, which is named by who wrote it. */
const large = (text: string) => text.padEnd(2_000, '.')

describe('a first delivery', () => {
  let calls: number
  let service: TestService

  const lease = () => service.services.store.readLease({ runId: 'r' }, '0.1')

  beforeEach(async () => {
    calls = 0
    service = one(async () => ({ output: large(`call ${++calls}`) }))
    await service.start({ blueprintId: 'one', runId: 'r' })
  })

  it('is worked on to its end, and no lease is written', async () => {
    expect(await takeOne(service, FIRST)).toEqual({ kind: 'acknowledge' })

    expect(await lease()).toBeUndefined()
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { a: large('call 1'), b: large('call 2') },
    })
  })

  it.each([
    ['a redelivery', AGAIN, {}],
    ['one that the sweep has brought back from the dead-letter queue', FIRST, { returns: 1 }],
    ['one of a worker that leases each', { invocation: { isFirst: true } }, {}],
  ] as const)('is leased where it is %s', async (_, options, job) => {
    await workOnJob(service, { ...nextJob(service), ...job }, options)
    expect(await lease()).toMatchObject({ attempt: 1 })
    expect(await service.get('r')).toMatchObject({ status: 'completed' })
  })

  it('that SQS delivers twice runs its node twice, and one result counts; the other message stays', async () => {
    const gates = [new Gate(), new Gate()] as const
    const begun = new Gate()
    service = one(async () => {
      const call = ++calls
      if (call === 2) begun.open()
      await gates[call - 1]?.passed
      return { output: large(`call ${call}`) }
    })
    await service.start({ blueprintId: 'one', runId: 'r' })
    const job = nextJob(service)
    const [first, second] = [workOnJob(service, job, FIRST), workOnJob(service, job, FIRST)]
    await begun.passed
    gates[1].open()
    expect(await second).toEqual({ kind: 'acknowledge' })
    gates[0].open()

    expect(await first).toEqual({ kind: 'retry', reason: 'a successor took over 0.1' })
    expect(calls).toBe(3)
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { a: large('call 2'), b: large('call 3') },
    })
    expect(await takeOne(service, AGAIN)).toEqual({ kind: 'acknowledge' })
    expect(calls).toBe(3)
  })

  it('is left in the queue where the answer to its commit was lost, and a redelivery goes on', async () => {
    const { store } = service.services
    let lost = false
    const forgetful = withMethods(store, {
      commit: async (...commit) => {
        const result = await store.commit(...commit)
        if (lost) return result
        lost = true
        return store.commit(...commit)
      },
    })
    const answer = await workOnJob(service, nextJob(service), {
      ...FIRST,
      services: { ...FIRST.services, store: forgetful },
    })
    expect(answer).toEqual({ kind: 'retry', reason: 'a successor took over 0.1' })
    expect(await takeOne(service, AGAIN)).toEqual({ kind: 'acknowledge' })
    expect(await service.get('r')).toMatchObject({ status: 'completed' })
    expect(calls).toBe(2)
  })

  it('that a redelivery reads after it has ended runs nothing', async () => {
    const job = nextJob(service)
    const { store } = service.services
    // The redelivery looks at the run before the first delivery ends it, and is leased after that.
    const late = withMethods(store, {
      lease: async (request) => {
        await workOnJob(service, job, FIRST)
        return store.lease(request)
      },
    })
    const answer = await workOnJob(service, job, { services: { ...AGAIN.services, store: late } })
    expect(answer).toEqual({ kind: 'acknowledge' })
    expect(calls).toBe(2)
  })

  it('that a stopping worker gives up comes back at once, and changes nothing', async () => {
    const [begun, gate, stop] = [new Gate(), new Gate(), new AbortController()]
    service = one(async () => {
      begun.open()
      await gate.passed
      return { output: `call ${++calls}` }
    })
    await service.start({ blueprintId: 'one', runId: 'r' })
    const work = takeOne(service, { ...FIRST, invocation: { isFirst: true, givenUp: stop.signal } })
    await begun.passed
    stop.abort()

    expect(await work).toEqual({ kind: 'retry', reason: 'the worker stops', afterSeconds: 0 })
    expect(await service.get('r')).toMatchObject({ status: 'running', nodes: { completed: [] } })
    gate.open()
  })
})

describe('a first delivery whose node waits', () => {
  it('is done with', async () => {
    const service = await waiting()
    expect(await takeOne(service, FIRST)).toEqual({ kind: 'acknowledge' })
    await service.resume('r', { output: 'yes' })
    expect(await takeOne(service, FIRST)).toEqual({ kind: 'acknowledge' })
    expect(await service.get('r')).toMatchObject({ status: 'completed', context: { a: 'yes' } })
  })

  it('is not where a redelivery is leased: an old receipt handle may delete that', async () => {
    const service = await waiting()
    const { store } = service.services
    const request = {
      runId: 'r',
      strand: '0.1',
      token: 'another',
      now: service.now,
      until: service.now + 60_000,
    }
    await store.lease(request)
    const answer = await workOnJob(service, nextJob(service), FIRST)
    expect(answer).toEqual({ kind: 'retry', reason: 'a successor took over 0.1' })
  })
})

describe('first deliveries of items of a batch', () => {
  it('have no lease, and a redelivery takes the result that is there', async () => {
    let calls = 0
    const { blueprint, registry } = batchOf([1, 2], async () => ({ output: large(`call ${++calls}`) }))
    const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
    await service.start({ blueprintId: 'case', runId: 'r' })
    while (nextJob(service).items?.item === undefined) await takeOne(service, FIRST)
    const item = nextJob(service)
    expect(await workOnJob(service, item, FIRST)).toEqual({ kind: 'acknowledge' })
    expect(await takeOne(service, AGAIN)).toEqual({ kind: 'acknowledge' })
    expect(calls).toBe(1)

    while (service.queue.visible().length > 0) await takeOne(service, FIRST)
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { results: [large('call 1'), large('call 2')] },
    })
    expect(calls).toBe(2)
  })
})

function one(node: (call: NodeContext) => Promise<{ output: unknown }>): TestService {
  const flow = createFlow('one').node('a', node).node('b', node).edge('a', 'b')
  return new TestService({ flows: [flow], logger: quiet })
}

async function waiting(): Promise<TestService> {
  const service = new TestService({ flows: [createFlow('one').wait('a')], logger: quiet })
  await service.start({ blueprintId: 'one', runId: 'r' })
  return service
}
