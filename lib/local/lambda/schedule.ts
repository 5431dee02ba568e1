// Invokes a function at a rate, as a scheduled rule of EventBridge does.

import { wholeNumber } from '../errors.ts'
import { InFlight } from '../in-flight.ts'
import type { Invocable } from './types.ts'

/** Options of {@link LocalAws.schedule}. */
export interface ScheduleOptions {
  /** A function, a version or an alias. */
  readonly function: Invocable
  /** Minutes between two invocations, 1 to 35,791 (Node's longest timer). The first is after as many, as on AWS. */
  readonly rateMinutes: number
  /** Makes what the function gets. @default - `{}` */
  readonly event?: () => unknown
}

/** A running schedule. */
export interface LocalSchedule {
  /** Waits for the invocations in flight. May be called again. */
  stop(): Promise<void>
}

/** 2^31 - 1 milliseconds. */
export const LONGEST_RATE_MINUTES = 35_791

/** One try for each time, with no retries; a function that fails is in its own log and counts. */
export function startSchedule(options: ScheduleOptions): LocalSchedule {
  const { function: fn, event = () => ({}) } = options
  const minutes = wholeNumber('rateMinutes', options.rateMinutes, 1, LONGEST_RATE_MINUTES, 'minutes')
  return startTimer(minutes, () => fn.invoke(event()))
}

/** Fires every so many minutes, whether the last time is over or not. */
export function startTimer(minutes: number, fire: () => Promise<unknown>): LocalSchedule {
  const inFlight = new InFlight()
  const timer = setInterval(() => inFlight.add(fire()), minutes * 60_000)
  return {
    async stop() {
      clearInterval(timer)
      await inFlight.settle()
    },
  }
}

const minuteNow = () => Math.floor(Date.now() / 60_000)

/** Fires at each full minute from now on, also at those that a busy process missed. */
export function startMinutes(fire: (minute: Date) => Promise<unknown>): LocalSchedule {
  const inFlight = new InFlight()
  let last = minuteNow()
  const timer = setInterval(() => {
    for (const now = minuteNow(); last < now;) inFlight.add(fire(new Date(++last * 60_000)))
  }, 1_000)
  return {
    async stop() {
      clearInterval(timer)
      await inFlight.settle()
    },
  }
}

const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/
const MINUTES = { minute: 1, hour: 60, day: 1_440 } as const

/** The minutes of `rate(5 minutes)`; undefined for what is no rate. */
export function rateMinutesOf(expression: string): number | undefined {
  const [, count, unit] = RATE.exec(expression) ?? []
  return count === undefined ? undefined : Number(count) * MINUTES[unit as keyof typeof MINUTES]
}
