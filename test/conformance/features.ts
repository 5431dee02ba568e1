/** What random workflows have in them, as docs/fuzzing.md shows it; a test draws workflows until each was seen. */
import { fileURLToPath } from 'node:url'
import type { EdgeDefinition, NodeConfig, NodeDefinition } from 'flowcraft'
import type { Setup } from './case.ts'
import type { NodePlan, PartPlan, Plan } from './plan.ts'

export const DOCS = fileURLToPath(new URL('../../docs/fuzzing.md', import.meta.url))

const INTRODUCTION = `# Fuzzing

\`npm run fuzz\` draws random workflows and runs each in memory, by \`FlowRuntime\`, and by the protocol: calmly, and every
fourth time under faults. Status, outputs, errors, context and the number of executions of each node must be the same.
Where the outcome in memory depends on the order in which nodes end, only the guarantees are held. Inputs
(\`_inputs.<node>\`) are compared where one node can give them.

Every second workflow is run once more, and repaired, in one of three ways:

- **redrive** (\`--redrives\`: nothing but this): nodes fail before they do anything, and runs are cancelled or paused now and
  then. Redriven until it completes, each run must have the context that it has in memory, where nothing of that happens.
- **fork** (\`--forks\`): runs are forked instead. And runs that completed are forked from any of their nodes, where none counts
  in the context: each fork must come to the same.
- **skip** (\`--skips\`): nodes fail when they have done everything, and are skipped with the output and the action that they
  would have had. So are half of the nodes that wait, in place of a \`resume\`.

Workflows that fail by themselves, depend on order, or have fallbacks are not repaired. Nor, under faults, is one redriven whose
nodes fail by themselves where it has subflows: a child run that failed runs again then, and what counts in its context counts on. Nodes with tries, and nodes that others
made, do not fail. Nor, to be skipped, do nodes whose work an output and an action cannot say (context keys, \`dynamicNodes\`, no
result at all, an action that no edge names), nodes that run always, which tell what failed before them, items of batches, and
nodes of child runs, which nobody skips alone.

The table is what a workflow may have in it; a test draws workflows until it has seen each line.
`

const thrown = {
  error: 'an error',
  cause: 'an error with causes',
  text: 'a text',
  null: 'null',
  undefined: 'nothing',
  frozen: 'a frozen error',
  fatal: 'a fatal error',
  getter: 'an error whose message cannot be read',
  bareCause: 'an error whose cause has no prototype',
  stack: 'an error whose stack is no text',
} as const

interface Drawn {
  readonly plan: Plan
  readonly setup: Setup
}

interface Feature {
  readonly what: string
  readonly isIn: (drawn: Drawn) => boolean
  /** What of it is not compared, and why. */
  readonly except?: string
}

const plansIn = (plan: Plan): Plan[] => [
  plan,
  ...plan.nodes.flatMap(({ shape }) =>
    typeof shape === 'object' && shape.kind === 'subflow' ? plansIn(shape.child) : [],
  ),
]
const nodePlans = ({ plan }: Drawn): NodePlan[] => plansIn(plan).flatMap(({ nodes }) => nodes)
const does = (kind: NodePlan['does']) => (drawn: Drawn) => nodePlans(drawn).some((node) => node.does === kind)
const hasPart = (drawn: Drawn, is: (part: PartPlan) => boolean): boolean =>
  nodePlans(drawn).some(({ shape }) => typeof shape === 'object' && partsIn(shape).some(is))
const part = (kind: PartPlan['kind']) => (drawn: Drawn) => hasPart(drawn, (other) => other.kind === kind)
const partsIn = (one: PartPlan): PartPlan[] => [
  one,
  ...(one.kind === 'rounds' ? one.parts.flatMap(partsIn) : []),
]
const blueprints = ({ setup }: Drawn) => [setup.blueprint, ...(setup.blueprints ?? [])]
const node = (is: (node: NodeDefinition) => boolean) => (drawn: Drawn) =>
  blueprints(drawn).some(({ nodes }) => nodes.some(is))
const edge = (is: (edge: EdgeDefinition) => boolean) => (drawn: Drawn) =>
  blueprints(drawn).some(({ edges }) => edges.some(is))
const twins = (is: (one: EdgeDefinition, other: EdgeDefinition) => boolean) => (drawn: Drawn) =>
  blueprints(drawn).some(({ edges }) =>
    edges.some((one) =>
      edges.some(
        (other) =>
          one !== other && one.source === other.source && one.target === other.target && is(one, other),
      ),
    ),
  )
const standsIn = (atLeast: number) => (drawn: Drawn) =>
  blueprints(drawn).some(({ nodes }) => {
    const fallbacks = nodes.flatMap(({ config }) => config?.fallback ?? [])
    return fallbacks.some((id) => fallbacks.filter((other) => other === id).length >= atLeast)
  })

/** Each field that a node may have: a field that the engine adds is a type error here. */
const nodeFields: Readonly<Record<Exclude<keyof NodeDefinition, '_sourceLocation'>, Feature>> = {
  id: {
    what: 'ids with dots, `#`, spaces and other alphabets',
    isIn: node(({ id }) => id.includes('.#é ☃')),
  },
  uses: { what: 'nodes that the engine brings along', isIn: node(({ uses }) => uses === 'loop-controller') },
  params: { what: '`params`', isIn: node(({ params }) => params !== undefined) },
  inputs: { what: '`inputs` that are a text', isIn: node(({ inputs }) => typeof inputs === 'string') },
  config: { what: '`config`', isIn: node(({ config }) => config !== undefined) },
}

const configFields: Readonly<Record<keyof NodeConfig, Feature | string>> = {
  maxRetries: { what: '`maxRetries`', isIn: node(({ config }) => (config?.maxRetries ?? 1) > 1) },
  retryDelay: {
    what: '`retryDelay` of an hour',
    isIn: node(({ config }) => config?.retryDelay === 3_600_000),
    except: 'the engine in memory does not wait',
  },
  retry: {
    what: '`retry`, by milliseconds and by hours, for some errors only',
    isIn: node(({ config }) => config?.retry?.delay === '1h' && config.retry.when !== undefined),
    except: '`extendRuntime` does not wait either',
  },
  joinCount: {
    what: "`joinStrategy: 'any'` with a `joinCount`",
    isIn: node(({ config }) => (config?.joinCount ?? 1) > 1),
  },
  checkpoint: {
    what: '`checkpoint: false`',
    isIn: node(({ config }) => config?.checkpoint === false),
  },
  runs: { what: "`runs: 'always'`", isIn: node(({ config }) => config?.runs === 'always') },
  timeout: '`timeout`: the engine in memory has none; conformance cases say what comes of one',
  contextConflicts:
    '`contextConflicts`: it is about what parallel nodes do at a time; cases without an order and test/core are about that',
  fallback: { what: '`fallback`', isIn: standsIn(1) },
  joinStrategy: { what: "`joinStrategy: 'any'`", isIn: node(({ config }) => config?.joinStrategy === 'any') },
}

const edgeFields: Readonly<
  Record<Exclude<keyof EdgeDefinition, 'source' | 'target' | '_sourceLocation'>, Feature>
> = {
  action: { what: '`action`, also one that no edge names', isIn: edge(({ action }) => action === 'left') },
  condition: {
    what: '`condition` on the result',
    isIn: edge(({ condition }) => !!condition?.startsWith('result')),
  },
  transform: {
    what: '`transform` of the input',
    isIn: edge(({ transform }) => !!transform?.startsWith('input')),
    except: 'where several nodes give one its input: in memory it is of what another gave',
  },
}

const more: readonly Feature[] = [
  { what: 'condition on a key of the context', isIn: edge(({ condition }) => condition === 'path.deep') },
  { what: 'transform of a key of the context', isIn: edge(({ transform }) => transform === 'context.path') },
  {
    what: 'transform that is the whole context',
    isIn: edge(({ transform }) => transform === 'context'),
    except: 'of an edge of a node that makes nodes: it is documented to differ',
  },
  { what: 'several edges between two nodes', isIn: twins(() => true) },
  {
    what: 'several edges between two nodes, of which some have a transform',
    isIn: twins((one, other) => one.transform !== undefined && other.transform === undefined),
  },
  {
    what: 'edges that differ only in their transform',
    isIn: twins(
      (one, other) =>
        one.action === other.action && one.condition === other.condition && one.transform !== other.transform,
    ),
  },
  { what: '`inputs` that are a map', isIn: node(({ inputs }) => typeof inputs === 'object') },
  { what: '`inputs` that name nothing', isIn: node(({ inputs }) => inputs === 'nobody') },
  { what: '`inputs` that are empty', isIn: node(({ inputs }) => inputs === '') },
  {
    what: '`inputs` by `_outputs.` and `_inputs.`',
    isIn: node(
      ({ inputs }) =>
        typeof inputs === 'object' && Object.values(inputs).some((key) => key.startsWith('_inputs.')),
    ),
  },
  { what: 'a fallback that several nodes share', isIn: standsIn(2) },
  {
    what: 'a fallback with edges of its own, into it or out of it',
    isIn: (drawn) =>
      blueprints(drawn).some(({ nodes, edges }) =>
        nodes.some(({ config }) =>
          edges.some((one) => [one.source, one.target].includes(config?.fallback ?? '')),
        ),
      ),
  },
  { what: 'an evaluator of the user', isIn: ({ plan }) => plan.evaluator === 'own' },
  {
    what: 'an evaluator that throws',
    isIn: (drawn) =>
      drawn.plan.evaluator === 'throwing' && edge(({ condition }) => condition === 'nobody')(drawn),
    except: 'in memory the run is rejected; it is held to the failure of the node',
  },
  { what: 'a serializer of the user', isIn: ({ plan }) => plan.serializer === 'rich' },
  { what: 'Date, Map, null and undefined in an output', isIn: does('rich') },
  { what: 'an undefined output', isIn: does('undefined') },
  { what: 'no result at all', isIn: does('nothing') },
  { what: 'context keys of odd names, `__proto__` too, set and read', isIn: does('oddKeys') },
  { what: 'context keys that are deleted', isIn: does('deletes') },
  { what: "what stands under a node's own `_inputs.` and `_outputs.`", isIn: does('sees') },
  ...(Object.keys(thrown) as (keyof typeof thrown)[]).map((shape): Feature => ({
    what: `a node that throws: ${thrown[shape]}`,
    isIn: (drawn) => nodePlans(drawn).some((one) => one.does === 'fail' && one.throws === shape),
  })),
  { what: 'nodes that a node makes (`dynamicNodes`)', isIn: part('made') },
  {
    what: 'batches, with `chunkSize`',
    isIn: (drawn) => hasPart(drawn, (one) => one.kind === 'batch' && one.chunk > 0),
  },
  {
    what: 'batches of several items a message (`itemsPerMessage`)',
    isIn: (drawn) => hasPart(drawn, (one) => one.kind === 'batch' && one.perMessage > 1 && one.items > 1),
  },
  {
    what: 'batches whose items are tried again',
    isIn: (drawn) => hasPart(drawn, (one) => one.kind === 'batch' && one.worker === 'flaky'),
  },
  { what: 'subflows, to a depth of three', isIn: part('subflow') },
  {
    what: 'waits and sleeps',
    isIn: part('wait'),
    except:
      'a node that gives the event stands for a wait in memory, one that passes its input on for a sleep',
  },
  { what: 'values of up to 450 KB', isIn: part('bulky') },
  {
    what: 'loops, and loops in loops, entered anew in each round',
    isIn: (drawn) =>
      hasPart(drawn, (one) => one.kind === 'rounds' && one.parts.some(({ kind }) => kind === 'rounds')),
    except: 'in memory they are unrolled, since nested loops stop there after the second round',
  },
  {
    what: 'loops with two ways in, of which one is taken',
    isIn: (drawn) => hasPart(drawn, (one) => one.kind === 'rounds' && one.entered !== undefined),
    except: "both at a time: an 'any' join fires once for each round, in memory once for each way",
  },
  {
    what: 'transforms and several edges in a loop',
    isIn: (drawn) => hasPart(drawn, (one) => one.kind === 'rounds' && (one.links ?? []).includes('both')),
  },
  { what: 'raw cycles', isIn: (drawn) => nodePlans(drawn).some(({ shape }) => shape === 'cycle') },
]

/** Not drawn, and where it is tested instead. */
const NOT_DRAWN = [
  [
    'keys that have the name of a node, `_inputs.<node>` or `_outputs.<node>`',
    'they are documented to differ',
  ],
  ['subflows by class, made nodes in a batch', 'conformance cases'],
  ['a cycle that nothing leads to', 'conformance cases'],
  [
    'a `joinCount` between a node and what is after it and stands in for that node',
    'it is in a cycle then, and refused',
  ],
] as const

const isFeature = (one: Feature | string): one is Feature => typeof one !== 'string'

export const features: readonly Feature[] = [
  ...Object.values(nodeFields),
  ...Object.values(configFields).filter(isFeature),
  ...Object.values(edgeFields),
  ...more,
]

/** The whole page. */
export function docsOf(): string {
  const rows = features.map(({ what, except }) => `| ${what} | ${except ?? ''} |`)
  const fields = Object.values(configFields).filter((one) => !isFeature(one))
  const others = [
    ...fields.map((one) => `- ${one}`),
    ...NOT_DRAWN.map(([what, where]) => `- ${what}: ${where}`),
  ]
  return `${INTRODUCTION}\n| drawn | not compared |\n|---|---|\n${rows.join('\n')}\n\nNot drawn:\n\n${others.join('\n')}\n`
}
