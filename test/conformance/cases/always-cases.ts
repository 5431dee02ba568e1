/** Nodes with `runs: 'always'`. In memory by `extendRuntime`. */
import type { NodeContext, NodeImplementation, WorkflowBlueprint } from 'flowcraft'
import type { AlwaysInput } from '../../../lib/index.ts'
import {
  batchOf,
  type ConformanceCase,
  echo,
  failing,
  graph,
  type NodeSpec,
  rounds,
  tally,
  trail,
  value,
} from '../case.ts'
import { controller } from './loop-parts.ts'

/** Gives its input, so that the outcome tells what it was given. */
const always: NodeSpec = { run: echo, runs: 'always' }

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** So many branches, of which every third fails, and work beside them. */
function branches(count: number): ConformanceCase['make'] {
  const ids = upTo(count).map((at) => `b${at}`)
  const nodes = ids.map((id, at) => [id, at % 3 === 1 ? failing(`${id} broke`) : tally(id)] as const)
  return () =>
    graph(
      {
        start: value('go'),
        ...Object.fromEntries(nodes),
        beside: trail('beside'),
        further: trail('further'),
        clean: always,
        end: tally('end'),
      },
      [...ids.flatMap((id) => [`start>${id}`, `${id}>clean`]), 'start>beside', 'beside>further', 'clean>end'],
    )
}

const tell = async ({ input }: NodeContext) => ({ output: (input as AlwaysInput).status })

const batch = (fails: boolean): ConformanceCase['make'] => {
  const worker: Parameters<typeof batchOf>[1] = async ({ input }) => {
    if (fails && input === 2) throw new Error('item 2 broke')
    return { output: input as unknown }
  }
  return () => {
    const { blueprint, registry } = batchOf([1, 2, 3], worker)
    const clean = { id: 'clean', uses: 'clean', config: { runs: 'always' as const } }
    const edges = [...blueprint.edges, { source: 'gather', target: 'clean' }]
    return {
      blueprint: { ...blueprint, nodes: [...blueprint.nodes, clean], edges },
      registry: { ...registry, clean: tell },
    }
  }
}

const child = (broken: boolean): WorkflowBlueprint => ({
  id: 'child',
  nodes: [
    { id: 'inner', uses: broken ? 'bad' : 'good' },
    { id: 'innerClean', uses: 'echo', config: { runs: 'always' } },
  ],
  edges: [{ source: 'inner', target: 'innerClean' }],
})

const subflow = (broken: boolean): ConformanceCase['make'] => {
  const builtIn = { good: value('good'), bad: failing('inner broke'), echo }
  return () =>
    graph(
      {
        call: { run: 'subflow', params: { blueprintId: 'child' } },
        next: trail('next'),
        clean: tally('clean'),
      },
      ['call>next'],
      { blueprints: [child(broken)], builtIn },
    )
}

/** Both go round twice; the second fails in its second round. */
const loop = (body: NodeImplementation): ConformanceCase['make'] => {
  return () =>
    graph(
      {
        start: value('go'),
        head: { run: rounds('n', 2), any: true },
        body,
        loop: controller('nAgain'),
        behind: trail('behind'),
        clean: { run: tally('clean'), runs: 'always' },
      },
      ['start>head', 'head>body', 'body>loop', 'loop>head:continue', 'loop>behind:break', 'behind>clean'],
    )
}

const once = (rescued: boolean): ConformanceCase['make'] => {
  return () =>
    graph(
      {
        a: { run: failing('a broke'), ...(rescued && { fallback: 'spare' }) },
        ...(rescued && { spare: value('spare') }),
        b: trail('b'),
        clean: always,
      },
      ['a>b', 'b>clean', 'a>clean'],
    )
}

export const alwaysCases: readonly ConformanceCase[] = [
  {
    name: 'a cleanup after what completed',
    make: () => graph({ a: value(1), b: trail('b'), clean: always }, ['a>b', 'b>clean']),
  },
  { name: 'a cleanup after a node that failed before its predecessor', make: once(false) },
  { name: 'a cleanup after a fallback that stood in', make: once(true) },
  {
    name: 'a cleanup after branches of which one is taken',
    make: () =>
      graph({ start: value('go', 'left'), left: trail('left'), right: trail('right'), clean: always }, [
        'start>left:left',
        'start>right:right',
        'left>clean',
        'right>clean',
      ]),
  },
  {
    name: 'a cleanup that an action of its predecessor has nothing to do with',
    make: () =>
      graph({ start: value('go', 'left'), left: trail('left'), other: trail('other'), clean: always }, [
        'start>left:left',
        'start>other',
        'start>clean',
      ]),
  },
  { name: 'a cleanup after two branches that end at a time', make: branches(2) },
  { name: 'a cleanup after 30 branches of which some fail', make: branches(30) },
  {
    name: 'a cleanup that fails',
    make: () =>
      graph({ a: value(1), clean: { run: failing('clean broke'), runs: 'always' }, end: trail('end') }, [
        'a>clean',
        'clean>end',
      ]),
  },
  {
    name: 'a cleanup that fails after a node that did, and whose fallback stands in',
    make: () =>
      graph(
        {
          a: failing('a broke'),
          clean: { run: failing('clean broke'), runs: 'always', fallback: 'spare' },
          spare: value('spare'),
        },
        ['a>clean'],
      ),
  },
  {
    name: 'a cleanup, what follows from it, and a notification behind both',
    make: () =>
      graph(
        {
          a: failing('a broke'),
          beside: value('beside'),
          clean: always,
          join: tally('join'),
          notify: { run: echo, runs: 'always' },
        },
        ['a>clean', 'clean>join', 'beside>join', 'join>notify', 'a>notify'],
      ),
  },
  {
    name: 'a notification drawn before the cleanup that leads to it',
    make: () =>
      graph({ notify: { run: echo, runs: 'always' }, a: failing('a broke'), clean: always }, [
        'a>notify',
        'clean>notify',
        'a>clean',
      ]),
  },
  {
    name: "a cleanup that leads to an 'any' join which another led to before",
    make: () =>
      graph(
        {
          a: value(1),
          clean: { run: tally('clean'), runs: 'always' },
          join: { run: value('join'), any: true },
        },
        ['a>clean', 'a>join', 'clean>join'],
      ),
    instead: { executions: { a: 1, clean: 1, join: 1 }, calls: { a: 1, clean: 1, join: 1 } },
  },
  {
    name: 'a cleanup with inputs of its own',
    make: () =>
      graph({ a: value(1), b: failing('b broke'), clean: { ...always, inputs: { one: 'a', none: 'b' } } }, [
        'a>clean',
        'b>clean',
      ]),
  },
  { name: 'a cleanup behind a loop', make: loop(tally('body')) },
  { name: 'a cleanup behind a loop that a failure ends', make: loop(failing('body broke')) },
  { name: 'a cleanup behind a batch', make: batch(false) },
  { name: 'a cleanup behind a batch with an item that fails', make: batch(true) },
  { name: 'a cleanup in a subflow', make: subflow(false) },
  {
    name: 'a cleanup in a subflow that fails',
    make: subflow(true),
    instead: {
      errors: [
        "call: Sub-workflow 'child' did not complete successfully. Status: failed. Error: Node 'inner' execution failed <- Node 'inner' execution failed",
      ],
    },
  },
  {
    name: 'a cleanup after tries that all fail',
    make: () =>
      graph({ a: { run: failing('a broke'), retry: { maxAttempts: 2, delay: 1 } }, clean: always }, [
        'a>clean',
      ]),
  },
]
