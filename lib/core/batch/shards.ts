/**
 * The shards of a batch: what is sent of them, and what is told them. A range job names shards: it splits, or sends the jobs
 * of one shard. Whoever sees a shard full adds it to the root's set, also on a duplicate long after, and whoever sees the
 * root full wakes the activation that waits. So a crash anywhere is mended by the redelivery.
 */
import type { Counts } from '../common/run-counts.ts'
import { jobOf } from '../execution/opened-run.ts'
import { type ItemRange, messageOf, partitions, RANGE_SPLIT, shardOf, shardRange } from '../protocol/batch.ts'
import type { Job } from '../queue/job.ts'
import { sendJobs } from '../run/dispatch.ts'
import type { Arrivals } from '../store/run-store.ts'
import type { ItemEnd } from './results.ts'
import type { BatchUnderWay } from './under-way.ts'

export type ItemJob = Job & { readonly items: NonNullable<Job['items']> }

/** Sends what covers these shards, leaving out what has arrived. Crash during: the range's message sends it again. */
export async function sendRange(underWay: BatchUnderWay, from: number, to: number): Promise<void> {
  const { services, round } = underWay
  if (to - from > 1) {
    const step = Math.ceil((to - from) / RANGE_SPLIT)
    const ranges = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
    await services.queue.send(
      ranges.map((at) => itemJobOf(underWay, { round: round.index, from: at, to: Math.min(at + step, to) })),
    )
    return
  }
  const partition = partitions.shard(underWay.key, underWay.batch, round, from)
  const { arrived } = await services.store.arrivals(underWay.run.runId, partition)
  const range = shardRange(round, from)
  const missing = itemsOf(range).filter((item) => !arrived.has(item))
  const firsts = new Set(missing.map((item) => messageOf(underWay.batch, round, item).from))
  await services.queue.send([...firsts].map((item) => itemJobOf(underWay, { round: round.index, item })))
  if (missing.length === 0) await shardIsFull(underWay, from)
}

/** The job of items, or of shards. */
export function itemJobOf(underWay: BatchUnderWay, items: ItemJob['items']): ItemJob {
  return { ...jobOf(underWay, underWay.key), items }
}

/** Their numbers. */
export function itemsOf({ from, to }: ItemRange): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

/** Who arrives: items of one shard, whose results stand together. */
export interface Arriving {
  readonly items: readonly number[]
  readonly end: ItemEnd
  /** What was used for them. @default - it was not counted */
  readonly cost?: Counts
}

/**
 * Tells the shard that items have ended, and gives who has by now. Crash before: the redelivery finds their results and
 * arrives. After it, before the shard is passed up: the redelivery sees it full.
 */
export async function arriveAt(underWay: BatchUnderWay, { items, end, cost }: Arriving): Promise<Arrivals> {
  const { services, run, key, batch, round } = underWay
  const shard = shardOf(round, items[0] as number)
  const partition = partitions.shard(key, batch, round, shard)
  const arrivals = await services.store.arrive(run.runId, partition, items, end === 'noted', cost)
  const range = shardRange(round, shard)
  if (arrivals.arrived.size === range.to - range.from) await shardIsFull(underWay, shard, arrivals)
  return arrivals
}

/** What its items used is passed up with it, once. */
async function shardIsFull(underWay: BatchUnderWay, shard: number, seen?: Arrivals): Promise<void> {
  const { services, run, key, batch, round } = underWay
  const partition = partitions.shard(key, batch, round, shard)
  const { store } = services
  const { failed, cost } = seen ?? (await store.arrivals(run.runId, partition))
  const root = await store.arrive(run.runId, partitions.root(key, batch, round), shard, failed > 0, cost)
  if (root.arrived.size === round.shards) await sendJobs(underWay, [key])
}
