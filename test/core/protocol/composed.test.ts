/** Several changes as one: it does what they do one after the other, where they may, and is refused where one of them is. */
import { describe, expect, it } from 'vitest'
import { apply, type Change } from '../../../lib/core/protocol/change.ts'
import { mayBePutOff } from '../../../lib/core/protocol/checkpoints.ts'
import { appliedAhead, composed, type ValuedChange } from '../../../lib/core/protocol/composed.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import { activationKey, type ActivationKey, type RunState } from '../../../lib/core/protocol/run-state.ts'
import { decide, firstActivations, type Outcome } from '../../../lib/core/protocol/transition.ts'
import { graph as drawn, type NodeSpec, value } from '../../conformance/case.ts'
import { controller } from '../../conformance/cases/loop-parts.ts'

const none = { checkpoint: false, run: value(1) } as const

const graphOf = (nodes: Record<string, NodeSpec>, edges: string[]) =>
  new RunGraph(drawn(nodes, edges).blueprint)

/** a -> b -> c in a loop, beside d. */
const looping = graphOf(
  {
    in: none,
    a: { ...none, any: true },
    b: none,
    c: none,
    loop: controller('again'),
    out: none,
    d: none,
    e: none,
  },
  ['in>a', 'a>b', 'b>c', 'c>loop', 'loop>a:continue', 'loop>out:break', 'd>e'],
)

function begun(graph: RunGraph): RunState {
  return {
    runId: 'r',
    blueprintId: 'case',
    graph: graph.fingerprint,
    status: 'running',
    seq: 3,
    ...firstActivations(graph),
    done: 0n,
    arrivals: new Map(),
    pending: new Set(),
    errors: 0,
    fallback: false,
    inlineValues: new Map(),
    offloaded: false,
    startedAt: 0,
  }
}

function changeOf(
  graph: RunGraph,
  run: RunState,
  id: string,
  to: readonly string[],
  ended?: Outcome,
): ValuedChange {
  const node = graph.indexOf(id)
  const key = [...run.active.keys()].find((one) => one.startsWith(`${node}.`)) as ActivationKey
  const matched = to.map((target) => graph.indexOf(target))
  const outcome = ended ?? { kind: 'completed', result: { output: 1 }, matched }
  const bounds = { perNode: 100, perRun: 100 }
  const options = { inline: () => true, strand: key, now: 9, bounds }
  const inlineValues = new Map([[`o${node}`, `${key}={"v":${run.active.size}}`]])
  return { ...decide(graph, run, key, outcome, options), inlineValues }
}

const committed = (run: RunState, change: ValuedChange): RunState => {
  const after = apply(run, { ...change, offloaded: [] })
  if (!after) throw new Error(`${change.end} is refused`)
  return after
}

/** The same steps, each committed, and all of them at once. */
function bothWays(
  graph: RunGraph,
  start: RunState,
  steps: readonly (readonly [string, readonly string[], Outcome?])[],
) {
  let [one, ahead] = [start, start]
  const before: ValuedChange[] = []
  for (const [at, [id, to, outcome]] of steps.entries()) {
    one = committed(one, changeOf(graph, one, id, to, outcome))
    const change = changeOf(graph, ahead, id, to, outcome)
    if (at === steps.length - 1) {
      const inlineValues = new Map([...before, change].flatMap((each) => [...each.inlineValues]))
      const whole: Change = { ...composed(before, change), inlineValues, offloaded: [] }
      return { one: { ...one, seq: start.seq + 1 }, whole, together: apply(start, whole) }
    }
    expect(mayBePutOff(graph, change)).toBe(true)
    before.push(change)
    ahead = appliedAhead(ahead, change)
  }
  throw new Error('no steps')
}

const inLoop = () => committed(begun(looping), changeOf(looping, begun(looping), 'in', ['a']))

describe('changes that are composed', () => {
  it.each([
    [
      'on',
      [
        ['a', ['b']],
        ['b', ['c']],
      ],
    ],
    [
      'into a new round, which forgets who completed',
      [
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['loop']],
      ],
    ],
    [
      'to a failure',
      [
        ['a', ['b']],
        ['b', [], { kind: 'failed' }],
      ],
    ],
    [
      'to a wait',
      [
        ['a', ['b']],
        ['b', [], { kind: 'suspended', wait: { kind: 'timer', at: 5 } }],
      ],
    ],
  ] as const)('come to the same %s', (_, steps) => {
    const { one, together, whole } = bothWays(looping, inLoop(), steps as never)
    expect(together).toEqual(one)
    const ends = steps.filter(([, , outcome]) => outcome?.kind !== 'suspended')
    expect([whole.end, ...(whole.through ?? [])]).toHaveLength(ends.length)
  })

  it('are refused where the first has ended, or what one of them rests on has changed', () => {
    const start = inLoop()
    const { whole } = bothWays(looping, start, [
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['loop']],
    ])
    const others = new Map([...start.active].filter(([key]) => key !== whole.end))
    expect(apply({ ...start, active: others }, whole)).toBeUndefined()
    // Another completed since: the round that begins would forget that.
    expect(
      apply({ ...start, done: start.done | (1n << BigInt(looping.indexOf('d'))) }, whole),
    ).toBeUndefined()
    expect(
      apply({ ...start, iterations: new Map([...start.iterations, [looping.indexOf('b'), 4]]) }, whole),
    ).toBeUndefined()
  })
})

describe('the end of a node is not put off', () => {
  const joins = graphOf(
    {
      s: none,
      p: none,
      q: none,
      join: none,
      other: none,
      clean: { ...none, runs: 'always' },
      broken: { ...none, fallback: 'spare' },
      spare: none,
    },
    ['s>p', 's>q', 'p>join', 'q>join', 'join>other', 'other>broken', 'q>clean'],
  )
  const running = (...ids: string[]): RunState => ({
    ...begun(joins),
    active: new Map(
      ids.map((id) => [activationKey(joins.indexOf(id), 1), { scheduledBy: '', inline: false }] as const),
    ),
  })

  it.each([
    ['where it splits', 's', ['p', 'q'], ['s']],
    ['where it arrives at a join', 'p', ['join'], ['p', 'q']],
    ['where it ends the run', 'spare', [], ['spare']],
    ['where a node that runs always waits for it, and not for what follows', 'q', ['join'], ['q']],
  ] as const)('%s', (_, id, to, active) => {
    expect(mayBePutOff(joins, changeOf(joins, running(...active), id, to))).toBe(false)
  })

  it('where it failed, or another stands in for it', () => {
    const run = running('broken', 's')
    const fallback = { kind: 'fallback', fallback: joins.indexOf('spare') } as const
    expect(mayBePutOff(joins, changeOf(joins, run, 'broken', [], fallback))).toBe(false)
    expect(mayBePutOff(joins, changeOf(joins, run, 'broken', [], { kind: 'failed' }))).toBe(false)
  })

  it('where a loop goes round, or is left', () => {
    const run = {
      ...inLoop(),
      active: new Map([[activationKey(looping.indexOf('c'), 1), { scheduledBy: '', inline: true }] as const]),
    }
    expect(mayBePutOff(looping, changeOf(looping, run, 'c', ['loop']))).toBe(false)
  })
})
