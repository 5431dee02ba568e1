/**
 * A batch: an activation that waits for many items, each worked on by a message of its own, or a few by one. So that no item of the
 * table grows with the batch, and none is written by all: inputs lie in pages, results and arrivals in shards of 100
 * items with partition keys of their own, and a root counts the shards. Layout only; pure.
 */
import { ITEMS_PER_MESSAGE_AT_MOST } from '../common/node-numbers.ts'
import { BATCH_PAGE_BYTES } from '../common/size-limits.ts'
import type { ActivationKey } from './run-state.ts'

/** Where the items of a message arrive together, so that it has as many at most. */
const SHARD_ITEMS = ITEMS_PER_MESSAGE_AT_MOST
/** A range job that covers more shards than this is split into so many. */
export const RANGE_SPLIT = 10
/** Divisors of a shard's size, so that no page lies in two shards. */
const PAGE_SIZES = [100, 50, 25, 20, 10, 5, 4, 2, 1]

/** What an activation that waits for items remembers of them. */
export interface Batch {
  /** The activation that waits. */
  readonly key: ActivationKey
  /** `worker`: one implementation for all items. `nodes`: each item is the definition of a node. */
  readonly kind: 'worker' | 'nodes'
  readonly uses?: string
  readonly total: number
  /** Items worked on at a time; the next so many begin when all of these have ended. */
  readonly chunk: number
  readonly perPage: number
  /** Items that one message is for. @default 1 */
  readonly perMessage?: number
  /** Names what the attempt that scattered wrote. */
  readonly label: string
  /** How the activation itself ended, where that is not for the batch to say. */
  readonly action?: string
  /** Number of its first round: items that other items made come after the rounds of these. @default 0 */
  readonly firstRound?: number
  /** An item of an earlier round left more than an output: see `ItemEnd` in `results.ts`. */
  readonly noted?: boolean
  /** What came before, where these items were made by others. */
  readonly before?: Before
  /** The run that has it, where a run was forked after it. @default - the run itself */
  readonly runId?: string
}

/** A batch that has ended, as a fork has it of a run that had it, or that was forked after it. */
export function batchInFork(batch: Batch, runId: string): Batch {
  const { before } = batch
  const workers = before?.workers && batchInFork(before.workers, runId)
  return { ...batch, runId: batch.runId ?? runId, ...(before ? { before: { ...before, workers } } : {}) }
}

/** What is left of the items that made these. What they set is in the context by now. */
export interface Before {
  /** How many times items made items. */
  readonly generations: number
  /** The batch of a worker that began it, whose results are still to be gathered. */
  readonly workers?: Batch
  readonly failedWorkers: number
  readonly failedNodes: number
  readonly errorsKept: number
  /** Nodes of the graph that are to stand in for nodes that failed; undefined where none did. */
  readonly standIns?: readonly string[]
}

export function perPage(total: number, bytes: number): number {
  const fitting = BATCH_PAGE_BYTES / Math.max(1, bytes / Math.max(1, total))
  return PAGE_SIZES.find((size) => size <= fitting) ?? 1
}

/** The id of the node that an item of a worker's batch runs as. */
export function itemNodeId({ uses, key }: Batch, item: number): string {
  return `${uses}_${key}_${item}`
}

const OF_ITEM = /_(\d+)\.\d+_(\d+)$/

/** What runs an item, where a node's id is one of an item; the id itself else. */
export function withoutItem(nodeId: string): string {
  return nodeId.replace(OF_ITEM, '')
}

/** Which item that is, and the index of the node that scattered it; undefined for other nodes. */
export function itemOf(nodeId: string): { readonly node: number; readonly item: number } | undefined {
  const [, node, item] = OF_ITEM.exec(nodeId) ?? []
  return item === undefined ? undefined : { node: Number(node), item: Number(item) }
}

export interface Round {
  readonly index: number
  readonly from: number
  readonly size: number
  readonly shards: number
}

export function roundOf(batch: Batch, index: number): Round {
  const from = (index - (batch.firstRound ?? 0)) * batch.chunk
  const size = Math.max(0, Math.min(batch.chunk, batch.total - from))
  return { index, from, size, shards: Math.ceil(size / SHARD_ITEMS) }
}

export function isLastRound(batch: Batch, index: number): boolean {
  return (index + 1 - (batch.firstRound ?? 0)) * batch.chunk >= batch.total
}

export function shardOf(round: Round, item: number): number {
  return Math.floor((item - round.from) / SHARD_ITEMS)
}

/** First item of a shard, and the one after its last. */
export function shardRange(round: Round, shard: number): ItemRange {
  const from = round.from + shard * SHARD_ITEMS
  return { from, to: Math.min(from + SHARD_ITEMS, round.from + round.size) }
}

/** From an item to before another. */
export interface ItemRange {
  readonly from: number
  readonly to: number
}

/** The items of the message that an item belongs to: of one shard, the last of which may have fewer. */
export function messageOf({ perMessage = 1 }: Batch, round: Round, item: number): ItemRange {
  const { from: first, to: end } = shardRange(round, shardOf(round, item))
  const from = item - ((item - first) % perMessage)
  return { from, to: Math.min(from + perMessage, end) }
}

/** Partitions of a run's items, each with a partition key of its own. */
export const partitions = {
  inputs: (key: ActivationKey, batch: Batch, page: number) =>
    `${key}#${batch.label}#in${Math.floor((page * batch.perPage) / SHARD_ITEMS)}`,
  shard: (key: ActivationKey, batch: Batch, round: Round, shard: number) =>
    `${key}#${batch.label}#${round.index}.${shard}`,
  root: (key: ActivationKey, batch: Batch, round: Round) => `${key}#${batch.label}#${round.index}`,
} as const

/** Keys of values and leases in a partition. Results sort in the order of their items. */
export const itemKeys = {
  page: (key: ActivationKey, batch: Batch, page: number) =>
    `${partitions.inputs(key, batch, page)}|in#${page}`,
  result: (partition: string, item: number) => `${partition}|out#${item}`,
  lease: (partition: string, item: number) => `${partition}|${item}`,
  /** The results of a message for several items, and the lease on it, by the first of them. */
  results: (partition: string, first: number) => `${partition}|out#${first}+`,
  leaseOfMessage: (partition: string, first: number) => `${partition}|${first}+`,
} as const
