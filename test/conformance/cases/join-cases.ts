/** Shapes: chains, fans, joins of both kinds. */
import { type ConformanceCase, echo, failing, graph, trail, value } from '../case.ts'

const oneOf = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`)

/** In memory an 'any' join fires with each round in which a predecessor ends; here all end in the same round. */
function anyOf(count: number): ConformanceCase {
  const middle = oneOf(count)
  return {
    name: `an 'any' join of ${count} successful predecessors`,
    make: () =>
      graph(
        {
          start: value('go'),
          ...Object.fromEntries(middle.map((id) => [id, value('same')])),
          join: { run: trail('join'), any: true },
          end: trail('end'),
        },
        [...middle.map((id) => `start>${id}`), ...middle.map((id) => `${id}>join`), 'join>end'],
      ),
  }
}

export const joinCases: readonly ConformanceCase[] = [
  { name: 'one node', make: () => graph({ only: value(1) }, []) },
  {
    name: 'a linear chain',
    make: () =>
      graph({ a: value('x'), b: trail('b'), c: trail('c'), d: trail('d') }, ['a>b', 'b>c', 'c>d'], {
        input: { tenant: 't-1' },
      }),
  },
  {
    name: 'a chain of 30',
    make: () => {
      const ids = Array.from({ length: 30 }, (_, index) => `n${index}`)
      const nodes = Object.fromEntries(
        ids.map((id, index) => [id, index === 0 ? value(0) : value(`out of ${id}`)]),
      )
      return graph(
        nodes,
        ids.slice(1).map((id, index) => `n${index}>${id}`),
      )
    },
  },
  {
    name: 'fan-out and fan-in',
    make: () =>
      graph(
        {
          a: value(1),
          b: trail('b'),
          c: trail('c'),
          d: trail('d'),
          join: { run: echo, inputs: { b: 'b', c: 'c', d: 'd' } },
        },
        ['a>b', 'a>c', 'a>d', 'b>join', 'c>join', 'd>join'],
      ),
  },
  {
    name: 'fan-out of 25 and fan-in without inputs',
    make: () => {
      const middle = oneOf(25)
      return graph(
        { a: value(1), ...Object.fromEntries(middle.map((id) => [id, value(id)])), join: value('joined') },
        [...middle.map((id) => `a>${id}`), ...middle.map((id) => `${id}>join`)],
      )
    },
  },
  {
    name: "an 'all' join of paths of different length",
    make: () =>
      graph(
        {
          a: value(1),
          b: trail('b'),
          c: trail('c'),
          d: trail('d'),
          join: { run: echo, inputs: { b: 'b', d: 'd' } },
        },
        ['a>b', 'a>c', 'c>d', 'b>join', 'd>join'],
      ),
  },
  {
    name: 'two fans in a row',
    make: () =>
      graph({ a: value(1), b: value(2), c: value(3), m: value(4), d: value(5), e: value(6), z: value(7) }, [
        'a>b',
        'a>c',
        'b>m',
        'c>m',
        'm>d',
        'm>e',
        'd>z',
        'e>z',
      ]),
  },
  {
    name: 'crossed joins',
    make: () =>
      graph({ a: value(1), b: value(2), c: value(3), x: value(4), y: value(5), z: value(6) }, [
        'a>x',
        'b>x',
        'b>y',
        'c>y',
        'x>z',
        'y>z',
      ]),
  },
  anyOf(2),
  anyOf(3),
  anyOf(5),
  {
    name: "an 'any' join of paths of different length fires once",
    make: () =>
      graph(
        {
          a: value(1),
          b: value(2),
          c: value(3),
          d: value(4),
          join: { run: value('j'), any: true },
          end: value('e'),
        },
        ['a>b', 'a>c', 'c>d', 'b>join', 'd>join', 'join>end'],
      ),
    instead: {
      executions: { a: 1, b: 1, c: 1, d: 1, join: 1, end: 1 },
      calls: { a: 1, b: 1, c: 1, d: 1, join: 1, end: 1 },
    },
  },
  {
    name: "an 'any' join with a failed predecessor",
    make: () =>
      graph({ a: value(1), b: failing('b broke'), c: trail('c'), join: { run: trail('join'), any: true } }, [
        'a>b',
        'a>c',
        'b>join',
        'c>join',
      ]),
  },
  {
    name: "an 'any' join whose predecessors all fail",
    make: () =>
      graph({ a: value(1), b: failing('b broke'), c: failing('c broke'), join: { run: echo, any: true } }, [
        'a>b',
        'a>c',
        'b>join',
        'c>join',
      ]),
  },
  {
    name: "an 'all' join with a failed predecessor",
    make: () =>
      graph({ a: value(1), b: failing('b broke'), c: trail('c'), join: echo, end: echo }, [
        'a>b',
        'a>c',
        'b>join',
        'c>join',
        'join>end',
      ]),
  },
  {
    name: 'a failed start node beside a long branch',
    make: () => graph({ bad: failing('no'), a: value(1), b: trail('b'), c: trail('c') }, ['a>b', 'b>c']),
  },
  {
    name: 'a ladder of joins of both kinds',
    make: () =>
      graph(
        {
          a: value(1),
          b: value(2),
          c: value(3),
          all: value('all'),
          d: value(4),
          any: { run: value('any'), any: true },
          end: value('end'),
        },
        ['a>b', 'a>c', 'b>all', 'c>all', 'all>d', 'all>any', 'any>end', 'd>end'],
      ),
  },
]
