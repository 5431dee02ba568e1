/** Joins of n of m (`joinCount`). In memory by `extendRuntime`. */
import type { NodeContext, WorkflowBlueprint } from 'flowcraft'
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

/** Gives its input, so that the outcome tells who had arrived. */
const joinOf = (joinCount: number, run: NodeSpec['run'] = echo): NodeSpec => ({ run, any: true, joinCount })

/** Tells how many had arrived: who they were depends on order. */
const howMany = async ({ input }: NodeContext) => ({ output: Object.keys(input as object).length })

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** So many branches, of which so many fail at first, and a join of the others. */
function branches(count: number, failures: number, joinCount: number): ConformanceCase['make'] {
  const ids = upTo(count).map((at) => `b${at}`)
  const nodes = ids.map((id, at) => [id, at < failures ? failing(`${id} broke`) : tally(id)] as const)
  const run = count - failures > joinCount ? howMany : echo
  return () =>
    graph(
      { start: value('go'), ...Object.fromEntries(nodes), join: joinOf(joinCount, run), end: tally('end') },
      [...ids.flatMap((id) => [`start>${id}`, `${id}>join`]), 'join>end'],
    )
}

/** Three branches in each round of a loop, of which the last is taken in every other round. */
function loop(join: NodeSpec, isTaken: boolean): ConformanceCase['make'] {
  const third = async ({ context }: NodeContext) => {
    const ran = (((await context.get('third')) as number | undefined) ?? 0) + 1
    await context.set('third', ran)
    return { output: ran, action: isTaken && ran % 2 === 1 ? 'arrives' : 'leaves' }
  }
  return () =>
    graph(
      {
        start: value('go'),
        body: { run: rounds('n', 3), any: true },
        a: tally('a'),
        b: tally('b'),
        third,
        aside: { run: tally('aside'), any: true },
        join,
        loop: controller('nAgain'),
        end: tally('end'),
      },
      [
        'start>body',
        'body>a',
        'body>b',
        'body>third',
        'a>join',
        'b>join',
        'third>join:arrives',
        'third>aside:leaves',
        'join>loop',
        'loop>body:continue',
        'loop>end:break',
      ],
    )
}

const child: WorkflowBlueprint = { id: 'child', nodes: [{ id: 'inner', uses: 'inner' }], edges: [] }

const three = { start: value('go'), a: trail('a'), b: trail('b'), c: trail('c') }
const toJoin = ['start>a', 'start>b', 'start>c', 'a>join', 'b>join', 'c>join']

export const joinCountCases: readonly ConformanceCase[] = [
  { name: 'two of three, and the third fails', make: branches(3, 1, 2) },
  { name: 'two of three, and all complete', make: branches(3, 0, 2) },
  { name: 'two of three, and two fail', make: branches(3, 2, 2) },
  { name: 'one of three', make: branches(3, 2, 1) },
  { name: 'three of three', make: branches(3, 0, 3) },
  { name: 'three of three, and one fails', make: branches(3, 1, 3) },
  { name: '5 of 30, all at a time', make: branches(30, 0, 5) },
  { name: '20 of 30, and 10 fail', make: branches(30, 10, 20) },
  {
    name: 'two of three, of paths of different length',
    make: () =>
      graph(
        { ...three, c2: trail('c2'), c3: trail('c3'), join: joinOf(2, tally('join')), end: tally('end') },
        [...toJoin.filter((edge) => edge !== 'c>join'), 'c>c2', 'c2>c3', 'c3>join', 'join>end'],
      ),
  },
  {
    name: 'two of three, and one goes elsewhere by its action',
    make: () =>
      graph({ ...three, b: value('b', 'no'), join: joinOf(2), other: tally('other') }, [
        ...toJoin.filter((edge) => edge !== 'b>join'),
        'b>join:yes',
        'b>other:no',
      ]),
  },
  {
    name: 'two of three, and two go elsewhere by a condition',
    make: () =>
      graph(
        {
          ...three,
          b: value({ ok: false }),
          c: value({ ok: false }),
          join: joinOf(2),
          beside: trail('beside'),
        },
        ['start>a', 'start>b', 'start>c', 'a>join', 'b>join?result.ok', 'c>join?result.ok', 'b>beside'],
      ),
  },
  {
    name: 'two of three, of which one is never come to',
    make: () =>
      graph({ ...three, start: value('go', 'left'), join: joinOf(2), end: trail('end') }, [
        'start>a:left',
        'start>b:left',
        'start>c:right',
        'a>join',
        'b>join',
        'c>join',
        'join>end',
      ]),
  },
  {
    name: 'two of three, and one has an action that no edge names',
    make: () =>
      graph({ ...three, b: value('b', 'odd'), c: failing('c broke'), join: joinOf(2) }, [
        ...toJoin.filter((edge) => edge !== 'b>join'),
        'b>join:yes',
      ]),
  },
  {
    name: 'two of three, and a fallback stands in for one',
    make: () =>
      graph(
        {
          ...three,
          b: { run: failing('b broke'), fallback: 'spare' },
          c: failing('c broke'),
          spare: tally('spare'),
          join: joinOf(2),
        },
        toJoin,
      ),
  },
  {
    name: 'two of three, with inputs of its own',
    make: () =>
      graph(
        {
          ...three,
          c: failing('c broke'),
          join: { ...joinOf(2), inputs: { one: 'a', two: 'b', none: 'c' } },
        },
        toJoin,
      ),
  },
  {
    name: 'a join of two that fails, and a third that comes later',
    make: () =>
      graph({ ...three, c2: trail('c2'), join: joinOf(2, failing('join broke')), end: tally('end') }, [
        ...toJoin.filter((edge) => edge !== 'c>join'),
        'c>c2',
        'c2>join',
        'join>end',
      ]),
  },
  {
    name: 'a join of two that is tried again',
    make: () => {
      let tries = 0
      const flaky = async ({ input }: NodeContext) => {
        if (++tries === 1) throw new Error('join broke')
        return { output: input as unknown }
      }
      return graph({ ...three, c: failing('c broke'), join: { ...joinOf(2, flaky), maxRetries: 2 } }, toJoin)
    },
    notSimulated: 'it counts its tries in a closure',
  },
  {
    name: 'joins of one, two and three of the same branches',
    make: () =>
      graph(
        {
          ...three,
          one: joinOf(1, tally('one')),
          two: joinOf(2, tally('two')),
          all: joinOf(3),
          end: joinOf(2, tally('end')),
        },
        [
          'start>a',
          'start>b',
          'start>c',
          ...['a', 'b', 'c'].flatMap((id) => [`${id}>one`, `${id}>two`, `${id}>all`]),
          'one>end',
          'two>end',
          'all>end',
        ],
      ),
  },
  {
    name: 'a join of two, of which one arrives in each round of a cycle',
    make: () =>
      graph(
        {
          start: value('go'),
          head: { run: rounds('n', 3), any: true },
          bad: failing('bad broke'),
          join: joinOf(2),
        },
        ['start>head', 'start>bad', 'head>head:again', 'head>join:again', 'bad>join'],
      ),
  },
  {
    name: 'a join in a loop of which one goes round it',
    make: () => {
      const count = rounds('n', 2)
      const once = async (given: NodeContext) => {
        const result = await count(given)
        return { ...result, action: result.action === 'again' ? 'first' : 'second' }
      }
      return graph(
        {
          start: value('go'),
          body: { run: once, any: true },
          a: tally('a'),
          b: tally('b'),
          join: joinOf(2, tally('join')),
          c: { run: tally('c'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>body',
          'body>a:first',
          'body>b:second',
          'a>join',
          'b>join',
          'join>c',
          'a>loop',
          'b>loop',
          'loop>body:continue',
          'loop>end:break',
        ],
      )
    },
  },
  { name: 'a join of two in a loop', make: loop(joinOf(2), false) },
  { name: 'a join of three in a loop that fires in some rounds only', make: loop(joinOf(3), true) },
  {
    name: 'a join of two of which one leads out of a loop',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 3), any: true },
          loop: controller('nAgain'),
          beside: trail('beside'),
          bad: failing('bad broke'),
          join: joinOf(2),
        },
        [
          'start>body',
          'start>beside',
          'start>bad',
          'body>loop',
          'loop>body:continue',
          'loop>join:break',
          'beside>join',
          'bad>join',
        ],
      ),
  },
  {
    name: 'a join of two of which one is a batch',
    make: () => {
      const { blueprint, registry } = batchOf([1, 2, 3], async ({ input }) => ({ output: input as unknown }))
      const others = graph({ start: value('go'), bad: failing('bad broke'), join: joinOf(2) }, [
        'start>join',
        'bad>join',
      ])
      return {
        blueprint: {
          ...blueprint,
          nodes: [...blueprint.nodes, ...others.blueprint.nodes],
          edges: [...blueprint.edges, ...others.blueprint.edges, { source: 'gather', target: 'join' }],
        },
        registry: { ...registry, ...others.registry },
      }
    },
  },
  {
    name: 'a join of two that is a subflow',
    make: () =>
      graph(
        {
          ...three,
          c: failing('c broke'),
          join: { ...joinOf(2, 'subflow'), params: { blueprintId: 'child', inputs: { given: 'a' } } },
          end: echo,
        },
        [...toJoin, 'join>end'],
        { blueprints: [child], builtIn: { inner: value('inner') } },
      ),
  },
  {
    name: 'a cleanup behind a join of two that never fires',
    make: () =>
      graph(
        {
          ...three,
          b: failing('b broke'),
          c: failing('c broke'),
          join: joinOf(2),
          clean: { run: echo, runs: 'always' },
        },
        [...toJoin, 'join>clean'],
      ),
  },
]
