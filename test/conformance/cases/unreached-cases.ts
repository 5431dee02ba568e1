/** What no run comes to, fallbacks in a ring, and the engine's own nodes given by class. */
import { BatchGatherNode, BatchScatterNode, type NodeClass, type NodeContext, SubflowNode } from 'flowcraft'
import { type ConformanceCase, echo, failing, graph, trail, value } from '../case.ts'

/** As `FlowBuilder.node` writes it down. */
const given = (uses: string, params: Record<string, unknown>, more: object = {}) => ({
  run: uses,
  params,
  ...more,
})

const child = {
  id: 'child',
  nodes: [
    { id: 'child0', uses: 'increment' },
    { id: 'child1', uses: 'increment' },
  ],
  edges: [{ source: 'child0', target: 'child1' }],
}
const increment = async ({ input }: NodeContext) => ({ output: ((input as number | undefined) ?? 0) + 1 })

/** start -> call -> end, `call` being an implementation under a key of its own. */
function calling(implementation: NodeClass, params: Record<string, unknown> = { blueprintId: 'child' }) {
  return graph(
    { start: value(4), call: given('Given', params), end: trail('end') },
    ['start>call', 'call>end'],
    { blueprints: [child], builtIn: { increment, Given: implementation } },
  )
}

class CallsChild extends SubflowNode {
  constructor(params?: Record<string, unknown>, nodeId?: string) {
    super({ ...params, blueprintId: 'child' }, nodeId)
  }
}

/** In memory a run that ends with the round in which a fallback is named may lack the key of the node that named it. */
const SIDE = { side: value('side'), side2: echo, side3: echo, side4: echo }
const SIDE_EDGES = ['a>side', 'side>side2', 'side2>side3', 'side3>side4']

export const unreachedCases: readonly ConformanceCase[] = [
  {
    name: 'an edge from nowhere into an all join',
    make: () =>
      graph({ a: value(1), join: echo, end: trail('end') }, ['a>join', 'ghost>join', 'join>end', 'a>end']),
  },
  {
    name: 'an edge from nowhere into an any join',
    make: () =>
      graph({ a: value(1), b: value(2), join: { run: value('once'), any: true }, end: trail('end') }, [
        'a>join',
        'ghost>join',
        'join>end',
      ]),
  },
  {
    name: 'edges from nowhere to where nothing else leads',
    make: () => graph({ a: value(1), b: echo, c: echo }, ['ghost>b', 'b>c']),
  },
  {
    name: 'a cycle and a loop that nothing leads to',
    make: () =>
      graph(
        {
          a: value(1),
          end: trail('end'),
          b: echo,
          c: echo,
          body: { run: echo, any: true },
          loop: { run: 'loop-controller', params: { condition: 'more' } },
        },
        ['a>end', 'b>c', 'c>b', 'body>loop', 'loop>body:continue', 'loop>b:break'],
      ),
  },
  {
    name: 'a node that is its own fallback',
    make: () =>
      graph({ a: value(1), b: { run: failing('broke'), fallback: 'b' }, end: trail('end'), ...SIDE }, [
        'a>b',
        'b>end',
        ...SIDE_EDGES,
      ]),
  },
  {
    name: 'two nodes that are fallbacks of each other',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('broke'), fallback: 'c' },
          c: { run: failing('broke too'), fallback: 'b' },
          end: trail('end'),
          ...SIDE,
        },
        ['a>b', 'b>end', ...SIDE_EDGES],
      ),
  },
  {
    name: 'fallbacks in a ring, of which one succeeds',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('broke'), fallback: 'c' },
          c: { run: failing('broke too'), fallback: 'd' },
          d: { run: value('stood in'), fallback: 'b' },
          end: trail('end'),
        },
        ['a>b', 'b>end'],
      ),
  },
  {
    name: 'fallbacks of each other beside a start',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: value(2), fallback: 'c' },
          c: { run: value(3), fallback: 'b' },
          end: trail('end'),
        },
        ['a>end', 'b>c'],
      ),
  },
  { name: 'a subflow given by class', make: () => calling(SubflowNode) },
  {
    name: 'a subflow given by a subclass that adds nothing',
    make: () => calling(class extends SubflowNode {}),
  },
  { name: 'a subflow given by a subclass that says which', make: () => calling(CallsChild, {}) },
  {
    name: 'a batch given by classes',
    make: () =>
      graph(
        {
          make: value([1, 2, 3]),
          work_scatter: given(
            'Scatter',
            { workerUsesKey: 'increment', gatherNodeId: 'work_gather' },
            { inputs: 'make' },
          ),
          work_gather: given('Gather', { outputKey: 'results', gatherNodeId: 'work_gather' }),
          end: trail('end'),
        },
        ['make>work_scatter', 'work_scatter>work_gather', 'work_gather>end'],
        { builtIn: { increment, Scatter: BatchScatterNode, Gather: class extends BatchGatherNode {} } },
      ),
  },
]
