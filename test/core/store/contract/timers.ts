/** Activations that wait, and the index of runs whose timers the queue cannot hold. */
import { expect } from 'vitest'
import { apply } from '../../../../lib/core/protocol/change.ts'
import type { ActiveEntry, RunState, Wait } from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { actives, change, ENTRY, ended, freshId, newRun, STARTED_AT } from './support.ts'

const AT = STARTED_AT + 86_400_123

function suspendedAs(wait: Wait, suspensions = 1): ActiveEntry {
  return { ...ENTRY, wait, suspensions }
}

/** A run that waits for a time, due so long before. */
async function waiting(store: RunStore, dueAt = AT): Promise<RunState> {
  const { run } = await store.create(newRun({ active: actives('0.1', '1.1') }))
  const suspend = suspendedAs({ kind: 'timer', at: AT + 900_000 })
  const result = await store.commit(run.runId, change({ suspend, dueAt }))
  expect(result).toMatchObject({ committed: true, run: { dueAt } })
  return result.run as RunState
}

async function isDue(store: RunStore, { runId }: RunState, now: number): Promise<boolean> {
  return (await store.due(now)).includes(runId)
}

export function timersContract(make: () => RunStore): void {
  describe('suspend', () => {
    const waits: Wait[] = [
      { kind: 'event' },
      { kind: 'event', at: AT },
      { kind: 'timer', at: AT },
      { kind: 'timer', at: AT, awaited: true },
      { kind: 'retry', at: AT + 1, tries: 41 },
      { kind: 'child', tries: 0 },
      { kind: 'child', tries: 40 },
      { kind: 'items', round: 37 },
    ]
    for (const wait of waits) {
      it(`leaves the activation there, waiting as ${JSON.stringify(wait)}`, async () => {
        const store = make()
        const entry: ActiveEntry = { scheduledBy: '4.2', inline: true, source: 4 }
        const { run } = await store.create(newRun({ active: new Map([['0.1', entry]]) }))
        const suspend = { ...entry, inline: false, wait, suspensions: 36 }
        const suspending = change({ seen: entry, suspend })

        const result = await store.commit(run.runId, suspending)

        expect(result).toEqual({ committed: true, run: apply(run, suspending) })
        expect(result.run?.active.get('0.1')).toEqual(suspend)
        expect(await store.read(run.runId)).toEqual(result.run)
      })
    }

    it('refuses whoever saw the activation otherwise than it is', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const wait = { kind: 'retry', at: AT, tries: 1 } as const
      const { run: suspended } = await store.commit(run.runId, change({ suspend: suspendedAs(wait) }))
      const wrong: ActiveEntry[] = [
        ENTRY,
        suspendedAs(wait, 2),
        suspendedAs({ ...wait, tries: 2 }),
        suspendedAs({ ...wait, at: AT + 1 }),
        suspendedAs({ kind: 'event' }),
        { ...suspendedAs(wait), source: 1 },
        { ...suspendedAs(wait), inline: true },
      ]

      for (const seen of wrong) {
        expect(await store.commit(run.runId, change({ seen }))).toEqual({ committed: false, run: suspended })
      }
      expect((await store.commit(run.runId, change({ seen: suspendedAs(wait) }))).committed).toBe(true)
    })
  })

  describe('due', () => {
    it('names a run from its time on', async () => {
      const store = make()
      const run = await waiting(store)

      expect(await isDue(store, run, AT - 1)).toBe(false)
      expect(await isDue(store, run, AT)).toBe(true)
      expect(await isDue(store, run, AT + 1)).toBe(true)
    })

    it('names all of 40 runs, each once, and none without a time', async () => {
      const store = make()
      const runs = await Promise.all(Array.from({ length: 40 }, () => waiting(store)))
      const { run: never } = await store.create(newRun())

      const due = await store.due(AT)

      const ids = runs.map(({ runId }) => runId)
      expect(due.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.toSorted())
      expect(due).not.toContain(never.runId)
    })

    it('goes by the last time that was set', async () => {
      const store = make()
      const run = await waiting(store)
      const sooner = change({
        end: '1.1',
        suspend: suspendedAs({ kind: 'timer', at: AT }),
        dueAt: AT - 1_000,
      })

      await store.commit(run.runId, sooner)

      expect(await isDue(store, run, AT - 1_001)).toBe(false)
      expect((await store.due(AT - 1_000)).filter((id) => id === run.runId)).toHaveLength(1)
      expect((await store.due(AT)).filter((id) => id === run.runId)).toHaveLength(1)
    })

    const ends: Record<string, (store: RunStore, run: RunState) => Promise<unknown>> = {
      'that a commit ended': (store, { runId }) =>
        store.commit(runId, change({ end: '1.1', final: { status: 'failed', endedAt: AT } })),
      'that was cancelled': (store, { runId, seq }) => store.cancel(runId, { seq, children: [], now: AT }),
    }
    for (const [what, end] of Object.entries(ends)) {
      it(`does not name a run ${what}`, async () => {
        const store = make()
        const run = await waiting(store)

        await end(store, run)

        expect(await isDue(store, run, AT)).toBe(false)
        const after = await store.read(run.runId)
        expect(after?.status).not.toBe('running')
        expect(after?.dueAt).toBeUndefined()
      })
    }
  })

  describe('reschedule', () => {
    it('moves the time of the next look, sooner or later', async () => {
      const store = make()
      const run = await waiting(store)

      expect(await store.reschedule(run.runId, { seq: run.seq, dueAt: AT + 5_000 })).toBe(true)
      expect(await store.read(run.runId)).toEqual({ ...run, dueAt: AT + 5_000 })
      expect(await isDue(store, run, AT + 4_999)).toBe(false)
      expect(await isDue(store, run, AT + 5_000)).toBe(true)
      expect(await store.reschedule(run.runId, { seq: run.seq, dueAt: AT - 5_000 })).toBe(true)
      expect(await isDue(store, run, AT - 5_000)).toBe(true)
    })

    it('takes the run out of the index where there is nothing to look at', async () => {
      const store = make()
      const run = await waiting(store)

      expect(await store.reschedule(run.runId, { seq: run.seq, dueAt: undefined })).toBe(true)

      expect(await store.read(run.runId)).toEqual({ ...run, dueAt: undefined })
      expect(await isDue(store, run, AT)).toBe(false)
      const again = change({ end: '1.1', suspend: suspendedAs({ kind: 'timer', at: AT }), dueAt: AT })
      await store.commit(run.runId, { ...again, require: [{ kind: 'dueNotBefore', at: AT }] })
      expect(await isDue(store, run, AT)).toBe(true)
    })

    it('does nothing where something was committed since the run was read', async () => {
      const store = make()
      const run = await waiting(store)
      const { run: later } = await store.commit(run.runId, change({ end: '1.1' }))

      expect(await store.reschedule(run.runId, { seq: run.seq, dueAt: undefined })).toBe(false)

      expect(await store.read(run.runId)).toEqual(later)
      expect(await isDue(store, run, AT)).toBe(true)
    })

    it('does nothing to a run that is over, and makes none', async () => {
      const store = make()
      const over = await ended(store)
      const nobody = freshId()

      expect(await store.reschedule(over.runId, { seq: over.seq, dueAt: AT })).toBe(false)
      expect(await store.reschedule(nobody, { seq: 0, dueAt: AT })).toBe(false)

      expect(await store.read(over.runId)).toEqual(over)
      expect(await store.read(nobody)).toBeUndefined()
      expect(await isDue(store, over, AT)).toBe(false)
    })
  })
}
