import { createFlow, type NodeContext } from 'flowcraft'

interface Payout {
  to: string
  cents: number
}

/** A provider that answers a request whose key it has seen as it did the first time, as most do. */
export interface Bank {
  transfer(request: { key: string; to: string; cents: number }): Promise<{ receipt: string }>
}

export const payout = createFlow<Payout, { bank: Bank }>('payout').node(
  'transfer',
  async ({ context, dependencies }: NodeContext<Payout, { bank: Bank }>) => {
    // The same each time that this node of this run runs, and in no other run.
    const key = `${dependencies.runtime.executionId}/transfer`
    const [to = '', cents = 0] = [await context.get('to'), await context.get('cents')]
    const { receipt } = await dependencies.bank.transfer({ key, to, cents })
    return { output: receipt }
  },
  { config: { retry: { maxAttempts: 3, delay: '1s' } } },
)
