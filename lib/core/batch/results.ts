/** Results of a batch's items: immutable, the first one put counts, read in item order when all have arrived. */
import type { NodeDefinition } from 'flowcraft'
import { EMBEDDED_VALUE_BYTES } from '../common/size-limits.ts'
import { type Execution, failureOf } from '../execution/execution.ts'
import type { Held } from '../execution/holder.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, isLastRound, itemKeys, partitions, roundOf } from '../protocol/batch.ts'
import type { ActivationKey, RunState } from '../protocol/run-state.ts'
import { checkKey, type Write } from '../values/context-key.ts'
import { type ErrorRecord, errorRecord } from '../values/error-record.ts'
import { compress, expand } from '../values/compression.ts'

type ResultServices = Pick<Services, 'store' | 'values' | 'now'>

/** The run whose results these are. */
interface ResultsOf {
  readonly services: ResultServices
  readonly run: Pick<RunState, 'runId'>
}

/** What is kept of an item. Texts are the serializer's. */
interface StoredResult {
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

function endOf({ error, nodes, standIn }: StoredResult): ItemEnd {
  return error === undefined && nodes === undefined && standIn === undefined ? 'plain' : 'noted'
}

interface Pointer {
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
  const own = `${key}#${at.attempt}`
  const stored: StoredResult | Pointer =
    text.length <= EMBEDDED_VALUE_BYTES
      ? result
      : { at: [own, await services.values.write(runId, own, text)] }
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

function encodeResult(services: ResultServices, { nodeId, execution, writes }: ItemExecution): StoredResult {
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

async function decode({ values }: ResultServices, runId: string, text: string): Promise<StoredResult> {
  const stored = JSON.parse(text) as StoredResult | Pointer
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
      const inOrder = [...stored]
        .toSorted(([a], [b]) => itemOf(a) - itemOf(b))
        .filter(([name]) => isResult(name))
      for (const [, value] of inOrder) {
        yield readResult(values, await decode(services, runId, await expand(value)))
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

function itemOf(key: string): number {
  return Number(/out#(\d+)/.exec(key)?.[1])
}

/** A pointer's own value has the number of its attempt behind it. */
function isResult(key: string): boolean {
  return /out#\d+$/.test(key)
}
