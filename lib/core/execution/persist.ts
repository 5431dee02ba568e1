/**
 * Requests that are tried again while their invocation has time. A node whose work is done must not run again since a table
 * was throttled for a second: all that is written for it is conditional or immutable, so it may be asked for again.
 */
import { CostCounter } from '../common/cost-counter.ts'
import { isTrouble, messageOf } from '../common/errors.ts'
import { propertyOf, textOf } from '../common/thrown.ts'
import { pauseMs } from '../queue/backoff.ts'
import type { RunStore } from '../store/run-store.ts'
import type { Invocation, Services } from './services.ts'

/** An invocation keeps so much to give its lease back and to answer, in milliseconds, or twice what the last try took. */
const MARGIN_MS = 4_000
/** For so long at most. A long-lived worker has no end, and its messages come back more cheaply than they wait. */
const PERSIST_MS = 120_000
/** Errors of permissions, keys and names, which no second passes. */
const LASTING = /access|credential|signature|token|unrecognized|notfound|kms/i

type Asking = Pick<Services, 'now' | 'sleep' | 'logger'>

export interface PersistOptions extends Pick<Invocation, 'extendsLease' | 'deadline' | 'givenUp'> {
  /** In milliseconds. @default 120000 */
  readonly atMostMs?: number
  /** Aborted where a successor is at the work. @default - never */
  readonly signal?: AbortSignal
}

/** What it gives, or the error of the last try. Only trouble that may pass is waited out. */
export async function persist<T>(
  { now, sleep, logger }: Asking,
  { deadline, extendsLease, givenUp, signal, atMostMs = PERSIST_MS }: PersistOptions,
  request: () => Promise<T>,
): Promise<T> {
  const begun = now()
  // Pauses count although the clock may stand still, as that of a test.
  let paused = 0
  for (let failures = 1; ; failures++) {
    const triedAt = now()
    try {
      return await request()
    } catch (error) {
      const pause = pauseMs(failures)
      const margin = extendsLease ? 0 : Math.max(MARGIN_MS, 2 * (now() - triedAt))
      const end = Math.min(begun + atMostMs, extendsLease ? Infinity : deadline() - margin)
      const isLate = Math.max(now(), begun + paused) + pause >= end
      if (!mayPass(error) || isLate || givenUp?.aborted || signal?.aborted) throw error
      logger.debug('a request is tried again', { reason: messageOf(error), failures })
      paused += pause
      await sleep(pause)
    }
  }
}

function mayPass(error: unknown): boolean {
  return isTrouble(error) && !LASTING.test(textOf(propertyOf(propertyOf(error, 'cause'), 'name')))
}

/**
 * The services of whoever holds a lease: what they ask of the table, the bucket and the queue is tried again. Crash before or between
 * tries: as before and after the request itself; a try that arrives late, beside the next, is refused or changes nothing.
 */
export function persistent(services: Services, options: PersistOptions): Services {
  const { values, queue, counter = new CostCounter({ elapsed: () => 0 }) } = services
  const store = persistentStore(services, options)
  return {
    ...services,
    store,
    // An object is named by the attempt that puts it, and put again it is the same.
    values: values.countedBy(store, counter).askingBy((request) => persist(services, options, request)),
    queue: { send: (jobs, delay) => persist(services, options, () => queue.send(jobs, delay)) },
  }
}

function persistentStore(services: Services, options: PersistOptions): RunStore {
  return new Proxy(services.store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      if (name === 'countedBy') {
        const countedBy = (by: CostCounter) =>
          persistentStore({ ...services, store: target.countedBy?.(by) ?? target }, options)
        return countedBy
      }
      const ask = method as (...given: unknown[]) => Promise<unknown>
      return (...given: unknown[]) => persist(services, options, () => ask.apply(target, given))
    },
  })
}
