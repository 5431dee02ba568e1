/** Context keys that nodes set, delete and read. */
import type { NodeContext } from 'flowcraft'
import { type ConformanceCase, graph, value } from '../case.ts'

const setter = (key: string) => ({
  run: async ({ context }: NodeContext) => {
    await context.set(key, `${key} set`)
    return { output: key }
  },
})

const writer =
  (key: string) =>
  async ({ context }: NodeContext) => {
    const before = ((await context.get(key)) as number | undefined) ?? 0
    await context.set(key, before + 1)
    return { output: before }
  }

const chain = (name: string) => Array.from({ length: 5 }, (_, index) => `${name}${index}`)

const readCounts = async ({ context }: NodeContext) => ({
  output: [await context.get('count l'), await context.get('count m'), await context.get('count r')],
})

const BRANCHES = ['p', 'q', 'r', 's'].map((branch) => chain(branch))

/** Sets a key of its own, and reads those before it in its branch. */
const marking = (id: string, before: readonly string[]) =>
  async function mark({ context }: NodeContext) {
    const found = await Promise.all(before.map((other) => context.get(`mark ${other}`)))
    await context.set(`mark ${id}`, long(id).slice(0, 230))
    return { output: found.map((text) => String(text).slice(0, 2)) }
  }

async function readMarks({ context }: NodeContext) {
  const found = await Promise.all(BRANCHES.flat().map((id) => context.get(`mark ${id}`)))
  return { output: found.map((text) => String(text).slice(0, 2)) }
}

export const contextCases: readonly ConformanceCase[] = [
  {
    name: 'keys that branches set, read along them and behind them',
    make: () =>
      graph(
        {
          start: value('go'),
          ...Object.fromEntries(
            BRANCHES.flatMap((ids) => ids.map((id, at) => [id, marking(id, ids.slice(0, at))])),
          ),
          end: readMarks,
        },
        BRANCHES.flatMap((ids) => [
          `start>${ids[0]}`,
          ...ids.slice(1).map((id, at) => `${ids[at]}>${id}`),
          `${ids.at(-1)}>end`,
        ]),
      ),
  },
  {
    name: 'context keys: set, has, delete, toJSON',
    make: () =>
      graph(
        {
          a: async ({ context }) => {
            await context.set('mine', { deep: [1] })
            await context.set('gone', 1)
            await context.set('void', undefined)
            return {
              output: [await context.has('mine'), await context.has('nobody'), await context.has('void')],
            }
          },
          b: async ({ context }) => {
            const deleted = await context.delete('gone')
            const again = await context.delete('gone')
            await context.delete('given')
            return {
              output: [
                deleted,
                again,
                await context.get('mine'),
                await context.get('gone'),
                await context.get('_outputs.a'),
              ],
            }
          },
          c: async ({ context }) => {
            const all = await context.toJSON()
            const keys = Object.keys(all).filter(
              (key) => key !== '_executionId' && !key.startsWith('_inputs'),
            )
            return { output: keys.toSorted() }
          },
        },
        ['a>b', 'b>c'],
        { input: { given: 1, kept: 'k' } },
      ),
  },
  {
    name: 'a key that is deleted and set again',
    make: () =>
      graph(
        {
          a: async ({ context }) => ({ output: void (await context.set('key', 'first')) }),
          b: async ({ context }) => ({ output: await context.delete('key') }),
          c: async ({ context }) => {
            const had = await context.has('key')
            await context.set('key', 'second')
            return { output: had }
          },
          d: async ({ context }) => ({ output: (await context.get('key')) as unknown }),
        },
        ['a>b', 'b>c', 'c>d'],
      ),
  },
  {
    name: 'parallel branches that set different keys',
    make: () => {
      return graph(
        {
          a: value(1),
          b: setter('one'),
          c: setter('two'),
          d: setter('three'),
          join: async ({ context }) => ({
            output: [await context.get('one'), await context.get('two'), await context.get('three')],
          }),
        },
        ['a>b', 'a>c', 'a>d', 'b>join', 'c>join', 'd>join'],
      )
    },
  },
  {
    name: 'parallel chains that write their key again and again',
    make: () => {
      const nodes = ['l', 'm', 'r'].flatMap((name) =>
        chain(name).map((id) => [id, writer(`count ${name}`)] as const),
      )
      const edges = ['l', 'm', 'r'].flatMap((name) => [
        `a>${name}0`,
        ...chain(name)
          .slice(1)
          .map((id, index) => `${name}${index}>${id}`),
        `${name}4>join`,
      ])
      return graph({ a: value(1), ...Object.fromEntries(nodes), join: readCounts }, edges)
    },
  },
  {
    name: 'a failed node keeps what it wrote, as in memory',
    make: () =>
      graph(
        {
          a: async ({ context }) => {
            await context.set('trace', 'was here')
            throw new Error('a broke')
          },
          b: value(1),
        },
        [],
      ),
  },
  {
    name: 'a key with the name of a node, and awkward keys',
    make: () =>
      graph(
        {
          a: async ({ context }) => {
            await context.set('b', 'set by a')
            await context.set('with.dot', 1)
            await context.set('with #1 and 🚀', 2)
            await context.set('__proto__x', 3)
            await context.set('_private', 4)
            return { output: await context.get('b') }
          },
          b: value('by b'),
          c: async ({ context }) => ({ output: [await context.get('b'), await context.get('with.dot')] }),
        },
        ['a>b', 'b>c'],
      ),
  },
  {
    name: 'keys that are set one by one and many together',
    make: () =>
      graph(
        {
          a: many(200, 'a'),
          b: few('b', ['key 1', 'key 2'], ['key 3']),
          c: many(160, 'c', ['key 5', 'key 150']),
          d: few('d', ['key 2', 'key 5'], ['key 6']),
          x: value(long('x')),
          pass: readSome,
          e: many(170, 'e', ['key 2', 'key 7']),
          f: few('f', ['key 7', 'key 8'], ['key 9']),
          y: value(long('y')),
          read: readSome,
        },
        ['a>b', 'b>c', 'c>d', 'd>x', 'x>pass', 'pass>e', 'e>f', 'f>y', 'y>read'],
        { input: { ...Object.fromEntries(numbered(180, 'input')), 'key 190': 'input' } },
      ),
  },
  {
    name: 'parallel nodes that set many keys of their own',
    make: () =>
      graph(
        {
          start: async ({ context }) => {
            await context.set('l key 0', 'start')
            return { output: 1 }
          },
          l: many(160, 'l', [], 'l '),
          m: few('m', ['m key 1'], []),
          r: many(170, 'r', [], 'r '),
          join: async ({ context }) => ({
            output: await Promise.all(
              ['l key 0', 'l key 159', 'r key 169', 'm key 1'].map((key) => context.get(key)),
            ),
          }),
        },
        ['start>l', 'start>m', 'start>r', 'l>join', 'm>join', 'r>join'],
      ),
  },
]

function numbered(count: number, value: string, prefix = ''): [key: string, value: string][] {
  return Array.from({ length: count }, (_, at) => [`${prefix}key ${at}`, value])
}

/** Sets so many keys that they are stored together, and deletes some. */
function many(count: number, by: string, deleted: readonly string[] = [], prefix = '') {
  return async ({ context }: NodeContext) => {
    for (const [key, given] of numbered(count, by, prefix)) await context.set(key, given)
    for (const key of deleted) await context.delete(key)
    return { output: by }
  }
}

function few(by: string, set: readonly string[], deleted: readonly string[]) {
  return async ({ context }: NodeContext) => {
    for (const key of set) await context.set(key, long(by))
    for (const key of deleted) await context.delete(key)
    await context.set(`only ${by}`, long(by))
    return { output: long(by) }
  }
}

/** Several of these fill the header, so that it is emptied into pages. */
function long(text: string): string {
  return text.repeat(230)
}

async function readSome({ context }: NodeContext) {
  const keys = [0, 1, 2, 3, 5, 6, 7, 8, 9, 150, 159, 165, 175, 190, 199].map((at) => `key ${at}`)
  return { output: await Promise.all(keys.map(async (key) => [key, (await context.get(key)) ?? 'none'])) }
}
