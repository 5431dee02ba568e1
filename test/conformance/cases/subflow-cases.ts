/** Subflows: runs of their own on AWS, part of the node's execution in memory. */
import type { NodeContext, WorkflowBlueprint } from 'flowcraft'
import { type ConformanceCase, failing, graph, type Setup, trail, value } from '../case.ts'
import { runInMemory } from '../outcome.ts'
import { shown } from '../planned.ts'

const call = (params: Record<string, unknown>, more: object = {}) => ({ run: 'subflow', params, ...more })

/** The child's implementations; those of a child are not counted. */
const builtIn = {
  increment: async ({ input }: NodeContext) => ({ output: ((input as number | undefined) ?? 0) + 1 }),
  times10: async ({ input }: NodeContext) => ({ output: (input as number) * 10 }),
  fromKey: async ({ context }: NodeContext) => ({
    output: [await context.get('given'), await context.get('other')],
  }),
  bad: failing('the child is bad'),
}

const CHILD_FAILED =
  "Sub-workflow 'child' did not complete successfully. Status: failed. Error: Node 'child1' execution failed"

function chainOf(id: string, ...uses: string[]): WorkflowBlueprint {
  const nodes = uses.map((key, at) => ({ id: `${id}${at}`, uses: key }))
  const edges = nodes.slice(1).map((node, at) => ({ source: `${id}${at}`, target: node.id }))
  return { id, nodes, edges }
}

function calling(
  params: Record<string, unknown>,
  blueprints: WorkflowBlueprint[],
  more: Partial<Setup> & { builtIn?: Setup['registry'] } = {},
): Setup {
  return graph({ start: value(4), call: call(params), end: trail('end') }, ['start>call', 'call>end'], {
    blueprints,
    builtIn,
    ...more,
  })
}

const two: WorkflowBlueprint = {
  id: 'two',
  nodes: [
    { id: 'first', uses: 'increment' },
    { id: 'left', uses: 'times10' },
    { id: 'right', uses: 'increment' },
  ],
  edges: [
    { source: 'first', target: 'left' },
    { source: 'first', target: 'right' },
  ],
}

/** The output is the child's whole context, with the id of the run in it. */
function subflowWithOutputs(): Setup {
  return graph(
    {
      start: value(4),
      call: call({ blueprintId: 'child', outputs: { result: 'child1' } }),
      end: async ({ context, input, dependencies }) => {
        const { _executionId: id, ...child } = input as Record<string, unknown>
        return {
          output: {
            child,
            result: await context.get('result'),
            isOwn: id === dependencies.runtime.executionId,
          },
        }
      },
    },
    ['start>call', 'call>end'],
    { blueprints: [chainOf('child', 'increment', 'times10')], builtIn },
  )
}

export const subflowCases: readonly ConformanceCase[] = [
  {
    name: 'a subflow with the input of its node',
    make: () => calling({ blueprintId: 'child' }, [chainOf('child', 'increment', 'times10')]),
    instead: { executions: { start: 1, call: 1, child0: 1, child1: 1, end: 1 } },
  },
  {
    name: 'a subflow with inputs by name',
    make: () =>
      calling(
        { blueprintId: 'child', inputs: { given: 'start', other: 'key' } },
        [chainOf('child', 'fromKey')],
        {
          input: { key: 'of the parent' },
        },
      ),
  },
  {
    name: 'a subflow with several terminals',
    make: () => calling({ blueprintId: 'two' }, [two]),
  },
  {
    name: 'a subflow that fails',
    make: () => calling({ blueprintId: 'child' }, [chainOf('child', 'increment', 'bad')]),
    // In memory the messages of errors vanish after some failed runs.
    instead: { errors: [`call: ${CHILD_FAILED} <- Node 'child1' execution failed`] },
  },
  {
    name: 'a subflow that fails, with a fallback',
    make: () =>
      graph(
        {
          start: value(4),
          call: call({ blueprintId: 'child' }, { fallback: 'spare' }),
          spare: value('spare'),
          end: trail('end'),
        },
        ['start>call', 'call>end'],
        { blueprints: [chainOf('child', 'bad')], builtIn },
      ),
  },
  {
    name: 'a subflow that fails and is tried again',
    make: () =>
      graph(
        { start: value(4), call: call({ blueprintId: 'child' }, { maxRetries: 3 }), end: trail('end') },
        ['start>call', 'call>end'],
        { blueprints: [chainOf('child', 'bad')], builtIn },
      ),
    instead: {
      errors: [`call: ${CHILD_FAILED.replace('child1', 'child0')} <- Node 'child0' execution failed`],
      executions: { start: 1, call: 3, child0: 3 },
    },
  },
  {
    name: 'subflows three deep',
    make: () => {
      const middle: WorkflowBlueprint = {
        id: 'middle',
        nodes: [
          { id: 'm0', uses: 'increment' },
          { id: 'm1', uses: 'subflow', params: { blueprintId: 'child' } },
        ],
        edges: [{ source: 'm0', target: 'm1' }],
      }
      return calling({ blueprintId: 'middle' }, [middle, chainOf('child', 'increment', 'times10')])
    },
  },
  {
    name: 'a batch in a subflow',
    make: () => {
      const gatherNodeId = 'all_gather'
      const child: WorkflowBlueprint = {
        id: 'child',
        nodes: [
          { id: 'list', uses: 'list' },
          {
            id: 'all_scatter',
            uses: 'batch-scatter',
            inputs: 'list',
            params: { workerUsesKey: 'times10', outputKey: 'results', gatherNodeId },
          },
          { id: gatherNodeId, uses: 'batch-gather', params: { outputKey: 'results', gatherNodeId } },
        ],
        edges: [
          { source: 'list', target: 'all_scatter' },
          { source: 'all_scatter', target: gatherNodeId },
        ],
      }
      return calling({ blueprintId: 'child' }, [child], {
        builtIn: { ...builtIn, list: value([1, 2, 3]) },
      })
    },
  },
  {
    name: 'a subflow that waits',
    make: () =>
      calling({ blueprintId: 'child' }, [chainOf('child', 'increment', 'wait', 'times10')], {
        events: [{ nodeId: 'child1', output: 7 }],
      }),
    instead: {
      status: 'completed',
      errors: [],
      context: {
        '_outputs.call': 70,
        '_outputs.end': ['end', 70],
        '_outputs.start': 4,
        call: 70,
        end: ['end', 70],
        start: 4,
      },
      executions: { start: 1, call: 1, child0: 1, child1: 1, child2: 1, end: 1 },
      calls: { start: 1, end: 1 },
    },
  },
  {
    name: 'a subflow whose outputs are keys of the parent',
    make: subflowWithOutputs,
    notForked: 'the output of a subflow that is done has the id of the run that it was done in',
    reference: async () => ({ outcome: shown(await runInMemory(subflowWithOutputs())) }),
  },
]
