/**
 * Jobs of a batch: of shards (`shards.ts`), of one item, here, or of several (`message-job.ts`). Whoever has one runs the item,
 * puts its result and adds it to its shard's set.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import { type Disposition, ACKNOWLEDGE } from '../execution/disposition.ts'
import { failureOf } from '../execution/execution.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import { DEATHS_AT_MOST, deathsOf, type Invocation } from '../execution/services.ts'
import { isFirstAttempt } from '../execution/without-lease.ts'
import { itemKeys, messageOf, partitions, shardOf } from '../protocol/batch.ts'
import { type ActivationKey, isOver } from '../protocol/run-state.ts'
import { sendJobs } from '../run/dispatch.ts'
import { type Leased, underLease } from './leased.ts'
import { workOnMessage } from './message-job.ts'
import { hasItsOwnMessage } from './packed-results.ts'
import { endedItem, type ItemEnd, putResult } from './results.ts'
import { type EndedItem, failedItem, noteItem, runItem } from './run-item.ts'
import { itemReader } from './scatter.ts'
import { arriveAt, type ItemJob, sendRange } from './shards.ts'
import { type BatchUnderWay, batchUnderWay } from './under-way.ts'

export async function processItemJob(
  open: OpenRun,
  key: ActivationKey,
  job: ItemJob,
  invocation: Invocation,
): Promise<Disposition> {
  const { services, run } = open
  const wait = run.active.get(key)?.wait
  // Another round, or the batch is over: nobody waits for these any more.
  if (isOver(run) || wait?.kind !== 'items' || wait.round !== job.items.round) return ACKNOWLEDGE
  let underWay: BatchUnderWay
  try {
    underWay = await batchUnderWay(open, key, wait.round)
  } catch (error) {
    // What is known of the batch is lost, for the activation that waits for it too: it fails by that when it is woken.
    services.logger.error('an item of a batch cannot run', { ...job, reason: failureOf(error).message })
    await sendJobs(open, [key])
    return ACKNOWLEDGE
  }
  const { batch, round } = underWay
  const { from: first, size, shards } = round
  const { item, from = 0, to = shards, alone = false } = job.items
  if (item === undefined) {
    if (from >= to || to > shards) throw outOfRange(job, `shards ${from} to ${to} of ${shards}`)
    await sendRange(underWay, from, to)
    return ACKNOWLEDGE
  }
  if (item < first || item >= first + size)
    throw outOfRange(job, `item ${item} of ${first} to ${first + size}`)
  const { perMessage = 1 } = batch
  // Whoever may have sent it: an item is worked on alone only where that is decided.
  const isAlone = perMessage === 1 || (alone && (await hasItsOwnMessage(underWay, item)))
  return isAlone
    ? workOnItem(underWay, item, invocation)
    : workOnMessage(underWay, messageOf(batch, round, item), invocation)
}

function outOfRange({ runId, nodeId }: ItemJob, what: string): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_JOB', `the batch of '${nodeId}' of run '${runId}' has no ${what}`)
}

async function workOnItem(given: BatchUnderWay, item: number, invocation: Invocation): Promise<Disposition> {
  const { key, batch, round } = given
  const partition = partitions.shard(key, batch, round, shardOf(round, item))
  const place = { strand: itemKeys.lease(partition, item), what: `item ${item}` }
  return underLease(given, place, invocation, (underWay, leased) =>
    finishItem(underWay, { ...leased, partition, item }),
  )
}

/** An item under the lease of whoever works on it, or without one. */
interface LeasedItem extends Leased {
  readonly partition: string
  readonly item: number
}

async function finishItem(underWay: BatchUnderWay, leased: LeasedItem): Promise<void> {
  const { services, key } = underWay
  const { item } = leased
  const known = isFirstAttempt(services, leased) ? undefined : await endedItem(underWay, leased)
  // Crash before the result: the item runs again. After it: the redelivery finds it and only arrives.
  const end =
    known ??
    (deathsOf(leased) >= DEATHS_AT_MOST ? await giveUp(underWay, leased) : await runOrFail(underWay, leased))
  if (end === undefined) return
  const cost = services.counter?.take(`${key}|${item}`, {})
  await arriveAt(underWay, { items: [item], end, cost })
}

/** How the item ended, undefined where a successor is at it. The first result that is put counts. */
async function runOrFail(underWay: BatchUnderWay, leased: LeasedItem): Promise<ItemEnd | undefined> {
  const { item } = leased
  const read = itemReader(underWay, underWay.key, underWay.batch)
  try {
    const ended = await runItem(underWay, { ...leased, read })
    return ended && (await end(underWay, leased, ended))
  } catch (error) {
    // Of a result that was put all the same the first counts.
    return end(underWay, leased, failedItem(underWay, item, failureOf(error)))
  }
}

async function giveUp(underWay: BatchUnderWay, leased: LeasedItem): Promise<ItemEnd> {
  const { item } = leased
  const why = `${deathsOf(leased)} workers died or ran out of time while they executed item ${item}`
  return end(underWay, leased, failedItem(underWay, item, new FlowcraftAwsError('NODE_KILLED', why)))
}

async function end(underWay: BatchUnderWay, leased: LeasedItem, ended: EndedItem): Promise<ItemEnd> {
  const how = await putResult(underWay, leased, ended.result)
  noteItem(underWay, leased.item, ended)
  return how
}
