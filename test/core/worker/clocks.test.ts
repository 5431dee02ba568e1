/** Hosts whose clocks differ by ten minutes and more: how late, or early, a timer is then. */
import { describe, expect, it } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { sweep } from '../../../lib/core/run/sweep.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, type Setup, trail, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods, workOnJob } from '../../support/one-message.ts'

const MINUTE_MS = 60_000
const AHEAD = 10 * MINUTE_MS
const BEHIND = -10 * MINUTE_MS
/** Whole seconds of the queue, rounded up. */
const ROUNDING_MS = 1_000

const napping = (duration: string) =>
  graph({ nap: { run: 'sleep', params: { duration } }, end: trail('end') }, ['nap>end'])

async function started({ blueprint, registry }: Setup) {
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
  return { service, runId, from: service.now }
}

const skewed = (service: TestService, ms: number) => ({ services: { now: () => service.now + ms } })

/** Lets the time pass until the run is over: how long that took. Workers and the sweep have clocks that are off by so much. */
async function tookUntilOver(service: TestService, runId: string, workers: number, sweeper: number) {
  const from = service.now
  for (let steps = 0; !(await service.isOver(runId)); steps++) {
    if (steps > 5_000) throw new Error('it does not end')
    await sweep({ ...service.services, now: () => service.now + sweeper })
    while (service.queue.visible().length > 0) await takeOne(service, skewed(service, workers))
    const next = Math.min(service.queue.nextAt() ?? Infinity, service.now + MINUTE_MS)
    if (!(await service.isOver(runId))) service.now = Math.max(service.now + 1, next)
  }
  return service.now - from
}

describe('a timer that the queue holds', () => {
  it.each([
    ['a sleep', napping('5m')],
    [
      'a retry',
      graph(
        {
          nap: {
            run: async ({ context }) => {
              if (await context.has('tried')) return { output: 'second' }
              await context.set('tried', true)
              throw new Error('first')
            },
            maxRetries: 2,
            retryDelay: 5 * MINUTE_MS,
          },
          end: trail('end'),
        },
        ['nap>end'],
      ),
    ],
    [
      'a timeout',
      graph({ nap: { run: 'wait', params: { timeout: '5m' } }, end: value(1) }, ['nap>end:timeout']),
    ],
  ])('is exact, whatever the clocks of those say who begin and end it: %s', async (_, setup) => {
    for (const begins of [AHEAD, 0, BEHIND]) {
      for (const ends of [AHEAD, 0, BEHIND]) {
        const { service, runId } = await started(setup)
        await takeOne(service, skewed(service, begins))

        const took = await tookUntilOver(service, runId, ends, ends)

        expect(took).toBeGreaterThanOrEqual(5 * MINUTE_MS)
        expect(took).toBeLessThanOrEqual(5 * MINUTE_MS + ROUNDING_MS)
      }
    }
  })

  it('is not held back by a message that comes meanwhile to a worker whose clock is behind', async () => {
    const { service, runId } = await started(napping('5m'))
    await takeOne(service)
    const [job] = [{ runId, blueprintId: 'case', nodeId: 'nap', iteration: 1 }]
    service.now += MINUTE_MS
    expect(await workOnJob(service, job, skewed(service, BEHIND))).toEqual({ kind: 'acknowledge' })

    const took = await tookUntilOver(service, runId, 0, 0)

    expect(took).toBeLessThanOrEqual(4 * MINUTE_MS + ROUNDING_MS)
  })

  it('is not ended by a job that was held back for another time', async () => {
    const { service, runId } = await started(napping('5m'))
    await takeOne(service)
    const job = { runId, blueprintId: 'case', nodeId: 'nap', iteration: 1, due: service.now + MINUTE_MS }
    service.now += MINUTE_MS

    await workOnJob(service, job)

    expect(await service.isOver(runId)).toBe(false)
    expect(await service.get(runId)).toMatchObject({ waiting: [{ nodeId: 'nap' }] })
  })

  it('is not forgotten where who began it died, and the next one has a clock that is far behind', async () => {
    const { service, runId } = await started(napping('14m'))
    const dying = withMethods(service.services.queue, {
      send: async () => {
        throw requestFailed('the request', new Error('died'))
      },
    })
    await expect(
      takeOne(service, { services: { ...skewed(service, AHEAD).services, queue: dying } }),
    ).rejects.toThrow('died')
    expect(await service.services.store.due(Number.MAX_SAFE_INTEGER)).toEqual([])

    const took = await tookUntilOver(service, runId, BEHIND, BEHIND)

    // Only here two clocks other than the queue's count: that of the one who began it, and that of the others.
    expect(took).toBeLessThanOrEqual(14 * MINUTE_MS + AHEAD - BEHIND + 4 * MINUTE_MS)
  })
})

describe('a timer that only the sweep can hold', () => {
  it.each([
    [AHEAD, 0],
    [BEHIND, 0],
    [0, AHEAD],
    [0, BEHIND],
    [AHEAD, AHEAD],
  ])(
    'is off by the difference of the clocks of who begins it (%i ms) and the sweep (%i ms)',
    async (begins, sweeper) => {
      for (const workers of [AHEAD, 0, BEHIND]) {
        const { service, runId } = await started(napping('2h'))
        await takeOne(service, skewed(service, begins))

        const took = await tookUntilOver(service, runId, workers, sweeper)

        const off = took - (120 * MINUTE_MS + begins - sweeper)
        expect(off).toBeGreaterThanOrEqual(0)
        expect(off).toBeLessThanOrEqual(MINUTE_MS + ROUNDING_MS)
      }
    },
  )
})
