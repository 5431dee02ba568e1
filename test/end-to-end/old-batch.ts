/** The batch whose items stand in `fixtures/old-batch.json` as an older version wrote them, halfway. */
import { createFlow, type FlowBuilder, type NodeContext } from 'flowcraft'

export const OLD_BATCH_ID = 'old-batch'
/** A shard and a fifth. */
export const OLD_ITEMS = 120
/** Those of which a worker of that version had put the results. */
export const DONE_ITEMS = 37

/** `onItem` is called for each item that runs. */
export function oldBatch(onItem: () => void = () => {}): FlowBuilder {
  return createFlow('old-batch')
    .node('make', async () => ({ output: Array.from({ length: OLD_ITEMS }, (_, at) => ({ at })) }))
    .batch(
      'each',
      async ({ input, context }: NodeContext) => {
        onItem()
        const { at } = input as { at: number }
        if (at % 50 === 0) await context.set(`large ${at}`, 'x'.repeat(2_000))
        return { output: at * 2 }
      },
      { inputKey: 'make', outputKey: 'done' },
    )
    .edge('make', 'each_scatter')
    .node('sum', async ({ context }: NodeContext) => ({
      output: ((await context.get('done')) as number[]).reduce((all, one) => all + one, 0),
    }))
    .edge('each_gather', 'sum')
}
