/** How a run comes to be. */
import { expect } from 'vitest'
import { apply } from '../../../../lib/core/protocol/change.ts'
import type { RunState } from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { accepted, actives, change, ENTRY, freshId, newRun, STARTED_AT } from './support.ts'

export function beginContract(make: () => RunStore): void {
  describe('create', () => {
    it('puts a run that has begun, and gives what is there afterwards', async () => {
      const store = make()
      const run = newRun({
        active: new Map([
          ['0.1', ENTRY],
          ['17.3', { scheduledBy: '4.2', inline: true, source: 4 }],
          ['18.1', { scheduledBy: '4.2', inline: false, source: 0 }],
        ]),
        fired: new Set([3, 200]),
        iterations: new Map([[17, 3]]),
        inputHash: 'Ab-_0123',
        trace: '1-5759e988-bd862e3fe1be46a994272793:53995c3f42cd8ad8',
        inlineValues: new Map([
          [':größe 📦', '={"v":"ß📦\u0000"}'],
          ['o1', ''],
        ]),
      })

      const { created, run: put } = await store.create(run)

      expect(created).toBe(true)
      expect(put).toEqual({
        ...run,
        status: 'running',
        seq: 0,
        done: 0n,
        arrivals: new Map(),
        pending: new Set(),
        errors: 0,
        fallback: false,
        offloaded: false,
      })
      expect(await store.read(run.runId)).toEqual(put)
    })

    it('puts a run in the state that another had, which is due', async () => {
      const store = make()
      const dueAt = STARTED_AT + 60_000
      const run = newRun({
        active: new Map([['9.2', ENTRY]]),
        done: (1n << 250n) + (1n << 119n) + 1n,
        arrivals: new Map([
          [3, 1],
          [400, 12],
        ]),
        arrived: new Map([[6, new Set([1, 250])]]),
        pending: new Set([7]),
        fired: new Set([5]),
        iterations: new Map([[9, 2]]),
        errors: 2,
        fallback: true,
        steered: true,
        dueAt,
        forkedFrom: 'other',
        inputHash: 'Ab-_0123.17',
      })

      const { created, run: put } = await store.create(run)

      expect(created).toBe(true)
      expect(put).toEqual({ ...run, status: 'running', seq: 0, offloaded: false })
      expect(await store.read(run.runId)).toEqual(put)
      expect(await store.due(dueAt - 1)).not.toContain(run.runId)
      expect(await store.due(dueAt)).toContain(run.runId)
      const next = await store.commit(run.runId, change({ end: '9.2', completed: [9] }), put)
      expect(next.run).toMatchObject({ done: run.done! + (1n << 9n), forkedFrom: 'other', errors: 2 })
    })

    it('puts a delayed run, which is due when it says so, until it is over or rescheduled', async () => {
      const store = make()
      const startsAt = Date.UTC(2031, 4, 5)
      const [far, near] = await Promise.all([
        store.create({ ...accepted(), startsAt, dueAt: startsAt - 900_000 }),
        store.create({ ...accepted(), startsAt }),
      ])
      const isDue = async (runId: string, now: number) => (await store.due(now)).includes(runId)

      expect(far.run).toMatchObject({ startsAt, dueAt: startsAt - 900_000 })
      expect(await store.read(far.run.runId)).toEqual(far.run)
      expect(near.run).toMatchObject({ startsAt })
      expect(near.run.dueAt).toBeUndefined()
      expect(await isDue(far.run.runId, startsAt - 900_001)).toBe(false)
      expect(await isDue(far.run.runId, startsAt - 900_000)).toBe(true)
      expect(await isDue(near.run.runId, startsAt)).toBe(false)

      const look = { seq: 0, dueAt: undefined, was: startsAt - 900_000 }
      expect(await store.reschedule(far.run.runId, look)).toBe(true)
      expect(await isDue(far.run.runId, startsAt)).toBe(false)
      expect(await store.reschedule(near.run.runId, { seq: 0, dueAt: startsAt })).toBe(true)
      const ended = await store.cancel(near.run.runId, { seq: 0, children: [], now: 1 })
      expect(ended).toMatchObject({ committed: true, run: { startsAt } })
      expect(await isDue(near.run.runId, startsAt)).toBe(false)
    })

    it('leaves a run alone that is there, and gives it', async () => {
      const store = make()
      const first = newRun({ inlineValues: new Map([[':a', '=1']]) })
      const { run: put } = await store.create(first)

      const second = await store.create({
        ...first,
        blueprintId: 'other',
        inlineValues: new Map([[':a', '=2']]),
      })

      expect(second).toEqual({ created: false, run: put })
      expect(await store.read(first.runId)).toEqual(put)
    })

    it('lets one of 20 win', async () => {
      const store = make()
      const { runId } = newRun()

      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.create(newRun({ runId, inlineValues: new Map([[':n', `=${at}`]]) })),
        ),
      )

      expect(results.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(results.map(({ run }) => run.inlineValues.get(':n'))).size).toBe(1)
    })

    it('keeps runs apart, and knows nothing of others', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const { run: longer } = await store.create(newRun({ runId: `${run.runId}1`, blueprintId: 'b' }))

      expect(await store.read(run.runId)).toEqual(run)
      expect(await store.read(longer.runId)).toEqual(longer)
      expect(await store.read(`${run.runId}2`)).toBeUndefined()
    })
  })

  describe('begin', () => {
    const first = {
      graph: 'mnopqrstuvwx',
      active: actives('0.1', '3.1'),
      fired: new Set([3]),
      iterations: new Map([[3, 1]]),
    }

    it('queues the start nodes of an accepted run', async () => {
      const store = make()
      const { run } = await store.create(accepted())
      expect(run.graph).toBeUndefined()

      const result = await store.begin(run.runId, first)

      expect(result).toEqual({ committed: true, run: { ...run, ...first } })
      expect(await store.read(run.runId)).toEqual(result.run)
    })

    it('may put another input in place of the one that was accepted', async () => {
      const store = make()
      const { run } = await store.create({
        ...accepted(),
        inlineValues: new Map([
          [':a', '=1'],
          [':b', '=2'],
        ]),
      })
      const inlineValues = new Map([
        [':b', '=3'],
        [':c', '=4'],
      ])

      const result = await store.begin(run.runId, { ...first, inlineValues })
      const late = await store.begin(run.runId, { ...first, inlineValues: new Map([[':b', '=5']]) })

      expect(result).toEqual({ committed: true, run: { ...run, ...first, inlineValues } })
      expect(late).toEqual({ committed: false, run: result.run })
      expect(await store.read(run.runId)).toEqual(result.run)
    })

    it('can be followed by a commit that uses every map of the header', async () => {
      const store = make()
      const { run } = await store.create(accepted())
      const begun = await store.begin(run.runId, { ...first, fired: new Set(), iterations: new Map() })
      const all = change({
        schedule: new Map([['4.1', ENTRY]]),
        fire: [4],
        pend: [5],
        iterations: new Map([[4, 1]]),
        inlineValues: new Map([['o0', '0.1=x']]),
      })

      const result = await store.commit(run.runId, all)

      expect(result).toEqual({ committed: true, run: apply(begun.run as RunState, all) })
    })

    it('refuses a run that has begun, that is over or that is not there', async () => {
      const store = make()
      const { run: begun } = await store.create(newRun())
      const { run: over } = await store.create(accepted())
      const failed = await store.fail(over.runId, { reason: 'no', now: 1 })

      expect(await store.begin(begun.runId, first)).toEqual({ committed: false, run: begun })
      expect(await store.begin(over.runId, first)).toEqual({ committed: false, run: failed.run })
      expect(await store.begin(freshId(), first)).toEqual({ committed: false, run: undefined })
    })

    it('lets one of 20 win', async () => {
      const store = make()
      const { run } = await store.create(accepted())

      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) => store.begin(run.runId, { ...first, graph: `graph ${at}` })),
      )

      expect(results.filter(({ committed }) => committed)).toHaveLength(1)
      expect(new Set(results.map((result) => result.run?.graph)).size).toBe(1)
    })
  })
}
