/**
 * Lets the runs go that a pause of their blueprint held, once that is over: by whoever unpauses the blueprint, and by the sweep
 * where those are many, or where the caller died. Several may do it at once: each run is let go by one of them.
 */
import pMap from 'p-map'
import type { Services } from '../execution/services.ts'
import { HELD_SHARDS, type HeldPlace } from '../store/pause-store.ts'
import { LOOK_AFTER_MS, sendActive } from './hold.ts'

export type ReleaseServices = Pick<Services, 'store' | 'graphs' | 'queue' | 'emit' | 'now'>

const PAGE = 100
const CONCURRENCY = 20

/**
 * @param atMost - runs that are looked at, give or take a page; the rest is for the next call
 * @param epoch - the pause that is over. @default - all that are
 * @returns how many runs it let go
 */
export async function releaseHeld(
  services: ReleaseServices,
  atMost: number,
  epoch?: string,
): Promise<number> {
  const { releases } = await services.store.readPauses({ consistent: epoch !== undefined })
  let left = atMost
  let freed = 0
  for (const [ended, release] of releases) {
    if (epoch !== undefined && ended !== epoch) continue
    const done = await releaseOne(services, ended, release, left)
    left -= done.looked
    freed += done.freed
  }
  return freed
}

async function releaseOne(
  { store, ...services }: ReleaseServices,
  epoch: string,
  { shard, after }: HeldPlace,
  atMost: number,
): Promise<{ looked: number; freed: number }> {
  let noted: HeldPlace = { shard, after }
  let [looked, freed] = [0, 0]
  for (let place: HeldPlace | undefined = noted; place && looked < atMost;) {
    const { runIds, next } = await store.readHeld(epoch, place, PAGE)
    const free = (runId: string) => letGo({ store, ...services }, runId, epoch)
    const wereHeld = await pMap(runIds, free, { concurrency: CONCURRENCY })
    freed += wereHeld.filter(Boolean).length
    looked += runIds.length
    place = next ?? nextShard(place)
    if (place && runIds.length === 0) continue
    // Crash before: these runs are asked once more, and are not held any more. After: it goes on behind them.
    if (!(await store.moveRelease(epoch, noted, place))) break
    if (place) noted = place
  }
  return { looked, freed }
}

function nextShard({ shard }: HeldPlace): HeldPlace | undefined {
  return shard + 1 < HELD_SHARDS ? { shard: shard + 1 } : undefined
}

/** Crash after the write: the sweep sends the jobs. One that is paused itself stays so, until that is over too. */
async function letGo(services: ReleaseServices, runId: string, epoch: string): Promise<boolean> {
  const { committed, run } = await services.store.letGo(runId, epoch, services.now() + LOOK_AFTER_MS)
  if (committed && run.pausedAt === undefined) await sendActive(services, run)
  return committed
}
