/** What a commit sets, and when it is refused. */
import { expect } from 'vitest'
import {
  apply,
  type Change,
  holds,
  type Requirement,
  WORD_BITS,
} from '../../../../lib/core/protocol/change.ts'
import { activationKey } from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { actives, change, freshId, given, newRun, STARTED_AT } from './support.ts'

const showRequirement = (requirement: Requirement) =>
  JSON.stringify(requirement, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

export function commitContract(make: () => RunStore): void {
  describe('commit sets', () => {
    const cases: Record<string, Partial<Change>> = {
      'nothing but the end of its activation': {},
      'new activations, inline and with a source': {
        schedule: new Map([
          ['4.1', { scheduledBy: '0.1', inline: true, source: 0 }],
          ['5.12', { scheduledBy: '0.1', inline: false }],
        ]),
      },
      'completed nodes of several words': { completed: [0, 119, 120, 241, 359] },
      'nodes taken back, in a word where others remain and in one where none does': {
        completed: [0],
        reset: [1, 240],
        require: [
          { kind: 'doneWord', word: 0, is: 6n },
          { kind: 'doneWord', word: 2, is: 1n },
        ],
      },
      'arrivals, added, taken back, set and closed': {
        arrive: new Map([
          [10, 1],
          [11, 1],
          [12, -1],
        ]),
        arrivals: new Map([
          [13, 2],
          [14, 1],
        ]),
        close: [15, 16],
      },
      'who arrives at joins of n of m, the first one and another, and that nobody has': {
        arriveAt: [17, 18],
        empty: [19, 20],
      },
      'what fired and what may fire again': { fire: [20, 21], unfire: [22, 23] },
      'what is pending and what no longer is': { pend: [30, 31], unpend: [32, 33] },
      'iterations, new and raised': {
        iterations: new Map([
          [40, 1],
          [41, 3],
        ]),
      },
      'an error': { errors: 1 },
      'that a fallback was used': { fallback: true },
      'inlineValues, new and instead of others': {
        inlineValues: new Map([
          ['o0', '0.1={"v":"a=b#c.d"}'],
          [':seen', '0.1u'],
        ]),
      },
      'that inlineValues are in pages': { offloaded: [':seen', 'o90', 'never there'] },
      'a inlineValue in place of one that is in its page now': {
        inlineValues: new Map([[':seen', '0.1=2']]),
        offloaded: [':seen'],
      },
      'the end of the run': {
        final: { status: 'completed', endedAt: STARTED_AT + 5, outbox: 'end' },
      },
      'the end of a run that leaves nothing to be told': {
        errors: 1,
        final: { status: 'failed', endedAt: STARTED_AT + 5 },
      },
      'the end of a run that is given up with something left to do': {
        completed: [0],
        final: {
          status: 'failed',
          endedAt: STARTED_AT + 5,
          outbox: 'end',
          givenUp: { reason: 'a loop without an end', children: ['run/1.1'] },
        },
        require: [{ kind: 'unchanged', seq: 1 }],
      },
      'the end of a run that is given up without children': {
        final: { status: 'failed', endedAt: STARTED_AT + 5, givenUp: { reason: 'why', children: [] } },
      },
      'everything at once': {
        schedule: new Map([['4.1', { scheduledBy: '0.1', inline: true, source: 0 }]]),
        completed: [0],
        reset: [1],
        arrive: new Map([[11, 1]]),
        arrivals: new Map([[13, 2]]),
        close: [15],
        arriveAt: [17],
        empty: [18],
        fire: [20],
        unfire: [22],
        pend: [30],
        unpend: [32],
        iterations: new Map([[40, 1]]),
        errors: 1,
        fallback: true,
        inlineValues: new Map([['o0', '0.1=1']]),
        offloaded: [':seen', 'o90'],
        final: { status: 'completed', endedAt: STARTED_AT + 9, outbox: 'end' },
        require: [
          { kind: 'active', key: '1.1' },
          { kind: 'arrivalsBelow', node: 11, below: 2 },
          { kind: 'arrivedBelow', node: 17, below: 2 },
          { kind: 'notFired', node: 20 },
          { kind: 'iteration', node: 40, is: 0 },
          { kind: 'notLast' },
          { kind: 'notPending', node: 30 },
          { kind: 'activeOrNotPending', key: '1.1', node: 32 },
          { kind: 'inlineValueAsSeen', name: ':seen', text: '=1' },
          { kind: 'doneWord', word: 0, is: 6n },
        ],
      },
    }

    for (const [what, over] of Object.entries(cases)) {
      it(what, async () => {
        const store = make()
        const run = await given(
          store,
          {
            active: actives('0.1', '1.1'),
            fired: new Set([22]),
            arrived: new Map([
              [18, new Set([0, 5])],
              [17, new Set([400])],
              [19, new Set([1])],
            ]),
            iterations: new Map([[41, 2]]),
            inlineValues: new Map([
              [':seen', '=1'],
              ['o90', '90.1=1'],
            ]),
          },
          {
            completed: [1, 2, 240],
            arrivals: new Map([
              [11, 1],
              [12, 1],
              [13, 1],
              [15, 1],
            ]),
            pend: [32],
          },
        )
        const expected = apply(run, change(over))
        expect(expected).toBeDefined()

        const result = await store.commit(run.runId, change(over))

        expect(result).toEqual({ committed: true, run: expected })
        expect(await store.read(run.runId)).toEqual(expected)
      })
    }

    it('a word of 120 completed nodes, full, emptied and filled again, exactly', async () => {
      const store = make()
      const word = Array.from({ length: WORD_BITS }, (_, bit) => WORD_BITS + bit)
      const full = ((1n << 120n) - 1n) << 120n
      const run = await given(store, { active: actives('0.1', '0.2', '0.3') }, { completed: [0, 240] })

      const filled = await store.commit(run.runId, change({ completed: word }))
      expect(filled.run?.done).toBe(full | 1n | (1n << 240n))

      const require: Requirement[] = [{ kind: 'doneWord', word: 1, is: (1n << 120n) - 1n }]
      const reset = word.filter((node) => node !== 200)
      const emptied = await store.commit(run.runId, change({ end: '0.2', reset, require }))
      expect(emptied.run?.done).toBe((1n << 200n) | 1n | (1n << 240n))

      const again = await store.commit(run.runId, change({ end: '0.3', completed: reset }))
      expect(again.run?.done).toBe(full | 1n | (1n << 240n))
      expect(await store.read(run.runId)).toEqual(again.run)
    })

    it('500 activations at once, beside another that stays', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '999.1') }))
      const wide = change({
        schedule: new Map(
          Array.from({ length: 500 }, (_, at) => [
            activationKey(at + 1, 1),
            { scheduledBy: '0.1', inline: false, source: at },
          ]),
        ),
        completed: [0],
      })

      const result = await store.commit(run.runId, wide, run)

      expect(result).toEqual({ committed: true, run: apply(run, wide) })
      expect(result.run?.active.size).toBe(501)
    })

    it('60 activations at once beside another that stays', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '99.1') }))
      const keys = Array.from({ length: 60 }, (_, at) => activationKey(at + 1, 1))

      const result = await store.commit(run.runId, change({ schedule: actives(...keys) }))

      expect([...(result.run?.active.keys() ?? [])].toSorted()).toEqual([...keys, '99.1'].toSorted())
    })
  })

  describe('commit is refused and changes nothing', () => {
    const state = {
      over: {
        active: actives('0.1', '1.1'),
        fired: new Set([22]),
        arrived: new Map([[17, new Set([3, 4])]]),
        iterations: new Map([[41, 2]]),
        inlineValues: new Map([[':seen', '=1']]),
      },
      first: { completed: [1, 2, 130], arrivals: new Map([[11, 2]]), pend: [32], dueAt: 5000 },
    }
    /** Of each kind: what holds of the state, and what does not. */
    const requirements: Record<Requirement['kind'], { holding: Requirement[]; refused: Requirement[] }> = {
      active: {
        holding: [
          { kind: 'active', key: '1.1' },
          { kind: 'active', key: '0.1' },
        ],
        refused: [
          { kind: 'active', key: '1.2' },
          { kind: 'active', key: '7.1' },
        ],
      },
      arrivalsBelow: {
        holding: [
          { kind: 'arrivalsBelow', node: 11, below: 3 },
          { kind: 'arrivalsBelow', node: 10, below: 1 },
        ],
        refused: [
          { kind: 'arrivalsBelow', node: 11, below: 2 },
          { kind: 'arrivalsBelow', node: 11, below: 1 },
        ],
      },
      arrivedBelow: {
        holding: [
          { kind: 'arrivedBelow', node: 17, below: 3 },
          { kind: 'arrivedBelow', node: 18, below: 1 },
        ],
        refused: [
          { kind: 'arrivedBelow', node: 17, below: 2 },
          { kind: 'arrivedBelow', node: 17, below: 1 },
        ],
      },
      notFired: { holding: [{ kind: 'notFired', node: 2 }], refused: [{ kind: 'notFired', node: 22 }] },
      iteration: {
        holding: [
          { kind: 'iteration', node: 41, is: 2 },
          { kind: 'iteration', node: 4, is: 0 },
        ],
        refused: [
          { kind: 'iteration', node: 41, is: 1 },
          { kind: 'iteration', node: 41, is: 0 },
          { kind: 'iteration', node: 4, is: 1 },
        ],
      },
      notLast: { holding: [{ kind: 'notLast' }], refused: [] },
      last: { holding: [], refused: [{ kind: 'last' }] },
      notPending: { holding: [{ kind: 'notPending', node: 3 }], refused: [{ kind: 'notPending', node: 32 }] },
      activeOrNotPending: {
        holding: [
          { kind: 'activeOrNotPending', key: '1.1', node: 32 },
          { kind: 'activeOrNotPending', key: '1.1', node: 3 },
          { kind: 'activeOrNotPending', key: '7.1', node: 3 },
        ],
        refused: [{ kind: 'activeOrNotPending', key: '7.1', node: 32 }],
      },
      inlineValueAsSeen: {
        holding: [
          { kind: 'inlineValueAsSeen', name: ':seen', text: '=1' },
          { kind: 'inlineValueAsSeen', name: ':gone', text: '=1' },
        ],
        refused: [{ kind: 'inlineValueAsSeen', name: ':seen', text: '=2' }],
      },
      packs: {
        holding: [{ kind: 'packs', is: 0 }],
        refused: [{ kind: 'packs', is: 1 }],
      },
      notMoved: { holding: [{ kind: 'notMoved' }], refused: [] },
      inlineValueIs: {
        holding: [
          { kind: 'inlineValueIs', name: ':seen', text: '=1' },
          { kind: 'inlineValueIs', name: ':gone', text: undefined },
        ],
        refused: [
          { kind: 'inlineValueIs', name: ':seen', text: '=2' },
          { kind: 'inlineValueIs', name: ':seen', text: undefined },
          { kind: 'inlineValueIs', name: ':gone', text: '=1' },
        ],
      },
      unchanged: {
        holding: [{ kind: 'unchanged', seq: 1 }],
        refused: [
          { kind: 'unchanged', seq: 0 },
          { kind: 'unchanged', seq: 2 },
        ],
      },
      dueBy: {
        holding: [
          { kind: 'dueBy', at: 5000 },
          { kind: 'dueBy', at: 5001 },
        ],
        refused: [{ kind: 'dueBy', at: 4999 }],
      },
      dueNotBefore: {
        holding: [
          { kind: 'dueNotBefore', at: 5000 },
          { kind: 'dueNotBefore', at: 4999 },
        ],
        refused: [{ kind: 'dueNotBefore', at: 5001 }],
      },
      doneWord: {
        holding: [
          { kind: 'doneWord', word: 0, is: 6n },
          { kind: 'doneWord', word: 1, is: 1n << 10n },
          { kind: 'doneWord', word: 2, is: 0n },
        ],
        refused: [
          { kind: 'doneWord', word: 0, is: 2n },
          { kind: 'doneWord', word: 0, is: 0n },
          { kind: 'doneWord', word: 2, is: 1n },
        ],
      },
    }

    for (const { holding, refused } of Object.values(requirements)) {
      for (const requirement of holding) {
        it(`not where ${showRequirement(requirement)} holds`, async () => {
          const store = make()
          const run = await given(store, state.over, state.first)
          expect(holds(run, requirement)).toBe(true)

          const result = await store.commit(run.runId, change({ require: [requirement] }))

          expect(result.committed).toBe(true)
        })
      }
      for (const requirement of refused) {
        it(`where ${showRequirement(requirement)} does not hold`, async () => {
          const store = make()
          const run = await given(store, state.over, state.first)
          expect(holds(run, requirement)).toBe(false)

          // The one that does not hold counts, wherever it stands among those that do.
          const require: Requirement[] = [{ kind: 'active', key: '1.1' }, requirement, { kind: 'notLast' }]
          const result = await store.commit(run.runId, change({ completed: [7], require }))

          expect(result).toEqual({ committed: false, run })
          expect(await store.read(run.runId)).toEqual(run)
        })
      }
    }

    it('by "notMoved" once a value was moved to a page, by a commit or by itself, or set in a bundle', async () => {
      const byCommit = make()
      const inlineValues = new Map([[':seen', '=1']])
      const moved = await given(
        byCommit,
        { active: actives('0.1', '1.1'), inlineValues },
        { offloaded: [':seen'] },
      )
      const byItself = make()
      const before = await given(byItself, { active: actives('0.1', '1.1'), inlineValues })
      const evicted = await byItself.evict(before, { texts: inlineValues, pack: 1 })

      const inBundle = make()
      const bundle = { inlineValues: new Map([['m500.1', '500.1&1 1 1']]), bundled: new Set([':key']) }
      const bundled = await given(inBundle, { active: actives('0.1', '1.1') }, bundle)

      const asking = change({ require: [{ kind: 'notMoved' }] })
      expect(await inBundle.commit(bundled.runId, asking)).toEqual({ committed: false, run: bundled })
      expect(await byCommit.commit(moved.runId, asking)).toEqual({ committed: false, run: moved })
      expect(await byItself.commit(before.runId, asking)).toEqual({ committed: false, run: evicted.run })
    })

    it('by "last" and "notLast" as the number of activations says', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '1.1') }))
      const notLast = change({ require: [{ kind: 'notLast' }] })
      const last = change({ end: '1.1', require: [{ kind: 'last' }] })

      expect((await store.commit(run.runId, last)).committed).toBe(false)
      expect((await store.commit(run.runId, notLast)).committed).toBe(true)
      expect((await store.commit(run.runId, { ...notLast, end: '1.1' })).committed).toBe(false)
      expect((await store.commit(run.runId, last)).committed).toBe(true)
    })

    it('where a word that was emptied is seen as it is', async () => {
      const store = make()
      const run = await given(store, { active: actives('0.1', '1.1') }, { completed: [5] })
      const emptied = await store.commit(run.runId, change({ reset: [5] }))
      expect(emptied.run?.done).toBe(0n)

      const wrong = await store.commit(
        run.runId,
        change({ end: '1.1', require: [{ kind: 'doneWord', word: 0, is: 32n }] }),
      )
      expect(wrong).toEqual({ committed: false, run: emptied.run })
      const right = await store.commit(
        run.runId,
        change({ end: '1.1', require: [{ kind: 'doneWord', word: 0, is: 0n }] }),
      )
      expect(right.committed).toBe(true)
    })

    it('where its activation has ended, by itself or in another iteration', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.2', '1.1') }))

      expect(await store.commit(run.runId, change({ end: '0.1' }))).toEqual({ committed: false, run })
      const once = await store.commit(run.runId, change({ end: '0.2' }))
      expect(await store.commit(run.runId, change({ end: '0.2' }))).toEqual({
        committed: false,
        run: once.run,
      })
    })

    it('where one of what it schedules is active already', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '4.1') }))

      const result = await store.commit(run.runId, change({ schedule: actives('3.1', '4.1') }))

      expect(result).toEqual({ committed: false, run })
      expect((await store.commit(run.runId, change({ schedule: actives('4.2') }))).committed).toBe(true)
    })

    it('where the run is over, although its activation is there', async () => {
      const store = make()
      const { run } = await store.create(newRun({ active: actives('0.1', '1.1') }))
      const end = await store.commit(run.runId, change({ final: { status: 'completed', endedAt: 5 } }))
      expect(end.run?.active.size).toBe(1)

      expect(await store.commit(run.runId, change({ end: '1.1' }))).toEqual({
        committed: false,
        run: end.run,
      })
    })

    it('where there is no run', async () => {
      expect(await make().commit(freshId(), change())).toEqual({
        committed: false,
        run: undefined,
      })
    })

    it('where 500 activations would be scheduled and something was committed since', async () => {
      const store = make()
      const { run: seen } = await store.create(newRun({ active: actives('0.1', '1.1') }))
      const { run } = await store.commit(seen.runId, change({ end: '1.1', completed: [1] }))
      const keys = Array.from({ length: 500 }, (_, at) => activationKey(at + 2, 1))
      const wide = change({ schedule: actives(...keys), require: [{ kind: 'notLast' }] })

      expect(await store.commit(seen.runId, wide, seen)).toEqual({ committed: false, run })
      expect(await store.read(seen.runId)).toEqual(run)
    })
  })

  describe('commits that race', () => {
    it('for one activation: one of 20 wins, the others see its state', async () => {
      const store = make()
      const { run } = await store.create(newRun())

      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.commit(run.runId, change({ schedule: actives(activationKey(100 + at, 1)), completed: [0] })),
        ),
      )

      const winners = results.filter(({ committed }) => committed)
      expect(winners).toHaveLength(1)
      for (const result of results) expect(result.run).toEqual(winners[0]?.run)
      expect(winners[0]?.run).toMatchObject({ seq: 1, done: 1n })
    })

    it('into one join of 5 of 20: exactly one makes it 5, and 5 are counted', async () => {
      const store = make()
      const branches = Array.from({ length: 20 }, (_, at) => at)
      const { run } = await store.create(
        newRun({ active: actives(...branches.map((node) => activationKey(node, 1))) }),
      )
      const join = 300

      const fired = await Promise.all(
        branches.map(async (node) => {
          const common = { end: activationKey(node, 1), completed: [node] }
          const below: Requirement = { kind: 'arrivedBelow', node: join, below: 4 }
          const arrive = change({ ...common, arriveAt: [join], require: [below] })
          if ((await store.commit(run.runId, arrive)).committed) return 0
          const notFired: Requirement = { kind: 'notFired', node: join }
          const parts = { arriveAt: [join], fire: [join], schedule: actives('300.1'), require: [notFired] }
          if ((await store.commit(run.runId, change({ ...common, ...parts }))).committed) return 1
          return (await store.commit(run.runId, change(common))).committed ? 0 : Number.NaN
        }),
      )

      expect(fired.filter((count) => count === 1)).toHaveLength(1)
      expect(fired).not.toContain(Number.NaN)
      const after = await store.read(run.runId)
      expect(after).toMatchObject({ seq: 20, active: actives('300.1') })
      expect(after?.arrived?.get(join)?.size).toBe(5)
    })

    it('into one join of 20: each counts once, and exactly one is the last', async () => {
      const store = make()
      const branches = Array.from({ length: 20 }, (_, at) => at)
      const keys = branches.map((node) => activationKey(node, 1))
      const { run } = await store.create(newRun({ active: actives(...keys) }))
      const join = 300

      const fired = await Promise.all(
        branches.map(async (node) => {
          const end = activationKey(node, 1)
          const below: Requirement = { kind: 'arrivalsBelow', node: join, below: 19 }
          const arrive = change({ end, completed: [node], arrive: new Map([[join, 1]]), require: [below] })
          if ((await store.commit(run.runId, arrive)).committed) return 0
          const close = change({ end, completed: [node], close: [join], schedule: actives('300.1') })
          return (await store.commit(run.runId, close)).committed ? 1 : Number.NaN
        }),
      )

      expect(fired.filter((count) => count === 1)).toHaveLength(1)
      expect(await store.read(run.runId)).toMatchObject({
        seq: 20,
        done: (1n << 20n) - 1n,
        active: actives('300.1'),
        arrivals: new Map(),
      })
    })
  })
}
