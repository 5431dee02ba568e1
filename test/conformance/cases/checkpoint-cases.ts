/** Nodes with `checkpoint: false`, which mean nothing in memory. */
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
import type { Outcome } from '../outcome.ts'
import { beside, besideEdges, controller } from './loop-parts.ts'

const off = (run: NodeSpec['run'], more: Partial<NodeSpec> = {}): NodeSpec => ({
  run,
  checkpoint: false,
  ...more,
})

const row = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}${at}`)
const edgesAlong = (names: readonly string[]) => names.slice(1).map((id, at) => `${names[at]}>${id}`)
const along = (names: readonly string[], run = trail as (id: string) => NodeSpec['run']) =>
  Object.fromEntries(names.map((id) => [id, off(run(id))]))

/** Sets a key, deletes the one before it, and leaves an output that is too large for a header now and then. */
const keeping = (id: string) => async (call: NodeContext) => {
  const { context, input } = call
  const last = (await context.get('last')) as string | undefined
  if (last !== undefined) await context.delete(`key of ${last}`)
  await context.set(`key of ${id}`, input as unknown)
  await context.set('last', id)
  return { output: Number(id.slice(1)) % 3 === 1 ? `${id} `.repeat(150) : id }
}

/** Who arrived at a join of some. */
const who = async ({ input }: NodeContext) => ({ output: Object.keys(input as object).toSorted() })

const many = async ({ context }: NodeContext) => {
  for (let at = 0; at < 160; at++) await context.set(`many ${at}`, at)
  await context.set('key of c4', 'many')
  return { output: 'many' }
}

const child: WorkflowBlueprint = {
  id: 'child',
  nodes: row('s', 3).map((id) => ({ id, uses: 'shout', config: { checkpoint: false } })),
  edges: edgesAlong(row('s', 3)).map((edge) => {
    const [source = '', target = ''] = edge.split('>')
    return { source, target }
  }),
}

const once = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, 1]))

/** What such a row leaves, and what comes after it: outputs under both of their keys. */
function afterRow(outputs: Readonly<Record<string, unknown>>, calls: readonly string[]): Outcome {
  const names = row('c', 3)
  const all = [...names.map((id) => [id, `${id} 1`] as const), ...Object.entries(outputs)]
  const context = all.flatMap(([id, output]) => [[id, output] as const, [`_outputs.${id}`, output] as const])
  const ran = names.map((id) => [`${id} ran`, 1] as const)
  return {
    status: 'completed',
    errors: [],
    context: Object.fromEntries([...context, ...ran]),
    executions: once([...names, ...Object.keys(outputs)]),
    calls: once([...names, ...calls]),
  }
}

export const checkpointCases: readonly ConformanceCase[] = [
  {
    name: 'a row of nodes without a checkpoint',
    make: () => graph(along(row('c', 6)), edgesAlong(row('c', 6))),
  },
  {
    name: 'a row in which every second node has a checkpoint, with keys and large outputs',
    make: () => {
      const names = row('c', 8)
      const nodes = names.map((id, at) => [id, at % 2 === 0 ? off(keeping(id)) : keeping(id)] as const)
      return graph({ ...Object.fromEntries(nodes), end: echo }, [...edgesAlong(names), 'c7>end'])
    },
  },
  {
    name: 'many keys together behind nodes without a checkpoint',
    make: () => {
      const names = row('c', 5)
      return graph({ ...along(names, keeping), many: off(many), end: echo }, [
        ...edgesAlong(names),
        'c4>many',
        'many>end',
      ])
    },
  },
  {
    name: 'branches without a checkpoint into a join, each of them several nodes',
    make: () => {
      const branches = ['p', 'q', 'r'].map((name) => row(name, 3))
      return graph(
        {
          start: off(value('go')),
          ...along(branches.flat(), tally),
          join: off(echo, { inputs: { p: 'p2', q: 'q2', r: 'r2' } }),
          end: off(trail('end')),
        },
        [
          ...branches.flatMap((names) => [`start>${names[0]}`, ...edgesAlong(names), `${names[2]}>join`]),
          'join>end',
        ],
      )
    },
  },
  {
    name: 'two of three rows without a checkpoint',
    make: () => {
      const rows = ['p', 'q', 'r'].map((name) => row(name, 3))
      return graph(
        {
          start: off(value('go')),
          ...along(rows.flat(), tally),
          r2: off(failing('broke')),
          join: off(who, { any: true, joinCount: 2 }),
          end: off(echo),
        },
        [
          ...rows.flatMap((names) => [`start>${names[0]}`, ...edgesAlong(names), `${names[2]}>join`]),
          'join>end',
        ],
      )
    },
  },
  {
    name: 'a choice without a checkpoint, and what fails behind it',
    make: () =>
      graph(
        {
          a: off(value('a', 'left')),
          left: off(trail('left')),
          right: off(trail('right')),
          next: off(echo),
          broken: off(failing('broke'), { fallback: 'spare' }),
          spare: off(trail('spare')),
          after: off(tally('after')),
          last: failing('broke too'),
        },
        ['a>left:left', 'a>right:right', 'left>next', 'next>broken', 'broken>after', 'after>last'],
      ),
  },
  {
    name: 'a loop of nodes without a checkpoint, beside a row of them',
    make: () =>
      graph(
        {
          in: off(value('in')),
          a: off(rounds('n', 4), { any: true }),
          b: off(tally('b')),
          c: off(trail('c')),
          loop: { ...controller('nAgain'), checkpoint: false },
          end: off(tally('end')),
          out: off(echo),
          ...Object.fromEntries(Object.entries(beside).map(([id, run]) => [id, off(run)])),
        },
        ['in>a', 'a>b', 'b>c', 'c>loop', 'loop>a:continue', 'loop>end:break', 'end>out', ...besideEdges],
      ),
  },
  {
    name: 'a sleep behind nodes without a checkpoint',
    make: () =>
      graph(
        {
          ...along(row('c', 3), tally),
          rest: off('sleep', { params: { duration: '20m' } }),
          next: off(trail('next')),
          end: off(trail('end')),
        },
        [...edgesAlong(row('c', 3)), 'c2>rest', 'rest>next', 'next>end'],
      ),
    instead: afterRow({ rest: 'c2 1', next: ['next', 'c2 1'], end: ['end', ['next', 'c2 1']] }, [
      'next',
      'end',
    ]),
  },
  {
    name: 'a wait behind nodes without a checkpoint',
    make: () =>
      graph(
        { ...along(row('c', 3), tally), ask: off('wait'), yes: off(trail('yes')), end: off(echo) },
        [...edgesAlong(row('c', 3)), 'c2>ask', 'ask>yes:yes', 'yes>end'],
        { events: [{ nodeId: 'ask', action: 'yes', output: { by: 'Ada' } }] },
      ),
    instead: afterRow({ ask: { by: 'Ada' }, yes: ['yes', { by: 'Ada' }], end: ['yes', { by: 'Ada' }] }, [
      'yes',
      'end',
    ]),
  },
  {
    name: 'a subflow of nodes without a checkpoint behind such nodes',
    make: () =>
      graph(
        {
          ...along(row('c', 2), tally),
          sub: off('subflow', { params: { blueprintId: 'child' } }),
          end: off(trail('end')),
        },
        ['c0>c1', 'c1>sub', 'sub>end'],
        { blueprints: [child], builtIn: { shout: async ({ input }) => ({ output: [input, '!'] }) } },
      ),
  },
  {
    name: 'a batch whose nodes have no checkpoint',
    make: () => {
      const { blueprint, registry } = batchOf([1, 2, 3], async ({ input }) => ({ output: Number(input) * 2 }))
      const nodes = blueprint.nodes.map((node) => ({
        ...node,
        config: { ...node.config, checkpoint: false },
      }))
      return { blueprint: { ...blueprint, nodes }, registry }
    },
  },
  {
    name: 'a cleanup behind nodes without a checkpoint',
    make: () =>
      graph(
        {
          ...along(row('c', 3), tally),
          beside: off(failing('broke')),
          clean: off(tally('clean'), { runs: 'always' }),
          end: off(trail('end')),
        },
        [...edgesAlong(row('c', 3)), 'c0>beside', 'c2>clean', 'beside>clean', 'clean>end'],
      ),
  },
]
