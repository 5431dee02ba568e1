/** What toys stop short of: many nodes, large values. */
import { type ConformanceCase, graph, tally, value } from '../case.ts'

const notSimulated = 'long'

/** Text that hardly shrinks, the same each time. */
function noise(length: number, seed: number): string {
  let state = seed
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    text += state.toString(36)
  }
  return text.slice(0, length)
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`)
const MB = 1024 * 1024

export const scaleCases: readonly ConformanceCase[] = [
  {
    name: 'a chain of 1,000',
    notSimulated,
    make: () =>
      graph(
        Object.fromEntries(ids(1_000).map((id) => [id, value(id)])),
        ids(999).map((id, at) => `${id}>n${at + 1}`),
      ),
  },
  {
    name: 'fan-out and fan-in of 500',
    notSimulated,
    make: () =>
      graph(
        {
          start: value('go'),
          ...Object.fromEntries(ids(500).map((id) => [id, value(id)])),
          join: tally('join'),
        },
        ids(500).flatMap((id) => [`start>${id}`, `${id}>join`]),
      ),
  },
  {
    name: 'a value of 5 MB',
    notSimulated,
    make: () =>
      graph(
        { a: value(noise(5 * MB, 1)), b: async ({ input }) => ({ output: (input as string).slice(-20) }) },
        ['a>b'],
      ),
  },
  {
    name: 'a context of 20 MB',
    notSimulated,
    make: () =>
      graph(
        {
          ...Object.fromEntries(ids(8).map((id, at) => [id, value(noise(2.5 * MB, at + 1))])),
          end: async ({ context }) => {
            const values = await Promise.all(ids(8).map((id) => context.get(id as never)))
            return { output: values.map((each) => (each as string).length) }
          },
        },
        [...ids(7).map((id, at) => `${id}>n${at + 1}`), 'n7>end'],
      ),
  },
]
