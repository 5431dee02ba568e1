/** What asks the time of this process, or wants to be called later, gets the time of a simulated world. */
import { clearTaskInterval, type Interval, setTaskInterval } from './host.ts'

const { setInterval: realSet, clearInterval: realClear } = globalThis

/**
 * `Date.now`, since the engine goes by it when it sleeps, and intervals of what a task does, such as the one that
 * prolongs a lease. With the time of this process the same seed would give another run.
 */
export async function byClock(now: () => number, work: () => Promise<void>): Promise<void> {
  const { now: realNow } = Date
  const intervals = new Map<unknown, Interval>()
  Date.now = now
  globalThis.setInterval = ((callback: () => void, everyMs = 0) => {
    const interval = setTaskInterval(now(), everyMs, callback)
    if (!interval) return realSet(() => callback(), everyMs)
    const timer = { unref: () => timer }
    intervals.set(timer, interval)
    return timer
  }) as typeof setInterval
  globalThis.clearInterval = (timer) => {
    const interval = intervals.get(timer)
    if (interval) clearTaskInterval(interval)
    else realClear(timer)
  }
  try {
    await work()
  } finally {
    Date.now = realNow
    globalThis.setInterval = realSet
    globalThis.clearInterval = realClear
  }
}
