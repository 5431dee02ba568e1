/** Long-lived workers that lose their lease, or give it back, while a renewal of it is under way. */
import { createFlow, type NodeContext } from 'flowcraft'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LeaseHolder } from '../../../lib/core/execution/held-lease.ts'
import type { RunStore } from '../../../lib/core/store/run-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { batchOf } from '../../conformance/case.ts'
import { Gate, quiet } from '../../end-to-end/driver.ts'
import { nextJob, takeOne, withMethods, workOnJob } from '../../support/one-message.ts'

const RENEW_EVERY_MS = 15_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Ends with an error as soon as its signal says so, as a request does that was given the signal. */
function heedsItsSignal({ signal }: NodeContext): Promise<never> {
  return new Promise((_, reject) =>
    signal?.addEventListener('abort', () => reject(new Error('the request was aborted'))),
  )
}

/** Works until its signal ends it the first time, and each further time until the gate opens. */
function slowNode() {
  const [first, second, gate] = [new Gate(), new Gate(), new Gate()]
  let calls = 0
  const node = async (call: NodeContext) => {
    if (++calls === 1) {
      first.open()
      return heedsItsSignal(call)
    }
    second.open()
    await gate.passed
    return { output: 'of the second' }
  }
  return { node, first, second, gate }
}

const longLived = (service: TestService) => ({
  invocation: { deadline: () => service.now + 90_000, extendsLease: true },
})

describe('a worker that lost its lease', () => {
  it('fails no node by the abort of its signal, and acknowledges nothing', async () => {
    const { node, first, second, gate } = slowNode()
    const service = new TestService({ flows: [createFlow('one').node('a', node)], logger: quiet })
    await service.start({ blueprintId: 'one', runId: 'r' })
    const job = nextJob(service)
    const cutOff = workOnJob(service, job, longLived(service))
    await first.passed
    // Cut off from the table for longer than its lease.
    service.now += 100_000
    const successor = workOnJob(service, job)
    await second.passed

    await vi.advanceTimersByTimeAsync(RENEW_EVERY_MS)

    expect(await cutOff).toEqual({ kind: 'retry', reason: 'a successor took over 0.1' })
    expect(await service.get('r')).toMatchObject({ status: 'running', nodes: { failed: [] } })
    gate.open()
    await successor
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { a: 'of the second' },
    })
  })

  it('fails no item of a batch either', async () => {
    const { node, first, second, gate } = slowNode()
    const service = batchOfOne(node)
    await service.start({ blueprintId: 'case', runId: 'r' })
    while (nextJob(service).items?.item === undefined) await takeOne(service)
    const item = nextJob(service)
    const cutOff = workOnJob(service, item, longLived(service))
    await first.passed
    service.now += 100_000
    const successor = workOnJob(service, item)
    await second.passed

    await vi.advanceTimersByTimeAsync(RENEW_EVERY_MS)

    expect(await cutOff).toMatchObject({ kind: 'retry', reason: 'another worker holds item 0 of 1.1' })
    gate.open()
    await successor
    await service.settle()
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { results: ['of the second'] },
    })
  })
})

function batchOfOne(worker: (call: NodeContext) => Promise<{ output: unknown }>): TestService {
  const { blueprint, registry } = batchOf([1], worker)
  return new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
}

describe('a lease', () => {
  const service = new TestService({ flows: [createFlow('one').node('a', async () => ({}))] })
  const { store } = service.services

  function holderOf(runId: string, methods: Partial<RunStore> = {}): LeaseHolder {
    const services = { ...service.services, logger: quiet, store: withMethods(store, methods) }
    return new LeaseHolder(services, { runId }, '0.1', longLived(service).invocation)
  }

  it('that was given back is not taken again by a renewal that arrives late', async () => {
    const late = new Gate()
    const renewals: Promise<unknown>[] = []
    const holder = holderOf('given back', {
      renew: async (request) => {
        const renewal = late.passed.then(() => store.renew(request))
        renewals.push(renewal)
        return renewal
      },
    })
    await holder.take()
    await vi.advanceTimersByTimeAsync(RENEW_EVERY_MS)

    await holder.release()
    late.open()
    await Promise.all(renewals)

    expect(renewals).toHaveLength(1)
    expect(await store.readLease({ runId: 'given back' }, '0.1')).toMatchObject({ until: 0, attempt: 1 })
  })

  for (const [how, end] of [
    ['stopped', (holder: LeaseHolder) => holder.stop()],
    ['given back', (holder: LeaseHolder) => holder.release()],
  ] as const) {
    it(`that is ${how} is renewed no more`, async () => {
      const renew = vi.fn<RunStore['renew']>((request) => store.renew(request))
      const holder = holderOf(`no more, ${how}`, { renew })
      await holder.take()
      await vi.advanceTimersByTimeAsync(RENEW_EVERY_MS)
      expect(renew).toHaveBeenCalledTimes(1)

      await end(holder)
      await vi.advanceTimersByTimeAsync(10 * RENEW_EVERY_MS)

      expect(renew).toHaveBeenCalledTimes(1)
      expect(vi.getTimerCount()).toBe(0)
    })
  }

  it('whose answer was lost is given back, so that a redelivery need not wait for its end', async () => {
    const lost = holderOf('lost answer', {
      lease: async (request) => {
        await store.lease(request)
        throw new Error('socket hang up')
      },
    })

    await expect(lost.take()).rejects.toThrow('socket hang up')

    expect(await holderOf('lost answer').take()).toMatchObject({ held: true, attempt: 2, lost: 0 })
  })

  it('that another holds sets no timer', async () => {
    await holderOf('held').take()
    const before = vi.getTimerCount()

    expect(await holderOf('held').take()).toMatchObject({ held: false })

    expect(vi.getTimerCount()).toBe(before)
  })

  it('survives a renewal that fails', async () => {
    const renew = vi.fn<RunStore['renew']>((request) => store.renew(request))
    renew.mockRejectedValueOnce(new Error('throttled'))
    const holder = holderOf('throttled', { renew })
    await holder.take()
    service.now += 80_000

    await vi.advanceTimersByTimeAsync(2 * RENEW_EVERY_MS)

    expect(holder.signal.aborted).toBe(false)
    expect(await store.readLease({ runId: 'throttled' }, '0.1')).toMatchObject({
      until: service.now + 90_000,
    })
    holder.stop()
  })
})
