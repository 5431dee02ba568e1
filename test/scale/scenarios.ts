/** Runs as large as must work, each with what its end must look like. */
import { randomBytes } from 'node:crypto'
import type { NodeContext } from 'flowcraft'
import { graph, rounds, type Setup, value } from '../conformance/case.ts'
import { controller } from '../conformance/cases/loop-parts.ts'

export interface Scenario {
  readonly name: string
  /** Its blueprint gets this id. */
  readonly id: string
  readonly make: () => Setup
  /** @default 1 */
  readonly runs?: number
  /** @default 1 */
  readonly workers?: number
  /** What the run ends with in this key. */
  readonly key: string
  readonly isRight: (value: unknown) => boolean
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

function chainOf(length: number, run: () => ReturnType<typeof value>): Setup {
  const ids = upTo(length).map((at) => `n${at}`)
  const nodes = Object.fromEntries(ids.map((id) => [id, run()]))
  return graph(
    { ...nodes, end: value('end') },
    ids.map((id, at) => `${id}>${ids[at + 1] ?? 'end'}`),
  )
}

function fanOf(width: number): Setup {
  const ids = upTo(width).map((at) => `n${at}`)
  const nodes = Object.fromEntries(ids.map((id, at) => [id, value(at)]))
  const edges = ids.flatMap((id) => [`start>${id}`, `${id}>end`])
  return graph({ start: value('go'), ...nodes, end: value('end') }, edges)
}

/** Each item sets so many keys of its own, and the next node reads those of all. */
function batchOf(count: number, keys = 0): Setup {
  const gather = { outputKey: 'results', gatherNodeId: 'gather' }
  return graph(
    {
      start: value(upTo(count)),
      scatter: { run: 'batch-scatter', inputs: 'start', params: { workerUsesKey: 'double', ...gather } },
      gather: { run: 'batch-gather', params: gather },
      end: async ({ context }) => {
        const results = (await context.get('results')) as number[]
        const own = await Promise.all(
          upTo(count * keys).map((at) => context.get(`item ${at % count} key ${Math.floor(at / count)}`)),
        )
        const areThere = own.every((value, at) => value === at % count)
        const areRight = results.every((result, at) => result === 2 * at)
        return { output: results.length === count && areRight && areThere }
      },
    },
    ['start>scatter', 'scatter>gather', 'gather>end'],
    {
      builtIn: {
        double: async ({ input, context }: NodeContext) => {
          for (const key of upTo(keys)) await context.set(`item ${Number(input)} key ${key}`, Number(input))
          return { output: Number(input) * 2 }
        },
      },
    },
  )
}

const MB = 1_000_000
/** Compression does not help. */
const noise = async () => ({ output: randomBytes((MB * 3) / 4).toString('base64') })

export const scenarios: readonly Scenario[] = [
  {
    name: 'a chain of 1,000 nodes',
    id: 'chain',
    make: () => chainOf(1_000, () => value('ok')),
    key: 'end',
    isRight: (end) => end === 'end',
  },
  {
    name: 'a static fan-in of 500',
    id: 'fan',
    make: () => fanOf(500),
    key: 'end',
    isRight: (end) => end === 'end',
  },
  {
    name: '1,000 iterations of a loop',
    id: 'loop',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 1_000), any: true },
          loop: controller('nAgain'),
          end: value('end'),
        },
        ['start>body', 'body>loop', 'loop>body:continue', 'loop>end:break'],
      ),
    key: 'n',
    isRight: (n) => n === 1_000,
  },
  {
    name: 'a context of 20 MB',
    id: 'context',
    make: () => chainOf(20, () => noise),
    key: 'n0',
    isRight: (text) => String(text).length === MB,
  },
  {
    name: '1,000 runs at a time over 4 workers',
    id: 'runs',
    make: () => fanOf(2),
    runs: 1_000,
    workers: 4,
    key: 'end',
    isRight: (end) => end === 'end',
  },
  {
    name: 'a batch of 10,000',
    id: 'batch',
    make: () => batchOf(10_000),
    workers: 2,
    key: 'end',
    isRight: (end) => end === true,
  },
  {
    name: 'a batch of 10,000 whose items set three keys each',
    id: 'batch-keys',
    make: () => batchOf(10_000, 3),
    workers: 2,
    key: 'end',
    isRight: (end) => end === true,
  },
]

/** A scenario's blueprints and implementations, as a worker registers them. */
export function registrationOf({ id, make }: Scenario) {
  const { blueprint, registry } = make()
  return { blueprints: { [id]: { ...blueprint, id } }, registry }
}
