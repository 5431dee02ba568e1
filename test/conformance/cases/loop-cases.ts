/** Loops of one thread: controllers, one node after the other. */
import { createFlow, type NodeContext } from 'flowcraft'
import { type ConformanceCase, failing, graph, rounds, tally, trail, value, type Setup } from '../case.ts'
import { ComparisonEvaluator } from '../plugins.ts'
import { controller } from './loop-parts.ts'

/** Outputs under both of their keys. */
function both(outputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(outputs).flatMap(([id, output]) => [
    [id, output],
    [`_outputs.${id}`, output],
  ])
  return Object.fromEntries(entries) as Record<string, unknown>
}

/** start -> body -> loop -> body ..., then end. */
function simpleLoop(limit: number): Setup {
  return graph(
    {
      start: value('go'),
      body: { run: rounds('n', limit), any: true },
      loop: controller('nAgain'),
      end: tally('end'),
    },
    ['start>body', 'body>loop', 'loop>body:continue', 'loop>end:break'],
  )
}

/** By the builder, whose transforms need an evaluator that knows `context["key"]`. */
function builtLoop(limit: number): Setup {
  const flow = createFlow('case')
    .node('start', value('go'))
    .node('body', rounds('n', limit), { config: { joinStrategy: 'any' } })
    .node('end', trail('end'))
    .edge('start', 'body')
    .loop('loop', { startNodeId: 'body', endNodeId: 'body', condition: `n < ${limit}` })
    .edge('loop', 'end')
  const blueprint = structuredClone(flow.toBlueprint())
  const registry = Object.fromEntries(flow.getFunctionRegistry()) as Setup['registry']
  return { blueprint, registry, options: { evaluator: new ComparisonEvaluator() } }
}

export const loopCases: readonly ConformanceCase[] = [
  { name: 'a loop of 1 round', make: () => simpleLoop(1) },
  { name: 'a loop of 5 rounds', make: () => simpleLoop(5) },
  { name: 'a loop of 200 rounds', make: () => simpleLoop(200), notSimulated: 'long' },
  { name: 'a loop by the builder, 1 round', make: () => builtLoop(1) },
  { name: 'a loop by the builder, 5 rounds', make: () => builtLoop(5) },
  {
    name: 'a loop around a chain',
    make: () =>
      graph(
        {
          start: value('go'),
          a: { run: rounds('n', 3), any: true },
          b: tally('b'),
          c: tally('c'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>a', 'a>b', 'b>c', 'c>loop', 'loop>a:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop with a side branch that leads out',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 3), any: true },
          side: tally('side'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>body', 'body>loop', 'body>side', 'loop>body:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop whose body fails in its second round',
    make: () =>
      graph(
        {
          start: value('go'),
          body: {
            run: async ({ context }: NodeContext) => {
              const count = (((await context.get('n')) as number | undefined) ?? 0) + 1
              await context.set('n', count)
              if (count === 2) throw new Error('second round')
              return { output: count }
            },
            any: true,
          },
          loop: controller('n'),
          end: tally('end'),
        },
        ['start>body', 'body>loop', 'loop>body:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop with a fallback in its body',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 3), any: true },
          risky: { run: failing('risky broke'), fallback: 'plan' },
          plan: tally('plan'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>body', 'body>risky', 'risky>loop', 'loop>body:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop inside a branch, and a join behind both',
    make: () =>
      graph(
        {
          start: value('go'),
          other: value('other'),
          body: { run: rounds('n', 3), any: true },
          loop: controller('nAgain'),
          join: tally('join'),
        },
        ['start>body', 'start>other', 'body>loop', 'loop>body:continue', 'loop>join:break', 'other>join'],
      ),
  },
  {
    name: 'two loops in a row',
    make: () =>
      graph(
        {
          start: value('go'),
          one: { run: rounds('n', 2), any: true },
          loop1: controller('nAgain'),
          two: { run: rounds('m', 3), any: true },
          loop2: controller('mAgain'),
          end: tally('end'),
        },
        [
          'start>one',
          'one>loop1',
          'loop1>one:continue',
          'loop1>two:break',
          'two>loop2',
          'loop2>two:continue',
          'loop2>end:break',
        ],
      ),
  },
  {
    name: 'a loop in a loop, and a branch behind the inner one that ends there',
    make: () =>
      graph(
        {
          start: value('go'),
          outer: { run: rounds('n', 2), any: true },
          inner: { run: rounds('m', 2), any: true },
          innerLoop: controller('mAgain'),
          after: tally('after'),
          leaf: tally('leaf'),
          outerLoop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>outer',
          'outer>inner',
          'inner>innerLoop',
          'innerLoop>inner:continue',
          'innerLoop>after:break',
          'after>leaf',
          'after>outerLoop',
          'outerLoop>outer:continue',
          'outerLoop>end:break',
        ],
      ),
    // In memory the nodes behind an inner loop run in the first round only.
    instead: {
      context: {
        ...both({
          start: 'go',
          outer: { count: 2, again: false, over: true },
          inner: { count: 3, again: false, over: true },
          innerLoop: null,
          after: 'after 2',
          leaf: 'leaf 2',
          outerLoop: null,
          end: 'end 1',
        }),
        n: 2,
        nAgain: false,
        m: 3,
        mAgain: false,
        'after ran': 2,
        'leaf ran': 2,
        'end ran': 1,
      },
      executions: { start: 1, outer: 2, inner: 3, innerLoop: 3, after: 2, leaf: 2, outerLoop: 2, end: 1 },
      calls: { start: 1, outer: 2, inner: 3, after: 2, leaf: 2, end: 1 },
    },
  },
]
