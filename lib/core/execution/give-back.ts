/**
 * Gives leases back: while there is time, again and again. A lease that is not given back looks like the death of its
 * worker, and fifteen of those that were held alone fail a node.
 */
import { messageOf } from '../common/errors.ts'
import { pauseMs } from '../queue/backoff.ts'
import type { ReleaseRequest } from '../store/run-store.ts'
import type { Invocation, Services } from './services.ts'

/** For so long at most, in milliseconds: a long-lived worker's lease is over before. */
const RELEASE_MS = 90_000
/** An invocation keeps so much to say when its message comes back, or twice what the last try took. */
const MARGIN_MS = 2_000
/** So many leases are remembered that could not be given back: the latest. */
const REMEMBERED_AT_MOST = 100

type Giver = Pick<Services, 'store' | 'now' | 'sleep' | 'logger' | 'unreleased'>

/**
 * Crash before: the lease is lost, and ends by itself. After: a redelivery need not wait for its end. Where no try
 * succeeds the process remembers the lease: see `giveBackRemembered`.
 */
export async function giveBack(
  services: Giver,
  request: ReleaseRequest,
  { extendsLease, deadline, givenUp }: Pick<Invocation, 'extendsLease' | 'deadline' | 'givenUp'>,
): Promise<void> {
  const { now, logger } = services
  const begun = now()
  const end = Math.min(begun + RELEASE_MS, extendsLease ? Infinity : deadline())
  // Pauses count although the clock may stand still, as that of a test.
  let paused = 0
  for (let failures = 1; ; failures++) {
    const triedAt = now()
    try {
      await services.store.release(request)
      return
    } catch (error) {
      const pause = pauseMs(failures)
      const margin = extendsLease ? 0 : Math.max(MARGIN_MS, 2 * (now() - triedAt))
      if (givenUp?.aborted || Math.max(now(), begun + paused) + pause + margin >= end) {
        logger.warn('could not release a lease', { reason: messageOf(error) })
        return remember(services.unreleased, request)
      }
      paused += pause
      await services.sleep(pause)
    }
  }
}

/**
 * Gives back what this process could not give back before, so that it counts as nobody's death. It changes nothing
 * where another has the lease by now. Asked before each lease is taken: the trouble may be over, and the strand's own
 * message may be what came.
 */
export async function giveBackRemembered({ store, unreleased }: Giver): Promise<void> {
  const requests = [...unreleased]
  // So that nobody beside this one asks too.
  unreleased.clear()
  await Promise.all(
    requests.map((request) => store.release(request).catch(() => remember(unreleased, request))),
  )
}

function remember(unreleased: Set<ReleaseRequest>, request: ReleaseRequest): void {
  unreleased.add(request)
  const [oldest] = unreleased
  if (oldest && unreleased.size > REMEMBERED_AT_MOST) unreleased.delete(oldest)
}
