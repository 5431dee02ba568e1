/** Cases whose outcome depends on the order in which nodes end, in memory too; what holds for every run holds for them. */
import { type ConformanceCase, failing, graph, rounds, tally, value } from '../case.ts'
import { beside, besideEdges, controller } from './loop-parts.ts'

export const ENDLESS = 'a cycle without an end, and a subflow beside it'

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
]
