/** The flows of the console's browser tests: each ends in a way that a person has to look at. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows } from '../../../lib/index.ts'
import { z } from 'zod'

/** Amounts from 100 on are declined, until somebody raises the limit. */
const order = createFlow('order')
  .node('reserve', async ({ context }) => ({
    output: { sku: 'A-17', for: await context.get('orderId' as never) },
  }))
  .node('charge', async ({ context }) => {
    const [amount, limit = 100]: (number | undefined)[] = [
      await context.get('amount' as never),
      await context.get('limit' as never),
    ]
    if ((amount ?? 0) >= limit)
      throw new Error(`card declined: ${String(amount)} of ${String(limit)}`, {
        cause: new Error('<b>the bank</b> said no'),
      })
    return { output: { charged: amount } }
  })
  .wait('approval')
  .node('ship', async () => ({ output: { parcel: 'P-1' } }))
  .node('refund', async () => ({ output: 'refunded' }))
  .edge('reserve', 'charge')
  .edge('charge', 'approval')
  .edge('approval', 'ship', { action: 'approve' })
  .edge('approval', 'refund', { action: 'refuse' })

async function send({ input }: NodeContext): Promise<{ output: object }> {
  await sleep(100)
  if (input === 3) throw new Error('invoice 3 has no address')
  return { output: { sent: input } }
}

/** A batch of slow items, one of which fails. */
const invoices = createFlow('invoices')
  .node('list', async ({ context }) => ({
    output: Array.from({ length: (await context.get('count' as never)) as number }, (_, at) => at),
  }))
  .batch('send', send as never, { inputKey: 'list' as never, outputKey: 'sent' as never })
  .node('report', async () => ({ output: 'done' }))
  .edge('list', 'send_scatter')
  .edge('send_gather', 'report')

const parcel = createFlow('parcel')
  .node('pack', async () => ({ output: 'packed' }))
  .wait('collected')
  .edge('pack', 'collected')

const drawn = createFlow('delivery')
  .node('plan', async () => ({ output: 'planned' }))
  .node('send', async () => ({ output: 'of the child run' }))
  .node('close', async () => ({ output: 'closed' }))
  .edge('plan', 'send')
  .edge('send', 'close')

/** The builder has no word for a subflow. */
const delivery = {
  getFunctionRegistry: () => drawn.getFunctionRegistry(),
  toBlueprint: () => {
    const blueprint = drawn.toBlueprint()
    const nodes = blueprint.nodes.map((node) =>
      node.id === 'send' ? { ...node, uses: 'subflow', params: { blueprintId: 'parcel' } } : node,
    )
    return { ...blueprint, nodes }
  },
}

export const flows = defineFlows({
  order: {
    flow: order,
    input: z.object({
      orderId: z.string().describe('as it stands in the shop'),
      amount: z.number().default(10),
      express: z.boolean().optional(),
      currency: z.enum(['EUR', 'SEK']).default('EUR'),
    }),
  },
  invoices,
  parcel,
  delivery,
})
