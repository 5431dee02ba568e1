/** Any commits, as `apply` says: parts of the header at a time, or its maps as a whole. */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import {
  apply,
  type Change,
  holds,
  type Requirement,
  wordOf,
  WORD_BITS,
} from '../../../../lib/core/protocol/change.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  isDone,
  type RunState,
  START,
} from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { actives, change, ENTRY, newRun, STARTED_AT } from './support.ts'

/** Nodes on both sides of the borders between words. */
const NODES = [0, 1, 2, 61, 119, 120, 121, 239, 240, 359]

export function anyCommitContract(make: () => RunStore, numRuns: number): void {
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

            // A store may use what the decision was made on, and need not.
            const result = await store.commit(run.runId, next, pick(run, undefined))

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

    it('leave what apply says where they are too many parts for an expression', async () => {
      const store = make()
      // True of every run here, and no part of what is set.
      const many = Array.from({ length: 160 }, (_, at): Requirement => ({ kind: 'notFired', node: 900 + at }))
      let committed = 0
      await fc.assert(
        fc.asyncProperty(fc.gen(), async (g) => {
          const pick = <T>(...values: T[]) => g(() => fc.constantFrom(...values))
          let { run } = await store.create(newRun({ active: actives('0.1', '1.1', '2.1', '61.1') }))
          for (let left = 6; left > 0 && run.status === 'running'; left--) {
            const next = randomChange(run, pick)
            const wide = { ...next, require: [...next.require, ...many] }
            const expected = apply(run, wide)
            // Nobody decides what would not hold of what was seen.
            if (!expected) continue

            const result = await store.commit(run.runId, wide, run)

            expect(result).toEqual({ committed: true, run: expected })
            if (!wide.suspend) {
              expect(await store.commit(run.runId, wide, run)).toEqual({ committed: false, run: expected })
            }
            committed++
            run = expected
          }
          expect(await store.read(run.runId)).toEqual(run)
        }),
        { numRuns, interruptAfterTimeLimit: 15_000 },
      )
      expect(committed).toBeGreaterThan(numRuns / 2)
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
    scheduledBy: pick<ActiveEntry['scheduledBy']>(START, '0.1', '120.2'),
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
  const [arriveAt, empty] = split(some(NODES), pick)
  const [pend, unpend] = split(some(NODES), pick)
  const inlineValues = new Map(['o0', ':a', ':b'].filter(coin).map((name) => [name, `${end}=${pick(1, 2)}`]))
  const requirement = (): Requirement =>
    pick<Requirement>(
      { kind: 'active', key: pick(...keys, ...run.active.keys()) },
      { kind: 'arrivalsBelow', node: pick(...NODES), below: pick(1, 2, 3) },
      { kind: 'arrivedBelow', node: pick(...NODES), below: pick(1, 2) },
      { kind: 'notFired', node: pick(...NODES) },
      { kind: 'iteration', node: pick(...NODES), is: pick(0, 1, 2) },
      { kind: 'notLast' },
      { kind: 'last' },
      { kind: 'dueBy', at: STARTED_AT + pick(0, 1, 2) },
      { kind: 'dueNotBefore', at: STARTED_AT + pick(0, 1, 2) },
      { kind: 'notPending', node: pick(...NODES) },
      { kind: 'activeOrNotPending', key: pick(...keys), node: pick(...NODES) },
      { kind: 'inlineValueAsSeen', name: pick('o0', ':a', ':b'), text: `${end}=${pick(1, 2)}` },
      { kind: 'inlineValueIs', name: pick('o0', ':a', ':b'), text: pick(undefined, `${end}=${pick(1, 2)}`) },
      { kind: 'unchanged', seq: run.seq + pick(0, 0, 1) },
      { kind: 'notMoved' },
      { kind: 'doneWord', word: pick(0, 1, 2), is: pick(0n, wordOf(run.done, pick(0, 1, 2))) },
    )
  const require = Array.from({ length: pick(0, 1, 2, 3) }, requirement).filter(
    (wanted) => holds(run, wanted) || pick(true, false, false, false),
  )
  return change({
    end,
    seen,
    suspend: pick(true, false, false) ? { ...entry(), wait, suspensions: pick(1, 2, 30) } : undefined,
    dueAt: pick(undefined, undefined, STARTED_AT + 1, STARTED_AT + 2),
    schedule: new Map(chosen.map((key) => [key, entry()])),
    completed: some(NODES).filter((node) => !isDone(run.done, node)),
    reset,
    arrive: new Map(arrive.map((node) => [node, pick(1, 1, 2, -1)])),
    arrivals: new Map(set.map((node) => [node, pick(1, 2)])),
    close,
    ...(coin() ? { arriveAt, empty } : {}),
    fire,
    unfire,
    pend,
    unpend,
    iterations: new Map(some(NODES).map((node) => [node, pick(1, 2)])),
    errors: pick(0, 0, 1),
    fallback: pick(false, false, true),
    ...(coin() ? { fallbacks: new Map([[pick(...NODES), pick(1, 2)]]) } : {}),
    inlineValues,
    offloaded: ['o0', ':a', ':c'].filter(() => pick(true, false, false)),
    final: pick(true, ...Array.from({ length: 11 }, () => false))
      ? {
          status: pick('completed', 'failed'),
          endedAt: STARTED_AT + 1,
          outbox: pick(undefined, 'end'),
          ...(coin() ? { givenUp: { reason: 'why', children: pick([], ['run/0.1']) } } : {}),
        }
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
