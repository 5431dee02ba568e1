import { createFlow, type NodeContext } from 'flowcraft'

interface Order {
  total: number
  lines: { sku: string }[]
}
export interface Shop {
  charge(total: number): Promise<string>
  reserve(sku: string): Promise<string>
}
type Call = NodeContext<Order, { shop: Shop }>

export const order = createFlow<Order, { shop: Shop }>('order')
  // Choice: the node returns an action, and edges name it.
  .node('check', async ({ context }: Call) => ({
    action: ((await context.get('total')) ?? 0) > 0 ? 'fine' : 'empty',
  }))
  .node('refuse', async () => ({ output: 'refused' }))
  .edge('check', 'refuse', { action: 'empty' })

  // Task with Retry and Catch: tries by `retry`, then the fallback stands in, and the run goes on behind the node.
  .node(
    'charge',
    async ({ context, dependencies }: Call) => ({
      output: await dependencies.shop.charge((await context.get('total')) ?? 0),
    }),
    {
      config: {
        retry: { maxAttempts: 4, delay: '1s', backoff: 'exponential' },
        timeout: 10_000,
        fallback: 'invoice',
      },
    },
  )
  .node('invoice', async () => ({ output: 'an invoice in place of a charge' }))
  .edge('check', 'charge', { action: 'fine' })

  // Map: an item for each of the input's lines.
  .batch(
    'reserve',
    async ({ input, dependencies }) => ({
      output: await (dependencies as unknown as { shop: Shop }).shop.reserve((input as { sku: string }).sku),
    }),
    { inputKey: 'lines', outputKey: 'reserved' },
  )
  .edge('check', 'reserve_scatter', { action: 'fine' })

  // Parallel: two edges from one node began both branches; a join of 'all' ends them.
  .node('pack', async ({ context }: Call) => ({ output: await context.get('reserved' as never) }), {
    config: { joinStrategy: 'all' },
  })
  .edge('charge', 'pack')
  .edge('reserve_gather', 'pack')

  // Wait, and a task token: a pause, and a wait that `resume` or a webhook ends.
  .sleep('settle', { duration: '1h' })
  .edge('pack', 'settle')
  .wait('delivered', { params: { timeout: '14d' } })
  .edge('settle', 'delivered')
