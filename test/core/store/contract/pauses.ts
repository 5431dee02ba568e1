/** How a store keeps what is paused of blueprints, and the runs that such a pause holds. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { HeldPlace } from '../../../../lib/core/store/pause-store.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { change, ended, given, STARTED_AT } from './support.ts'

const DUE = STARTED_AT + 60_000

const fresh = () => randomUUID().slice(0, 13)

const read = (store: RunStore) => store.readPauses({ consistent: true })

export function pausesContract(make: () => RunStore): void {
  describe('pauseBlueprint', () => {
    it('pauses once, and says who did it, when and why', async () => {
      const store = make()
      const [id, other] = [`order ${fresh()} #.é`, 'x'.repeat(500)]
      const pause = { epoch: fresh(), at: 77, by: 'Ada', reason: 'it charges twice' }
      expect(await store.pauseBlueprint(id, pause)).toBe(true)
      expect(await store.pauseBlueprint(id, { ...pause, epoch: fresh() })).toBe(false)
      const long = { epoch: fresh(), at: 78 }
      expect(await store.pauseBlueprint(other, long)).toBe(true)
      const { paused } = await read(store)
      expect([paused.get(id), paused.get(other)]).toEqual([pause, long])
      expect((await store.readPauses({ consistent: false })).paused.get(id)).toEqual(pause)
      expect(await store.unpauseBlueprint(other, long.epoch)).toBe(true)
    })

    it('is over once, by whoever knows which pause it was, and leaves a release', async () => {
      const store = make()
      const [id, epoch] = [`order-${fresh()}`, fresh()]
      await store.pauseBlueprint(id, { epoch, at: 77 })
      expect(await store.unpauseBlueprint(id, fresh())).toBe(false)
      expect((await read(store)).paused.has(id)).toBe(true)
      expect(await store.unpauseBlueprint(id, epoch)).toBe(true)
      expect(await store.unpauseBlueprint(id, epoch)).toBe(false)
      const { paused, releases } = await read(store)
      expect(paused.has(id)).toBe(false)
      expect(releases.get(epoch)).toEqual({ blueprintId: id, shard: 0 })
      expect(await store.pauseBlueprint(id, { epoch: fresh(), at: 78 })).toBe(true)
      expect((await read(store)).releases.has(epoch)).toBe(true)
    })

    it('has its release moved by one of those who saw the same', async () => {
      const store = make()
      const [id, epoch] = [`order-${fresh()}`, fresh()]
      await store.pauseBlueprint(id, { epoch, at: 77 })
      await store.unpauseBlueprint(id, epoch)
      const place = { shard: 3, after: 'a run' }
      expect(await store.moveRelease(epoch, { shard: 0 }, place)).toBe(true)
      expect(await store.moveRelease(epoch, { shard: 0 }, { shard: 9 })).toBe(false)
      expect((await read(store)).releases.get(epoch)).toEqual({ blueprintId: id, ...place })
      expect(await store.moveRelease(epoch, place, undefined)).toBe(true)
      expect((await read(store)).releases.has(epoch)).toBe(false)
      expect(await store.moveRelease(epoch, place, { shard: 4 })).toBe(false)
    })
  })

  describe('hold', () => {
    it('marks a run once, for one pause, which alone takes that back', async () => {
      const store = make()
      const run = await given(store)
      const epoch = fresh()
      const held = await store.hold(run.runId, epoch)
      expect(held).toEqual({ committed: true, run: { ...run, heldBy: epoch } })
      expect((await store.hold(run.runId, fresh())).run).toMatchObject({ heldBy: epoch })
      // What is under way ends.
      expect((await store.commit(run.runId, change())).run).toMatchObject({ heldBy: epoch })

      expect(await store.letGo(run.runId, fresh(), DUE)).toMatchObject({
        committed: false,
        run: { heldBy: epoch },
      })
      const gone = await store.letGo(run.runId, epoch, DUE)
      expect(gone).toMatchObject({ committed: true, run: { steered: true, dueAt: DUE } })
      expect(gone.run?.heldBy).toBeUndefined()
      expect((await store.letGo(run.runId, epoch, DUE)).committed).toBe(false)
      expect(await store.due(DUE)).toContain(run.runId)
    })

    it('leaves the pause of the run itself alone', async () => {
      const store = make()
      const { runId } = await given(store)
      const epoch = fresh()
      await store.hold(runId, epoch)
      expect((await store.pause(runId, 7)).run).toMatchObject({ heldBy: epoch, pausedAt: 7 })
      expect((await store.letGo(runId, epoch, DUE)).run).toMatchObject({ pausedAt: 7 })
      await store.hold(runId, epoch)
      expect((await store.unpause(runId, DUE)).run).toMatchObject({ heldBy: epoch })
    })

    it('is for runs that go on, and ends with them', async () => {
      const store = make()
      const { runId } = await ended(store)
      expect(await store.hold(runId, 'e')).toMatchObject({ committed: false, run: { status: 'completed' } })
      expect(await store.hold('nobody', 'e')).toEqual({ committed: false, run: undefined })
      const run = await given(store)
      await store.hold(run.runId, 'e')
      const end = await store.cancel(run.runId, { seq: run.seq, children: [], now: 9 })
      expect(end.run?.heldBy).toBeUndefined()
      const other = await given(store)
      await store.hold(other.runId, 'e')
      const final = await store.commit(other.runId, change({ final: { status: 'failed', endedAt: 5 } }))
      expect((await store.letGo(other.runId, 'e', DUE)).committed).toBe(false)
      const seen = final.run!
      expect((await store.redrive(seen, { ...seen, dueAt: DUE })).run?.heldBy).toBeUndefined()
    })
  })

  describe('putHeld', () => {
    it('has a run found once by the pause that holds it, in parts', async () => {
      const store = make()
      const epoch = fresh()
      const ids = Array.from({ length: 40 }, (_, at) => `run-${at}/${fresh()}`)
      for (const runId of [...ids, ...ids.slice(0, 9), 'RUN']) await store.putHeld(runId, epoch)
      await store.putHeld('another', fresh())
      const found: string[] = []
      for (let shard = 0; shard < 16; shard++) {
        for (let place: HeldPlace | undefined = { shard }; place;) {
          const { runIds, next } = await store.readHeld(epoch, place, 2)
          expect(runIds.length).toBeLessThanOrEqual(2)
          found.push(...runIds)
          place = next
        }
      }
      expect(found.toSorted()).toEqual([...ids, 'RUN'].toSorted())
    })
  })
}
