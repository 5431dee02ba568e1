/** `timeout`, which the engine's types promise and its loop leaves out: the kit honours it. */
import type { NodeContext, NodeResult } from 'flowcraft'
import { type ConformanceCase, graph, trail, value } from '../case.ts'

/** Until its signal says that its time is over; without a timeout, soon enough. */
async function slow({ signal, context }: NodeContext): Promise<NodeResult> {
  const tries = (((await context.get('tries')) as number | undefined) ?? 0) + 1
  await context.set('tries', tries)
  if (tries > 1) return { output: `try ${tries}` }
  await new Promise<void>((resolve) => {
    signal?.addEventListener('abort', () => resolve())
    setTimeout(resolve, 200)
  })
  return { output: 'too late' }
}

const notSimulated = 'its timeout is in real time'

export const timeoutCases: readonly ConformanceCase[] = [
  {
    name: 'a node that takes longer than its timeout',
    notSimulated,
    make: () => graph({ a: { run: slow, timeout: 20 }, b: trail('b') }, ['a>b']),
    instead: {
      status: 'failed',
      errors: ["a: Node 'a' execution failed <- node 'a' took longer than 20 ms"],
      context: { tries: 1 },
      executions: { a: 1 },
      calls: { a: 1 },
    },
  },
  {
    name: 'a try that takes longer than its timeout, and one that does not',
    notSimulated,
    make: () => graph({ a: { run: slow, timeout: 20, maxRetries: 2 }, b: trail('b') }, ['a>b']),
    instead: {
      context: {
        '_outputs.a': 'try 2',
        '_outputs.b': ['b', 'try 2'],
        a: 'try 2',
        b: ['b', 'try 2'],
        tries: 2,
      },
      calls: { a: 2, b: 1 },
    },
  },
  {
    name: 'a fallback for a node that takes longer than its timeout',
    notSimulated,
    make: () =>
      graph({ a: { run: slow, timeout: 20, fallback: 'plan' }, plan: value('plan B'), b: trail('b') }, [
        'a>b',
      ]),
    instead: {
      context: {
        '_outputs.a': null,
        '_outputs.b': ['b', 'plan B'],
        '_outputs.plan': 'plan B',
        a: null,
        b: ['b', 'plan B'],
        plan: 'plan B',
        tries: 1,
      },
      executions: { a: 1, b: 1, plan: 1 },
      calls: { a: 1, b: 1, plan: 1 },
    },
  },
]
