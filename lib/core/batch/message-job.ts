/**
 * The job of several items (`itemsPerMessage`). They run side by side, as in memory; their results are one write, and their
 * arrival is another. What is not in that write when it is made goes on by a message for each item: what was under way near the
 * end of an invocation, what had trouble, and, where somebody died of the message, all of it, so that the item which kills its
 * worker takes no other along.
 */
import type { Disposition } from '../execution/disposition.ts'
import { failureOf } from '../execution/execution.ts'
import type { Invocation } from '../execution/services.ts'
import { isFirstAttempt } from '../execution/without-lease.ts'
import { after } from '../common/node-numbers.ts'
import { type ItemRange, itemKeys, partitions, shardOf } from '../protocol/batch.ts'
import { type Leased, underLease } from './leased.ts'
import { type PackedResults, putPacked, readPacked } from './packed-results.ts'
import { type EndedItem, failedItem, noteItem, runItem } from './run-item.ts'
import { itemReader } from './scatter.ts'
import { arriveAt, itemJobOf, itemsOf } from './shards.ts'
import type { BatchUnderWay } from './under-way.ts'

/** Kept of an invocation to put what is done and to send the rest, in milliseconds; of a short one this part. */
const RESERVE_MS = 5_000
const RESERVE_PART = 0.2

export function workOnMessage(
  given: BatchUnderWay,
  range: ItemRange,
  invocation: Invocation,
): Promise<Disposition> {
  const { key, batch, round } = given
  const partition = partitions.shard(key, batch, round, shardOf(round, range.from))
  const what = `items ${range.from} to ${range.to - 1}`
  const place = { strand: itemKeys.leaseOfMessage(partition, range.from), what }
  return underLease(given, place, invocation, (underWay, leased) =>
    finishMessage(underWay, { ...leased, ...range, partition }, invocation),
  )
}

/** The items of a message under the lease of whoever works on them. */
interface LeasedItems extends Leased, ItemRange {
  readonly partition: string
}

async function finishMessage(
  underWay: BatchUnderWay,
  leased: LeasedItems,
  invocation: Invocation,
): Promise<void> {
  const { services, run, key, round } = underWay
  const { from, partition, lost } = leased
  const known = isFirstAttempt(services, leased) ? undefined : await readPacked(underWay, leased)
  const packed =
    known ??
    (lost > 0 ? await putPacked(underWay, leased, new Map()) : await runAll(underWay, leased, invocation))
  if (!packed) return
  const { items, end } = packed
  const cost = services.counter?.take(`${key}|${from}`, {})
  const { arrived } =
    items.length > 0
      ? await arriveAt(underWay, { items, end, cost })
      : await services.store.arrivals(run.runId, partition)
  const left = itemsOf(leased).filter((item) => !arrived.has(item))
  // Crash before or during: the redelivery finds what was put, and sends those that have not arrived by then.
  await services.queue.send(
    left.map((item) => itemJobOf(underWay, { round: round.index, item, alone: true })),
  )
}

/** Undefined where a successor is at them. */
async function runAll(
  underWay: BatchUnderWay,
  leased: LeasedItems,
  invocation: Invocation,
): Promise<PackedResults | undefined> {
  const { signal, sentAt } = leased
  const late = new AbortController()
  const stopped = AbortSignal.any([signal, late.signal])
  const read = itemReader(underWay, underWay.key, underWay.batch)
  const ended = new Map<number, EndedItem>()
  const troubles: unknown[] = []
  const run = async (item: number) => {
    try {
      const one = await runOrFail(underWay, item, () =>
        runItem(underWay, { item, sentAt, signal: stopped, read }),
      )
      if (one && !stopped.aborted) ended.set(item, one)
    } catch (trouble) {
      troubles.push(trouble)
    }
  }
  await beforeTheEnd(underWay, invocation, Promise.all(itemsOf(leased).map(run)))
  late.abort(new Error('its invocation is about to end'))
  if (signal.aborted) return undefined
  // Of trouble that all have the message comes back; what some have, they have alone.
  if (ended.size === 0 && troubles.length > 0) throw troubles[0]
  const packed = await putPacked(
    underWay,
    leased,
    new Map([...ended].map(([item, { result }]) => [item, result])),
  )
  for (const [item, one] of ended) noteItem(underWay, item, one)
  return packed
}

async function runOrFail(
  underWay: BatchUnderWay,
  item: number,
  run: () => Promise<EndedItem | undefined>,
): Promise<EndedItem | undefined> {
  try {
    return await run()
  } catch (error) {
    return failedItem(underWay, item, failureOf(error))
  }
}

/** Waits for the work, but no longer than there is time to keep what is done. A long-lived worker has no end. */
async function beforeTheEnd(
  { services: { now } }: BatchUnderWay,
  { extendsLease, deadline }: Invocation,
  work: Promise<unknown>,
): Promise<void> {
  const left = deadline() - now()
  // Where that is over and it still lives, nothing is known of its end.
  if (extendsLease || left <= 0) return void (await work)
  let stop: (() => void) | undefined
  const end = new Promise<void>((resolve) => {
    stop = after(left - Math.min(RESERVE_MS, left * RESERVE_PART), resolve)
  })
  try {
    await Promise.race([work, end])
  } finally {
    stop?.()
  }
}
