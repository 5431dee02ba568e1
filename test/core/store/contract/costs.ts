/** How a store adds up what a run uses: with the write that it goes with, and only if that is made. */
import { expect } from 'vitest'
import type { Counts } from '../../../../lib/core/common/run-counts.ts'
import type { RunState } from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { accepted, actives, change, ENTRY, freshId, given, newRun, STARTED_AT } from './support.ts'

/** Counts that no store adds anything to by itself. */
const USED: Counts = { $r: 3, $m: 120, '$.bedrock': 12_000_000 }

/** Of writes that the store makes, it may add what they cost. */
function withoutOwn({ $w: _w, $d: _d, ...counts }: Counts = {}): Counts {
  return counts
}

export function costsContract(make: () => RunStore): void {
  describe('what a run uses', () => {
    it('is added by each commit that is made, and stays at the end', async () => {
      const store = make()
      const run = await given(store, { active: actives('0.1', '1.1') }, { cost: USED })
      expect(withoutOwn(run.cost)).toEqual(USED)

      const more = { $m: -20, $q: 150, '$.maps': 1 }
      const final = { status: 'completed', endedAt: STARTED_AT + 5 } as const
      await store.commit(run.runId, change({ cost: more }))
      const last = await store.commit(run.runId, change({ end: '1.1', cost: USED, final }))

      const { $w: _w, $d: _d, ...sum } = last.run?.cost ?? {}
      expect(sum).toEqual({ $r: 6, $m: 220, $q: 150, '$.bedrock': 24_000_000, '$.maps': 1 })
      expect(await store.read(run.runId)).toEqual(last.run)
    })

    it('is not added by a commit that is refused: the same one again, say', async () => {
      const store = make()
      const run = await given(store)
      const commit = change({ cost: USED })
      const { run: after } = await store.commit(run.runId, commit)
      expect(await store.commit(run.runId, commit)).toEqual({ committed: false, run: after })
      expect(withoutOwn((await store.read(run.runId))?.cost)).toEqual(USED)
    })

    it('is added by a commit that writes the whole header', async () => {
      const store = make()
      const run = await given(store, {}, { cost: USED })
      const many = Array.from({ length: 200 }, (_, at) => [`:key${at}`, '={"v":1}'] as const)
      const result = await store.commit(
        run.runId,
        change({ cost: USED, inlineValues: new Map(many), require: [{ kind: 'unchanged', seq: run.seq }] }),
        run,
      )
      expect(withoutOwn(result.run?.cost)).toEqual({ $r: 6, $m: 240, '$.bedrock': 24_000_000 })
    })

    it('is nothing where nothing is counted', async () => {
      const store = make()
      const run = await given(store)
      await store.commit(run.runId, change())
      expect(await store.read(run.runId)).not.toHaveProperty('cost')
    })

    it('is there from its start, and added when it begins, once', async () => {
      const store = make()
      const { run } = await store.create({ ...accepted(), cost: { $q: 100 } })
      expect(withoutOwn(run.cost)).toEqual({ $q: 100 })
      const first = { graph: 'abcdefghijkl', active: actives('0.1'), fired: new Set<number>() }
      const begin = () => store.begin(run.runId, { ...first, iterations: new Map(), cost: USED })
      expect((await begin()).committed).toBe(true)
      expect((await begin()).committed).toBe(false)
      expect(withoutOwn((await store.read(run.runId))?.cost)).toEqual({ $q: 100, ...USED })
      expect((await store.create({ ...newRun(), runId: run.runId, cost: USED })).created).toBe(false)
      expect(withoutOwn((await store.read(run.runId))?.cost)).toEqual({ $q: 100, ...USED })
    })

    it('stays with a redrive, which notes what the parent has taken in, if it has', async () => {
      const store = make()
      for (const costIsTold of [true, false]) {
        const run = await given(store, {}, { cost: USED })
        const final = { status: 'failed', endedAt: STARTED_AT + 5 } as const
        const seen = (await store.commit(run.runId, change({ final }))).run as RunState
        const entry = { ...ENTRY, suspensions: 1 }
        const next = { ...seen, active: new Map([['0.1', entry] as const]), dueAt: STARTED_AT, costIsTold }
        const { run: redriven } = await store.redrive(seen, next)
        expect(redriven?.cost).toEqual(seen.cost)
        expect(redriven?.costTold).toEqual(costIsTold ? seen.cost : undefined)
        const later = await store.commit(run.runId, change({ seen: entry, cost: USED }))
        expect(withoutOwn(later.run?.cost)).toMatchObject({ $r: 6 })
        expect(later.run?.costTold).toEqual(redriven?.costTold)
      }
    })

    it('is kept of a wait for a child that the run has taken in', async () => {
      const store = make()
      const run = await given(store)
      const suspend = { ...ENTRY, suspensions: 1, wait: { kind: 'child', tries: 2, told: 0 } } as const
      const result = await store.commit(run.runId, change({ suspend }))
      expect(result.run?.active.get('0.1')).toEqual(suspend)
    })
  })

  describe('what a run may cost', () => {
    it('is kept from its start, and changed in any state', async () => {
      const store = make()
      const { run } = await store.create(newRun({ budget: { maxUsd: 0.000_000_5 } }))
      expect(run.budget).toEqual({ maxUsd: 0.000_000_5 })
      const raised = await store.setBudget(run.runId, { maxUsd: 12.5, onBudget: 'pause' })
      expect(raised).toEqual({
        committed: true,
        run: { ...run, budget: { maxUsd: 12.5, onBudget: 'pause' } },
      })
      const final = { status: 'completed', endedAt: STARTED_AT + 5 } as const
      await store.commit(run.runId, change({ final }))
      const after = await store.setBudget(run.runId, { maxUsd: 3, onBudget: 'fail' })
      expect(after.run).toMatchObject({ status: 'completed', budget: { maxUsd: 3, onBudget: 'fail' } })
      expect(await store.read(run.runId)).toEqual(after.run)
      expect(await store.setBudget(freshId(), { maxUsd: 3 })).toEqual({ committed: false, run: undefined })
    })

    it('keeps a run from being failed for less than it may cost by now', async () => {
      const store = make()
      const budget = { maxUsd: 1 }
      const run = await given(store, { budget })
      const seen = { seq: run.seq, children: [], budget }
      await store.setBudget(run.runId, { maxUsd: 2 })
      expect((await store.fail(run.runId, { reason: 'too much', now: 9, seen })).committed).toBe(false)
      const now = { ...seen, budget: { maxUsd: 2 } }
      expect((await store.fail(run.runId, { reason: 'too much', now: 9, seen: now })).committed).toBe(true)
    })
  })

  describe('what the items of a batch use', () => {
    it('is added up by those who arrive, once each', async () => {
      const store = make()
      const run = freshId()
      await store.arrive(run, '1.1#0', 7, false, USED)
      const twice = await store.arrive(run, '1.1#0', 7, false, USED)
      expect(twice.arrived).toEqual(new Set([7]))
      expect(withoutOwn(twice.cost)).toEqual(USED)
      const both = await store.arrive(run, '1.1#0', 8, true, { $m: 1 })
      expect({ ...both, cost: withoutOwn(both.cost) }).toEqual({
        arrived: new Set([7, 8]),
        failed: 1,
        cost: { ...USED, $m: 121 },
      })
      expect(await store.arrivals(run, '1.1#0')).toEqual(both)
    })

    it('is added once by some that arrive together', async () => {
      const store = make()
      const run = freshId()
      await store.arrive(run, '1.1#0', [7, 8, 9], false, USED)
      const twice = await store.arrive(run, '1.1#0', [7, 8, 9], false, USED)
      expect(twice.arrived).toEqual(new Set([7, 8, 9]))
      expect(withoutOwn(twice.cost)).toEqual(USED)
    })
  })
}
