/** Data between nodes: outputs of all kinds, transforms, inputs, values large and small. */
import { type ConformanceCase, echo, graph, trail, value } from '../case.ts'

const text = (length: number) => 'lorem ipsum '.repeat(length / 12 + 1).slice(0, length)

export const dataCases: readonly ConformanceCase[] = [
  {
    name: 'a transform by path',
    make: () =>
      graph(
        { a: value({ user: { name: 'Ada' }, n: 3 }), b: echo, c: echo, d: echo },
        ['a>b=input.user.name', 'a>c=input.missing.deep', 'b>d=context.tenant'],
        { input: { tenant: { id: 't-1' } } },
      ),
  },
  {
    name: 'a transform together with explicit inputs',
    make: () =>
      graph(
        {
          a: value({ n: 1, m: 2 }),
          b: value({ n: 10, m: 20 }),
          byName: { run: echo, inputs: 'a' },
          byMap: { run: echo, inputs: { first: 'a', second: 'b', third: 'tenant' } },
          transformed: { run: echo, inputs: 'a' },
          mapTransformed: { run: echo, inputs: { first: 'a' } },
        },
        ['a>b', 'b>byName', 'b>byMap', 'b>transformed=input.n', 'b>mapTransformed=input.m'],
        { input: { tenant: 't-1' } },
      ),
  },
  {
    name: 'inputs by name, dotted path, underscore, absent',
    make: () =>
      graph(
        {
          a: value({ n: 1 }),
          dotted: { run: echo, inputs: 'a.n' },
          raw: { run: echo, inputs: '_outputs.a' },
          user: { run: echo, inputs: 'tenant' },
          absent: { run: echo, inputs: 'nobody' },
          map: { run: echo, inputs: { raw: '_outputs.a', user: 'tenant', absent: 'nobody' } },
        },
        ['a>dotted', 'a>raw', 'a>user', 'a>absent', 'a>map'],
        { input: { tenant: 't-1' } },
      ),
  },
  {
    name: 'the input of a start node',
    make: () =>
      graph({ a: { run: echo, inputs: 'order' }, b: echo }, ['a>b'], { input: { order: { id: 'A-17' } } }),
  },
  {
    name: 'input of the run under the name of a node',
    make: () =>
      graph({ a: echo, b: { run: echo, inputs: 'later' }, later: value('now') }, ['a>b', 'b>later'], {
        input: { later: 'before', '_inputs.a': 'given' },
      }),
  },
  {
    name: 'outputs of all kinds',
    make: () =>
      graph(
        {
          nothing: value(undefined),
          nil: value(null),
          empty: value(''),
          zero: value(0),
          no: value(false),
          nested: value({ a: { b: [{ c: '' }, null, [], {}] } }),
          large: value(2 ** 53 - 1),
          tiny: value(5e-324),
          emoji: value('👩‍🚀 ünïcode'),
          none: async () => ({}),
          read: {
            run: echo,
            inputs: {
              nothing: 'nothing',
              nil: 'nil',
              zero: 'zero',
              nested: 'nested',
              emoji: 'emoji',
              none: 'none',
            },
          },
        },
        [
          'nothing>nil',
          'nil>empty',
          'empty>zero',
          'zero>no',
          'no>nested',
          'nested>large',
          'large>tiny',
          'tiny>emoji',
          'emoji>none',
          'none>read',
        ],
      ),
  },
  {
    name: 'Date and Map, as the default serializer leaves them',
    make: () =>
      graph(
        {
          a: value({ at: new Date('2026-01-02T03:04:05Z'), map: new Map([['k', 1]]), none: undefined }),
          b: value(1),
        },
        ['a>b'],
      ),
  },
  {
    name: 'values too large for the header',
    make: () =>
      graph(
        { a: value(text(300)), b: trail('b'), c: { run: echo, inputs: { a: 'a', b: 'b' } } },
        ['a>b', 'b>c'],
        {
          input: { big: text(900) },
        },
      ),
  },
  {
    name: 'values of hundreds of kilobytes',
    make: () =>
      graph(
        {
          a: value(Array.from({ length: 30_000 }, (_, index) => `${index * 7919}`)),
          b: echo,
          c: value('end'),
        },
        ['a>b', 'b>c'],
      ),
    notSimulated: 'compression takes real time',
  },
  {
    name: 'many small values: the header offloads',
    make: () => {
      const ids = Array.from({ length: 24 }, (_, index) => `n${index}`)
      const nodes = Object.fromEntries(ids.map((id) => [id, value(`${id} ${text(150)}`)]))
      return graph(
        { ...nodes, last: { run: echo, inputs: { first: 'n0', middle: 'n12', end: 'n23', early: 'early' } } },
        [...ids.slice(1).map((id, index) => `n${index}>${id}`), 'n23>last'],
        { input: { early: text(200) } },
      )
    },
  },
]
