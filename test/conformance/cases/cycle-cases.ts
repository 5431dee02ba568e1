/** Raw cycles of 'any' nodes, without a controller. */
import { type ConformanceCase, graph, rounds, tally, value } from '../case.ts'

export const cycleCases: readonly ConformanceCase[] = [
  {
    name: "a self-edge on an 'any' node",
    make: () =>
      graph({ start: value('go'), again: { run: rounds('n', 4), any: true }, end: tally('end') }, [
        'start>again',
        'again>again:again',
        'again>end:done',
      ]),
  },
  {
    name: "a raw cycle of two 'any' nodes",
    make: () =>
      graph(
        {
          start: value('go'),
          a: { run: rounds('n', 3), any: true },
          b: { run: tally('b'), any: true },
          end: tally('end'),
        },
        ['start>a', 'a>b:again', 'b>a', 'a>end:done'],
      ),
  },
  {
    name: 'a raw cycle with an entry point',
    make: () =>
      graph(
        {
          a: { run: tally('a'), any: true },
          b: { run: rounds('n', 3), any: true },
          c: { run: tally('c'), any: true },
        },
        ['a>b', 'b>c:again', 'c>a'],
        { metadata: { cycleEntryPoints: ['b'] } },
      ),
  },
  {
    name: "a raw cycle through 'all' nodes stops where it comes back, as in memory",
    make: () =>
      graph(
        {
          start: value('go'),
          head: { run: rounds('n', 3), any: true },
          l: tally('l'),
          r: tally('r'),
          tail: tally('tail'),
          end: tally('end'),
        },
        ['start>head', 'head>l:again', 'head>r:again', 'l>tail', 'r>tail', 'tail>head', 'head>end:done'],
      ),
  },
]
