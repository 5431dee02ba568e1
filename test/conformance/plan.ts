/** Random blueprints as plain data, which fast-check can shrink and a case can keep. `planned.ts` says what they mean. */
import * as fc from 'fast-check'

const behaviours = [
  'value',
  'value',
  'value',
  'yes',
  'left',
  'right',
  'odd',
  'fail',
  'echo',
  'key',
  'large',
] as const
/** A node by itself, or a loop that the engine in memory can do. */
const shapes = ['node', 'node', 'node', 'node', 'cycle', 'loop', 'loopFan', 'loopFallback'] as const
const edgeKinds = ['plain', 'plain', 'plain', 'left', 'right', 'condition', 'no', 'transform'] as const
const workers = ['double', 'odd', 'keys', 'fail'] as const
const inputKinds = ['none', 'none', 'map', 'name', 'key'] as const
const answers = ['yes', 'left', 'right', 'nothing'] as const
/** Plain ids, and ids with all that a path or a key could stumble over. */
const idStyles = ['plain', 'plain', 'odd'] as const

/** A step with an entry and an exit: a node of the blueprint may be one, and the body of a loop is a row of them. */
export type PartPlan =
  | { readonly kind: 'trail' | 'aside' | 'fan' | 'rescued' }
  | { readonly kind: 'wait'; readonly answer: (typeof answers)[number] }
  | { readonly kind: 'sleep'; readonly duration: number | string }
  | {
      readonly kind: 'batch'
      readonly items: number
      readonly worker: (typeof workers)[number]
      /** Items in a round; 0 for all at once. */
      readonly chunk: number
    }
  | { readonly kind: 'made'; readonly count: number; readonly fails: boolean }
  | {
      readonly kind: 'flaky'
      readonly failures: number
      readonly tries: number
      /** Whether the tries are so far apart that the queue is between them. */
      readonly byQueue: boolean
    }
  | { readonly kind: 'breaks'; readonly round: number }
  | { readonly kind: 'bulky'; readonly kilobytes: number }
  | {
      readonly kind: 'subflow'
      readonly child: Plan
      readonly explicit: boolean
      readonly outputs: boolean
    }
  | { readonly kind: 'rounds'; readonly rounds: number; readonly parts: readonly PartPlan[] }

export interface NodePlan {
  readonly does: (typeof behaviours)[number]
  readonly shape: (typeof shapes)[number] | PartPlan
  readonly any: boolean
  readonly inputs: (typeof inputKinds)[number]
  /** Number of the node that stands in for it, counted among all; undefined for none. */
  readonly fallback: number | undefined
}

export interface EdgePlan {
  readonly from: number
  readonly to: number
  readonly kind: (typeof edgeKinds)[number]
}

export interface Plan {
  readonly ids: (typeof idStyles)[number]
  readonly nodes: readonly NodePlan[]
  readonly edges: readonly EdgePlan[]
}

const edge: fc.Arbitrary<EdgePlan> = fc.record({
  from: fc.nat(9),
  to: fc.nat(9),
  kind: fc.constantFrom(...edgeKinds),
})

const step: fc.Arbitrary<PartPlan> = fc.record({ kind: fc.constantFrom('trail', 'aside', 'fan') })
const rescued: fc.Arbitrary<PartPlan> = fc.record({ kind: fc.constant('rescued') })
const wait: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('wait'),
  answer: fc.constantFrom(...answers),
})
const sleep: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('sleep'),
  duration: fc.constantFrom<number | string>(5, '40s', '20m', '30d'),
})
const batch: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('batch'),
  items: fc.nat(7),
  worker: fc.constantFrom(...workers),
  chunk: fc.nat(4),
})
const made: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('made'),
  count: fc.nat(3),
  fails: fc.boolean(),
})
const flaky: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('flaky'),
  failures: fc.integer({ min: 1, max: 3 }),
  tries: fc.integer({ min: 2, max: 4 }),
  byQueue: fc.boolean(),
})
const breaks: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('breaks'),
  round: fc.integer({ min: 1, max: 3 }),
})
const bulky: fc.Arbitrary<PartPlan> = fc.record({
  kind: fc.constant('bulky'),
  // The last is more than an item takes, unless it is compressed.
  kilobytes: fc.constantFrom(1, 1, 1, 3, 3, 30, 30, 450),
})

/** Parts with subflows and loops in them down to a depth. */
function partsTo(depth: number, place: 'node' | 'loop'): fc.Arbitrary<PartPlan> {
  // In memory nodes that are made in a loop would have one id in all rounds, and a fallback stands in once: a loop
  // that comes to it ends there, and the kit does the same.
  const own = place === 'node' ? [made, rescued] : [breaks]
  const flat = [step, wait, sleep, batch, flaky, ...own].map((arbitrary) => ({ arbitrary, weight: 4 }))
  const rare = { arbitrary: bulky, weight: 1 }
  if (depth === 0) return fc.oneof(...flat, rare)
  const subflow = fc.record({
    kind: fc.constant('subflow' as const),
    child: plansTo(depth - 1, 4),
    explicit: fc.boolean(),
    outputs: fc.boolean(),
  })
  const loop = fc.record({
    kind: fc.constant('rounds' as const),
    rounds: fc.integer({ min: 1, max: 3 }),
    parts: fc.array(partsTo(depth - 1, 'loop'), { maxLength: 2 }),
  })
  return fc.oneof(
    ...flat,
    rare,
    { arbitrary: subflow as fc.Arbitrary<PartPlan>, weight: 6 },
    { arbitrary: loop as fc.Arbitrary<PartPlan>, weight: 6 },
  )
}

function plansTo(depth: number, nodesAtMost: number): fc.Arbitrary<Plan> {
  const node: fc.Arbitrary<NodePlan> = fc.record({
    does: fc.constantFrom(...behaviours),
    shape: fc.oneof(
      { arbitrary: fc.constantFrom(...shapes), weight: 2 },
      { arbitrary: partsTo(depth, 'node'), weight: 1 },
    ),
    any: fc.boolean(),
    inputs: fc.constantFrom(...inputKinds),
    fallback: fc.option(fc.nat(9), { nil: undefined, freq: 3 }),
  })
  return fc.record({
    ids: fc.constantFrom(...idStyles),
    nodes: fc.array(node, { minLength: 1, maxLength: nodesAtMost }),
    edges: fc.array(edge, { maxLength: nodesAtMost + 5 }),
  })
}

export const plans: fc.Arbitrary<Plan> = plansTo(2, 9)
