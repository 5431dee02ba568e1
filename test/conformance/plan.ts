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
  'nothing',
  'undefined',
  'rich',
  'oddKeys',
  'deletes',
  'sees',
] as const
/** What a node throws that fails: plain errors more often. */
const throws = [
  'error',
  'error',
  'cause',
  'text',
  'null',
  'undefined',
  'frozen',
  'fatal',
  'getter',
  'bareCause',
  'stack',
] as const
/** A node by itself, or a loop that the engine in memory can do. */
const shapes = ['node', 'node', 'node', 'node', 'cycle', 'loop', 'loopFan', 'loopFallback'] as const
const none = undefined
const actions = [none, none, none, none, 'left', 'right'] as const
/** By paths, on the result and on keys of the context; the last one names nothing, or makes an evaluator throw. */
const conditions = [
  none,
  none,
  none,
  none,
  'result.output.yes',
  'result.output.no',
  'result.action',
  'path.deep',
  'context',
  'nobody',
] as const
const transforms = [
  none,
  none,
  none,
  none,
  'input.from',
  'input',
  'input.far.deeper',
  'context.path.deep',
  'context.path',
  'context',
  'nobody',
] as const
/** The engine's; one of a user that reads all keys; one that throws where an expression names nothing. */
const evaluators = ['property', 'property', 'own', 'throwing'] as const
const serializers = ['json', 'json', 'rich'] as const
const noCheckpoints = ['none', 'none', 'some', 'all'] as const
const workers = ['double', 'odd', 'keys', 'fail', 'flaky'] as const
const retries = ['numbers', 'policy', 'when'] as const
const inputKinds = ['none', 'none', 'none', 'map', 'name', 'key', 'missing', 'raw', 'rich', 'empty'] as const
const answers = ['yes', 'left', 'right', 'nothing'] as const
/** One edge; one that transforms; two, of which the second is taken too or not. */
const links = ['plain', 'transform', 'both', 'first'] as const
/** Plain ids, and ids with all that a path or a key could stumble over. */
const idStyles = ['plain', 'plain', 'odd'] as const

export type LinkPlan = (typeof links)[number]

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
      /** Items of a message; 0 where nothing says it. */
      readonly perMessage: number
    }
  | { readonly kind: 'made'; readonly count: number; readonly fails: boolean }
  | {
      readonly kind: 'flaky'
      readonly failures: number
      readonly tries: number
      /** Whether the tries are so far apart that the queue is between them. */
      readonly byQueue: boolean
      /** By `maxRetries`, by `retry`, or by that and for its first error only. @default 'numbers' */
      readonly by?: (typeof retries)[number]
    }
  | { readonly kind: 'breaks'; readonly round: number }
  | { readonly kind: 'bulky'; readonly kilobytes: number }
  | {
      readonly kind: 'subflow'
      readonly child: Plan
      readonly explicit: boolean
      readonly outputs: boolean
    }
  | {
      readonly kind: 'rounds'
      readonly rounds: number
      readonly parts: readonly PartPlan[]
      /** How the edge to each of the parts is drawn. @default - plain */
      readonly links?: readonly LinkPlan[]
      /** By which of two ways the loop is entered; undefined where there is one. */
      readonly entered?: 'left' | 'right'
    }

export interface NodePlan {
  readonly does: (typeof behaviours)[number]
  readonly shape: (typeof shapes)[number] | PartPlan
  readonly any: boolean
  readonly inputs: (typeof inputKinds)[number]
  /** Number of the node that stands in for it, counted among all; undefined for none. */
  readonly fallback: number | undefined
  /** What it throws if it fails. @default 'error' */
  readonly throws?: (typeof throws)[number]
  /** Where it is an 'any' join of plain edges: how many it waits for. @default 1, and without a `joinCount` */
  readonly joinCount?: 1 | 2 | 3 | undefined
  /** Whether it runs whatever came of those that lead to it, where it is a plain node. @default false */
  readonly always?: boolean
}

export interface EdgePlan {
  readonly from: number
  readonly to: number
  readonly action?: (typeof actions)[number]
  readonly condition?: (typeof conditions)[number]
  readonly transform?: (typeof transforms)[number]
}

export interface Plan {
  readonly ids: (typeof idStyles)[number]
  readonly nodes: readonly NodePlan[]
  readonly edges: readonly EdgePlan[]
  /** @default 'property' */
  readonly evaluator?: (typeof evaluators)[number]
  /** @default 'json' */
  readonly serializer?: (typeof serializers)[number]
  /** Which nodes have `checkpoint: false`: every second that is drawn, or all. @default 'none' */
  readonly noCheckpoints?: (typeof noCheckpoints)[number]
}

const edge: fc.Arbitrary<EdgePlan> = fc.record({
  from: fc.nat(9),
  to: fc.nat(9),
  action: fc.constantFrom(...actions),
  condition: fc.constantFrom(...conditions),
  transform: fc.constantFrom(...transforms),
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
  perMessage: fc.constantFrom(0, 0, 1, 2, 3, 100),
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
  by: fc.constantFrom(...retries),
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
    links: fc.array(fc.constantFrom(...links), { minLength: 2, maxLength: 2 }),
    entered: fc.constantFrom(undefined, undefined, 'left' as const, 'right' as const),
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
    throws: fc.constantFrom(...throws),
    joinCount: fc.constantFrom(undefined, 1 as const, 2 as const, 2 as const, 3 as const),
    always: fc.constantFrom(false, false, false, true),
  })
  // An edge, or two between the same nodes.
  const edges = fc.oneof(
    { arbitrary: edge.map((one) => [one]), weight: 3 },
    {
      arbitrary: fc
        .tuple(edge, edge)
        .map(([one, { from: _from, to: _to, ...other }]) => [one, { ...one, ...other }]),
      weight: 1,
    },
  )
  return fc.record({
    ids: fc.constantFrom(...idStyles),
    nodes: fc.array(node, { minLength: 1, maxLength: nodesAtMost }),
    edges: fc.array(edges, { maxLength: nodesAtMost + 3 }).map((some) => some.flat()),
    evaluator: fc.constantFrom(...evaluators),
    serializer: fc.constantFrom(...serializers),
    noCheckpoints: fc.constantFrom(...noCheckpoints),
  })
}

export const plans: fc.Arbitrary<Plan> = plansTo(2, 9)
