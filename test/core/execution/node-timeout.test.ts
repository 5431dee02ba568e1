/** Nodes that never end: they fail after the worker's limit, and others go on. */
import { BaseNode, createFlow, type NodeContext } from 'flowcraft'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { limitOf, NODE_TIMEOUT_MS, withinLimit } from '../../../lib/core/execution/node-timeout.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

const never = () => new Promise<never>(() => {})
const options = { nodeTimeoutMs: 20, logger: quiet }

describe('a node that never ends', () => {
  it('fails after the limit, and the others of its run end as ever', async () => {
    let signal: AbortSignal | undefined
    const flow = createFlow('two')
      .node('bad', (call: NodeContext) => {
        signal = call.signal
        return never()
      })
      .node('good', async () => ({ output: 'good' }))
    const described = await new TestService({ flows: [flow], ...options }).run({ blueprintId: 'two' })

    expect(described).toMatchObject({
      status: 'failed',
      nodes: { completed: ['good'], failed: ['bad'] },
      errors: [{ nodeId: 'bad', originalError: { cause: { name: 'FlowcraftAwsError' } } }],
    })
    expect(described.errors?.[0]?.message).toMatch(/^node 'bad' took longer than 20 ms, the worker's limit/)
    expect(signal?.aborted).toBe(true)
  })

  it('also where it prepares for ever, and its fallback stands in', async () => {
    class Slow extends BaseNode {
      override prep = never
      override async exec() {
        return { output: 1 }
      }
    }
    const flow = createFlow('two')
      .node('bad', Slow, { config: { fallback: 'instead' } })
      .node('instead', async () => ({ output: 'instead' }))

    expect(await new TestService({ flows: [flow], ...options }).run({ blueprintId: 'two' })).toMatchObject({
      status: 'completed',
      context: { instead: 'instead' },
    })
  })

  it('as an item of a batch fails that item', async () => {
    const flow = createFlow<Record<string, unknown>>('items')
      .node('make', async () => ({ output: [1, 2] }))
      .batch('work', async ({ input }: NodeContext) => (input === 2 ? never() : { output: input }), {
        inputKey: 'make',
        outputKey: 'out',
      })
      .edge('make', 'work')
    const { status, errors } = await new TestService({ flows: [flow], ...options }).run({
      blueprintId: 'items',
    })

    expect({ status, errors: errors?.length }).toEqual({ status: 'failed', errors: 1 })
  })
})

describe('the limit', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("is the worker's, or what the node's own timeout says of its tries", () => {
    expect(limitOf(undefined, NODE_TIMEOUT_MS)).toBe(3_600_000)
    expect(limitOf({ maxRetries: 3 }, 1_000)).toBe(1_000)
    expect(limitOf({ timeout: 50, maxRetries: 3, retryDelay: 10 }, 1_000)).toBe(1_180)
    expect(limitOf({ timeout: Infinity }, 1_000)).toBe(Infinity)
    expect(limitOf({ timeout: 0 }, 1_000)).toBe(Infinity)
  })

  it('leaves no timer behind', async () => {
    const { signal } = new AbortController()
    const result = await withinLimit({ limitMs: 1_000, nodeId: 'a', signal }, async () => 'done')

    expect({ result, timers: vi.getTimerCount() }).toEqual({ result: 'done', timers: 0 })
  })
})
