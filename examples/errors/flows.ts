import { createFlow } from 'flowcraft'
import { NonRetryableError, RetryAfterError } from 'flowcraft-aws'

interface Cards {
  charge(): Promise<{ status: number; receipt?: string }>
}

export const payment = createFlow<Record<string, unknown>, { cards: Cards }>('payment').node(
  'charge',
  async ({ dependencies }) => {
    const { status, receipt } = await dependencies.cards.charge()
    if (status === 429) throw new RetryAfterError('too many requests', { seconds: 30 })
    if (status === 402) throw new NonRetryableError('the card was declined')
    return { output: receipt }
  },
  { config: { maxRetries: 5 } },
)
