/** Commits that name many joins, against what an expression may hold, which no emulator asks for. */
import type { WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { JOINS_AT_MOST } from '../../../lib/core/common/size-limits.ts'
import { apply, type Change, WORD_BITS } from '../../../lib/core/protocol/change.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import { type ActivationKey, type RunState } from '../../../lib/core/protocol/run-state.ts'
import { decide, firstActivations } from '../../../lib/core/protocol/transition.ts'
import { commitExpression } from '../../../lib/core/store/commit-expression.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { newRun } from './contract/support.ts'

/** DynamoDB Developer Guide, "Quotas in Amazon DynamoDB": an expression string is at most 4 KB long. */
const EXPRESSION_BYTES = 4_096

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Two nodes that both lead to so many joins. */
function wide(count: number, config: object): WorkflowBlueprint {
  const joins = upTo(count).map((at) => ({ id: `join${at}`, uses: 'noop', config }))
  const edges = joins.flatMap(({ id }) => ['a', 'b'].map((source) => ({ source, target: id })))
  return { id: 'wide', nodes: [...['a', 'b'].map((id) => ({ id, uses: 'noop' })), ...joins], edges }
}

/** The commits of both nodes, one after the other. */
function commitsOf(blueprint: WorkflowBlueprint): { change: Change; seen: RunState }[] {
  const graph = new RunGraph(blueprint)
  let seen: RunState = {
    ...newRun(firstActivations(graph)),
    status: 'running',
    seq: 0,
    done: 0n,
    arrivals: new Map(),
    pending: new Set(),
    errors: 0,
    fallback: false,
    offloaded: false,
  }
  const matched = upTo(graph.size).slice(2)
  return (['0.1', '1.1'] as ActivationKey[]).map((strand) => {
    const core = decide(
      graph,
      seen,
      strand,
      { kind: 'completed', result: {}, matched },
      {
        inline: () => false,
        strand,
        now: 1,
        bounds: { perNode: 9, perRun: 99 },
      },
    )
    const commit = { change: { ...core, inlineValues: new Map(), offloaded: [] }, seen }
    seen = apply(seen, commit.change) as RunState
    return commit
  })
}

function longestOf({ change, seen }: { change: Change; seen: RunState }): number {
  const { UpdateExpression, ConditionExpression = '' } = commitExpression(change, seen)
  return Math.max(Buffer.byteLength(UpdateExpression), Buffer.byteLength(ConditionExpression))
}

/** What a commit may have besides: completed nodes taken back in every word, counts, the end of it all. */
function crowded(change: Change): Change {
  const reset = upTo(Math.ceil(5_000 / WORD_BITS)).map((word) => word * WORD_BITS + 7)
  const cost = Object.fromEntries(['w', 'r', 'ms', 'q', 's'].map((name) => [`$${name}`, 1]))
  return { ...change, reset, cost, errors: 1, fallback: true, fallbacks: new Map([[0, 1]]), dueAt: 5 }
}

const kinds: readonly [string, object][] = [
  ["'all' joins", {}],
  ['joins of two', { joinStrategy: 'any', joinCount: 2 }],
]

describe.each(kinds)('a commit that leads to as many %s as there may be', (_, config) => {
  it('is an expression that DynamoDB takes', () => {
    for (const { change, seen } of commitsOf(wide(JOINS_AT_MOST, config))) {
      expect(longestOf({ change, seen })).toBeLessThan(EXPRESSION_BYTES)
      const state = { ...seen, done: seen.done | ((1n << 5_100n) - 1n) }
      expect(longestOf({ change: crowded(change), seen: state })).toBeLessThan(EXPRESSION_BYTES)
    }
  })

  it('and no more are taken', () => {
    const blueprint = wide(JOINS_AT_MOST + 1, config)
    const make = () =>
      new TestService({
        blueprints: { wide: blueprint },
        registry: { noop: async () => ({}) },
        logger: quiet,
      })
    expect(make).toThrow(
      `blueprint 'wide': node 'b' leads to ${JOINS_AT_MOST + 1} joins; ${JOINS_AT_MOST} are possible, since one write names them all`,
    )
  })
})

it('the nodes of a loop lead to no more than that together', () => {
  const rows = upTo(3).map((row) => `row${row}`)
  const joins = upTo(JOINS_AT_MOST + 1).map((at) => `join${at}`)
  const blueprint = {
    id: 'b',
    nodes: [
      { id: 'start', uses: 'noop' },
      { id: 'body', uses: 'noop', config: { joinStrategy: 'any' as const } },
      ...[...rows, ...joins].map((id) => ({ id, uses: 'noop' })),
      { id: 'loop', uses: 'loop-controller', params: { condition: 'again' } },
      { id: 'end', uses: 'noop' },
    ],
    edges: [
      { source: 'start', target: 'body' },
      ...rows.map((target) => ({ source: 'body', target })),
      ...joins.flatMap((target, index) =>
        [0, 1].map((next) => `row${(index + next) % 3}`).map((source) => ({ source, target })),
      ),
      { source: 'join0', target: 'loop' },
      { source: 'loop', target: 'body', action: 'continue' },
      { source: 'loop', target: 'end', action: 'break' },
    ],
  }
  const registry = { noop: async () => ({}) }
  const make = () => new TestService({ blueprints: { b: blueprint }, registry, logger: quiet })
  expect(make).toThrow(`the nodes in the loop of 'loop' lead to ${JOINS_AT_MOST + 1} joins`)
})

it("'any' joins of one are as many as one likes", () => {
  const blueprint = wide(JOINS_AT_MOST + 1, { joinStrategy: 'any' })
  const registry = { noop: async () => ({}) }
  expect(() => new TestService({ blueprints: { wide: blueprint }, registry, logger: quiet })).not.toThrow()
})
