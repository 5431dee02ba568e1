/** Errors by which a node says whether and when it is tried again. */
import { createFlow, type Middleware, type NodeConfig } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { NonRetryableError, RetryAfterError } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

/** A node that fails `failures` times, and when it was tried, in seconds after the first time. */
function busy(failures: number, config: NodeConfig, seconds = 3_600) {
  const times: number[] = []
  const flow = createFlow('busy')
    .node(
      'a',
      async () => {
        times.push(service.now)
        if (times.length <= failures) throw new RetryAfterError('busy', { seconds })
        return { output: times.length }
      },
      { config },
    )
    .node('plan', async () => ({ output: 'plan B' }))
  const service = new TestService({ flows: [flow], logger: quiet })
  return { service, tried: () => times.map((time) => Math.round((time - (times[0] as number)) / 1000)) }
}

describe('RetryAfterError', () => {
  it('puts the next try off, however long, and keeps count of the tries', async () => {
    const { service, tried } = busy(2, { maxRetries: 3 })
    expect(await service.run({ blueprintId: 'busy' })).toMatchObject({
      status: 'completed',
      context: { a: 3 },
    })
    expect(tried()).toEqual([0, 3_600, 7_200])
  })

  it('is the failure of the node at its last try', async () => {
    const { service, tried } = busy(9, { maxRetries: 2 })
    const { status, errors } = await service.run({ blueprintId: 'busy' })
    expect(status).toBe('failed')
    expect(errors?.[0]?.originalError?.cause?.message).toBe('busy')
    expect(tried()).toEqual([0, 3_600])
  })

  it('fails a node without further tries at once, and its fallback stands in', async () => {
    const { service, tried } = busy(1, { fallback: 'plan' })
    expect(await service.run({ blueprintId: 'busy' })).toMatchObject({
      status: 'completed',
      context: { plan: 'plan B' },
    })
    expect(tried()).toEqual([0])
  })

  it('yields to a longer retryDelay', async () => {
    const { service, tried } = busy(1, { maxRetries: 2, retryDelay: 60_000 }, 5)
    expect(await service.run({ blueprintId: 'busy' })).toMatchObject({ status: 'completed' })
    expect(tried()).toEqual([0, 60])
  })

  it('goes before a shorter retryDelay, whether that is waited for here or by the queue', async () => {
    for (const retryDelay of [100, 5_000]) {
      const { service, tried } = busy(1, { maxRetries: 2, retryDelay }, 60)
      expect(await service.run({ blueprintId: 'busy' })).toMatchObject({ status: 'completed' })
      expect(tried()).toEqual([0, 60])
    }
  })

  it('counts tries that came one after the other before it', async () => {
    let tries = 0
    const flow = createFlow('mixed').node(
      'a',
      async () => {
        tries++
        if (tries === 2) throw new RetryAfterError('later', { seconds: 60 })
        throw new Error('now')
      },
      { config: { maxRetries: 4 } },
    )
    const service = new TestService({ flows: [flow], logger: quiet })
    expect(await service.run({ blueprintId: 'mixed' })).toMatchObject({ status: 'failed' })
    expect(tries).toBe(4)
  })

  it.each([
    ['is waited for where it is short', 0.05, { status: 'completed', tries: 3 }],
    ['fails an item that would have to wait for long', 3_600, { status: 'failed', tries: 1 }],
  ])('of an item of a batch %s', async (_, seconds, expected) => {
    let tries = 0
    const retried = async () => {
      tries++
      if (tries < 3) throw new RetryAfterError('busy', { seconds })
      return { output: tries }
    }
    const config = { maxRetries: 3 }
    const made = createFlow('made').node('maker', async () => ({
      output: 1,
      dynamicNodes: [{ id: 'item', uses: 'retried', config }],
    }))
    const service = new TestService({ flows: [made], registry: { retried }, logger: quiet })
    const { status } = await service.run({ blueprintId: 'made' })
    expect({ status, tries }).toEqual(expected)
  })

  it.each([-1, Number.NaN, Infinity, '5'])('refuses %s seconds', (seconds) => {
    expect(() => new RetryAfterError('x', { seconds: seconds as number })).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
  })
})

describe('NonRetryableError', () => {
  it('ends the tries also where middleware is around the node', async () => {
    let tries = 0
    const flow = createFlow('sure').node(
      'a',
      async () => {
        tries++
        throw new NonRetryableError('no')
      },
      { config: { maxRetries: 5, retryDelay: 60_000 } },
    )
    const middleware: Middleware[] = [{ aroundNode: (_context, _node, next) => next() }]
    const service = new TestService({ flows: [flow], logger: quiet, middleware })
    expect(await service.run({ blueprintId: 'sure' })).toMatchObject({ status: 'failed' })
    expect(tries).toBe(1)
  })

  it('ends the tries of its node, and no fallback stands in', async () => {
    let tries = 0
    const flow = createFlow('sure')
      .node(
        'a',
        async () => {
          tries++
          throw new NonRetryableError('the card has expired', { cause: new Error('E17') })
        },
        { config: { maxRetries: 5, retryDelay: 60_000, fallback: 'plan' } },
      )
      .node('plan', async () => ({ output: 1 }))
    const service = new TestService({ flows: [flow], logger: quiet })
    const { status, errors, nodes } = await service.run({ blueprintId: 'sure' })
    expect({ status, tries, failed: nodes.failed }).toEqual({ status: 'failed', tries: 1, failed: ['a'] })
    expect(JSON.stringify(errors)).toContain('the card has expired')
    expect(JSON.stringify(errors)).toContain('E17')
  })
})
