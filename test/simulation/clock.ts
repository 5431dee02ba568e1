/** What asks the time of this process, or wants to be called later, gets the time of a simulated world. */
import { clearTaskTimer, setTaskTimer, type Timer } from './host.ts'

const { setTimeout: realTimeout, setInterval: realInterval, clearTimeout: realClear } = globalThis

/**
 * `Date.now`, since the engine goes by it when it sleeps, and timers of what a task does, such as the one that prolongs
 * a lease. With the time of this process the same seed would give another run.
 */
export async function byClock(now: () => number, work: () => Promise<void>): Promise<void> {
  const real = { now: Date.now, random: Math.random, setTimeout, setInterval, clearTimeout, clearInterval }
  const timers = new Map<unknown, Timer>()
  const setter =
    (repeats: boolean) =>
    (callback: () => void, ms = 0) => {
      const timer = setTaskTimer(now(), ms, repeats, callback)
      if (!timer) return repeats ? realInterval(() => callback(), ms) : realTimeout(() => callback(), ms)
      const handle = { unref: () => handle }
      timers.set(handle, timer)
      return handle
    }
  const clear = (handle: unknown) => {
    const timer = timers.get(handle)
    if (timer) clearTaskTimer(timer)
    else realClear(handle as NodeJS.Timeout)
  }
  Date.now = now
  // Pauses have some jitter.
  Math.random = () => 0.5
  Object.assign(globalThis, {
    setTimeout: setter(false),
    setInterval: setter(true),
    clearTimeout: clear,
    clearInterval: clear,
  })
  try {
    await work()
  } finally {
    const { now: realNow, random, ...functions } = real
    Date.now = realNow
    Math.random = random
    Object.assign(globalThis, functions)
  }
}
