/** `retry` of a node's config is typed where Flowcraft's own builder takes it. */
import { createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import type { RetryPolicy } from '../../lib/index.ts'

const run = async () => ({ output: 1 })

it('compiles for what a policy may be, and for nothing else', () => {
  const retry: RetryPolicy = { maxAttempts: 5, delay: '2s', backoff: 1.5, jitter: 'full', when: ['X'] }
  const flow = createFlow('typed')
    .node('a', run, { config: { retry } })
    // @ts-expect-error no such field
    .node('b', run, { config: { retry: { attempts: 5 } } })
    // @ts-expect-error a function is no condition
    .node('c', run, { config: { retry: { when: () => true } } })
    // @ts-expect-error no such jitter
    .node('d', run, { config: { retry: { jitter: 'some' } } })
  expect(flow.toBlueprint().nodes).toHaveLength(4)
})
