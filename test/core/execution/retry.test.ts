/** `config.retry`: when a node is tried again, after how long, and what is refused when a flow is registered. */
import { createFlow, type NodeConfig } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { NonRetryableError, RetryAfterError, type RetryPolicy } from '../../../lib/index.ts'
import { triesOf } from '../../../lib/core/common/retry-config.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

const always = () => new Error('down')

/** A node that fails by these errors, one try after the other, and when it was tried, in seconds after the first time. */
function flaky(retry: RetryPolicy, failures: readonly (() => unknown)[], runId?: string) {
  const times: number[] = []
  const run = async () => {
    times.push(service.now)
    const fail = failures[times.length - 1]
    if (fail) throw fail()
    return { output: times.length }
  }
  const flow = createFlow('flaky').node('a', run, { config: { retry } })
  const service = new TestService({ flows: [flow], logger: quiet, ...(runId && { newRunId: () => runId }) })
  return { service, tried: () => times.map((time) => (time - (times[0] as number)) / 1000) }
}

async function triedAt(retry: RetryPolicy, failures: readonly (() => unknown)[], runId?: string) {
  const { service, tried } = flaky(retry, failures, runId)
  const { status } = await service.run({ blueprintId: 'flaky' })
  return { status, tried: tried() }
}

const minute = (retryAfter: unknown) => () => Object.assign(new Error('busy'), { retryAfter })
const asking = () => new RetryAfterError('busy', { seconds: 30 })
const fatal = () => new NonRetryableError('no')
const aborted = () => new DOMException('stop', 'AbortError')
const four = [always, always, always, always]

describe('the delays of a retry', () => {
  it('are doubled, as in Step Functions', async () => {
    const tried = await triedAt({ maxAttempts: 5, delay: '2s' }, four)
    expect(tried).toEqual({ status: 'completed', tried: [0, 2, 6, 14, 30] })
  })

  it('stay the same, or grow by a factor, and no longer than maxDelay', async () => {
    const fixed = await triedAt({ maxAttempts: 4, delay: 5_000, backoff: 'fixed' }, [always, always, always])
    expect(fixed.tried).toEqual([0, 5, 10, 15])
    const capped = await triedAt({ maxAttempts: 5, delay: '2s', backoff: 3, maxDelay: '10s' }, four)
    expect(capped.tried).toEqual([0, 2, 8, 18, 28])
  })

  it('are 3 tries, a second after the first, where nothing is said', async () => {
    expect(triesOf({ retry: {} })).toMatchObject({ atMost: 3, longestDelayMs: 2_000 })
    const { delayAfter } = triesOf({ retry: {} })
    expect([1, 2, 3].map((tries) => delayAfter(tries, always(), 'x'))).toEqual([1_000, 2_000, undefined])
  })

  it('go on after days, and count tries of earlier executions', async () => {
    const tried = await triedAt({ maxAttempts: 3, delay: '10d' }, four)
    expect(tried).toEqual({ status: 'failed', tried: [0, 10 * 86_400, 30 * 86_400] })
  })

  it('with jitter are anything up to that, the same for a run and others for another', async () => {
    const retry: RetryPolicy = { maxAttempts: 4, delay: '1h', backoff: 'fixed', jitter: 'full' }
    const failures = [always, always, always]
    const [one, again, other] = [
      await triedAt(retry, failures, 'r1'),
      await triedAt(retry, failures, 'r1'),
      await triedAt(retry, failures, 'r2'),
    ]
    expect(again).toEqual(one)
    expect(other.tried).not.toEqual(one.tried)
    const gaps = one.tried.slice(1).map((time, at) => time - (one.tried[at] as number))
    expect(gaps.every((gap) => gap > 0 && gap <= 3_600)).toBe(true)
    expect(new Set(gaps).size).toBe(3)
  })

  it('with jitter are spread evenly', () => {
    const { delayAfter } = triesOf({ retry: { delay: 1_000, jitter: 'full' } })
    const delays = Array.from({ length: 1_000 }, (_, at) => delayAfter(1, always(), `run ${at}`) as number)
    const mean = delays.reduce((sum, one) => sum + one, 0) / delays.length
    expect(mean).toBeGreaterThan(450)
    expect(mean).toBeLessThan(550)
    expect(Math.min(...delays)).toBeLessThan(20)
    expect(Math.max(...delays)).toBeGreaterThan(980)
  })
})

const isTried = (when: RetryPolicy['when'], error: unknown) =>
  triesOf({ retry: { when } }).delayAfter(1, error, 'x') !== undefined

describe('an error', () => {
  it.each([
    ['seconds', 60],
    ['seconds as the header has them', '60'],
  ])('puts the next try off by its retryAfter: %s', async (_, retryAfter) => {
    const tried = await triedAt({ delay: '2s' }, [minute(retryAfter), always])
    expect(tried).toEqual({ status: 'completed', tried: [0, 60, 64] })
  })

  it.each([
    ['a Date', (at: Date) => at],
    ['a date as the header has it', (at: Date) => at.toUTCString()],
  ])('puts the next try off until its retryAfter: %s', async (_, form) => {
    const { tried } = await triedAt({ delay: '2s' }, [minute(form(new Date(Date.now() + 600_000)))])
    expect(tried[1]).toBeGreaterThan(500)
    expect(tried[1]).toBeLessThanOrEqual(600)
  })

  it.each([null, 'soon', -5, Number.NaN, {}, undefined])(
    'is as any other with a retryAfter of %s',
    async (given) => {
      expect((await triedAt({ delay: '2s' }, [minute(given)])).tried).toEqual([0, 2])
    },
  )

  it('asks for no sooner than the delay, and RetryAfterError is one that asks', async () => {
    expect((await triedAt({ delay: '2h' }, [minute(60)])).tried).toEqual([0, 7_200])
    expect((await triedAt({ delay: '2s' }, [asking])).tried).toEqual([0, 30])
  })

  it('of maxRetries alone has no retryAfter', async () => {
    const times: number[] = []
    const run = async () => {
      times.push(service.now)
      throw minute(60)()
    }
    const flow = createFlow('plain').node('a', run, { config: { maxRetries: 2 } })
    const service = new TestService({ flows: [flow], logger: quiet })
    await service.run({ blueprintId: 'plain' })
    expect((times[1] as number) - (times[0] as number)).toBe(0)
  })

  it('that is fatal, or by which the node heeds its signal, is not tried again', async () => {
    for (const fail of [fatal, aborted]) {
      const { status, tried } = await triedAt({ delay: '2s' }, [fail])
      expect({ status, tried }).toEqual({ status: 'failed', tried: [0] })
    }
  })

  it('is told apart by name, by code, by a pattern of its message, and by its causes', () => {
    class Gone extends Error {
      override readonly name = 'Gone'
      readonly code = 404
    }
    const error = new Error('outer', { cause: new Gone('nothing at 17') })
    expect(isTried('Gone', error)).toBe(true)
    expect(isTried(['Other', '404'], error)).toBe(true)
    expect(isTried({ message: '^nothing at \\d+$' }, error)).toBe(true)
    expect(isTried({ message: '^outer$' }, error)).toBe(true)
    expect(isTried(['gone', 'outer', 'Error: outer'], new Gone('x'))).toBe(false)
    expect(isTried('Gone', 'Gone')).toBe(false)
    expect(isTried({ message: 'text' }, 'a text that was thrown')).toBe(true)
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    expect(isTried('Gone', circle)).toBe(false)
  })
})

/** What is said of a flow with such a node; undefined where it is taken. */
const refusal = (config: unknown, uses?: string) => {
  const blueprint = {
    id: 'b',
    nodes: [
      { id: 'x', uses: 'own' },
      {
        id: 'n',
        uses: uses ?? 'own',
        params: { workerUsesKey: 'own', gatherNodeId: 'x', duration: 1, condition: 'a' },
        config: config as NodeConfig,
      },
    ],
    edges: [
      { source: 'x', target: 'n' },
      { source: 'n', target: 'x', action: 'continue' },
    ],
  }
  const registry = { own: async () => ({ output: 1 }) }
  try {
    return void new TestService({ blueprints: { b: blueprint }, registry, logger: quiet })
  } catch (error) {
    return (error as Error).message
  }
}

describe('a retry is refused', () => {
  it.each([
    [3, "config.retry must be an object such as { maxAttempts: 5, delay: '2s' }; got 3"],
    [null, 'config.retry must be an object'],
    [{ maxAttempts: 0 }, 'config.retry.maxAttempts must be a whole number of tries from 1; got 0'],
    [{ maxAttempts: 1.5 }, 'whole number of tries from 1; got 1.5'],
    [{ delay: -1 }, "config.retry.delay must be milliseconds from 0, or a text such as '30s'"],
    [{ delay: 'soon' }, "got 'soon'"],
    [{ maxDelay: Infinity }, 'config.retry.maxDelay must be milliseconds from 0'],
    [{ delay: '2m', maxDelay: '1m' }, 'maxDelay must be no shorter than delay, 120000 ms; got 60000 ms'],
    [{ backoff: 0.5 }, "config.retry.backoff must be 'exponential', 'fixed' or a number from 1; got 0.5"],
    [{ backoff: 'linear' }, "got 'linear'"],
    [{ jitter: true }, "config.retry.jitter must be 'none' or 'full'; got true"],
    [{ when: [] }, "config.retry.when must be an error's name or code"],
    [{ when: [{ message: '(' }] }, 'a regular expression'],
    [{ when: () => true }, 'since runs remember it as JSON; got () => true'],
    [{ when: { message: /x/ } }, 'a regular expression'],
    [{ attempts: 3 }, "config.retry has no field 'attempts'; it has maxAttempts, delay"],
  ])('%j', (retry, problem) => {
    expect(refusal({ retry })).toContain(`node 'n': `)
    expect(refusal({ retry })).toContain(problem)
  })

  it('beside maxRetries or retryDelay', () => {
    expect(refusal({ retry: {}, maxRetries: 3 })).toContain('leave out config.maxRetries')
    expect(refusal({ retry: {}, retryDelay: 3 })).toContain('leave out config.retryDelay')
  })

  it.each(['wait', 'sleep', 'webhook', 'loop-controller', 'batch-gather'])('of a %s', (uses) => {
    expect(refusal({ retry: {} }, uses)).toContain("node 'n': it cannot have config.retry: ")
  })

  it('of a batch whose items would wait for long', () => {
    expect(refusal({ retry: { maxAttempts: 9 } }, 'batch-scatter')).toContain(
      'config.retry has delays of up to 128000 ms, and an item of a batch waits for its next try in its worker, at most 10 seconds; give it a maxDelay',
    )
    expect(refusal({ retry: { maxAttempts: 9, maxDelay: '10s' } }, 'batch-scatter')).toBeUndefined()
  })

  it('of a made node, by the failure of what made it', async () => {
    const flow = createFlow('maker').node('a', async () => ({
      output: 1,
      dynamicNodes: [{ id: 'made', uses: 'own', config: { retry: { delay: '1h' } } }],
    }))
    const registry = { own: async () => ({ output: 1 }) }
    const { status, errors } = await new TestService({ flows: [flow], registry, logger: quiet }).run({
      blueprintId: 'maker',
    })
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toContain(
      "the node 'made' at 0: config.retry has delays of up to 7200000 ms",
    )
  })

  it.each([
    { maxAttempts: Infinity },
    { maxAttempts: '4', backoff: '1.5', delay: '0s' },
    { delay: 0, maxDelay: 0, backoff: 'exponential', jitter: 'none', when: 'X' },
  ])('not: %j', (retry) => {
    expect(refusal({ retry })).toBeUndefined()
  })
})

it('a retry is announced by each try, with its number', async () => {
  const attempts: unknown[] = []
  const eventBus = {
    emit: async ({ type, payload }: { type: string; payload: object }) => {
      if (type === 'node:retry') attempts.push(payload)
    },
  }
  let tries = 0
  const run = async () => {
    if (++tries <= 3) throw new Error('down')
    return { output: 1 }
  }
  const config = { retry: { maxAttempts: 4, delay: 1, backoff: 2_000 } }
  const flow = createFlow('told').node('a', run, { config })
  const service = new TestService({ flows: [flow], logger: quiet, eventBus, newRunId: () => 'r' })
  await service.run({ blueprintId: 'told' })
  const payload = { nodeId: 'a', executionId: 'r', blueprintId: 'told' }
  expect(attempts).toEqual([1, 2, 3].map((attempt) => ({ ...payload, attempt })))
})
