import { createFlow } from 'flowcraft'
import { inAnyOrder } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'

const quote = createFlow('quote')
  .node('price', async () => ({ output: 40 }))
  .node('shipping', async () => ({ output: 5 }))
  .node('total', async ({ input }) => ({ output: input.price + input.shipping }), {
    inputs: { price: 'price', shipping: 'shipping' },
  })
  .edge('price', 'total')
  .edge('shipping', 'total')

it('ends the same in whatever order its nodes end', async () => {
  const orders = await inAnyOrder({ flows: [quote], orders: 50 }, (service) =>
    service.run({ blueprintId: 'quote' }),
  )

  expect(orders).toMatchObject({ same: true, outcome: { context: { total: 45 } } })
})
