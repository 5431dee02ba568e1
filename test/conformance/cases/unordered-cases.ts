/** Cases whose outcome depends on the order in which nodes end, in memory too; what holds for every run holds for them. */
import type { NodeContext } from 'flowcraft'
import { type ConformanceCase, failing, graph, rounds, tally, value } from '../case.ts'
import { beside, besideEdges, controller } from './loop-parts.ts'

export const ENDLESS = 'a cycle without an end, and a subflow beside it'

export const SUMS = 'parallel nodes that add to one sum and one list, run again where they conflict'

/** Reads, and writes what it read and its own. */
const adding =
  (id: string, amount: number) =>
  async ({ context }: NodeContext) => {
    const sum = ((await context.get('sum')) as number | undefined) ?? 0
    const list = ((await context.get('list')) as string[] | undefined) ?? []
    await context.set('sum', sum + amount)
    await context.set('list', [...list, id])
    return { output: id }
  }

export const unorderedCases: readonly ConformanceCase[] = [
  {
    name: 'two edges back to one head',
    make: () =>
      graph(
        {
          start: value('go'),
          head: { run: rounds('n', 3), any: true },
          l: { run: tally('l'), any: true },
          r: { run: tally('r'), any: true },
        },
        ['start>head', 'head>l:again', 'head>r:again', 'l>head', 'r>head'],
      ),
  },
  {
    name: 'a raw cycle around a diamond',
    make: () =>
      graph(
        {
          start: value('go'),
          head: { run: rounds('n', 3), any: true },
          l: { run: tally('l'), any: true },
          r: { run: tally('r'), any: true },
          tail: { run: tally('tail'), any: true },
          end: tally('end'),
        },
        ['start>head', 'head>l:again', 'head>r:again', 'l>tail', 'r>tail', 'tail>head', 'head>end:done'],
      ),
  },
  {
    name: 'two cycles through one node, and two ways in',
    make: () =>
      graph(
        {
          one: value('go'),
          two: value('go'),
          head: { run: rounds('n', 4), any: true },
          l: { run: tally('l'), any: true },
          r: { run: tally('r'), any: true },
          tail: { run: tally('tail'), any: true },
        },
        ['one>head', 'two>head', 'head>l:again', 'head>tail:again', 'l>r', 'r>head', 'tail>head', 'tail>r'],
      ),
  },
  {
    name: 'a raw cycle with side branches',
    make: () =>
      graph(
        {
          start: value('go'),
          head: { run: rounds('n', 4), any: true },
          side: { run: tally('side'), any: true },
          bad: failing('bad broke'),
          join: tally('join'),
          deeper: { run: tally('deeper'), any: true },
        },
        [
          'start>head',
          'head>head:again',
          'head>side:again',
          'head>bad:again',
          'side>join',
          'start>join',
          'side>deeper',
        ],
      ),
  },
  {
    name: 'a loop with a side branch that joins with work outside',
    make: () =>
      graph(
        {
          ...beside,
          start: value('go'),
          body: { run: rounds('n', 6), any: true },
          side: tally('side'),
          other: tally('other'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>body',
          'body>loop',
          'body>side',
          'x3>side',
          'x5>other',
          'body>other',
          'loop>body:continue',
          'loop>end:break',
          ...besideEdges,
        ],
      ),
  },
  {
    name: 'a join behind a loop, which fails and which other work reaches first or last',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 4), any: true },
          loop: controller('nAgain'),
          other: value('other'),
          join: failing('join broke'),
        },
        ['start>body', 'body>loop', 'loop>body:continue', 'loop>join:break', 'other>join'],
      ),
  },
  {
    name: 'nested loops',
    make: () =>
      graph(
        {
          start: value('go'),
          outer: { run: rounds('n', 2), any: true },
          inner: { run: rounds('m', 4), any: true },
          side: { run: tally('side'), any: true },
          innerLoop: controller('mAgain'),
          after: { run: tally('after'), any: true },
          outerLoop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>outer',
          'outer>inner',
          'outer>side',
          'inner>innerLoop',
          'innerLoop>inner:continue',
          'innerLoop>after:break',
          'after>outerLoop',
          'side>outerLoop',
          'outerLoop>outer:continue',
          'outerLoop>end:break',
        ],
      ),
  },
  {
    name: ENDLESS,
    make: () => {
      const sub = graph({ x: value('x'), y: tally('y'), z: tally('z') }, ['x>y', 'y>z'])
      return graph(
        {
          start: value('go'),
          head: { run: tally('head'), any: true },
          tail: { run: tally('tail'), any: true },
          // So that the child begins when the cycle is given up.
          ...Object.fromEntries(['one', 'two', 'three', 'four', 'five', 'six'].map((id) => [id, tally(id)])),
          child: { run: 'subflow', params: { blueprintId: 'sub' } },
          after: tally('after'),
        },
        [
          'start>head',
          'head>tail',
          'tail>head',
          'start>one',
          'one>two',
          'two>three',
          'three>four',
          'four>five',
          'five>six',
          'six>child',
          'child>after',
        ],
        {
          metadata: { maxActivations: { perNode: 4 } },
          blueprints: [{ ...sub.blueprint, id: 'sub' }],
          builtIn: sub.registry,
        },
      )
    },
  },
  {
    name: SUMS,
    make: () => {
      // Each branch adds three times, and fills the header in between, so that what it adds to is moved to a page.
      const branches = ['a', 'b', 'c', 'd'].map((id) =>
        [1, 2, 3].flatMap((n) => [`${id}${n}`, `${id}${n}full`]),
      )
      const added = branches.flat().filter((id) => !id.endsWith('full'))
      const nodes = branches.flat().map((id) => {
        const at = added.indexOf(id)
        return [id, at < 0 ? value(id.repeat(35)) : adding(id, 2 ** at)] as const
      })
      const edges = branches.flatMap((ids) =>
        ids.map((id, at) => `${at === 0 ? 'start' : ids[at - 1]}>${id}`),
      )
      return graph(
        { start: value('go'), ...Object.fromEntries(nodes), end: tally('end') },
        [...edges, ...branches.map((ids) => `${ids.at(-1)}>end`)],
        {
          metadata: { contextConflicts: 'retry' },
          wrong: ({ sum, list }) => {
            const all = (list as string[]).toSorted().join()
            return sum === 2 ** added.length - 1 && all === added.join()
              ? undefined
              : `the sum is ${String(sum)} of ${all}`
          },
        },
      )
    },
  },
  {
    name: 'a wait whose event may come too late',
    make: () =>
      graph(
        {
          start: value('go'),
          wait: { run: 'wait', params: { timeout: 40 } },
          yes: tally('yes'),
          late: tally('late'),
        },
        ['start>wait', 'wait>yes:approve', 'wait>late:timeout'],
        { events: [{ nodeId: 'wait', action: 'approve', output: 'told' }] },
      ),
  },
  {
    name: 'a sleeper that may be woken too late',
    make: () =>
      graph(
        { start: value('go'), sleep: { run: 'sleep', params: { duration: 40 } }, end: tally('end') },
        ['start>sleep', 'sleep>end'],
        { events: [{ nodeId: 'sleep', output: 'woken' }] },
      ),
  },
]
