/** Leases: one holder at a time, counted. */
import { expect } from 'vitest'
import type { ActivationKey } from '../../../../lib/core/protocol/run-state.ts'
import type { LeaseRequest, RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { freshId, STARTED_AT } from './support.ts'

const leaseRequest = (
  runId: string,
  token: string,
  now: number,
  until: number,
  strand: ActivationKey = '3.1',
) => ({
  runId,
  strand,
  token,
  now: STARTED_AT + now,
  until: STARTED_AT + until,
})

export function leasesContract(make: () => RunStore): void {
  describe('leases', () => {
    it('go to the first who asks, until they are over', async () => {
      const store = make()
      const run = freshId()
      expect(await store.readLease({ runId: run }, '3.1')).toBeUndefined()

      expect(await store.lease(leaseRequest(run, 'a', 0, 100))).toMatchObject({
        held: true,
        attempt: 1,
        until: STARTED_AT + 100,
      })
      const refused = { held: false, attempt: 1, until: STARTED_AT + 100 }
      expect(await store.lease(leaseRequest(run, 'b', 50, 200))).toMatchObject(refused)
      expect(await store.lease(leaseRequest(run, 'b', 100, 200))).toMatchObject(refused)
      expect(await store.readLease({ runId: run }, '3.1')).toEqual({ ...refused, lost: 0, lostAlone: 0 })
    })

    it('that are over go to the next, with the next attempt', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))

      const second = await store.lease(leaseRequest(run, 'b', 101, 200))
      const third = await store.lease(leaseRequest(run, 'a', 201, 300))

      expect(second).toMatchObject({ held: true, attempt: 2, until: STARTED_AT + 200 })
      expect(third).toMatchObject({ held: true, attempt: 3, until: STARTED_AT + 300 })
    })

    it('answer their holder who asks again, as when the first answer was lost', async () => {
      const store = make()
      const run = freshId()
      const request = leaseRequest(run, 'a', 0, 100)
      await store.lease(request)

      expect(await store.lease(request)).toMatchObject({ held: true, attempt: 1, until: STARTED_AT + 100 })
    })

    it('are prolonged by their holder only', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))

      expect(await store.renew(leaseRequest(run, 'a', 90, 500))).toMatchObject({
        held: true,
        attempt: 1,
        until: STARTED_AT + 500,
      })
      expect(await store.renew(leaseRequest(run, 'b', 90, 900))).toMatchObject({
        held: false,
        until: STARTED_AT + 500,
      })
      expect(await store.lease(leaseRequest(run, 'b', 400, 900))).toMatchObject({ held: false })
    })

    it('are prolonged late where nobody took over, and not where somebody did', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))

      expect(await store.renew(leaseRequest(run, 'a', 200, 300))).toMatchObject({ held: true, attempt: 1 })
      await store.lease(leaseRequest(run, 'b', 301, 400))
      expect(await store.renew(leaseRequest(run, 'a', 310, 900))).toMatchObject({ held: false, attempt: 2 })
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({
        attempt: 2,
        until: STARTED_AT + 400,
      })
    })

    it('are free at once when their holder ends them', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.renew({ ...leaseRequest(run, 'a', 10, 0), until: 0 })

      expect(await store.lease(leaseRequest(run, 'b', 11, 100))).toMatchObject({ held: true, attempt: 2 })
    })

    it('are one for each strand and run', async () => {
      const store = make()
      const [run, other] = [freshId(), freshId()]
      await store.lease(leaseRequest(run, 'a', 0, 100))

      expect(await store.lease(leaseRequest(run, 'b', 0, 100, '3.2'))).toMatchObject({
        held: true,
        attempt: 1,
      })
      expect(await store.lease(leaseRequest(run, 'b', 0, 100, '33.1'))).toMatchObject({
        held: true,
        attempt: 1,
      })
      expect(await store.lease(leaseRequest(other, 'b', 0, 100))).toMatchObject({ held: true, attempt: 1 })
    })

    it('lie elsewhere in a run that an older version began, and there all of them', async () => {
      const store = make()
      const run = freshId()
      const older = [1, 2].map((format) => ({ ...leaseRequest(run, 'old', 0, 100), format: format as 1 | 2 }))
      const [first, second] = older as [LeaseRequest, LeaseRequest]
      await store.lease(first)

      expect(await store.lease({ ...second, token: 'b' })).toMatchObject({ held: false, attempt: 1 })
      expect(await store.readLease({ runId: run }, '3.1')).toBeUndefined()
      expect(await store.renew({ ...second, until: STARTED_AT + 200 })).toMatchObject({ held: true })
      expect(await store.holdAlone({ ...second, until: STARTED_AT + 300 })).toMatchObject({ held: true })
      await store.release({ ...second, alone: true })
      expect(await store.readLease(first, '3.1')).toMatchObject({ attempt: 1, until: 0, lostAlone: 0 })
      await store.lease({ ...second, token: 'c' })
      await store.revokeLease(first, '3.1')
      expect(await store.readLease(second, '3.1')).toMatchObject({ attempt: 2, until: 0 })
      // An item of a batch lies in its shard, whatever version began the run.
      await store.lease({ ...first, strand: '3.1#1#0.0|7' })
      expect(await store.readLease({ runId: run }, '3.1#1#0.0|7')).toMatchObject({ attempt: 1 })
    })

    it('cannot be prolonged where there is none', async () => {
      const store = make()
      const run = freshId()

      expect(await store.renew(leaseRequest(run, 'a', 0, 100))).toMatchObject({ held: false, attempt: 0 })
      expect(await store.readLease({ runId: run }, '3.1')).toBeUndefined()
    })

    it('go to one of 20 who ask together', async () => {
      const store = make()
      const run = freshId()

      const leases = await Promise.all(
        Array.from({ length: 20 }, (_, token) => store.lease(leaseRequest(run, `token ${token}`, 0, 100))),
      )

      expect(leases.filter(({ held }) => held)).toHaveLength(1)
      expect(new Set(leases.map(({ attempt }) => attempt))).toEqual(new Set([1]))
    })

    it('that are given back are free at once, and not counted as lost', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.release(leaseRequest(run, 'a', 10, 0))

      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({ attempt: 1, lost: 0, until: 0 })
      const second = await store.lease(leaseRequest(run, 'b', 11, 100))
      expect(second).toEqual({ held: true, attempt: 2, lost: 0, lostAlone: 0, until: STARTED_AT + 100 })
    })

    it('tell what the last holders gave them back with', async () => {
      const store = make()
      const run = freshId()
      const first = await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.release({ ...leaseRequest(run, 'a', 10, 0), ended: { print: 'bad', times: 1 } })
      const second = await store.lease(leaseRequest(run, 'b', 11, 100))
      await store.release(leaseRequest(run, 'b', 12, 0))
      const third = await store.lease(leaseRequest(run, 'c', 13, 100))
      await store.release({ ...leaseRequest(run, 'c', 14, 0), ended: { print: 'worse', times: 2 } })

      expect(first).not.toHaveProperty('ended')
      for (const lease of [second, third]) expect(lease).toMatchObject({ ended: { print: 'bad', times: 1 } })
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({
        ended: { print: 'worse', times: 2 },
      })
    })

    it('that nobody gave back are lost', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.lease(leaseRequest(run, 'b', 101, 200))
      await store.release(leaseRequest(run, 'b', 110, 0))

      const third = await store.lease(leaseRequest(run, 'c', 120, 300))
      expect(third).toMatchObject({ held: true, attempt: 3, lost: 1 })
      expect(await store.lease(leaseRequest(run, 'd', 301, 400))).toMatchObject({ attempt: 4, lost: 2 })
      expect(await store.lease(leaseRequest(run, 'e', 302, 500))).toMatchObject({ held: false, lost: 2 })
    })

    it('are given back once, however often that is asked', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.lease(leaseRequest(run, 'b', 101, 200))
      for (let time = 0; time < 3; time++) await store.release(leaseRequest(run, 'b', 110, 0))

      expect(await store.lease(leaseRequest(run, 'c', 120, 300))).toMatchObject({ attempt: 3, lost: 1 })
    })

    it('are given back by their holder only', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.lease(leaseRequest(run, 'b', 101, 200))
      await store.release(leaseRequest(run, 'a', 110, 0))
      await store.release(leaseRequest(freshId(), 'b', 110, 0))

      expect(await store.lease(leaseRequest(run, 'c', 120, 300))).toMatchObject({ held: false, attempt: 2 })
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({ lost: 1, until: STARTED_AT + 200 })
    })

    it('that were held alone and not given back are counted apart', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      expect(await store.lease(leaseRequest(run, 'b', 101, 200))).toMatchObject({ lost: 1, lostAlone: 0 })

      const alone = { held: true, attempt: 2, lost: 1, lostAlone: 0, until: STARTED_AT + 250 }
      // However often that is asked: an answer may be lost.
      for (let time = 0; time < 3; time++)
        expect(await store.holdAlone(leaseRequest(run, 'b', 110, 250))).toMatchObject(alone)
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({ lost: 1, lostAlone: 0 })

      expect(await store.lease(leaseRequest(run, 'c', 251, 300))).toMatchObject({ lost: 2, lostAlone: 1 })
      await store.holdAlone(leaseRequest(run, 'c', 252, 300))
      for (let time = 0; time < 3; time++)
        await store.release({ ...leaseRequest(run, 'c', 260, 0), alone: true })
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({ lost: 1, lostAlone: 1, until: 0 })
      expect(await store.lease(leaseRequest(run, 'd', 261, 400))).toMatchObject({ lost: 2, lostAlone: 1 })
      expect(await store.lease(leaseRequest(run, 'e', 401, 500))).toMatchObject({ lost: 3, lostAlone: 1 })
    })

    it('are held alone by their holder only, and not when they were given back', async () => {
      const store = make()
      const run = freshId()
      expect(await store.holdAlone(leaseRequest(run, 'a', 0, 100))).toMatchObject({ held: false })
      await store.lease(leaseRequest(run, 'a', 0, 100))
      expect(await store.holdAlone(leaseRequest(run, 'b', 10, 900))).toMatchObject({ held: false })
      await store.release(leaseRequest(run, 'a', 20, 0))
      expect(await store.holdAlone(leaseRequest(run, 'a', 30, 900))).toMatchObject({ held: false })

      expect(await store.lease(leaseRequest(run, 'c', 40, 100))).toMatchObject({ held: true, lostAlone: 0 })
    })

    it('are given back though the note that they are held alone never arrived', async () => {
      const store = make()
      const run = freshId()
      await store.lease(leaseRequest(run, 'a', 0, 100))
      await store.release({ ...leaseRequest(run, 'a', 10, 0), alone: true })

      expect(await store.lease(leaseRequest(run, 'b', 20, 100))).toMatchObject({ lost: 0, lostAlone: 0 })
      await store.lease(leaseRequest(run, 'c', 101, 200))
      await store.holdAlone(leaseRequest(run, 'c', 102, 200))
      expect(await store.lease(leaseRequest(run, 'd', 201, 300))).toMatchObject({ lost: 2, lostAlone: 1 })
      await store.release({ ...leaseRequest(run, 'd', 210, 0), alone: true })
      expect(await store.readLease({ runId: run }, '3.1')).toMatchObject({ lost: 1, lostAlone: 1 })
    })

    it('on the item of a batch are one for each item and partition', async () => {
      const store = make()
      const run = freshId()
      const ask = (strand: string) => store.lease({ ...leaseRequest(run, 'a', 0, 100), strand })

      expect(await ask('3.1#1#0.0|7')).toMatchObject({ held: true, attempt: 1 })
      const other = { ...leaseRequest(run, 'b', 1, 100), strand: '3.1#1#0.0|7' }
      expect(await store.lease(other)).toMatchObject({ held: false })
      for (const strand of ['3.1#1#0.0|8', '3.1#1#0.1|7', '3.1']) {
        expect(await store.lease({ ...other, strand })).toMatchObject({ held: true, attempt: 1 })
      }
      expect(await store.readLease({ runId: run }, '3.1#1#0.0|7')).toMatchObject({ attempt: 1 })
    })
  })
}
