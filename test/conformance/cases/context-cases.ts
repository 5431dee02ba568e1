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

export const contextCases: readonly ConformanceCase[] = [
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
]
