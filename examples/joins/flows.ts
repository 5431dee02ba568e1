import { createFlow } from 'flowcraft'
import type { JoinInput } from 'flowcraft-aws'

interface Carriers {
  price(carrier: string): Promise<number>
}

const asking =
  (carrier: string) =>
  async ({ dependencies }: { dependencies: { carriers: Carriers } }) => ({
    output: await dependencies.carriers.price(carrier),
  })

export const shipping = createFlow<Record<string, unknown>, { carriers: Carriers }>('shipping')
  .node('order', async () => ({}))
  .node('north', asking('north'))
  .node('coast', asking('coast'))
  .node('river', asking('river'))
  .node(
    'choose',
    async ({ input }) => {
      const prices = Object.entries(input as JoinInput) as [string, number][]
      const [cheapest] = prices.toSorted(([, one], [, other]) => one - other)
      return { output: cheapest?.[0] }
    },
    { config: { joinStrategy: 'any', joinCount: 2 } },
  )
  .edge('order', 'north')
  .edge('order', 'coast')
  .edge('order', 'river')
  .edge('north', 'choose')
  .edge('coast', 'choose')
  .edge('river', 'choose')
