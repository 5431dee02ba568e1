/**
 * Jobs of a batch. A range job names shards: it splits, or sends the jobs of one shard's items. An item job runs one
 * item and adds it to its shard's set; whoever sees a shard full adds it to the root's, also on a duplicate long after,
 * and whoever sees the root full wakes the activation that waits. So a crash anywhere is mended by the redelivery.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import { ActivationContext } from '../execution/activation-context.ts'
import { type Disposition, ACKNOWLEDGE, deferToNewerDeployment } from '../execution/disposition.ts'
import { executeNode } from '../execution/execute.ts'
import { failed, failureOf, type Execution } from '../execution/execution.ts'
import { heldByAnother } from '../execution/held-lease.ts'
import type { Held } from '../execution/holder.ts'
import { holderOf, isFirstAttempt } from '../execution/without-lease.ts'
import { type OpenRun, readerOf, jobOf } from '../execution/opened-run.ts'
import { persistent } from '../execution/persist.ts'
import { DEATHS_AT_MOST, deathsOf, type Invocation } from '../execution/services.ts'
import { notedError } from '../history/notes.ts'
import { itemKeys, partitions, RANGE_SPLIT, shardOf, shardRange } from '../protocol/batch.ts'
import { type ActivationKey, isOver, parseActivationKey } from '../protocol/run-state.ts'
import type { Job } from '../queue/job.ts'
import { sendJobs } from '../run/dispatch.ts'
import type { Arrivals } from '../store/run-store.ts'
import { definitionOf, givenTo, graphOf, missing } from './item-node.ts'
import { endedItem, type ItemEnd, type ItemExecution, putResult } from './results.ts'
import { readItem } from './scatter.ts'
import { type BatchUnderWay, batchUnderWay } from './under-way.ts'

export type ItemJob = Job & { readonly items: NonNullable<Job['items']> }

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
  const { from: first, size, shards } = underWay.round
  const { item, from = 0, to = shards } = job.items
  if (item === undefined) {
    if (from >= to || to > shards) throw outOfRange(job, `shards ${from} to ${to} of ${shards}`)
    await sendRange(underWay, from, to)
    return ACKNOWLEDGE
  }
  if (item < first || item >= first + size)
    throw outOfRange(job, `item ${item} of ${first} to ${first + size}`)
  return workOnItem(underWay, item, invocation)
}

function outOfRange({ runId, nodeId }: ItemJob, what: string): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_JOB', `the batch of '${nodeId}' of run '${runId}' has no ${what}`)
}

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
  const missing = Array.from({ length: range.to - range.from }, (_, index) => range.from + index).filter(
    (item) => !arrived.has(item),
  )
  await services.queue.send(missing.map((item) => itemJobOf(underWay, { round: round.index, item })))
  if (missing.length === 0) await shardIsFull(underWay, from)
}

function itemJobOf(underWay: BatchUnderWay, items: ItemJob['items']): ItemJob {
  return { ...jobOf(underWay, underWay.key), items }
}

async function workOnItem(given: BatchUnderWay, item: number, invocation: Invocation): Promise<Disposition> {
  const { run, key, batch, round } = given
  const { sentAt } = invocation
  const partition = partitions.shard(key, batch, round, shardOf(round, item))
  const holder = holderOf(given.services, run, itemKeys.lease(partition, item), invocation)
  // Crash before: nothing happened. After: nobody works on the item until the lease is over, then a redelivery.
  const begun = await holder.begin(`item ${item} of ${key} of run '${run.runId}'`)
  if (begun.kind === 'retry') return begun
  const { lease } = begun
  const services = persistent(given.services, { ...invocation, signal: holder.signal })
  const underWay = { ...given, services }
  try {
    const finishing = finishItem(underWay, { partition, item, sentAt, signal: holder.signal, ...lease })
    const result = await holder.unlessGivenUp(finishing.then(() => ACKNOWLEDGE))
    if (result.kind === 'retry') return result
    return holder.signal.aborted ? heldByAnother(services, lease, `item ${item} of ${key}`) : ACKNOWLEDGE
  } catch (error) {
    // So that the redelivery need not wait for the lease to end.
    await holder.release()
    throw error
  } finally {
    holder.stop()
  }
}

/** An item under the lease of whoever works on it, or without one. */
interface LeasedItem extends Held {
  readonly partition: string
  readonly item: number
  /** When its message was sent. */
  readonly sentAt: number | undefined
  /** Aborted when a successor took the lease over. */
  readonly signal: AbortSignal
}

async function finishItem(underWay: BatchUnderWay, leased: LeasedItem): Promise<void> {
  const { services, run, key, round } = underWay
  const { partition, item } = leased
  const known = isFirstAttempt(services, leased) ? undefined : await endedItem(underWay, leased)
  // Crash before the result: the item runs again. After it: the redelivery finds it and only arrives.
  const end =
    known ??
    (deathsOf(leased) >= DEATHS_AT_MOST ? await giveUp(underWay, leased) : await runOrFail(underWay, leased))
  if (end === undefined) return
  const cost = services.counter?.take(`${key}|${item}`, {})
  const arrivals = await services.store.arrive(run.runId, partition, item, end === 'noted', cost)
  const shard = shardOf(round, item)
  const range = shardRange(round, shard)
  if (arrivals.arrived.size === range.to - range.from) await shardIsFull(underWay, shard, arrivals)
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

/** How the item ended, undefined where a successor is at it. The first result that is put counts. */
async function runItem(underWay: BatchUnderWay, leased: LeasedItem): Promise<ItemEnd | undefined> {
  const { item, signal, sentAt = 0 } = leased
  const { services, graph, run, key, batch } = underWay
  const { runtime } = services
  const startedAt = services.now()
  const input = await readItem(underWay, key, batch, item)
  const definition = definitionOf(underWay, item, input)
  const reader = readerOf(underWay)
  const context = new ActivationContext(reader, undefined, await givenTo(underWay, reader, input))
  const small = graphOf(graph.blueprint.id, definition)
  const { uses } = definition
  let implementation = services.graphs.implementation(uses, runtime.registry)
  if (!implementation) {
    // A node that was made just now, by a newer worker, may be in a run that began long ago.
    const made = batch.kind === 'worker' ? run : { startedAt: Math.max(run.startedAt, sentAt) }
    deferToNewerDeployment(services, made, missing(underWay, item, uses))
    const { node } = parseActivationKey(key)
    if (batch.kind === 'worker')
      implementation = services.graphs.successor(graph, node, runtime.registry, true)
  }
  const execution: Execution = implementation
    ? await executeNode({
        runtime,
        graph: small,
        run: { ...run, done: 0n },
        node: 0,
        implementation,
        context,
        signal,
        tries: 0,
        now: services.now,
        nodeTimeoutMs: services.nodeTimeoutMs,
        inProcess: true,
        counter: services.counter,
      })
    : failed(new FlowcraftAwsError('INVALID_BLUEPRINT', missing(underWay, item, uses)))
  // A worker that heeds its signal ends because of it, which is no failure of its own.
  if (signal.aborted) return undefined
  const standIn = definition.config?.fallback
  const result = { nodeId: definition.id, execution: { ...execution, standIn }, writes: context.writes }
  return end(underWay, leased, result, startedAt)
}

async function end(
  underWay: BatchUnderWay,
  leased: LeasedItem,
  result: ItemExecution,
  startedAt: number,
): Promise<ItemEnd> {
  const ended = await putResult(underWay, leased, result)
  const { services, run, key } = underWay
  const { node: n, iteration: i } = parseActivationKey(key)
  const { error } = result.execution
  const took = { s: startedAt, m: Math.max(0, services.now() - startedAt) }
  const failure = error === undefined ? {} : { e: notedError(error) }
  services.history?.note(run.runId, { k: 'i', n, i, a: leased.item, ...took, ...failure })
  return ended
}

async function runOrFail(underWay: BatchUnderWay, leased: LeasedItem): Promise<ItemEnd | undefined> {
  try {
    return await runItem(underWay, leased)
  } catch (error) {
    // Of a result that was put all the same the first counts.
    return failItem(underWay, leased, failureOf(error))
  }
}

async function giveUp(underWay: BatchUnderWay, leased: LeasedItem): Promise<ItemEnd> {
  const why = `${deathsOf(leased)} workers died or ran out of time while they executed item ${leased.item}`
  return failItem(underWay, leased, new FlowcraftAwsError('NODE_KILLED', why))
}

async function failItem(underWay: BatchUnderWay, leased: LeasedItem, error: Error): Promise<ItemEnd> {
  const result = { nodeId: `item ${leased.item}`, execution: failed(error), writes: new Map() }
  return end(underWay, leased, result, underWay.services.now())
}
