/**
 * What the protocol relies on in a store of runs, said once for all stores. Each test makes its own run, so that a
 * table may be shared. What a commit means is `apply` in `lib/adapter/change.ts`; here stores are held to it.
 */
import { randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  apply,
  type Change,
  holds,
  type Requirement,
  wordOf,
  WORD_BITS,
} from '../../../lib/adapter/change.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  isDone,
  type RunState,
  START,
} from '../../../lib/adapter/run-state.ts'
import type { NewRun, RunStore } from '../../../lib/adapter/store/run-store.ts'

export const ENTRY: ActiveEntry = { origin: START, inline: false }
const STARTED_AT = Date.UTC(2026, 0, 1)
/** Nodes on both sides of the borders between words. */
const NODES = [0, 1, 2, 61, 119, 120, 121, 239, 240, 359]

export const freshId = () => `run-${randomUUID()}`

export function newRun(over: Partial<NewRun> = {}): NewRun {
  return {
    runId: freshId(),
    blueprintId: 'order',
    graph: 'abcdefghijkl',
    active: new Map([['0.1', ENTRY]]),
    fired: new Set(),
    iterations: new Map(),
    riders: new Map(),
    startedAt: STARTED_AT,
    ...over,
  }
}

/** A commit of 0.1 that sets nothing else. */
export function change(over: Partial<Change> = {}): Change {
  return {
    end: '0.1',
    seen: ENTRY,
    schedule: new Map(),
    completed: [],
    reset: [],
    arrive: new Map(),
    arrivals: new Map(),
    close: [],
    fire: [],
    unfire: [],
    pend: [],
    unpend: [],
    iterations: new Map(),
    errors: 0,
    fallback: false,
    riders: new Map(),
    spilled: [],
    require: [],
    ...over,
  }
}

function actives(...keys: ActivationKey[]): Map<ActivationKey, ActiveEntry> {
  return new Map(keys.map((key) => [key, ENTRY]))
}

/** A run whose header says all this: put, then led there by one commit. */
async function given(store: RunStore, over: Partial<NewRun> = {}, first: Partial<Change> = {}) {
  const run = newRun({ active: actives('0.1', '500.1'), ...over })
  const whole = new Map([...run.active, ['500.1', ENTRY] as const])
  await store.create({ ...run, active: whole })
  const result = await store.commit(run.runId, change({ end: '500.1', ...first }))
  expect(result.committed).toBe(true)
  return result.run as RunState
}

const accepted = () => newRun({ graph: undefined, active: new Map(), riders: new Map([[':in', '={"v":1}']]) })

const showRequirement = (requirement: Requirement) =>
  JSON.stringify(requirement, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))

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

export interface ContractOptions {
  /** Runs of the random commits. */
  readonly numRuns?: number
}

export function runStoreContract(make: () => RunStore, { numRuns = 200 }: ContractOptions = {}): void {
  describe('create', () => {
    it('puts a run that has begun, and gives what is there afterwards', async () => {
      const store = make()
      const run = newRun({
        active: new Map([
          ['0.1', ENTRY],
          ['17.3', { origin: '4.2', inline: true, source: 4 }],
          ['18.1', { origin: '4.2', inline: false, source: 0 }],
        ]),
        fired: new Set([3, 200]),
        iterations: new Map([[17, 3]]),
        riders: new Map([
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
        spilled: false,
      })
      expect(await store.read(run.runId)).toEqual(put)
    })

    it('leaves a run alone that is there, and gives it', async () => {
      const store = make()
      const first = newRun({ riders: new Map([[':a', '=1']]) })
      const { run: put } = await store.create(first)

      const second = await store.create({ ...first, blueprintId: 'other', riders: new Map([[':a', '=2']]) })

      expect(second).toEqual({ created: false, run: put })
      expect(await store.read(first.runId)).toEqual(put)
    })

    it('lets one of 20 win', async () => {
      const store = make()
      const { runId } = newRun()

      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.create(newRun({ runId, riders: new Map([[':n', `=${at}`]]) })),
        ),
      )

      expect(results.filter(({ created }) => created)).toHaveLength(1)
      expect(new Set(results.map(({ run }) => run.riders.get(':n'))).size).toBe(1)
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

    it('can be followed by a commit that uses every map of the header', async () => {
      const store = make()
      const { run } = await store.create(accepted())
      const begun = await store.begin(run.runId, { ...first, fired: new Set(), iterations: new Map() })
      const all = change({
        schedule: new Map([['4.1', ENTRY]]),
        fire: [4],
        pend: [5],
        iterations: new Map([[4, 1]]),
        riders: new Map([['o0', '0.1=x']]),
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

  describe('commit sets', () => {
    const cases: Record<string, Partial<Change>> = {
      'nothing but the end of its activation': {},
      'new activations, inline and with a source': {
        schedule: new Map([
          ['4.1', { origin: '0.1', inline: true, source: 0 }],
          ['5.12', { origin: '0.1', inline: false }],
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
      'riders, new and instead of others': {
        riders: new Map([
          ['o0', '0.1={"v":"a=b#c.d"}'],
          [':seen', '0.1u'],
        ]),
      },
      'that riders are in pages': { spilled: [':seen', 'o90', 'never there'] },
      'a rider in place of one that is in its page now': {
        riders: new Map([[':seen', '0.1=2']]),
        spilled: [':seen'],
      },
      'the end of the run': {
        final: { status: 'completed', endedAt: STARTED_AT + 5, outbox: 'end' },
      },
      'the end of a run that leaves nothing to be told': {
        errors: 1,
        final: { status: 'failed', endedAt: STARTED_AT + 5 },
      },
      'everything at once': {
        schedule: new Map([['4.1', { origin: '0.1', inline: true, source: 0 }]]),
        completed: [0],
        reset: [1],
        arrive: new Map([[11, 1]]),
        arrivals: new Map([[13, 2]]),
        close: [15],
        fire: [20],
        unfire: [22],
        pend: [30],
        unpend: [32],
        iterations: new Map([[40, 1]]),
        errors: 1,
        fallback: true,
        riders: new Map([['o0', '0.1=1']]),
        spilled: [':seen', 'o90'],
        final: { status: 'completed', endedAt: STARTED_AT + 9, outbox: 'end' },
        require: [
          { kind: 'active', key: '1.1' },
          { kind: 'arrivalsBelow', node: 11, below: 2 },
          { kind: 'notFired', node: 20 },
          { kind: 'iteration', node: 40, is: 0 },
          { kind: 'notLast' },
          { kind: 'notPending', node: 30 },
          { kind: 'activeOrNotPending', key: '1.1', node: 32 },
          { kind: 'riderAsSeen', name: ':seen', text: '=1' },
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
            iterations: new Map([[41, 2]]),
            riders: new Map([
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
            { origin: '0.1', inline: false, source: at },
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
        iterations: new Map([[41, 2]]),
        riders: new Map([[':seen', '=1']]),
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
      riderAsSeen: {
        holding: [
          { kind: 'riderAsSeen', name: ':seen', text: '=1' },
          { kind: 'riderAsSeen', name: ':gone', text: '=1' },
        ],
        refused: [{ kind: 'riderAsSeen', name: ':seen', text: '=2' }],
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

  describe('any commits, one after the other', () => {
    it('leave what apply says', async () => {
      const store = make()
      let committed = 0
      let refused = 0
      await fc.assert(
        fc.asyncProperty(fc.gen(), async (g) => {
          const pick = <T>(...values: T[]) => g(() => fc.constantFrom(...values))
          let { run } = await store.create(newRun({ active: actives('0.1', '1.1', '2.1', '61.1') }))
          for (let left = 6; left > 0 && run.status === 'running'; left--) {
            const next = randomChange(run, pick)
            const expected = apply(run, next)

            const result = await store.commit(run.runId, next)

            expect(result).toEqual({ committed: expected !== undefined, run: expected ?? run })
            if (expected) committed++
            else refused++
            run = expected ?? run
          }
          expect(await store.read(run.runId)).toEqual(run)
        }),
        // Where it fails, shrinking it must end before the test's time.
        { numRuns, interruptAfterTimeLimit: 15_000 },
      )
      // Else the property says little.
      expect(Math.min(committed, refused)).toBeGreaterThan(numRuns / 2)
    })
  })

  describe('fail', () => {
    it('ends a running run whatever is active, with its reason', async () => {
      const store = make()
      const run = await given(store, { active: actives('0.1', '1.1') }, { completed: [4] })

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
  })

  describe('told', () => {
    it('takes away what was to be told, once and again', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const final = { status: 'completed', endedAt: 5, outbox: 'end' } as const
      const end = await store.commit(run.runId, change({ final }))
      expect(end.run?.outbox).toBe('end')

      await store.told(run.runId)
      await store.told(run.runId)

      expect(await store.read(run.runId)).toEqual({ ...end.run, outbox: undefined })
    })

    it('does nothing where there is nothing to tell', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const nobody = freshId()

      await store.told(run.runId)
      await store.told(nobody)

      expect(await store.read(run.runId)).toEqual(run)
      expect(await store.read(nobody)).toBeUndefined()
    })
  })

  describe('leases', () => {
    it('go to the first who asks, until they are over', async () => {
      const store = make()
      const run = freshId()
      expect(await store.readLease(run, '3.1')).toBeUndefined()

      expect(await store.lease(leaseRequest(run, 'a', 0, 100))).toMatchObject({
        held: true,
        attempt: 1,
        until: STARTED_AT + 100,
      })
      const refused = { held: false, attempt: 1, until: STARTED_AT + 100 }
      expect(await store.lease(leaseRequest(run, 'b', 50, 200))).toMatchObject(refused)
      expect(await store.lease(leaseRequest(run, 'b', 100, 200))).toMatchObject(refused)
      expect(await store.readLease(run, '3.1')).toEqual({ ...refused, lost: 0 })
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
      expect(await store.readLease(run, '3.1')).toMatchObject({ attempt: 2, until: STARTED_AT + 400 })
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

    it('cannot be prolonged where there is none', async () => {
      const store = make()
      const run = freshId()

      expect(await store.renew(leaseRequest(run, 'a', 0, 100))).toMatchObject({ held: false, attempt: 0 })
      expect(await store.readLease(run, '3.1')).toBeUndefined()
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
  })

  describe('pages', () => {
    it('keep what is moved into them, beside what they had', async () => {
      const store = make()
      const { run } = await store.create(newRun())

      expect(await store.writePage(run.runId, '0', new Map([['o1', '1.1={"v":"ß📦"}']]), 3)).toBe(true)
      expect(
        await store.writePage(
          run.runId,
          '0',
          new Map([
            [':k#.', '2'],
            ['o2', ''],
          ]),
          4,
        ),
      ).toBe(true)

      const page = new Map([
        ['o1', '1.1={"v":"ß📦"}'],
        [':k#.', '2'],
        ['o2', ''],
      ])
      expect(await store.readPage(run.runId, '0')).toEqual(page)
      expect(await store.readPage(run.runId, '1')).toEqual(new Map())
    })

    it('refuse an older view as a whole, take an equal one again and a newer one', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      await store.writePage(run.runId, '0', new Map([['o1', 'seen at 5']]), 5)

      const stale = new Map([
        ['o1', 'seen at 4'],
        ['o2', 'seen at 4'],
      ])
      expect(await store.writePage(run.runId, '0', stale, 4)).toBe(false)
      expect(await store.readPage(run.runId, '0')).toEqual(new Map([['o1', 'seen at 5']]))

      expect(await store.writePage(run.runId, '0', new Map([['o1', 'seen at 5']]), 5)).toBe(true)
      expect(await store.writePage(run.runId, '0', new Map([['o1', 'seen at 6']]), 6)).toBe(true)
      // Other names have views of their own.
      expect(await store.writePage(run.runId, '0', new Map([['o2', 'seen at 2']]), 2)).toBe(true)
      expect(await store.readPage(run.runId, '0')).toEqual(
        new Map([
          ['o1', 'seen at 6'],
          ['o2', 'seen at 2'],
        ]),
      )
    })

    it('take 50 entries in one move', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const entries = new Map(Array.from({ length: 50 }, (_, at) => [`i${at}.${at + 100}`, `v${at}`]))

      expect(await store.writePage(run.runId, '0', entries, 1)).toBe(true)
      expect(await store.readPage(run.runId, '0')).toEqual(entries)
    })

    it('come all together with the header', async () => {
      const store = make()
      const { run } = await store.create(newRun({ riders: new Map([['o9', '9.1=1']]) }))
      await store.writePage(run.runId, '0', new Map([['o1', 'a']]), 1)
      await store.writePage(run.runId, '11', new Map([['o180', 'b']]), 1)
      await store.writePage(run.runId, 'kAbc-_', new Map([[':k', 'c']]), 1)
      // What must not be taken for a page of this run.
      await store.putValue(run.runId, '1.1#1.0', { text: 'value' })
      await store.lease({ runId: run.runId, strand: '0.1', token: 't', now: 0, until: 1 })
      await store.writePage(`${run.runId}x`, '0', new Map([['o1', 'another run']]), 1)

      expect(await store.readAll(run.runId)).toEqual({
        run,
        pages: new Map([
          ['o1', 'a'],
          ['o180', 'b'],
          [':k', 'c'],
        ]),
      })
    })

    it('come all together where they fill more than one answer of 1 MB', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const pages = Array.from({ length: 12 }, (_, at) => [`o${at * 16}`, `${at} `.repeat(50_000)] as const)
      await Promise.all(
        pages.map(([name, text], at) => store.writePage(run.runId, `${at}`, new Map([[name, text]]), 1)),
      )

      const all = await store.readAll(run.runId)

      expect(all?.run).toEqual(run)
      expect(all?.pages.size).toBe(12)
      for (const [name, text] of pages) expect(all?.pages.get(name) === text).toBe(true)
    })

    it('are nothing without a run', async () => {
      const store = make()
      const nobody = freshId()
      await store.writePage(nobody, '0', new Map([['o1', 'a']]), 1)

      expect(await store.readAll(nobody)).toBeUndefined()
      expect(await store.read(nobody)).toBeUndefined()
    })
  })

  describe('values and graphs', () => {
    it('are as they were put: text, bytes, and bytes of an item that is full', async () => {
      const store = make()
      const runId = freshId()
      const bytes = new Uint8Array(380 * 1024).map((_, at) => at % 251)
      await store.putValue(runId, '3.1#1.0', { text: '{"v":"ß📦\u0000"}' })
      await store.putValue(runId, '3.1#1.1', { bytes })
      await store.putGraph('order/größe', 'abc', { bytes: bytes.subarray(0, 3) })

      expect(await store.getValue(runId, '3.1#1.0')).toEqual({ text: '{"v":"ß📦\u0000"}' })
      const large = await store.getValue(runId, '3.1#1.1')
      expect(Buffer.from(large?.bytes ?? []).equals(bytes)).toBe(true)
      expect(large?.text).toBeUndefined()
      const graph = await store.getGraph('order/größe', 'abc')
      expect([...(graph?.bytes ?? [])]).toEqual([0, 1, 2])
    })

    it('are undefined where there is none, also of another run or version', async () => {
      const store = make()
      const runId = freshId()
      await store.putValue(runId, '3.1#1.0', { text: 'a' })
      await store.putGraph(`b-${runId}`, 'v1', { text: 'b' })

      expect(await store.getValue(runId, '3.1#2.0')).toBeUndefined()
      expect(await store.getValue(`${runId}x`, '3.1#1.0')).toBeUndefined()
      expect(await store.getGraph(`b-${runId}`, 'v2')).toBeUndefined()
      expect(await store.getGraph(runId, '3.1#1.0')).toBeUndefined()
    })

    it('may be put twice', async () => {
      const store = make()
      const runId = freshId()
      await store.putValue(runId, '3.1#1.0', { text: 'a' })
      await store.putValue(runId, '3.1#1.0', { text: 'a' })

      expect(await store.getValue(runId, '3.1#1.0')).toEqual({ text: 'a' })
    })
  })
}

/** A change such as `decide` may make, on conditions of which most hold. */
function randomChange(run: RunState, pick: <T>(...values: T[]) => T): Change {
  const coin = () => pick(true, false)
  const some = (nodes: readonly number[]) => nodes.filter(() => pick(true, false, false))
  const keys: ActivationKey[] = NODES.flatMap((node) => [activationKey(node, 1), activationKey(node, 2)])
  const end = pick(true, true, true, true, false)
    ? (pick(...run.active.keys(), '0.1' as const) as ActivationKey)
    : pick(...keys)
  const entry = (): ActiveEntry => ({
    origin: pick<ActiveEntry['origin']>(START, '0.1', '120.2'),
    inline: coin(),
    ...(coin() ? { source: pick(...NODES) } : {}),
  })
  const wait = pick<ActiveEntry['wait']>(
    { kind: 'event' },
    { kind: 'timer', at: STARTED_AT },
    { kind: 'retry', at: STARTED_AT + 7, tries: 2 },
    { kind: 'child', tries: 1 },
    { kind: 'items', round: 40 },
  )
  const seen = pick(true, true, true, false) ? (run.active.get(end) ?? ENTRY) : entry()
  const chosen = keys.filter((key) => key !== end && pick(...Array.from({ length: 12 }, (_, at) => at === 0)))
  const reset = some(NODES).filter((node) => isDone(run.done, node))
  const words = new Set(reset.map((node) => Math.floor(node / WORD_BITS)))
  const [arrive, set, close] = split(some(NODES), pick)
  const [fire, unfire] = split(some(NODES), pick)
  const [pend, unpend] = split(some(NODES), pick)
  const riders = new Map(['o0', ':a', ':b'].filter(coin).map((name) => [name, `${end}=${pick(1, 2)}`]))
  const requirement = (): Requirement =>
    pick<Requirement>(
      { kind: 'active', key: pick(...keys, ...run.active.keys()) },
      { kind: 'arrivalsBelow', node: pick(...NODES), below: pick(1, 2, 3) },
      { kind: 'notFired', node: pick(...NODES) },
      { kind: 'iteration', node: pick(...NODES), is: pick(0, 1, 2) },
      { kind: 'notLast' },
      { kind: 'last' },
      { kind: 'dueNotBefore', at: STARTED_AT + pick(0, 1, 2) },
      { kind: 'notPending', node: pick(...NODES) },
      { kind: 'activeOrNotPending', key: pick(...keys), node: pick(...NODES) },
      { kind: 'riderAsSeen', name: pick('o0', ':a', ':b'), text: `${end}=${pick(1, 2)}` },
      { kind: 'doneWord', word: pick(0, 1, 2), is: pick(0n, wordOf(run.done, pick(0, 1, 2))) },
    )
  const require = Array.from({ length: pick(0, 1, 2, 3) }, requirement).filter(
    (wanted) => holds(run, wanted) || pick(true, false, false, false),
  )
  return change({
    end,
    seen,
    park: pick(true, false, false) ? { ...entry(), wait, parks: pick(1, 2, 30) } : undefined,
    dueAt: pick(undefined, undefined, STARTED_AT + 1, STARTED_AT + 2),
    schedule: new Map(chosen.map((key) => [key, entry()])),
    completed: some(NODES).filter((node) => !isDone(run.done, node)),
    reset,
    arrive: new Map(arrive.map((node) => [node, pick(1, 1, 2, -1)])),
    arrivals: new Map(set.map((node) => [node, pick(1, 2)])),
    close,
    fire,
    unfire,
    pend,
    unpend,
    iterations: new Map(some(NODES).map((node) => [node, pick(1, 2)])),
    errors: pick(0, 0, 1),
    fallback: pick(false, false, true),
    riders,
    spilled: ['o0', ':a', ':c'].filter(() => pick(true, false, false)),
    final: pick(true, ...Array.from({ length: 11 }, () => false))
      ? { status: pick('completed', 'failed'), endedAt: STARTED_AT + 1, outbox: pick(undefined, 'end') }
      : undefined,
    require: [
      ...require,
      ...[...words].map((word): Requirement => ({ kind: 'doneWord', word, is: wordOf(run.done, word) })),
    ],
  })
}

/** Deals nodes to three lists that have none in common, as the parts of a change have. */
function split(
  nodes: readonly number[],
  pick: <T>(...values: T[]) => T,
): [a: number[], b: number[], c: number[]] {
  const lists: [number[], number[], number[]] = [[], [], []]
  for (const node of nodes) lists[pick(0, 1, 2)]?.push(node)
  return lists
}
