import { createFlow } from 'flowcraft'
import { defineFlows } from 'flowcraft-aws'
import * as z from 'zod'

const greeting = createFlow<{ name: string }>('greeting').node('hello', async ({ context }) => ({
  output: `Hello, ${await context.get('name')}`,
}))

interface OrderContext {
  orderId: string
  quantity: number
  total: number
}

const order = createFlow<OrderContext>('order')
  .node('price', async ({ context }) => {
    await context.set('total', ((await context.get('quantity')) ?? 0) * 5)
    return {}
  })
  .wait('approval')
  .node('ship', async ({ context }) => ({ output: `shipped ${await context.get('orderId')}` }))
  .edge('price', 'approval')
  .edge('approval', 'ship')

const orderInput = z.object({
  orderId: z.string().min(1),
  quantity: z.number().int().positive().default(1),
})

export const flows = defineFlows({
  greeting,
  order: { flow: order, input: orderInput, waits: ['approval'] },
})
export type Flows = typeof flows
