/** Results of a batch's items: immutable, the first one put counts, read in item order when all have arrived. */
import type { NodeDefinition } from 'flowcraft'
import { EMBEDDED_VALUE_BYTES } from '../common/size-limits.ts'
import { type Execution, failureOf } from '../execution/execution.ts'
import type { Held } from '../execution/holder.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, isLastRound, itemKeys, itemNodeId, partitions, roundOf } from '../protocol/batch.ts'
import type { ActivationKey, RunState } from '../protocol/run-state.ts'
import type { StoredValue } from '../store/run-store.ts'
import { checkKey, type Write } from '../values/context-key.ts'
import { type ErrorRecord, errorRecord } from '../values/error-record.ts'
import { compress, expand } from '../values/compression.ts'

export type ResultServices = Pick<Services, 'store' | 'values' | 'now'>

/** The run whose results these are. */
export interface ResultsOf {
  readonly services: ResultServices
  readonly run: Pick<RunState, 'runId'>
}

/** What is kept of an item. Texts are the serializer's. */
export interface StoredResult {
  readonly nodeId: string
  readonly output?: string
  readonly writes?: Record<string, string>
  /** Keys that it deleted. */
  readonly deleted?: readonly string[]
  /** Definitions of the nodes that it made. */
  readonly nodes?: string
  /** The node that it names to stand in for it, since it failed. */
  readonly standIn?: string
  /** Why it names one. */
  readonly failure?: ErrorRecord
  readonly error?: ErrorRecord
}

/**
 * How an item ended: `noted` where whoever waits for the batch must look at its result, since it failed, made nodes or
 * named one to stand in for it. An item that gave an output only need not be looked at before it is gathered.
 */
export type ItemEnd = 'plain' | 'noted'

export function endOf({ error, nodes, standIn }: StoredResult): ItemEnd {
  return error === undefined && nodes === undefined && standIn === undefined ? 'plain' : 'noted'
}

/** Where a result is that is too large to stand with others. */
export interface Pointer {
  readonly at: readonly [key: string, reference: string]
}

/** An item of a batch by the shard that it belongs to. */
export interface ItemOfShard {
  readonly partition: string
  readonly item: number
}

/** What an item came to. */
export interface ItemExecution {
  readonly nodeId: string
  readonly execution: Execution
  readonly writes: ReadonlyMap<unknown, Write>
}

/** The first result that is put counts. Crash before: the item runs again. After: its redelivery finds the result. */
export async function putResult(
  { services, run: { runId } }: ResultsOf,
  at: ItemOfShard & { readonly attempt: Held['attempt'] },
  ended: ItemExecution,
): Promise<ItemEnd> {
  const key = itemKeys.result(at.partition, at.item)
  const result = encodeResult(services, ended)
  const text = JSON.stringify(result)
  const stored =
    text.length <= EMBEDDED_VALUE_BYTES
      ? result
      : await writeApart(services, runId, `${key}#${at.attempt}`, text)
  const first = await services.store.putOnce(runId, key, await compress(JSON.stringify(stored)))
  return first ? endOf(result) : ((await endedItem({ services, run: { runId } }, at)) ?? 'noted')
}

/** How an item ended; undefined where it has not. */
export async function endedItem(
  { services, run: { runId } }: ResultsOf,
  { partition, item }: ItemOfShard,
): Promise<ItemEnd | undefined> {
  const stored = await services.store.getValue(runId, itemKeys.result(partition, item))
  if (!stored) return undefined
  return endOf(await decode(services, runId, await expand(stored)))
}

/** Crash before or after: a value under a name of its own, which nothing points to. */
export async function writeApart(
  { values }: ResultServices,
  runId: string,
  key: string,
  text: string,
): Promise<Pointer> {
  return { at: [key, await values.write(runId, key, text)] }
}

export function encodeResult(
  services: ResultServices,
  { nodeId, execution, writes }: ItemExecution,
): StoredResult {
  const { values, now } = services
  const { outcome, output, items, error, standIn } = execution
  try {
    for (const key of writes.keys()) checkKey(key, ` set by '${nodeId}'`)
    // As in memory, what a failed node set stays.
    const kept = [...writes].flatMap(([key, write]) =>
      write === 'deleted'
        ? []
        : [[key, values.encode(write.value, `context key '${key}' set by '${nodeId}'`)]],
    )
    const deleted = [...writes].flatMap(([key, write]) => (write === 'deleted' ? [String(key)] : []))
    const left = {
      nodeId,
      ...(kept.length > 0 ? { writes: Object.fromEntries(kept) as Record<string, string> } : {}),
      ...(deleted.length > 0 ? { deleted } : {}),
    }
    const made = outcome.kind === 'suspended' && items?.kind === 'nodes' ? items.items : undefined
    if (outcome.kind === 'failed' || (outcome.kind === 'suspended' && !made)) {
      const waits = new Error(`'${nodeId}' waits, which an item of a batch cannot`)
      return { ...left, error: errorRecord(nodeId, outcome.kind === 'suspended' ? waits : error, now()) }
    }
    return {
      ...left,
      ...(output?.value === undefined
        ? {}
        : { output: values.encode(output.value, `the output of '${nodeId}'`) }),
      ...(made ? { nodes: values.encode(made, `the nodes that '${nodeId}' made`) } : {}),
      ...(outcome.kind === 'fallback' ? { standIn, failure: errorRecord(nodeId, error, now()) } : {}),
    }
  } catch (cause) {
    return { nodeId, error: errorRecord(nodeId, failureOf(cause), now()) }
  }
}

async function decode(services: ResultServices, runId: string, text: string): Promise<StoredResult> {
  return resultAt(services, runId, JSON.parse(text) as StoredResult | Pointer)
}

async function resultAt(
  { values }: ResultServices,
  runId: string,
  stored: StoredResult | Pointer,
): Promise<StoredResult> {
  return 'at' in stored ? (JSON.parse(await values.read(runId, ...stored.at)) as StoredResult) : stored
}

export interface ItemResult {
  readonly nodeId: string
  readonly output: unknown
  readonly writes: ReadonlyMap<string, Write>
  readonly nodes: readonly NodeDefinition[]
  readonly standIn?: string
  /** Why it names one. */
  readonly failure?: ErrorRecord
  readonly error?: ErrorRecord
}

/** All results of a batch up to a round, in item order. */
export async function* results(
  { services, run }: ResultsOf,
  key: ActivationKey,
  batch: Batch,
  lastRound = Infinity,
): AsyncGenerator<ItemResult> {
  const { store, values } = services
  const { runId = run.runId } = batch
  for (let index = batch.firstRound ?? 0; ; index++) {
    const round = roundOf(batch, index)
    for (let shard = 0; shard < round.shards; shard++) {
      const stored = await store.listValues(runId, `${partitions.shard(key, batch, round, shard)}|out#`)
      const entries = await Promise.all(
        [...stored].filter(([name]) => isResult(name)).map((entry) => resultsIn(batch, entry)),
      )
      for (const [, result] of entries.flat().toSorted(([a], [b]) => a - b)) {
        yield readResult(values, await resultAt(services, runId, result))
      }
    }
    if (index === lastRound || isLastRound(batch, index)) return
  }
}

function readResult(
  values: ResultServices['values'],
  { nodeId, output, writes = {}, deleted = [], nodes, standIn, failure, error }: StoredResult,
): ItemResult {
  const kept = new Map<string, Write>(
    Object.entries(writes).map(([name, text]) => [name, { value: values.decode(text) }]),
  )
  for (const name of deleted) kept.set(name, 'deleted')
  return {
    nodeId,
    output: output === undefined ? undefined : values.decode(output),
    writes: kept,
    nodes: nodes === undefined ? [] : (values.decode(nodes) as NodeDefinition[]),
    standIn,
    failure,
    error,
  }
}

/** A pointer's own value has the number of its attempt behind it. */
function isResult(key: string): boolean {
  return /out#\d+\+?$/.test(key)
}

/** One, or those of a message for several. No item has two: it is in its message's, or has one of its own. */
async function resultsIn(batch: Batch, [key, value]: readonly [string, StoredValue]): Promise<Results> {
  const text = await expand(value)
  if (key.endsWith('+')) return unpackResults(batch, text)
  return [[Number(/out#(\d+)$/.exec(key)?.[1]), JSON.parse(text) as StoredResult | Pointer]]
}

/** By item. */
export type Results = readonly (readonly [item: number, result: StoredResult | Pointer])[]

/** Results of the items of one message, as they are put together. */
export interface StoredResults {
  /** Without the ids of nodes that follow from the item. */
  readonly of: readonly (readonly [item: number, result: Partial<StoredResult> | Pointer])[]
  /** As of `ItemEnd`, where that is so of any of them. */
  readonly noted?: true
}

export function packResults(batch: Batch, results: Results, noted: boolean): string {
  const of = results.map(([item, result]) => {
    if ('at' in result || result.nodeId !== itemNodeId(batch, item)) return [item, result] as const
    const { nodeId: _, ...rest } = result
    return [item, rest] as const
  })
  const stored: StoredResults = { of, ...(noted ? { noted } : {}) }
  return JSON.stringify(stored)
}

function unpackResults(batch: Batch, text: string): Results {
  const { of } = JSON.parse(text) as StoredResults
  return of.map(([item, result]) => [
    item,
    'at' in result ? result : { nodeId: itemNodeId(batch, item), ...result },
  ])
}
