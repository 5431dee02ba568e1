/** Batches, and nodes that a node makes run. */
import type { NodeContext, NodeResult } from 'flowcraft'
import { type ConformanceCase, graph, type Setup, tally, value } from '../case.ts'
import { controller } from './loop-parts.ts'

type Worker = (call: NodeContext) => Promise<NodeResult>

const double: Worker = async ({ input }) => ({ output: (input as { n: number }).n * 2 })

function items(count: number): { n: number }[] {
  return Array.from({ length: count }, (_, n) => ({ n }))
}

/** make -> scatter -> gather -> sum, as the builder wires a batch. */
function batch(count: number, worker: Worker = double, chunkSize?: number): Setup {
  return graph(
    {
      make: value(items(count)),
      work_scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'work_gather', chunkSize },
      },
      work_gather: {
        run: 'batch-gather',
        params: { outputKey: 'results', gatherNodeId: 'work_gather' },
      },
      sum: async ({ context }) => {
        const results = (await context.get('results')) as number[]
        return { output: { sum: results.reduce((all, one) => all + one, 0), results } }
      },
    },
    ['make>work_scatter', 'work_scatter>work_gather', 'work_gather>sum'],
    { builtIn: { worker } },
  )
}

/** What the engine cannot: its rounds of a batch fail, its second batch in a loop does nothing. */
function summed(count: number): Readonly<Record<string, unknown>> {
  const results = items(count).map(({ n }) => n * 2)
  const sum = { sum: results.reduce((all, one) => all + one, 0), results }
  const scatter = { gatherNodeId: 'work_gather', hasMore: false }
  return {
    _outputs: undefined,
    make: items(count),
    '_outputs.make': items(count),
    results,
    work_gather: results,
    '_outputs.work_gather': results,
    work_scatter: scatter,
    '_outputs.work_scatter': scatter,
    sum,
    '_outputs.sum': sum,
  }
}

function defined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(record).filter(([, given]) => given !== undefined)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const once = { make: 1, work_scatter: 1, work_gather: 1, sum: 1 }

export const batchCases: readonly ConformanceCase[] = [
  { name: 'a batch of 1', make: () => batch(1) },
  { name: 'a batch of 20', make: () => batch(20) },
  { name: 'a batch of 250, in three shards', make: () => batch(250), notSimulated: 'long' },
  {
    name: 'a batch of 0',
    make: () => batch(0),
  },
  {
    name: 'a batch in rounds of 7',
    make: () => batch(20, double, 7),
    instead: {
      status: 'completed',
      errors: [],
      context: defined(summed(20)),
      executions: { ...once, worker: 20 },
      calls: { make: 1, sum: 1 },
    },
  },
  {
    name: 'a batch with a failing worker',
    make: () =>
      batch(5, async (call) => {
        if ((call.input as { n: number }).n === 3) throw new Error('three')
        return double(call)
      }),
  },
  {
    name: 'a batch whose workers set keys of their own',
    make: () =>
      batch(5, async (call) => {
        const { n } = call.input as { n: number }
        await call.context.set(`seen ${n}`, n)
        return { output: n }
      }),
  },
  {
    name: 'a batch with workers that give nothing',
    make: () =>
      batch(6, async (call) =>
        (call.input as { n: number }).n % 2 === 0 ? { output: undefined } : double(call),
      ),
  },
  {
    name: 'a batch in a loop',
    make: () =>
      graph(
        {
          start: value('go'),
          make: {
            run: async ({ context }) => {
              const count = (((await context.get('n')) as number | undefined) ?? 0) + 1
              await context.set('n', count)
              await context.set('again', count < 3)
              return { output: items(count) }
            },
            any: true,
          },
          work_scatter: {
            run: 'batch-scatter',
            inputs: 'make',
            params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'work_gather' },
          },
          work_gather: {
            run: 'batch-gather',
            params: { outputKey: 'results', gatherNodeId: 'work_gather' },
          },
          keep: async ({ context }) => {
            const kept = ((await context.get('kept')) as unknown[] | undefined) ?? []
            await context.set('kept', [...kept, await context.get('results')])
            return { output: null }
          },
          loop: controller('again'),
          end: async ({ context }) => ({ output: await context.get('kept') }),
        },
        [
          'start>make',
          'make>work_scatter',
          'work_scatter>work_gather',
          'work_gather>keep',
          'keep>loop',
          'loop>make:continue',
          'loop>end:break',
        ],
        { builtIn: { worker: double } },
      ),
    instead: {
      status: 'completed',
      errors: [],
      context: defined({
        n: 3,
        again: false,
        kept: [[0], [0, 2], [0, 2, 4]],
        results: [0, 2, 4],
        start: 'go',
        '_outputs.start': 'go',
        make: items(3),
        '_outputs.make': items(3),
        work_scatter: { gatherNodeId: 'work_gather', hasMore: false },
        '_outputs.work_scatter': { gatherNodeId: 'work_gather', hasMore: false },
        work_gather: [0, 2, 4],
        '_outputs.work_gather': [0, 2, 4],
        keep: null,
        '_outputs.keep': null,
        loop: null,
        '_outputs.loop': null,
        end: [[0], [0, 2], [0, 2, 4]],
        '_outputs.end': [[0], [0, 2], [0, 2, 4]],
      }),
      executions: { start: 1, make: 3, work_scatter: 3, worker: 6, work_gather: 3, keep: 3, loop: 3, end: 1 },
      calls: { start: 1, make: 3, keep: 3, end: 1 },
    },
  },
  {
    name: 'nodes that a node makes run',
    make: () =>
      graph(
        {
          a: async () => ({
            output: 'A',
            dynamicNodes: [
              { id: 'd1', uses: 'dynamic', inputs: 'a' },
              { id: 'd2', uses: 'dynamic', params: { x: 1 } },
            ],
          }),
          b: tally('b'),
        },
        ['a>b'],
        {
          builtIn: {
            dynamic: async ({ input, params }: NodeContext) => ({ output: { input: input ?? null, params } }),
          },
        },
      ),
  },
  {
    name: 'a node made by a node fails, and the others run',
    make: () =>
      graph(
        {
          a: async () => ({
            output: 'A',
            dynamicNodes: [
              { id: 'd1', uses: 'bad' },
              { id: 'd2', uses: 'good' },
            ],
          }),
          b: tally('b'),
        },
        ['a>b'],
        {
          builtIn: {
            bad: async () => {
              throw new Error('bad')
            },
            good: value('good'),
          },
        },
      ),
  },
]
