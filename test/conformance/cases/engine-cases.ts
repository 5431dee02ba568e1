/** What the engine lets users plug in: classes, tries, middleware, evaluator, serializer, dependencies. */
import { BaseNode, FlowcraftError, type NodeContext, type NodeResult } from 'flowcraft'
import { NonRetryableError } from '../../../lib/core/common/node-errors.ts'
import { type ConformanceCase, echo, failing, graph, trail, value } from '../case.ts'
import { ComparisonEvaluator, RichSerializer } from '../plugins.ts'

class Lifecycle extends BaseNode {
  override async prep(context: NodeContext): Promise<unknown> {
    await context.context.set('prepared', true)
    return { prepared: context.input as unknown }
  }

  override async exec(prepared: unknown): Promise<NodeResult> {
    return { output: { prepared, params: this.params } }
  }

  override async post(result: NodeResult): Promise<NodeResult> {
    return { ...result, action: 'posted' }
  }
}

class Rescued extends BaseNode {
  override async exec(): Promise<NodeResult> {
    throw new Error('exec broke')
  }

  override async fallback(error: Error, context: NodeContext): Promise<NodeResult> {
    await context.context.set('rescued', error.message)
    return { output: `rescued from ${error.message}` }
  }

  override async recover(error: Error, context: NodeContext): Promise<void> {
    await context.context.set('recovered', error.message)
  }
}

class Lost extends BaseNode {
  override async exec(): Promise<NodeResult> {
    throw new Error('exec broke')
  }

  override async recover(error: Error, context: NodeContext): Promise<void> {
    await context.context.set('recovered', error.message)
  }
}

/** Fails until its own count in the context says enough. */
function failsUntil(count: number) {
  return async ({ context }: NodeContext): Promise<NodeResult> => {
    const tries = (((await context.get('tries')) as number | undefined) ?? 0) + 1
    await context.set('tries', tries)
    if (tries < count) throw new Error(`try ${tries}`)
    return { output: tries }
  }
}

export const engineCases: readonly ConformanceCase[] = [
  {
    name: 'a class with prep, exec and post',
    make: () =>
      graph({ a: value('x'), b: { run: Lifecycle, params: { p: 1 } }, c: trail('c'), d: trail('d') }, [
        'a>b',
        'b>c:posted',
        'b>d:other',
      ]),
  },
  {
    name: 'a class with fallback and recover',
    make: () => graph({ a: value('x'), b: Rescued, c: trail('c') }, ['a>b', 'b>c']),
  },
  {
    name: 'a class that fails and recovers',
    make: () => graph({ a: value('x'), b: Lost, c: trail('c') }, ['a>b', 'b>c']),
  },
  {
    name: 'tries: a later one sees what a failed one wrote',
    make: () => graph({ a: { run: failsUntil(3), maxRetries: 3 }, b: trail('b') }, ['a>b']),
  },
  {
    name: 'tries that are not enough',
    make: () => graph({ a: { run: failsUntil(4), maxRetries: 3 }, b: trail('b') }, ['a>b']),
  },
  {
    name: 'a fatal error is not tried again and takes no fallback',
    make: () =>
      graph(
        {
          a: {
            run: async () => {
              throw new FlowcraftError('fatal', { isFatal: true })
            },
            maxRetries: 5,
            fallback: 'plan',
          },
          plan: value('plan B'),
        },
        [],
      ),
  },
  {
    name: 'a NonRetryableError is not tried again and takes no fallback',
    make: () =>
      graph(
        {
          a: {
            run: async () => {
              throw new NonRetryableError('the card has expired', { cause: new Error('E17') })
            },
            maxRetries: 5,
            fallback: 'plan',
          },
          plan: value('plan B'),
        },
        [],
      ),
  },
  {
    name: 'tries, then a fallback',
    make: () =>
      graph(
        { a: { run: failsUntil(9), maxRetries: 2, fallback: 'plan' }, plan: value('plan B'), b: trail('b') },
        ['a>b'],
      ),
  },
  {
    name: 'middleware before, after and around',
    make: () =>
      graph(
        { a: value(1), b: trail('b'), bad: failing('bad broke'), skipped: failing('never called') },
        ['a>b', 'a>bad', 'a>skipped'],
        {
          options: {
            middleware: [
              {
                beforeNode: async (context, nodeId) => void (await context.set(`before ${nodeId}`, true)),
                afterNode: async (context, nodeId, result, error) =>
                  void (await context.set(`after ${nodeId}`, [
                    result?.output ?? null,
                    error?.message ?? null,
                  ])),
                aroundNode: async (context, nodeId, next) => {
                  await context.set(`around ${nodeId}`, true)
                  return nodeId === 'skipped' ? { output: 'by middleware' } : next()
                },
              },
            ],
          },
        },
      ),
  },
  {
    name: 'a custom evaluator',
    make: () =>
      graph(
        { a: value({ n: 3 }), few: trail('few'), many: trail('many'), sum: echo },
        [
          { source: 'a', target: 'few', condition: 'result.output.n < 2' },
          { source: 'a', target: 'many', condition: 'result.output.n > limit' },
          { source: 'many', target: 'sum', transform: 'context["_outputs.a"]' },
        ],
        { input: { limit: 2 }, options: { evaluator: new ComparisonEvaluator() } },
      ),
  },
  {
    name: 'a serializer that carries Date, Map and undefined',
    make: () =>
      graph(
        {
          a: value({
            at: new Date('2026-01-02T03:04:05Z'),
            map: new Map([['k', { deep: undefined }]]),
            none: undefined,
          }),
          b: async ({ input, context }) => {
            const { at, map } = input as { at: Date; map: Map<string, unknown> }
            await context.set('when', at)
            await context.set('nothing', undefined)
            return { output: [at.getTime(), map.size, await context.get('given')] }
          },
          c: value(undefined),
        },
        ['a>b', 'b>c'],
        { input: { given: new Date(0) }, options: { serializer: new RichSerializer() } },
      ),
  },
  {
    name: 'dependencies',
    make: () =>
      graph(
        {
          a: async ({ dependencies }) => ({
            output: (dependencies as unknown as { rate: () => number }).rate(),
          }),
          b: trail('b'),
        },
        ['a>b'],
        { options: { dependencies: { rate: () => 42 } } },
      ),
  },
  {
    name: 'a logger',
    make: () => {
      const lines: string[] = []
      const logger = { debug() {}, warn() {}, error() {}, info: (line: string) => void lines.push(line) }
      return graph(
        {
          a: async ({ dependencies }) => ({ output: dependencies.logger.info('a was here') ?? 'told' }),
          b: async () => ({ output: lines.filter((line) => line === 'a was here').length }),
        },
        ['a>b'],
        { options: { logger } },
      )
    },
    notSimulated: 'its nodes remember more than their context',
  },
  {
    name: 'params',
    make: () =>
      graph(
        {
          a: { run: async ({ params }) => ({ output: params as unknown }), params: { x: [1, { y: null }] } },
        },
        [],
      ),
  },
  {
    name: 'a node that throws something that is no error',
    make: () =>
      graph(
        {
          a: async () => {
            // oxlint-disable-next-line no-throw-literal
            throw 'text'
          },
        },
        [],
      ),
  },
]
