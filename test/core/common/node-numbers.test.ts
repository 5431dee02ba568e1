/** Numbers in a config: each works, or is refused with the node and the field named. */
import { createFlow, type NodeConfig } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { after, chunkOf, pause } from '../../../lib/core/common/node-numbers.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

function serviceOf(config: Record<string, unknown>, node = async () => ({ output: 'ok' })) {
  const flow = createFlow('one').node('a', node, { config: config as NodeConfig })
  return new TestService({ flows: [flow], logger: quiet })
}

afterEach(() => vi.useRealTimers())

describe('a config', () => {
  for (const config of [
    { timeout: 30 * 86_400_000 },
    { timeout: Infinity },
    { timeout: '500' },
    { timeout: 0 },
    { maxRetries: Infinity },
    { maxRetries: '3', retryDelay: '10' },
    { maxRetries: 1.5 },
  ]) {
    const shown = Object.entries(config).map(([name, value]) => `${name} ${String(value)}`)
    it(`with ${shown.join(', ')} works`, async () => {
      expect(await serviceOf(config).run({ blueprintId: 'one' })).toMatchObject({
        status: 'completed',
        context: { a: 'ok' },
      })
    })
  }

  for (const [config, problem] of [
    [{ timeout: Number.NaN }, "node 'a': config.timeout must be a number of milliseconds from 0; got NaN"],
    [{ timeout: -1 }, "node 'a': config.timeout must be a number of milliseconds from 0; got -1"],
    [
      { retryDelay: Infinity },
      "node 'a': config.retryDelay must be a finite number of milliseconds from 0; got Inf",
    ],
    [{ retryDelay: 'soon' }, "config.retryDelay must be a finite number of milliseconds from 0; got 'soon'"],
    [{ maxRetries: 0 }, "node 'a': config.maxRetries must be a number of tries from 1; got 0"],
    [{ maxRetries: {} }, "node 'a': config.maxRetries must be a number of tries from 1; got {}"],
  ] as const) {
    it(`is refused: ${problem}`, () => {
      expect(() => serviceOf(config)).toThrow(problem)
    })
  }

  it('with numbers that are texts is tried so often, after so long', async () => {
    let calls = 0
    const service = serviceOf({ maxRetries: '3', retryDelay: '5000' }, async () => {
      if (++calls < 3) throw new Error('not yet')
      return { output: 'ok' }
    })
    const before = service.now

    expect((await service.run({ blueprintId: 'one' })).status).toBe('completed')
    expect({ calls, ms: service.now - before }).toEqual({ calls: 3, ms: 10_000 })
  })
})

describe('nodes that nobody checked', () => {
  it('go by the numbers that are numbers', async () => {
    const flow = createFlow('one').node('a', async () => ({
      output: 1,
      dynamicNodes: [{ id: 'd', uses: 'leaf', config: { timeout: 1e12, retryDelay: Number.NaN } }],
    }))
    const registry = { leaf: async () => ({ output: 'leaf' }) }
    const service = new TestService({ flows: [flow], registry, logger: quiet })

    expect(await service.run({ blueprintId: 'one' })).toMatchObject({
      status: 'completed',
      context: { d: 'leaf' },
    })
  })
})

describe('timers', () => {
  it('of more than 24.8 days end when they say', () => {
    vi.useFakeTimers()
    const called = vi.fn()
    after(60 * 86_400_000, called)
    vi.advanceTimersByTime(60 * 86_400_000 - 1)
    expect(called).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(called).toHaveBeenCalledOnce()
  })

  it('can be stopped in every part', () => {
    vi.useFakeTimers()
    const called = vi.fn()
    const stop = after(60 * 86_400_000, called)
    vi.advanceTimersByTime(30 * 86_400_000)
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that are waited for end with their signal', async () => {
    const controller = new AbortController()
    const waiting = pause(1e12, controller.signal)
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})

it('items worked on at a time are a whole number of them', () => {
  const chunks = [undefined, null, 0, -3, Number.NaN, Infinity, '4', 'many', 2.7, 50].map((one) =>
    chunkOf(one, 9),
  )
  expect(chunks).toEqual([9, 9, 9, 9, 9, 9, 4, 9, 2, 9])
})
