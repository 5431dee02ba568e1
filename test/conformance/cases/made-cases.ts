/** Nodes that are made while a run is under way: by nodes, by such nodes, by the items of a batch; and what they name. */
import type { NodeContext, NodeDefinition, NodeResult } from 'flowcraft'
import { type ConformanceCase, failing, graph, type Setup, tally, trail, value } from '../case.ts'

type Run = (call: NodeContext) => Promise<NodeResult>

const made = (id: string, uses: string, more: Partial<NodeDefinition> = {}): NodeDefinition => ({
  id,
  uses,
  ...more,
})

function makes(output: unknown, ...dynamicNodes: NodeDefinition[]): Run {
  return async () => ({ output, dynamicNodes })
}

const leaf: Run = async ({ input, context }) => {
  await context.set('leaf saw', [input as unknown, (await context.get('set by inner')) ?? null])
  return { output: 'leaf' }
}
const inner: Run = async ({ context }) => {
  await context.set('set by inner', 'yes')
  await context.delete('old')
  return {
    output: 'inner',
    dynamicNodes: [made('leaf', 'leaf', { inputs: 'inner' }), made('leaf2', 'quiet')],
  }
}
const read: Run = async ({ context }) => ({
  output: await Promise.all(
    ['inner', 'leaf', 'leaf2', 'set by inner', 'leaf saw', 'old'].map(
      async (key) => (await context.get(key)) ?? null,
    ),
  ),
})

/** Whose items are numbers, as the builder wires a batch. */
function batch(
  count: number,
  worker: Run,
  builtIn: Setup['registry'] = {},
  input: Setup['input'] = {},
): Setup {
  return graph(
    {
      make: value(Array.from({ length: count }, (_, n) => n)),
      work_scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'work_gather' },
      },
      work_gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'work_gather' } },
      after: trail('after'),
    },
    ['make>work_scatter', 'work_scatter>work_gather', 'work_gather>after'],
    { builtIn: { worker, quiet: value('quiet'), bad: failing('made badly'), ...builtIn }, input },
  )
}

/** start goes on at maker; `spare`, whose only predecessor is done then, is not taken. */
function withSpare(
  node: Partial<NodeDefinition>,
  more: Parameters<typeof graph>[0] = {},
  edges: string[] = [],
): Setup {
  return graph(
    {
      start: value('go', 'go'),
      maker: makes('made', made('risky', 'bad', node), made('sound', 'quiet')),
      after: trail('after'),
      spare: tally('spare'),
      behind: trail('behind'),
      ...more,
    },
    ['start>maker:go', 'start>spare:never', 'maker>after', 'spare>behind', ...edges],
    { builtIn: { bad: failing('made badly'), quiet: value('quiet') } },
  )
}

export const madeCases: readonly ConformanceCase[] = [
  {
    name: 'a batch whose workers delete keys',
    make: () =>
      batch(
        4,
        async ({ input, context }) => {
          if (input === 1) await context.delete('first')
          if (input === 2) await context.delete('never there')
          if (input === 3) {
            await context.delete('second')
            await context.set('second', 'anew')
          }
          return { output: input as number }
        },
        {},
        { first: 1, second: 2, third: 3 },
      ),
  },
  {
    name: 'nodes that a made node makes, and those that they make',
    make: () =>
      graph(
        {
          start: value(1),
          outer: makes('outer', made('inner', 'inner'), made('beside', 'quiet')),
          // In memory what follows does not wait for what was made.
          p1: value(1),
          p2: value(2),
          p3: value(3),
          read,
        },
        ['start>outer', 'outer>p1', 'p1>p2', 'p2>p3', 'p3>read'],
        { builtIn: { inner, leaf, quiet: value('quiet') }, input: { old: 'old' } },
      ),
  },
  {
    name: 'a made node that makes one that fails',
    make: () =>
      graph({ outer: makes('outer', made('middle', 'middle')), after: trail('after') }, ['outer>after'], {
        builtIn: {
          middle: makes('middle', made('last', 'bad'), made('sound', 'quiet')),
          bad: failing('made badly'),
          quiet: value('quiet'),
        },
      }),
  },
  {
    name: 'made nodes that fail in each of three generations',
    make: () =>
      graph(
        { outer: makes('outer', made('middle', 'middle'), made('bad1', 'bad')), after: trail('after') },
        ['outer>after'],
        {
          builtIn: {
            middle: makes('middle', made('low', 'low'), made('bad2', 'bad')),
            low: makes('low', made('bad3', 'bad')),
            bad: failing('made badly'),
          },
        },
      ),
  },
  {
    name: 'a batch whose workers make nodes',
    make: () =>
      batch(
        3,
        async ({ input, context }) => {
          await context.set(`part ${input as number}`, (input as number) * 10)
          const id = `extra ${input as number}`
          const dynamicNodes = input === 1 ? [] : [made(id, 'extra', { inputs: `part ${input as number}` })]
          return { output: input as number, dynamicNodes }
        },
        {
          extra: async ({ input, context }) => {
            await context.set(`extra saw ${input as number}`, await context.get('part 1'))
            return { output: (input as number) + 1 }
          },
        },
      ),
  },
  {
    name: 'a batch whose workers make nodes, one of which fails',
    make: () =>
      batch(3, async ({ input }) => ({
        output: input as number,
        dynamicNodes: [made(`made ${input as number}`, input === 2 ? 'bad' : 'quiet')],
      })),
  },
  {
    name: 'a batch whose workers make nodes, and one of which fails',
    make: () =>
      batch(3, async ({ input }) => {
        if (input === 2) throw new Error('worker broke')
        return { output: input as number, dynamicNodes: [made(`made ${input as number}`, 'quiet')] }
      }),
  },
  {
    name: 'a made node whose fallback is a node of the graph',
    make: () => withSpare({ config: { fallback: 'spare' } }),
  },
  {
    name: 'two made nodes with one fallback',
    make: () =>
      withSpare(
        { config: { fallback: 'spare' } },
        {
          maker: makes(
            'made',
            made('risky', 'bad', { config: { fallback: 'spare' } }),
            made('risky2', 'bad', { config: { fallback: 'spare', maxRetries: 2 } }),
          ),
        },
      ),
  },
  {
    name: 'a made node whose fallback has run',
    make: () => withSpare({ config: { fallback: 'start' } }),
  },
  {
    name: 'a made node whose fallback waits for another',
    make: () => withSpare({ config: { fallback: 'behind' } }),
  },
  {
    name: 'a made node whose fallback is made beside it',
    make: () => withSpare({ config: { fallback: 'sound' } }),
  },
  {
    name: 'a made node that is its own fallback',
    make: () => withSpare({ config: { fallback: 'risky' } }),
  },
  {
    name: 'a made node whose fallback is nowhere',
    make: () => withSpare({ config: { fallback: 'ghost' } }),
  },
  {
    name: 'a made node with a fallback that is not used',
    make: () => withSpare({ uses: 'quiet', config: { fallback: 'spare' } }),
  },
  {
    name: 'a made node and one of the graph with one fallback',
    make: () =>
      graph(
        {
          start: value('go'),
          maker: makes('made', made('risky', 'bad', { config: { fallback: 'spare' } })),
          p: value('later'),
          weak: { run: failing('weak'), fallback: 'spare' },
          spare: tally('spare'),
          behind: trail('behind'),
        },
        ['start>p', 'p>maker', 'start>weak', 'spare>behind'],
        { builtIn: { bad: failing('made badly') } },
      ),
  },
]
