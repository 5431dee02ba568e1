import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { payout } from './payout.js'

it('pays once, though the first answer of the bank was lost', async () => {
  const transfers = new Map<string, string>()
  let asked = 0
  const bank = {
    async transfer({ key }: { key: string }) {
      if (!transfers.has(key)) transfers.set(key, `receipt ${transfers.size + 1}`)
      if (++asked === 1) throw new Error('socket hang up')
      return { receipt: transfers.get(key) as string }
    },
  }
  const service = new TestService({ flows: [payout], dependencies: { bank }, logger: new NullLogger() })

  const { context } = await service.run({
    blueprintId: 'payout',
    input: { to: 'Ada', cents: 100 },
    runId: 'p-1',
  })

  expect([asked, context['transfer']]).toEqual([2, 'receipt 1'])
  expect([...transfers.keys()]).toEqual(['p-1/transfer'])
})
