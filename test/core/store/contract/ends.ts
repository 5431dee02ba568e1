/** Ends of a run from outside, and what is told of an end. */
import { expect } from 'vitest'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { accepted, actives, change, ended, freshId, given, newRun, STARTED_AT } from './support.ts'

export function endsContract(make: () => RunStore): void {
  describe('fail', () => {
    it('ends a run that nobody has begun, with its reason', async () => {
      const store = make()
      const { run } = await store.create(newRun({ graph: undefined, active: new Map() }))

      const result = await store.fail(run.runId, { reason: 'no such blueprint', now: STARTED_AT + 7 })

      expect(result).toEqual({
        committed: true,
        run: {
          ...run,
          status: 'failed',
          reason: 'no such blueprint',
          endedAt: STARTED_AT + 7,
          active: new Map(),
          outbox: 'end',
        },
      })
      expect(await store.read(run.runId)).toEqual(result.run)
    })

    it('leaves a run that is over as it ended, and makes none', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const end = await store.commit(run.runId, change({ final: { status: 'completed', endedAt: 5 } }))

      expect(await store.fail(run.runId, { reason: 'late', now: 9 })).toEqual({
        committed: false,
        run: end.run,
      })
      const nobody = freshId()
      expect(await store.fail(nobody, { reason: 'x', now: 9 })).toEqual({ committed: false, run: undefined })
      expect(await store.read(nobody)).toBeUndefined()
    })

    it('leaves a cancelled run as it ended, begun or not, which is no commit', async () => {
      const store = make()
      for (const run of [newRun(), accepted()]) {
        await store.create(run)
        const end = await store.cancel(run.runId, { seq: 0, children: [], now: STARTED_AT })
        const seen = run.graph === undefined ? {} : { seen: { seq: 0, children: [] } }
        const late = await store.fail(run.runId, { reason: 'late', now: 9, ...seen })
        expect(late).toEqual({ committed: false, run: end.run })
      }
    })

    it('ends a run that was begun where nothing was committed since, and names its children', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const seen = { seq: run.seq, children: [`${run.runId}/1.1`] }
      expect(await store.fail(run.runId, { reason: 'lost', now: 9 })).toEqual({ committed: false, run })
      const late = { ...seen, seq: run.seq + 1 }
      expect(await store.fail(run.runId, { reason: 'lost', now: 9, seen: late })).toEqual({
        committed: false,
        run,
      })

      const result = await store.fail(run.runId, { reason: 'lost', now: 9, seen })

      expect(result).toMatchObject({
        committed: true,
        run: {
          status: 'failed',
          reason: 'lost',
          endedAt: 9,
          cancelledChildren: seen.children,
          outbox: 'end',
        },
      })
      expect(result.run?.active.size).toBe(0)
      expect(await store.read(run.runId)).toEqual(result.run)
    })
  })

  describe('cancel', () => {
    const now = STARTED_AT + 7

    it('ends a running run with nothing active, and leaves it to be told', async () => {
      const store = make()
      const run = await given(
        store,
        { active: actives('0.1', '1.1'), inlineValues: new Map([['o4', '4.1=1']]) },
        { completed: [4], arrivals: new Map([[9, 1]]), dueAt: STARTED_AT + 50 },
      )

      const result = await store.cancel(run.runId, { seq: run.seq, children: [], now })

      const cancelled = { status: 'cancelled', endedAt: now, active: new Map(), outbox: 'end' } as const
      expect(result).toEqual({ committed: true, run: { ...run, ...cancelled, dueAt: undefined } })
      expect(await store.read(run.runId)).toEqual(result.run)
    })

    it('names the children that are to be cancelled with it, until it is told', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const children = [`${run.runId}/0.1`, `${run.runId}/3.12~2`]

      const result = await store.cancel(run.runId, { seq: 0, children, now })

      expect(result.run?.cancelledChildren).toEqual(children)
      await store.markPublished(run)
      expect(await store.read(run.runId)).toEqual({ ...result.run, outbox: undefined })
    })

    it('ends a run that nobody has begun', async () => {
      const store = make()
      const { run } = await store.create(accepted())

      const result = await store.cancel(run.runId, { seq: 0, children: [], now })

      expect(result.run).toMatchObject({ status: 'cancelled', outbox: 'end' })
      const first = { graph: 'x', active: actives('0.1'), fired: new Set<number>(), iterations: new Map() }
      expect(await store.begin(run.runId, first)).toEqual({ committed: false, run: result.run })
    })

    it('makes every commit after it refused', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '1.1') }))
      const { run: cancelled } = await store.cancel(run.runId, { seq: 0, children: [], now })

      expect(await store.commit(run.runId, change({ completed: [0] }))).toEqual({
        committed: false,
        run: cancelled,
      })
      expect(await store.read(run.runId)).toEqual(cancelled)
    })

    it('is refused where something was committed since the run was read', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '1.1') }))
      const { run: later } = await store.commit(run.runId, change({ completed: [0] }))

      expect(await store.cancel(run.runId, { seq: 0, children: ['c'], now })).toEqual({
        committed: false,
        run: later,
      })
      expect(await store.read(run.runId)).toEqual(later)
      expect(await store.cancel(run.runId, { seq: 1, children: ['c'], now })).toMatchObject({
        committed: true,
      })
    })

    it('leaves a run that is over as it ended, cancelled ones too, and makes none', async () => {
      const store = make()
      const run = await ended(store)
      const { run: other } = await store.create(newRun())
      const { run: cancelled } = await store.cancel(other.runId, { seq: 0, children: [], now })
      const nobody = freshId()

      const again = { children: ['c'], now: now + 9 }
      expect(await store.cancel(run.runId, { seq: 1, ...again })).toEqual({ committed: false, run })
      expect(await store.cancel(other.runId, { seq: 0, ...again })).toEqual({
        committed: false,
        run: cancelled,
      })
      expect(await store.cancel(nobody, { seq: 0, ...again })).toEqual({ committed: false, run: undefined })
      expect(await store.read(nobody)).toBeUndefined()
    })

    it('races with commits: what it did not see it does not overlook', async () => {
      const store = make()
      const nodes = Array.from({ length: 10 }, (_, at) => at)
      const { run } = await store.create(newRun({ active: actives(...nodes.map((n) => `${n}.1` as const)) }))

      const [cancel, ...commits] = await Promise.all([
        store.cancel(run.runId, { seq: 0, children: [], now }),
        ...nodes.map((node) => store.commit(run.runId, change({ end: `${node}.1`, completed: [node] }))),
      ])

      const count = commits.filter(({ committed }) => committed).length
      expect(cancel.committed ? 0 : 10).toBe(count)
      const after = await store.read(run.runId)
      expect(after?.status).toBe(cancel.committed ? 'cancelled' : 'running')
    })
  })

  describe('putCancelled', () => {
    it('puts a cancelled run where there is none, so that nobody can start it', async () => {
      const store = make()
      const runId = freshId()

      expect(await store.putCancelled(runId, 'order', STARTED_AT)).toBe(true)

      const tombstone = await store.read(runId)
      expect(tombstone).toMatchObject({
        runId,
        blueprintId: 'order',
        status: 'cancelled',
        active: new Map(),
        startedAt: STARTED_AT,
        endedAt: STARTED_AT,
      })
      expect(tombstone?.outbox).toBeUndefined()
      expect(await store.create(newRun({ runId }))).toEqual({ created: false, run: tombstone })
      expect(await store.putCancelled(runId, 'other', STARTED_AT + 1)).toBe(false)
      expect(await store.read(runId)).toEqual(tombstone)
    })

    it('leaves a run alone that is there, running or over', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const over = await ended(store)

      for (const there of [run, over]) {
        expect(await store.putCancelled(there.runId, 'order', STARTED_AT)).toBe(false)
        expect(await store.read(there.runId)).toEqual(there)
      }
    })

    it('and create race: one of them makes the run', async () => {
      const store = make()
      const runId = freshId()

      const [tombstone, { created }] = await Promise.all([
        store.putCancelled(runId, 'order', STARTED_AT),
        store.create(newRun({ runId })),
      ])

      expect([tombstone, created].filter(Boolean)).toHaveLength(1)
      expect((await store.read(runId))?.status).toBe(tombstone ? 'cancelled' : 'running')
    })
  })

  describe('markPublished', () => {
    it('takes away what was to be told, once and again', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const final = { status: 'completed', endedAt: 5, outbox: 'end' } as const
      const end = await store.commit(run.runId, change({ final }))
      expect(end.run?.outbox).toBe('end')

      await store.markPublished(run)
      await store.markPublished(run)

      expect(await store.read(run.runId)).toEqual({ ...end.run, outbox: undefined })
    })

    it('does nothing where there is nothing to tell', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const nobody = freshId()

      await store.markPublished(run)
      await store.markPublished({ runId: nobody })

      expect(await store.read(run.runId)).toEqual(run)
      expect(await store.read(nobody)).toBeUndefined()
    })
  })
}
