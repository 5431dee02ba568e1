/** Runs that are accepted now and begin later, on virtual time. */
import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { sweep } from '../../../lib/core/run/sweep.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { takeOne } from '../../support/one-message.ts'

const HOUR = 3_600_000

function newService(): { service: TestService; began: number[] } {
  const began: number[] = []
  const service: TestService = new TestService({
    flows: [
      createFlow('order').node('ship', async () => {
        began.push(service.now)
        return { output: 'shipped' }
      }),
    ],
  })
  return { service, began }
}

describe('a delayed run', () => {
  for (const delayMs of [1, 1_500, 60_000, 900_000, 900_001, 24 * HOUR, 500 * 24 * HOUR]) {
    it(`begins after ${delayMs} ms, not before, and once`, async () => {
      const { service, began } = newService()
      const at = service.now + delayMs
      const started = await service.start({ blueprintId: 'order', runId: 'r', delayMs })
      expect(started).toEqual({ runId: 'r', status: 'running', created: true })
      expect(await service.get('r')).toMatchObject({
        status: 'running',
        startsAt: new Date(at),
        nodes: { active: [] },
      })

      await service.settle()

      expect(began).toHaveLength(1)
      expect(began[0]).toBeGreaterThanOrEqual(at)
      // The queue counts whole seconds.
      expect(began[0]).toBeLessThan(at + 1_000)
      expect(await service.get('r')).toMatchObject({ status: 'completed', startsAt: new Date(at) })
    })
  }

  it('begins at a time, given as a Date or as a text; at once where that is past', async () => {
    const { service, began } = newService()
    const at = new Date(service.now + 2 * HOUR)
    await service.start({ blueprintId: 'order', runId: 'date', startAt: at })
    await service.start({ blueprintId: 'order', runId: 'text', startAt: at.toISOString() })
    await service.start({ blueprintId: 'order', runId: 'past', startAt: new Date(service.now) })
    expect((await service.get('past')).startsAt).toBeUndefined()
    const now = service.now
    await service.settle()
    expect(began).toEqual([now, at.getTime(), at.getTime()])
  })

  it('keeps its first time, and is one run, however often it is started', async () => {
    const { service, began } = newService()
    const at = new Date(service.now + 2 * HOUR)
    await service.start({ blueprintId: 'order', runId: 'r', delayMs: 2 * HOUR })
    service.now += HOUR
    const again = await service.start({ blueprintId: 'order', runId: 'r', delayMs: 2 * HOUR })
    await service.start({ blueprintId: 'order', runId: 'r' })
    service.now += 0.9 * HOUR
    // The queue can hold it now.
    await service.start({ blueprintId: 'order', runId: 'r' })
    expect(again.created).toBe(false)
    expect((await service.get('r')).startsAt).toEqual(at)
    await service.settle()
    expect(began).toEqual([at.getTime()])
  })

  it('is not begun by a message that comes early, wherever that is from', async () => {
    for (const delayMs of [HOUR, 60_000]) {
      const { service, began } = newService()
      const at = service.now + delayMs
      await service.start({ blueprintId: 'order', runId: 'r', delayMs })
      await service.services.queue.send([{ runId: 'r', blueprintId: 'order' }])
      await takeOne(service)
      expect(began).toEqual([])
      await service.settle()
      expect(began).toEqual([at])
    }
  })

  it('begins where nobody swept until its time was over', async () => {
    const { service, began } = newService()
    await service.start({ blueprintId: 'order', runId: 'r', delayMs: HOUR })
    service.now += 30 * HOUR
    expect(await sweep(service.services)).toMatchObject({ runs: 1, jobs: 1 })
    expect(await sweep(service.services)).toMatchObject({ runs: 0, jobs: 0 })
    await service.settle()
    expect(began).toEqual([service.now])
  })

  it('can be cancelled before, and redriven: then it begins at its time', async () => {
    const { service, began } = newService()
    const at = service.now + HOUR
    await service.start({ blueprintId: 'order', runId: 'r', delayMs: HOUR })
    expect(await service.cancel('r')).toEqual({ cancelled: true })
    await takeOne(service)
    expect(began).toEqual([])
    expect((await service.get('r')).status).toBe('cancelled')
    await service.redrive('r')
    await service.settle()
    expect(began).toEqual([at])
    await service.start({ blueprintId: 'order', runId: 'never', delayMs: HOUR })
    await service.cancel('never')
    await service.settle()
    expect(began).toEqual([at])
  })

  it('that is paused begins when it is unpaused, or at its time where that is later', async () => {
    const { service, began } = newService()
    const start = service.now
    await service.start({ blueprintId: 'order', runId: 'late', delayMs: HOUR })
    await service.start({ blueprintId: 'order', runId: 'early', delayMs: 5 * HOUR })
    for (const runId of ['late', 'early']) await service.pause(runId)
    await service.settle()
    expect((await service.get('late')).status).toBe('paused')
    service.now = start + 2 * HOUR
    for (const runId of ['late', 'early']) await service.unpause(runId)
    await service.settle()
    expect(began).toEqual([start + 2 * HOUR, start + 5 * HOUR])
  })

  it('says when it starts to whoever waits in vain', async () => {
    const { service } = newService()
    const startAt = new Date(service.now + HOUR)
    await service.start({ blueprintId: 'order', runId: 'r', startAt })
    await expect(service.waitFor('r', { timeoutMs: 1_000 })).rejects.toThrow(
      `no worker has begun it, which starts at ${startAt.toISOString()}`,
    )
  })

  it('of an unknown blueprint is refused at once, and so is what is no time', async () => {
    const { service } = newService()
    const refused = async (request: object, message: string) =>
      expect(service.start({ blueprintId: 'order', runId: 'r', ...request })).rejects.toThrow(message)
    await refused({ blueprintId: 'nope', delayMs: 1 }, "no blueprint 'nope' here")
    await refused({ delayMs: -1 }, 'delayMs must be a number of milliseconds from 0 to 36500 days; got -1')
    await refused({ delayMs: Number.NaN }, 'from 0 to 36500 days')
    await refused({ startAt: '2026-01-01T00:00' }, 'startAt must be a Date, or a time such as')
    await refused({ startAt: new Date(Number.NaN) }, 'startAt must be a Date')
    await refused({ startAt: new Date(), delayMs: 1 }, 'expected startAt or delayMs; got both')
    await expect(service.get('r')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })
})
