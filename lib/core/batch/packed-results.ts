/**
 * Results of the items of one message, put together in one write, once. That write decides: an item whose result is in it has
 * that one for ever, and each other item of the message has a message, a lease and a result of its own from then on.
 */
import pMap from 'p-map'
import { EMBEDDED_VALUE_BYTES } from '../common/size-limits.ts'
import { failed, failureOf } from '../execution/execution.ts'
import type { Held } from '../execution/holder.ts'
import { itemKeys, messageOf, partitions, shardOf } from '../protocol/batch.ts'
import { compress, expand } from '../values/compression.ts'
import {
  encodeResult,
  endOf,
  type ItemEnd,
  type ItemExecution,
  packResults,
  type Pointer,
  type StoredResult,
  type StoredResults,
  writeApart,
} from './results.ts'
import type { BatchUnderWay } from './under-way.ts'

/** The items of a message, by its shard and the first of them. */
interface MessageOfShard {
  readonly partition: string
  readonly from: number
}

/** Items that have their results, put together. */
export interface PackedResults {
  readonly items: readonly number[]
  readonly end: ItemEnd
}

/** Undefined where none was put. */
export async function readPacked(
  { services, run: { runId } }: BatchUnderWay,
  { partition, from }: MessageOfShard,
): Promise<PackedResults | undefined> {
  const stored = await services.store.getValue(runId, itemKeys.results(partition, from))
  if (!stored) return undefined
  const { of, noted } = JSON.parse(await expand(stored)) as StoredResults
  return { items: of.map(([item]) => item), end: noted ? 'noted' : 'plain' }
}

/** Whether it is decided that an item is not worked on with those that share its message. */
export async function hasItsOwnMessage(underWay: BatchUnderWay, item: number): Promise<boolean> {
  const { key, batch, round } = underWay
  const partition = partitions.shard(key, batch, round, shardOf(round, item))
  const packed = await readPacked(underWay, { partition, from: messageOf(batch, round, item).from })
  return packed !== undefined && !packed.items.includes(item)
}

/**
 * Puts what items came to, or, without any, that each of them goes its own way. The first that is put counts, and is what this
 * gives. Crash before: all of them run again. After: the redelivery finds it.
 */
export async function putPacked(
  underWay: BatchUnderWay,
  at: MessageOfShard & { readonly attempt: Held['attempt'] },
  ended: ReadonlyMap<number, ItemExecution>,
): Promise<PackedResults> {
  const { services, run, batch } = underWay
  const kept = await fitted(underWay, at, ended)
  const items = kept.map(({ item }) => item)
  const noted = kept.some(({ result }) => endOf(result) === 'noted')
  const text = packResults(
    batch,
    kept.map(({ item, stored }) => [item, stored]),
    noted,
  )
  const key = itemKeys.results(at.partition, at.from)
  const first = await services.store.putOnce(run.runId, key, await compress(text))
  const own: PackedResults = { items, end: noted ? 'noted' : 'plain' }
  return first ? own : ((await readPacked(underWay, at)) ?? own)
}

interface Kept {
  readonly item: number
  readonly result: StoredResult
  readonly stored: StoredResult | Pointer
}

/** Values written at a time. */
const CONCURRENCY = 20

/** In item order. The smallest stand together; one that does not fit beside them is a value of its own. */
async function fitted(
  underWay: BatchUnderWay,
  { partition, attempt }: MessageOfShard & { readonly attempt: Held['attempt'] },
  ended: ReadonlyMap<number, ItemExecution>,
): Promise<Kept[]> {
  const encoded = [...ended].map(([item, one]) => {
    const result = encodeResult(underWay.services, one)
    return { item, result, text: JSON.stringify(result) }
  })
  let room = EMBEDDED_VALUE_BYTES
  const fits = new Set<number>()
  for (const { item, text } of encoded.toSorted((a, b) => a.text.length - b.text.length)) {
    room -= text.length
    if (room >= 0) fits.add(item)
  }
  const keep = async ({ item, result, text }: (typeof encoded)[number]): Promise<Kept> => {
    if (fits.has(item)) return { item, result, stored: result }
    return apart(underWay, { item, result, stored: result }, { text, key: keyOf(partition, item, attempt) })
  }
  const kept = await pMap(encoded, keep, { concurrency: CONCURRENCY })
  return kept.toSorted((a, b) => a.item - b.item)
}

function keyOf(partition: string, item: number, attempt: Held['attempt']): string {
  return `${itemKeys.results(partition, item)}#${attempt}`
}

/** What cannot be stored is the failure of its item, not of those beside it. */
async function apart(
  { services, run }: BatchUnderWay,
  kept: Kept,
  { key, text }: { readonly key: string; readonly text: string },
): Promise<Kept> {
  try {
    return { ...kept, stored: await writeApart(services, run.runId, key, text) }
  } catch (error) {
    const { nodeId } = kept.result
    const failure = { nodeId, execution: failed(failureOf(error)), writes: new Map() }
    const result = encodeResult(services, failure)
    return { ...kept, result, stored: result }
  }
}
