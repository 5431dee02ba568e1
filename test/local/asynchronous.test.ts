/** Asynchronous invocations: when Lambda tries again, and what becomes of an event that it gives up. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InFlight } from '../../lib/local/in-flight.ts'
import { Asynchronous, type GivenUp } from '../../lib/local/lambda/asynchronous.ts'
import { FunctionError, ThrottledError } from '../../lib/local/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn'
const failed = new FunctionError('fn', { errorType: 'Error', errorMessage: 'no' })

function functionThat(...ends: (Error | 'works')[]) {
  const triedAt: number[] = []
  const begun = Date.now()
  const invoke = async () => {
    triedAt.push(Date.now() - begun)
    const end = ends[Math.min(triedAt.length, ends.length) - 1]
    if (end instanceof Error) throw end
  }
  return { fn: { arn: ARN, timeoutSeconds: 1, invoke }, triedAt }
}

describe('an asynchronous invocation', () => {
  it('is tried again after a minute and after two more, and then given up', async () => {
    const asynchronous = new Asynchronous(new InFlight())
    const given: GivenUp[] = []
    asynchronous.configure(ARN, { onFailure: async (one) => void given.push(one) })
    const { fn, triedAt } = functionThat(failed)
    asynchronous.take(fn, { n: 1 })
    await vi.advanceTimersByTimeAsync(3_600_000)

    expect(triedAt).toEqual([0, 60_000, 180_000])
    expect(given).toMatchObject([{ condition: 'RetriesExhausted', tries: 3, event: { n: 1 }, error: failed }])
  })

  it('is not tried again once it worked, nor more often than its configuration says', async () => {
    const asynchronous = new Asynchronous(new InFlight())
    const works = functionThat(failed, 'works')
    asynchronous.take(works.fn, {})
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(works.triedAt).toEqual([0, 60_000])

    const config = asynchronous.configure(ARN, { retryAttempts: 0 })
    const once = functionThat(failed)
    asynchronous.take(once.fn, {})
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(once.triedAt).toEqual([0])
    await config.stop()
    asynchronous.take(once.fn, {})
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(once.triedAt).toHaveLength(4)
  })

  it('that is throttled comes again with growing pauses for six hours, or until it is too old', async () => {
    const asynchronous = new Asynchronous(new InFlight())
    const given: GivenUp[] = []
    const { fn, triedAt } = functionThat(new ThrottledError('fn', 1))
    asynchronous.take(fn, {})
    await vi.advanceTimersByTimeAsync(86_400_000)
    expect(triedAt.slice(0, 5)).toEqual([0, 1_000, 3_000, 7_000, 15_000])
    expect(triedAt.at(-1)! - triedAt.at(-2)!).toBe(300_000)
    expect(triedAt.at(-1)).toBeGreaterThan(21_300_000)
    expect(triedAt.at(-1)).toBeLessThanOrEqual(21_600_000)

    asynchronous.configure(ARN, { maxEventAgeSeconds: 60, onFailure: async (one) => void given.push(one) })
    asynchronous.take(functionThat(new ThrottledError('fn', 1)).fn, {})
    await vi.advanceTimersByTimeAsync(60_000)
    expect(given).toMatchObject([{ condition: 'EventAgeExceeded', tries: 0 }])
  })

  it('is given up when the local AWS stops, which waits for no retry', async () => {
    const inFlight = new InFlight()
    const asynchronous = new Asynchronous(inFlight)
    const { fn, triedAt } = functionThat(failed)
    asynchronous.take(fn, {})
    await vi.advanceTimersByTimeAsync(1)
    asynchronous.stop()
    await inFlight.settle()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(triedAt).toEqual([0])
  })
})
