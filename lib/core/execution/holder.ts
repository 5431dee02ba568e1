/** Whoever works on a strand or on an item of a batch: under a lease, or without one. */
import type { Unleased } from '../protocol/attempt.ts'
import type { Lease, LeaseEnd } from '../store/run-store.ts'
import type { Disposition, Retry } from './disposition.ts'
import type { Invocation } from './services.ts'

/** A strand that cannot begin comes back within so many seconds: each after another time, so that they come apart. */
const APART_SECONDS = 5

export interface Holder {
  /** Aborted when a successor took over, or the process gives the work up. */
  readonly signal: AbortSignal
  /** Whether the work may begin here and now; else what becomes of its message. `what` names it. */
  begin(what: string): Promise<Begun | Retry>
  /** Whether nobody can have taken over. */
  isMine(): Promise<boolean>
  /** Whether its message may be deleted: nobody works on another delivery of it. */
  mayAcknowledge(): Promise<boolean>
  /** What comes of the work, unless the process gives it up: then its node's signal is aborted, and the message comes back. */
  unlessGivenUp(work: Promise<Disposition>): Promise<Disposition>
  /** So that whoever comes next need not wait. */
  release(ended?: LeaseEnd): Promise<void>
  stop(): void
}

/** `giveUp` ends the work, by the reason of the invocation's signal. */
export async function unlessGivenUp(
  work: Promise<Disposition>,
  { givenUp }: Pick<Invocation, 'givenUp'>,
  giveUp: (reason: unknown) => Promise<void>,
): Promise<Disposition> {
  if (!givenUp) return work
  const ended = new AbortController()
  const left = new Promise<Disposition>((resolve) => {
    const leave = () =>
      void giveUp(givenUp.reason).then(() =>
        resolve({ kind: 'retry', reason: 'the worker stops', afterSeconds: 0 }),
      )
    if (givenUp.aborted) leave()
    else givenUp.addEventListener('abort', leave, { once: true, signal: ended.signal })
  })
  try {
    return await Promise.race([work, left])
  } finally {
    ended.abort()
  }
}

/** A lease that is held; without one what stands in its place. */
export interface Held extends Omit<Lease, 'attempt'> {
  /** Number of leases so far, or who works without one. */
  readonly attempt: number | Unleased
}

export interface Begun {
  readonly kind: 'begun'
  readonly lease: Held
}

/** What becomes of a message whose strand cannot begin: it comes back soon, and not with those that it came with. */
export function comesApart(what: string, strand: string, attempt: Held['attempt']): Retry {
  const number = [...`${what} ${strand} ${attempt}`].reduce(
    (sum, character) => (sum * 31 + character.charCodeAt(0)) | 0,
    0,
  )
  return {
    kind: 'retry',
    reason: `${what} is not to be worked on beside others now`,
    afterSeconds: 1 + Math.abs(number % APART_SECONDS),
  }
}
