import { createFlow } from 'flowcraft'

interface Shop {
  reserve(): Promise<string>
}

export const order = createFlow<Record<string, unknown>, { shop: Shop }>('order').node(
  'reserve',
  async ({ dependencies }) => ({ output: await dependencies.shop.reserve() }),
  {
    config: {
      retry: {
        maxAttempts: 6,
        delay: '2s',
        backoff: 'exponential',
        maxDelay: '1m',
        jitter: 'full',
        when: ['ThrottlingException', 'ECONNRESET', { message: '^HTTP 5\\d\\d' }],
      },
    },
  },
)
