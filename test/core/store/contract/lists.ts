/** The store's lists: who stands in which, in what order, by pages. */
import { expect } from 'vitest'
import type { RunState, RunStatus } from '../../../../lib/core/protocol/run-state.ts'
import { type ListRead, type RunList, shardOf, shardsOf } from '../../../../lib/core/store/run-list.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { accepted, actives, change, ended, freshId, newRun } from './support.ts'

const ALL: RunList = { kind: 'runs' }
const FAILED: RunList = { kind: 'failed' }
/** Each test has times of its own, since all share one table. */
let period = Date.UTC(2027, 0, 1)
const newPeriod = () => (period += 1_000_000)

const inPeriod = (list: RunList, shard: number, more: Partial<ListRead> = {}): ListRead => ({
  list,
  shard,
  from: period,
  to: period + 999_999,
  limit: 1_000,
  ...more,
})

const failure = (endedAt: number) => change({ final: { status: 'failed', endedAt } })

/** Of all shards. */
async function idsIn(store: RunStore, list: RunList): Promise<string[]> {
  const shards = Array.from({ length: shardsOf(list) }, (_, at) => store.readList(inPeriod(list, at)))
  return (await Promise.all(shards)).flatMap(({ entries }) => entries.map(({ runId }) => runId)).toSorted()
}

/** An id in the shard of another. */
function idBeside(list: RunList, runId: string): string {
  for (;;) {
    const id = freshId()
    if (shardOf(list, id) === shardOf(list, runId)) return id
  }
}

export function listsContract(make: () => RunStore): void {
  describe('readMany', () => {
    it('reads the headers that are there', async () => {
      const store = make()
      const runs = await Promise.all(Array.from({ length: 130 }, () => store.create(newRun())))
      const ids = runs.map(({ run }) => run.runId)

      const read = await store.readMany([...ids, freshId(), ...ids.slice(-3)])

      expect(read.size).toBe(130)
      for (const { run } of runs) expect(read.get(run.runId)).toEqual(run)
      expect(await store.readMany([])).toEqual(new Map())
    })
  })

  describe('the list of runs', () => {
    it('has each run from its start on, with what is known of it', async () => {
      const store = make()
      const startedAt = newPeriod()
      const labels = { orderId: 'A-17', tenant: 'acme' }
      const origin = { forkedFrom: 'other' }
      const { run } = await store.create(newRun({ startedAt, labels, ...origin }))
      const shard = shardOf(ALL, run.runId)

      expect(await store.readList(inPeriod(ALL, shard))).toEqual({
        entries: [
          {
            time: startedAt,
            runId: run.runId,
            run: { blueprintId: 'order', status: 'running', labels, ...origin },
          },
        ],
      })

      await store.commit(run.runId, change({ final: { status: 'completed', endedAt: startedAt + 7 } }), run)
      const { entries } = await store.readList(inPeriod(ALL, shard))
      expect(entries[0]?.run).toEqual({
        blueprintId: 'order',
        status: 'completed',
        endedAt: startedAt + 7,
        labels,
        ...origin,
      })
    })

    it('has those that are accepted, and those that end without a commit; no child runs', async () => {
      const store = make()
      const startedAt = newPeriod()
      const { run: waiting } = await store.create({ ...accepted(), startedAt })
      const { run: broken } = await store.create({ ...accepted(), startedAt })
      const { run: cancelled } = await store.create(newRun({ startedAt }))
      await store.create(newRun({ startedAt, runId: `${freshId()}/0.1` }))
      await store.putCancelled(`${freshId()}/0.1~1`, 'order', startedAt)

      await store.fail(broken.runId, { reason: 'no', now: startedAt + 1 })
      await store.cancel(cancelled.runId, { seq: 0, children: [], now: startedAt + 1 })

      expect(await idsIn(store, ALL)).toEqual(
        [waiting, broken, cancelled].map(({ runId }) => runId).toSorted(),
      )
    })

    it('is read newest first, by pages of any size, with equal times too', async () => {
      const store = make()
      const startedAt = newPeriod()
      const first = freshId()
      const ids = [first, ...Array.from({ length: 8 }, () => idBeside(ALL, first))]
      // Three at each of three times.
      for (const [at, runId] of ids.entries())
        await store.create(newRun({ runId, startedAt: startedAt + Math.floor(at / 3) }))
      const shard = shardOf(ALL, first)
      const { entries: whole } = await store.readList(inPeriod(ALL, shard))
      expect(whole.map(({ time }) => time - startedAt)).toEqual([2, 2, 2, 1, 1, 1, 0, 0, 0])
      expect(whole.map(({ runId }) => runId).toSorted()).toEqual(ids.toSorted())

      for (const limit of [1, 2, 4, 9]) {
        const seen: string[] = []
        let more: Partial<ListRead> | undefined = {}
        for (let pages = 0; more && pages < 20; pages++) {
          const { entries, next } = await store.readList(inPeriod(ALL, shard, { ...more, limit }))
          expect(entries.length).toBeLessThanOrEqual(limit)
          seen.push(...entries.map(({ runId }) => runId))
          more = next && { to: next.time, after: next.runId }
        }
        expect(seen).toEqual(whole.map(({ runId }) => runId))
      }
    })

    it('is filtered by blueprint and status, and says how far it looked', async () => {
      const store = make()
      const startedAt = newPeriod()
      const first = freshId()
      const ids = [first, ...Array.from({ length: 5 }, () => idBeside(ALL, first))]
      for (const [at, runId] of ids.entries()) {
        const blueprintId = at % 2 === 0 ? 'even' : 'odd'
        const { run } = await store.create(newRun({ runId, startedAt: startedAt + at, blueprintId }))
        if (at === 0 || at === 3)
          await store.commit(runId, change({ final: { status: 'completed', endedAt: 5 } }), run)
      }
      const shard = shardOf(ALL, first)
      const read = async (where: { blueprintId?: string; statuses?: RunStatus[] }) =>
        (await store.readList(inPeriod(ALL, shard, { where }))).entries.map(({ runId }) => ids.indexOf(runId))

      expect(await read({ blueprintId: 'even' })).toEqual([4, 2, 0])
      expect(await read({ statuses: ['completed'] })).toEqual([3, 0])
      expect(await read({ statuses: ['completed', 'running'], blueprintId: 'odd' })).toEqual([5, 3, 1])
      expect(await read({ statuses: ['failed'] })).toEqual([])
      const where = { blueprintId: 'odd', statuses: ['completed'] as const }
      const part = await store.readList(inPeriod(ALL, shard, { where, limit: 2 }))
      expect(part).toEqual({ entries: [], next: { time: startedAt + 4, runId: ids[4] } })
    })
  })

  describe('the list of failed runs', () => {
    it('has those that failed, by a commit or without, at the time of their end', async () => {
      const store = make()
      const endedAt = newPeriod()
      const failed = await store.create(newRun())
      await store.commit(
        failed.run.runId,
        change({ errors: 1, final: { status: 'failed', endedAt } }),
        failed.run,
      )
      const { run: broken } = await store.create(accepted())
      await store.fail(broken.runId, { reason: 'no', now: endedAt })
      const { run: given } = await store.create(newRun())
      const givenUp = { reason: 'too many rounds', children: [] }
      await store.commit(given.runId, change({ final: { status: 'failed', endedAt, givenUp } }), given)
      await ended(store)
      const { run: cancelled } = await store.create(newRun())
      await store.cancel(cancelled.runId, { seq: 0, children: [], now: endedAt })

      const ids = [failed.run.runId, broken.runId, given.runId].toSorted()
      expect(await idsIn(store, FAILED)).toEqual(ids)
      // The sweep has nothing to do with them.
      const due = await store.due(Number.MAX_SAFE_INTEGER)
      expect(due.filter((id) => ids.includes(id))).toEqual([])
      expect((await store.read(broken.runId))?.dueAt).toBeUndefined()
    })

    it('has a run that slept before, and no child run', async () => {
      const store = make()
      const endedAt = newPeriod()
      const { run } = await store.create(newRun())
      await store.reschedule(run.runId, { seq: 0, dueAt: endedAt + 5 })
      await store.commit(run.runId, change({ final: { status: 'failed', endedAt } }), run)
      const { run: child } = await store.create(newRun({ runId: `${freshId()}/3.1` }))
      await store.commit(child.runId, change({ final: { status: 'failed', endedAt } }), child)

      expect(await idsIn(store, FAILED)).toEqual([run.runId])
      const { entries } = await store.readList(inPeriod(FAILED, shardOf(FAILED, run.runId)))
      expect(entries).toEqual([{ time: endedAt, runId: run.runId }])
    })
  })

  describe('the lists of a run that is redriven', () => {
    it('have it as running, by its first start, and as failed no more, until it fails again', async () => {
      const store = make()
      const at = newPeriod()
      const { run } = await store.create(newRun({ startedAt: at }))
      const { run: seen } = await store.commit(run.runId, failure(at + 5), run)
      const { endedAt: _, ...rest } = seen as RunState
      const next = { ...rest, active: actives('0.1'), dueAt: at + 6 }

      const { committed, run: again } = await store.redrive(seen as RunState, next)

      expect(committed).toBe(true)
      expect(await idsIn(store, FAILED)).toEqual([])
      const shard = shardOf(ALL, run.runId)
      const { entries } = await store.readList(inPeriod(ALL, shard))
      expect(entries).toEqual([
        { time: at, runId: run.runId, run: { blueprintId: 'order', status: 'running' } },
      ])
      await store.commit(run.runId, failure(at + 9), again)
      const { entries: ends } = await store.readList(inPeriod(FAILED, shardOf(FAILED, run.runId)))
      expect(ends).toEqual([{ time: at + 9, runId: run.runId }])
    })
  })

  describe('enlist', () => {
    it('changes nothing that a run has, and is refused where the run went on', async () => {
      const store = make()
      const endedAt = newPeriod()
      const { run } = await store.create(newRun({ startedAt: endedAt }))

      expect(await store.enlist(run)).toEqual({ committed: true, run })
      expect(await store.enlist(run)).toEqual({ committed: true, run })
      const { run: failed } = await store.commit(
        run.runId,
        change({ final: { status: 'failed', endedAt } }),
        run,
      )
      expect(await store.enlist(run)).toEqual({ committed: false, run: failed })
      expect(await store.enlist({ ...run, seq: 1 })).toMatchObject({ committed: false })
      expect(await store.enlist({ ...(failed as RunState), seq: 0 })).toMatchObject({ committed: false })
      expect(await store.enlist(failed as RunState)).toEqual({ committed: true, run: failed })
      expect(await idsIn(store, FAILED)).toEqual([run.runId])
      expect(await store.enlist({ ...run, runId: freshId() })).toEqual({ committed: false, run: undefined })
    })
  })

  describe('labels', () => {
    it('are kept by the run, and lead to it, each', async () => {
      const store = make()
      const startedAt = newPeriod()
      const labels = { größe: 'x', orderId: 'A-17 #/+=ü', tenant: 'acme' }
      const run = newRun({ startedAt, labels })

      await store.putLabels(run)
      await store.putLabels(run)
      await store.create(run)

      expect(await store.read(run.runId)).toMatchObject({ labels })
      for (const [name, value] of Object.entries(labels)) {
        expect(await idsIn(store, { kind: 'label', name, value })).toEqual([run.runId])
        expect(await idsIn(store, { kind: 'label', name, value: `${value}.` })).toEqual([])
      }
    })

    it('are read newest first, by pages', async () => {
      const store = make()
      const startedAt = newPeriod()
      const list: RunList = { kind: 'label', name: 'tenant', value: freshId() }
      const first = freshId()
      const ids = [first, ...Array.from({ length: 4 }, () => idBeside(list, first))]
      for (const [at, runId] of ids.entries()) {
        const labels = { tenant: list.value }
        await store.putLabels(newRun({ runId, startedAt: startedAt + Math.floor(at / 2), labels }))
      }
      const shard = shardOf(list, first)
      const { entries: whole } = await store.readList(inPeriod(list, shard))
      expect(whole.map(({ time }) => time - startedAt)).toEqual([2, 1, 1, 0, 0])

      const seen: string[] = []
      let more: Partial<ListRead> | undefined = {}
      while (more) {
        const part = await store.readList(inPeriod(list, shard, { ...more, limit: 2 }))
        seen.push(...part.entries.map(({ runId }) => runId))
        more = part.next && { to: part.next.time, after: part.next.runId }
      }
      expect(seen).toEqual(whole.map(({ runId }) => runId))
      const outside = { from: startedAt + 1, to: startedAt + 1 }
      expect((await store.readList(inPeriod(list, shard, outside))).entries).toHaveLength(2)
    })

    it('of nobody are none', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      await store.putLabels(newRun())

      expect(run.labels).toBeUndefined()
    })
  })
}
