import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { summary } from './flows.ts'

it('tells what the model cost', async () => {
  const service = new TestService({ flows: [summary], logger: new NullLogger() })
  const { cost } = await service.run({ blueprintId: 'summary', input: { question: 'rain' } })
  expect(cost?.usd).toBeCloseTo(0.012)
  expect(cost?.other).toEqual({ bedrock: 0.012 })
})
