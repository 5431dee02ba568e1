/** Numbers in a config: each works, or is refused with the node and the field named. */
import { createFlow, type NodeConfig, type NodeImplementation } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { after, chunkOf, pause, perMessageOf } from '../../../lib/core/common/node-numbers.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

function serviceOf(config: Record<string, unknown>, node = async () => ({ output: 'ok' })) {
  const flow = createFlow('one').node('a', node, { config: config as NodeConfig })
  return new TestService({ flows: [flow], logger: quiet })
}

function batchWith(itemsPerMessage: unknown) {
  const flow = createFlow('one')
    .node('make', async () => ({ output: [1, 2, 3] }))
    .batch('each', async ({ input }) => ({ output: input as number }), {
      inputKey: 'make',
      outputKey: 'all',
    })
    .edge('make', 'each_scatter')
  const blueprint = flow.toBlueprint()
  const scatter = blueprint.nodes.find(({ uses }) => uses === 'batch-scatter')
  if (scatter) scatter.params = { ...scatter.params, itemsPerMessage }
  const registry = Object.fromEntries(flow.getFunctionRegistry()) as Record<string, NodeImplementation>
  return new TestService({ blueprints: { one: blueprint }, registry, logger: quiet })
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

describe('itemsPerMessage', () => {
  it.each([1, 2, 100, '10', null, undefined])('may be %j', async (given) => {
    expect(await batchWith(given).run({ blueprintId: 'one' })).toMatchObject({
      status: 'completed',
      context: { all: [1, 2, 3] },
    })
  })

  it.each([
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    [101, '101'],
    [Infinity, 'Infinity'],
    ['many', "'many'"],
    [true, 'true'],
  ])('is refused where it is %j', (given, shown) => {
    const whole = 'params.itemsPerMessage must be a whole number of items from 1 to 100'
    expect(() => batchWith(given)).toThrow(
      expect.objectContaining({
        code: 'INVALID_BLUEPRINT',
        message: expect.stringContaining(`node 'each_scatter': ${whole}; got ${shown}`),
      }),
    )
  })

  it('of a graph that nobody checked is one where it says nothing that may be', () => {
    expect([2, '3', 0, 1.5, 101, {}, undefined].map(perMessageOf)).toEqual([2, 3, 1, 1, 1, 1, 1])
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
