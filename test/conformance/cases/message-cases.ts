/** Batches of several items a message: each comes to what it comes to with one item a message. */
import type { NodeContext, WorkflowBlueprint } from 'flowcraft'
import { batchOf, type ConformanceCase, echo, type Setup } from '../case.ts'
import { alwaysCases } from './always-cases.ts'
import { batchCases } from './batch-cases.ts'
import { joinCountCases } from './join-count-cases.ts'
import { madeCases } from './made-cases.ts'
import { retryCases } from './retry-cases.ts'
import { subflowCases } from './subflow-cases.ts'

/** Not a divisor of what there are of most of them, so that a message has fewer. */
const PER_MESSAGE = 3

function together({ blueprint, blueprints, ...setup }: Setup, itemsPerMessage: number): Setup {
  const given = (one: WorkflowBlueprint): WorkflowBlueprint => ({
    ...one,
    nodes: one.nodes.map((node) =>
      node.uses === 'batch-scatter' ? { ...node, params: { ...node.params, itemsPerMessage } } : node,
    ),
  })
  return { ...setup, blueprint: given(blueprint), ...(blueprints && { blueprints: blueprints.map(given) }) }
}

function withMessages(one: ConformanceCase, itemsPerMessage = PER_MESSAGE): ConformanceCase {
  return {
    ...one,
    name: `${one.name}, ${itemsPerMessage} items a message`,
    make: () => together(one.make(), itemsPerMessage),
  }
}

const batches = [
  ...batchCases,
  ...madeCases,
  ...retryCases,
  ...alwaysCases,
  ...joinCountCases,
  ...subflowCases,
].filter(({ name }) => name.includes('batch') && !name.includes('of 1') && !name.includes('of 0'))

const KB = 1024
/** Three that do not fit beside one another, one that is too large for an item, and small ones. */
const sizes = [60 * KB, 10, 60 * KB, 450 * KB, 300, 60 * KB]

const large: ConformanceCase = {
  name: 'a batch with large results, 6 items a message',
  make: () =>
    together(
      batchOf(sizes, async ({ input }: NodeContext) => ({ output: 'x'.repeat(input as number) })),
      6,
    ),
}

const largeKeys: ConformanceCase = {
  name: 'a batch whose workers set large keys and of which one fails, 4 items a message',
  make: () =>
    together(
      batchOf([0, 1, 2, 3, 4], async ({ input, context }: NodeContext) => {
        await context.set(`key ${String(input)}`, 'y'.repeat(1_000 * (input as number)))
        if (input === 2) throw new Error('two')
        return { output: input as number }
      }),
      4,
    ),
}

export const messageCases: readonly ConformanceCase[] = [
  withMessages({ name: 'a batch of 3', make: () => batchOf([0, 1, 2], echo) }, 2),
  ...batches.map((one) => withMessages(one)),
  large,
  largeKeys,
]
