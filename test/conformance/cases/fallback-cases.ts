/** Shapes: nodes that stand in for others. */
import { type ConformanceCase, echo, failing, graph, trail, value } from '../case.ts'

export const fallbackCases: readonly ConformanceCase[] = [
  {
    name: 'a fallback that is used',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('b broke'), fallback: 'plan' },
          plan: value('plan B'),
          c: trail('c'),
        },
        ['a>b', 'b>c'],
      ),
  },
  {
    name: 'a fallback that is not used',
    make: () =>
      graph({ a: value(1), b: { run: trail('b'), fallback: 'plan' }, plan: value('plan B'), c: trail('c') }, [
        'a>b',
        'b>c',
      ]),
  },
  {
    name: 'a fallback that fails too',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('b broke'), fallback: 'plan' },
          plan: failing('plan broke'),
          c: echo,
        },
        ['a>b', 'b>c'],
      ),
  },
  {
    name: 'a fallback with an edge of its own to what follows',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('b broke'), fallback: 'plan' },
          plan: value('plan B'),
          c: value('c'),
        },
        ['a>b', 'b>c', 'plan>c'],
      ),
  },
  {
    name: 'drawn edges from a node and its fallback: the join never fires when the node succeeds',
    make: () =>
      graph({ a: value(1), b: { run: value('b'), fallback: 'plan' }, plan: value('plan B'), c: value('c') }, [
        'a>b',
        'b>c',
        'plan>c',
      ]),
  },
  {
    name: 'a fallback that two failing nodes share',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('b broke'), fallback: 'plan' },
          c: { run: failing('c broke'), fallback: 'plan' },
          plan: value('plan B'),
          d: { run: value('d'), any: true },
        },
        ['a>b', 'a>c', 'b>d', 'c>d'],
      ),
  },
  {
    name: 'a fallback that stands in for one of two, into an all join',
    make: () =>
      graph(
        {
          a: value(1),
          b: { run: failing('b broke'), fallback: 'plan' },
          c: value('c'),
          plan: value('plan B'),
          join: value('joined'),
        },
        ['a>b', 'a>c', 'b>join', 'c>join'],
      ),
  },
  {
    name: 'a used fallback beside a failed node: completed, as in memory',
    make: () =>
      graph(
        {
          a: { run: failing('a broke'), fallback: 'plan' },
          bad: failing('bad broke'),
          plan: value('plan B'),
        },
        [],
      ),
  },
  {
    name: 'a chain of fallbacks',
    make: () =>
      graph(
        {
          a: { run: failing('a broke'), fallback: 'b' },
          b: { run: failing('b broke'), fallback: 'c' },
          c: value('third'),
          d: value('end'),
        },
        ['a>d'],
      ),
  },
]
