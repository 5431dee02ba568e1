/** Shapes: branches by action and condition, several starts and ends, odd ids. */
import { type ConformanceCase, echo, graph, trail, value } from '../case.ts'

export const branchCases: readonly ConformanceCase[] = [
  {
    name: 'a branch by action into two terminals',
    make: () => graph({ a: value(1, 'left'), l: trail('l'), r: trail('r') }, ['a>l:left', 'a>r:right']),
  },
  {
    name: 'a branch by condition into two terminals',
    make: () =>
      graph({ a: value({ yes: true, no: false }), l: trail('l'), r: trail('r') }, [
        'a>l?result.output.no',
        'a>r?result.output.yes',
      ]),
  },
  {
    name: 'a condition on the context and on another output',
    make: () =>
      graph(
        { flagger: value({ open: true }), a: value('a'), l: trail('l'), r: trail('r'), s: trail('s') },
        ['flagger>a', 'a>l?flagger.open', 'a>r?wanted', 'a>s?missing.key'],
        { input: { wanted: 'yes' } },
      ),
  },
  {
    name: 'if and else into an any join',
    make: () =>
      graph(
        {
          a: value(1, 'right'),
          l: trail('l'),
          r: trail('r'),
          join: { run: trail('join'), any: true },
          end: echo,
        },
        ['a>l:left', 'a>r:right', 'l>join', 'r>join', 'join>end'],
      ),
  },
  {
    name: "a branch into an 'all' join that never runs",
    make: () =>
      graph({ a: value(1, 'left'), l: trail('l'), r: trail('r'), join: trail('join') }, [
        'a>l:left',
        'a>r:right',
        'l>join',
        'r>join',
      ]),
  },
  {
    name: 'an action nobody names, with a default edge',
    make: () => graph({ a: value(1, 'odd'), b: trail('b'), c: trail('c') }, ['a>b:left', 'a>c']),
  },
  {
    name: 'an action nobody names, without a default edge: all successors run',
    make: () => graph({ a: value(1, 'odd'), b: value('b'), c: value('c') }, ['a>b:left', 'a>c:right']),
  },
  {
    name: 'an implicit successor gets no input',
    make: () => graph({ a: value(1), b: trail('b'), c: trail('c') }, ['a>b:left', 'b>c:right']),
  },
  {
    name: 'an implicit successor of a join gets the input of the edge that was taken',
    make: () =>
      graph({ a: value('a'), b: value('b', 'odd'), join: trail('join') }, ['a>join', 'b>join:left']),
  },
  {
    name: 'an implicit successor with conditions does not run',
    make: () =>
      graph({ a: value({ ok: false }), b: value('b'), c: value('c') }, ['a>b?result.output.ok', 'a>c:left']),
  },
  {
    name: 'an implicit successor that joins',
    make: () =>
      graph({ a: value(1, 'odd'), b: value(2, 'odd'), join: value('j') }, ['a>join:left', 'b>join:right']),
  },
  {
    name: 'several edges between two nodes',
    make: () => graph({ a: value(1, 'x'), b: trail('b') }, ['a>b:x', 'a>b:y', 'a>b']),
  },
  {
    name: 'several starts and several terminals',
    make: () =>
      graph({ a: value(1), b: value(2), c: value(3), d: trail('d'), e: trail('e'), f: value('f') }, [
        'a>d',
        'b>e',
        'b>f',
        'c>f',
      ]),
  },
  {
    name: 'ids with dots, #, spaces, unicode and emoji',
    make: () =>
      graph(
        {
          'a.b': value(1),
          'x#1': trail('x'),
          'with space': trail('w'),
          'größe/ñ': trail('g'),
          '🚀': { run: echo, inputs: { one: 'x#1', two: 'with space', three: 'größe/ñ' } },
          __proto: value('p'),
          '0.1': value('looks like an activation'),
        },
        [
          { source: 'a.b', target: 'x#1' },
          { source: 'a.b', target: 'with space' },
          { source: 'a.b', target: 'größe/ñ' },
          { source: 'x#1', target: '🚀' },
          { source: 'with space', target: '🚀' },
          { source: 'größe/ñ', target: '🚀' },
          { source: '🚀', target: '0.1' },
        ],
      ),
  },
]
