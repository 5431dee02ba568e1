/** How a store takes runs up again after their end, pauses them, and ends leases of a life that is over. */
import { expect } from 'vitest'
import type { Change } from '../../../../lib/core/protocol/change.ts'
import type { RunState } from '../../../../lib/core/protocol/run-state.ts'
import { shardOf } from '../../../../lib/core/store/run-list.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { actives, change, ENTRY, given, newRun, STARTED_AT } from './support.ts'

/** A run with all that a header may say, that was cancelled. */
async function cancelled(store: RunStore, first: Partial<Change> = {}): Promise<RunState> {
  const run = await given(
    store,
    { active: actives('0.1', '130.1'), iterations: new Map([[7, 2]]), fired: new Set([3]) },
    {
      completed: [2, 125],
      arrive: new Map([
        [4, 1],
        [5, 2],
      ]),
      pend: [6],
      errors: 2,
      dueAt: STARTED_AT + 90_000,
      inlineValues: new Map([['x2.1', '2.1={"message":"no"}']]),
      ...first,
    },
  )
  const { seq, runId } = run
  const end = await store.cancel(runId, { seq, children: ['c'], keepsActive: true, now: STARTED_AT + 9 })
  await store.markPublished({ runId })
  expect(end.committed).toBe(true)
  return (await store.read(runId)) as RunState
}

const DUE = STARTED_AT + 60_000

/** One that a commit paused in place of its end as failed, and what it was before. */
const paused = async (store: RunStore) => {
  const run = await given(store, {}, { dueAt: STARTED_AT + 90_000 })
  const final = { status: 'running', endedAt: STARTED_AT + 5 } as const
  const result = await store.commit(run.runId, change({ errors: 1, final }), run)
  expect(result.committed).toBe(true)
  return { seen: result.run as RunState, run }
}

export function steeringContract(make: () => RunStore): void {
  describe('redrive', () => {
    it('puts back what it is told, and takes away what the end left', async () => {
      const store = make()
      const seen = await cancelled(store, { arriveAt: [6] })
      expect(seen).toMatchObject({ activeAtEnd: actives('0.1', '130.1'), active: new Map() })
      const next = {
        active: new Map([['8.2', { ...ENTRY, suspensions: 3 }] as const]),
        done: 1n << 125n,
        arrivals: new Map([
          [5, 1],
          [9, 3],
        ]),
        arrived: new Map([[7, new Set([0, 300])]]),
        fired: new Set([8]),
        pending: new Set<number>(),
        iterations: new Map([[8, 2]]),
        errors: 1,
        fallback: true,
        fallbacks: new Map([[2, 3]]),
        inlineValues: new Map([[':key', '={"v":1}']]),
        offloaded: true,
        dueAt: DUE,
      }

      const { committed, run } = await store.redrive(seen, next)

      expect(committed).toBe(true)
      const { endedAt: _z, cancelledChildren: _cc, activeAtEnd: _ca, outbox: _o, ...rest } = seen
      expect(run).toEqual({
        ...rest,
        ...next,
        status: 'running',
        seq: seen.seq + 1,
        redrives: 1,
        redriveNote: {},
        steered: true,
      })
      expect(await store.read(seen.runId)).toEqual(run)
      expect(await store.due(DUE)).toContain(seen.runId)
    })

    it('takes back who has arrived', async () => {
      const store = make()
      const seen = await cancelled(store, { arriveAt: [6] })
      await store.redrive(seen, { ...seen, arrived: undefined, dueAt: DUE })
      expect(await store.read(seen.runId)).not.toHaveProperty('arrived')
    })

    it('takes back that fallbacks were used, and that values are in pages', async () => {
      const store = make()
      const seen = await cancelled(store, { fallback: true, fallbacks: new Map([[2, 1]]) })
      expect(seen).toMatchObject({ fallback: true, fallbacks: new Map([[2, 1]]) })
      await store.redrive(seen, { ...seen, fallback: false, fallbacks: undefined, dueAt: DUE })
      const run = await store.read(seen.runId)
      expect(run).toMatchObject({ fallback: false })
      expect(run).not.toHaveProperty('fallbacks')
    })

    it('changes thousands of joins, and is refused where the header would not fit into an item', async () => {
      const store = make()
      const seen = await cancelled(store)
      const arrivals = new Map(Array.from({ length: 3_000 }, (_, at) => [200 + at, (at % 7) + 1] as const))
      const text = `=${'x'.repeat(450_000)}`
      const large = { ...seen, arrivals, inlineValues: new Map([[':key', text]]), dueAt: DUE }
      expect(await store.redrive(seen, large)).toEqual({ committed: false, run: seen })
      expect((await store.redrive(seen, { ...seen, arrivals, dueAt: DUE })).committed).toBe(true)
      expect((await store.read(seen.runId))?.arrivals).toEqual(arrivals)
    })

    it('is refused where the run goes on, was redriven, or has an end that is not published', async () => {
      const store = make()
      const { run: running } = await store.create(newRun())
      expect(await store.redrive(running, { ...running, dueAt: DUE })).toMatchObject({ committed: true })

      const seen = await cancelled(store)
      const again = { ...seen, active: actives('0.1'), dueAt: DUE }
      expect((await store.redrive(seen, again)).committed).toBe(true)
      expect((await store.redrive(seen, again)).committed).toBe(false)

      const other = await given(store)
      await store.cancel(other.runId, { seq: other.seq, children: [], now: 9 })
      const untold = (await store.read(other.runId)) as RunState
      expect(untold.outbox).toBe('end')
      expect((await store.redrive(untold, { ...untold, dueAt: DUE })).committed).toBe(false)
    })

    it('is refused where the run is not in the state that was seen, or has gone on and ended again', async () => {
      const store = make()
      const { run: running } = await store.create(newRun())
      const wrong = { ...running, status: 'failed' } as const
      expect(await store.redrive(wrong, { ...wrong, dueAt: DUE })).toEqual({ committed: false, run: running })

      const seen = await cancelled(store)
      const again = { ...seen, active: actives('0.1'), dueAt: DUE }
      const { run } = await store.redrive(seen, again)
      const { seq, runId } = run as RunState
      await store.cancel(runId, { seq, children: [], keepsActive: true, now: DUE })
      await store.markPublished(run as RunState)
      expect((await store.redrive(seen, again)).committed).toBe(false)
    })

    it('leaves no commit of a worker that survived the end', async () => {
      const store = make()
      const seen = await cancelled(store)
      const entry = { ...ENTRY, suspensions: 1 }
      await store.redrive(seen, { ...seen, active: new Map([['0.1', entry]]), dueAt: DUE })
      expect((await store.commit(seen.runId, change({ end: '0.1', seen: ENTRY }))).committed).toBe(false)
      expect((await store.commit(seen.runId, change({ end: '0.1', seen: entry }))).committed).toBe(true)
    })

    it('ends the pause that the run ended in', async () => {
      const store = make()
      const run = await given(store)
      await store.pause(run.runId, 77)
      const end = await store.commit(run.runId, change({ final: { status: 'failed', endedAt: 5 } }))
      const seen = end.run as RunState
      const { run: redriven } = await store.redrive(seen, { ...seen, dueAt: DUE })
      expect(redriven).toMatchObject({ status: 'running' })
      expect(redriven?.pausedAt).toBeUndefined()
    })

    it('leaves its end to be published, whoever marks the one before as published once more', async () => {
      const store = make()
      const first = await cancelled(store)
      await store.redrive(first, { ...first, active: new Map(), dueAt: DUE })
      const { runId, seq } = (await store.read(first.runId)) as RunState
      const { run: second } = await store.cancel(runId, { seq, children: [], keepsActive: true, now: DUE })
      await store.markPublished(first)
      expect(await store.read(runId)).toMatchObject({ outbox: 'end' })
      await store.markPublished(second as RunState)
      expect((await store.read(runId))?.outbox).toBeUndefined()
    })

    it('leaves word of who did it, of the last one only', async () => {
      const store = make()
      const first = await cancelled(store)
      const { runId } = first
      const own = { key: 'op#0001#a' }
      const { run } = await store.redrive(first, { ...first, active: actives('0.1'), dueAt: DUE, note: own })
      expect(run?.redriveNote).toEqual(own)
      const { run: ended } = await store.cancel(runId, { seq: run?.seq ?? 0, children: [], now: DUE })
      expect(ended?.redriveNote).toEqual(own)
      await store.markPublished(ended as RunState)
      const seen = (await store.read(runId)) as RunState
      const ofParent = { key: 'op#0002#b', runId: 'parent' }
      await store.redrive(seen, { ...seen, active: actives('0.1'), dueAt: DUE, note: ofParent })
      expect(await store.read(runId)).toMatchObject({ redrives: 2, redriveNote: ofParent })
    })

    it('can be told that its jobs were sent', async () => {
      const store = make()
      const seen = await cancelled(store)
      const { run } = await store.redrive(seen, { ...seen, active: actives('0.1'), dueAt: DUE })
      const { seq, runId } = run as RunState
      expect(await store.reschedule(runId, { seq, dueAt: undefined })).toBe(true)
      expect(await store.read(runId)).not.toHaveProperty('steered')
    })
  })

  describe('markRedrivePublished', () => {
    it('takes away the word of a redrive, once and again, and nothing else', async () => {
      const store = make()
      const seen = await cancelled(store)
      const { run } = await store.redrive(seen, { ...seen, active: actives('0.1'), dueAt: DUE })
      const redriven = run as RunState
      await store.markRedrivePublished(redriven)
      await store.markRedrivePublished(redriven)
      const { redriveNote: _, ...rest } = redriven
      expect(await store.read(seen.runId)).toEqual(rest)
    })

    it('leaves that of the next redrive, and the word of an end', async () => {
      const store = make()
      const seen = await cancelled(store)
      const { runId } = seen
      const { run } = await store.redrive(seen, { ...seen, active: actives('0.1'), dueAt: DUE })
      const first = run as RunState
      await store.cancel(runId, { seq: first.seq, children: [], keepsActive: true, now: DUE })
      await store.markRedrivePublished(first)
      const ended = (await store.read(runId)) as RunState
      expect(ended).toMatchObject({ outbox: 'end' })
      expect(ended).not.toHaveProperty('redriveNote')
      await store.markPublished(ended)
      const over = (await store.read(runId)) as RunState
      await store.redrive(over, { ...over, active: actives('0.1'), dueAt: DUE })
      await store.markRedrivePublished(first)
      expect(await store.read(runId)).toMatchObject({ redrives: 2, redriveNote: {} })
    })

    it('does nothing where there is no run, or none that was redriven', async () => {
      const store = make()
      const run = await given(store)
      await store.markRedrivePublished(run)
      await store.markRedrivePublished({ runId: 'nobody', redrives: 1 })
      expect(await store.read(run.runId)).toEqual(run)
      expect(await store.read('nobody')).toBeUndefined()
    })
  })

  describe('pause', () => {
    it('marks a run once, and unpause takes that back once', async () => {
      const store = make()
      const run = await given(store)
      const paused = await store.pause(run.runId, 77)
      expect(paused).toEqual({ committed: true, run: { ...run, pausedAt: 77 } })
      expect((await store.pause(run.runId, 78)).committed).toBe(false)
      // What is under way ends.
      expect((await store.commit(run.runId, change())).run).toMatchObject({ pausedAt: 77 })

      const unpaused = await store.unpause(run.runId, DUE)
      expect(unpaused).toMatchObject({ committed: true, run: { steered: true, dueAt: DUE } })
      expect(unpaused.run?.pausedAt).toBeUndefined()
      expect((await store.unpause(run.runId, DUE)).committed).toBe(false)
    })

    it('keeps the time that unpause sets from a sweep that saw another', async () => {
      const store = make()
      const run = await given(store, {}, { dueAt: STARTED_AT + 1 })
      const seen = (await store.read(run.runId)) as RunState
      await store.pause(run.runId, 77)
      await store.unpause(run.runId, DUE)
      const look = { seq: seen.seq, dueAt: undefined }
      expect(await store.reschedule(run.runId, { ...look, was: seen.dueAt as number })).toBe(false)
      expect(await store.read(run.runId)).toMatchObject({ steered: true, dueAt: DUE })
      expect(await store.reschedule(run.runId, { ...look, was: DUE })).toBe(true)
    })

    it('is for runs that go on', async () => {
      const store = make()
      const seen = await cancelled(store)
      expect(await store.pause(seen.runId, 7)).toMatchObject({
        committed: false,
        run: { status: 'cancelled' },
      })
      expect(await store.unpause(seen.runId, 7)).toMatchObject({ committed: false })
      expect(await store.pause('nobody', 7)).toEqual({ committed: false, run: undefined })
      const ends = await given(store)
      await store.pause(ends.runId, 7)
      await store.commit(ends.runId, change({ final: { status: 'completed', endedAt: 8 } }))
      expect(await store.unpause(ends.runId, 9)).toMatchObject({ committed: false })
      const run = await given(store)
      await store.pause(run.runId, 7)
      const end = await store.cancel(run.runId, { seq: run.seq, children: [], now: 9 })
      expect(end.run?.pausedAt).toBeUndefined()
    })
  })

  describe('a commit that pauses a run in place of its end', () => {
    it('leaves it running, with nobody to work on it, among the failed ones', async () => {
      const store = make()
      const { seen, run } = await paused(store)
      const { dueAt: _, ...rest } = run
      expect(seen).toEqual({
        ...rest,
        active: new Map(),
        seq: run.seq + 1,
        errors: 1,
        pausedAt: STARTED_AT + 5,
        pausedByFailure: true,
      })
      expect(await store.read(run.runId)).toEqual(seen)
      expect(await store.due(DUE * 2)).not.toContain(run.runId)
      const list = { kind: 'failed' } as const
      const read = {
        list,
        shard: shardOf(list, run.runId),
        from: STARTED_AT + 5,
        to: STARTED_AT + 5,
        limit: 1_000,
      }
      const { entries } = await store.readList(read)
      expect(entries.map(({ runId }) => runId)).toContain(run.runId)
    })

    it('is not unpaused nor paused again, and is redriven once', async () => {
      const store = make()
      const { seen } = await paused(store)
      expect((await store.unpause(seen.runId, DUE)).committed).toBe(false)
      expect((await store.pause(seen.runId, 7)).committed).toBe(false)
      const next = { ...seen, active: actives('0.2'), errors: 0, dueAt: DUE }
      const { run } = await store.redrive(seen, next)
      expect(run).toMatchObject({ status: 'running', redrives: 1, dueAt: DUE, errors: 0 })
      expect([run?.pausedAt, run?.pausedByFailure]).toEqual([undefined, undefined])
      expect((await store.redrive(seen, next)).committed).toBe(false)
      expect(await store.due(DUE)).toContain(seen.runId)
    })

    it('is cancelled as any', async () => {
      const store = make()
      const { seen } = await paused(store)
      const end = await store.cancel(seen.runId, { seq: seen.seq, children: [], now: 9 })
      expect(end.run).toMatchObject({ status: 'cancelled', endedAt: 9 })
      expect([end.run?.pausedAt, end.run?.pausedByFailure]).toEqual([undefined, undefined])
    })
  })

  describe('revokeLease', () => {
    it('ends a lease for good, and forgets who died under it', async () => {
      const store = make()
      const { runId } = newRun()
      const lease = (token: string, now: number) =>
        store.lease({ runId, strand: '0.1', token, now, until: now + 100 })
      await lease('a', 1_000)
      await store.holdAlone({ runId, strand: '0.1', token: 'a', now: 1_000, until: 1_100 })
      await lease('b', 2_000)

      await store.revokeLease({ runId }, '0.1')

      expect((await store.renew({ runId, strand: '0.1', token: 'b', now: 2_001, until: 9_999 })).held).toBe(
        false,
      )
      await store.release({ runId, strand: '0.1', token: 'b', now: 2_001 })
      expect(await lease('c', 2_002)).toMatchObject({ held: true, attempt: 3, lost: 0, lostAlone: 0 })
    })

    it('makes none where there is none', async () => {
      const store = make()
      const { runId } = newRun()
      await store.revokeLease({ runId }, '0.1')
      expect(await store.readLease({ runId }, '0.1')).toBeUndefined()
    })
  })
}
