import { FlowRuntime, NullLogger } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { shipping } from '../../examples/joins/flows.ts'
import { extendRuntime } from '../../lib/index.ts'
import { TestService } from '../../lib/testing/index.ts'

const prices: Record<string, number> = { north: 7, coast: 5 }
const carriers = {
  price: async (carrier: string) => {
    const price = prices[carrier]
    if (price === undefined) throw new Error(`${carrier} is closed`)
    return price
  },
}

describe('two of three carriers are asked, and the third does not answer', () => {
  it('on AWS', async () => {
    const service = new TestService({
      flows: [shipping],
      dependencies: { carriers },
      logger: new NullLogger(),
    })
    const { context } = await service.run({ blueprintId: 'shipping' })
    expect(context?.['choose']).toBe('coast')
  })

  it('in memory', async () => {
    const registry = Object.fromEntries(shipping.getFunctionRegistry())
    const runtime = extendRuntime(new FlowRuntime({ registry, dependencies: { carriers } }))
    const { context } = await runtime.run(shipping.toBlueprint())
    expect(context['choose']).toBe('coast')
  })
})
