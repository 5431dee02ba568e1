/** Loops in which several nodes are at work, or others beside them. */
import { type ConformanceCase, failing, graph, rounds, tally, value } from '../case.ts'
import { beside, besideEdges, controller } from './loop-parts.ts'

export const busyLoopCases: readonly ConformanceCase[] = [
  {
    name: 'a loop around a fan-out',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: tally('b'),
          c: tally('c'),
          d: tally('d'),
          join: tally('join'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>open',
          'open>b',
          'open>c',
          'open>d',
          'b>join',
          'c>join',
          'd>join',
          'join>loop',
          'loop>open:continue',
          'loop>end:break',
        ],
      ),
  },
  {
    name: 'a loop around a fan-out, and work beside it',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: tally('b'),
          c: tally('c'),
          join: tally('join'),
          loop: controller('nAgain'),
          end: tally('end'),
          ...beside,
        },
        [
          'start>open',
          'open>b',
          'open>c',
          'b>join',
          'c>join',
          'join>loop',
          'loop>open:continue',
          'loop>end:break',
          ...besideEdges,
        ],
      ),
  },
  {
    name: "a loop around an 'any' join of two branches",
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: tally('b'),
          c: tally('c'),
          join: { run: tally('join'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>open',
          'open>b',
          'open>c',
          'b>join',
          'c>join',
          'join>loop',
          'loop>open:continue',
          'loop>end:break',
        ],
      ),
  },
  {
    name: 'a loop with a failing node beside its body',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 3), any: true },
          bad: failing('bad broke'),
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>body', 'body>bad', 'body>loop', 'loop>body:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop whose controller two branches reach',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: { run: tally('b'), any: true },
          c: { run: tally('c'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>open', 'open>b', 'open>c', 'b>loop', 'c>loop', 'loop>open:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop with branches that end inside it',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: { run: tally('b'), any: true },
          c: { run: tally('c'), any: true },
          d: { run: tally('d'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>open', 'open>b', 'open>c', 'open>d', 'b>loop', 'loop>open:continue', 'loop>end:break'],
      ),
  },
  {
    name: 'a loop with branches that end inside it, and work beside it',
    make: () =>
      graph(
        {
          ...beside,
          start: value('go'),
          open: { run: rounds('n', 4), any: true },
          b: { run: tally('b'), any: true },
          c: { run: tally('c'), any: true },
          d: { run: failing('d broke'), any: true },
          e: { run: tally('e'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>open',
          'open>b',
          'open>c',
          'open>d',
          'open>e',
          'b>loop',
          'loop>open:continue',
          'loop>end:break',
          ...besideEdges,
        ],
      ),
  },
  {
    name: 'a loop with branches that fail inside it',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: { run: tally('b'), any: true },
          c: { run: failing('c broke'), any: true },
          d: { run: failing('d broke'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        [
          'start>open',
          'open>b',
          'open>c',
          'open>d',
          'b>loop',
          'c>loop',
          'loop>open:continue',
          'loop>end:break',
        ],
      ),
  },
  {
    name: 'a loop with a longer branch that ends inside it',
    make: () =>
      graph(
        {
          start: value('go'),
          open: { run: rounds('n', 3), any: true },
          b: { run: tally('b'), any: true },
          c: { run: tally('c'), any: true },
          d: { run: tally('d'), any: true },
          e: { run: tally('e'), any: true },
          loop: controller('nAgain'),
          end: tally('end'),
        },
        ['start>open', 'open>b', 'open>c', 'c>d', 'd>e', 'b>loop', 'loop>open:continue', 'loop>end:break'],
      ),
  },
]
