/** Results of a batch's items: immutable, the first one put counts, read in item order when all have arrived. */
import type { Write } from '../context/activation-context.ts'
import { isFlowcraftAwsError } from '../errors.ts'
import { type Execution, failed } from '../execute.ts'
import type { ActivationKey } from '../run-state.ts'
import type { Services } from '../services.ts'
import { type ErrorRecord, errorRecord } from '../values/flush.ts'
import { compress, expand } from '../values/value-store.ts'
import { type Batch, isLastRound, itemKeys, partitions, roundOf } from './batch.ts'

type ResultServices = Pick<Services, 'store' | 'values' | 'now'>

/** What is kept of an item. Texts are the serializer's. */
interface StoredResult {
  readonly nodeId: string
  readonly output?: string
  readonly writes?: Record<string, string>
  readonly error?: ErrorRecord
}

interface Pointer {
  readonly at: readonly [key: string, reference: string]
}

/** Larger results are values of their own. */
const INLINE_BYTES = 100 * 1024

export async function putResult(
  services: ResultServices,
  runId: string,
  partition: string,
  item: number,
  attempt: number,
  nodeId: string,
  execution: Execution,
  writes: ReadonlyMap<string, Write>,
): Promise<boolean> {
  const key = itemKeys.result(partition, item)
  const result = encodeResult(services, nodeId, execution, writes)
  const text = JSON.stringify(result)
  const stored: StoredResult | Pointer =
    text.length <= INLINE_BYTES
      ? result
      : { at: [`${key}#${attempt}`, await services.values.write(runId, `${key}#${attempt}`, text)] }
  const first = await services.store.putOnce(runId, key, await compress(JSON.stringify(stored)))
  return first ? result.error === undefined : ((await hasResult(services, runId, partition, item)) ?? false)
}

/** Whether an item ended well; undefined where it has not ended. */
export async function hasResult(
  services: ResultServices,
  runId: string,
  partition: string,
  item: number,
): Promise<boolean | undefined> {
  const stored = await services.store.getValue(runId, itemKeys.result(partition, item))
  if (!stored) return undefined
  return (await decode(services, runId, await expand(stored))).error === undefined
}

function encodeResult(
  { values, now }: ResultServices,
  nodeId: string,
  execution: Execution,
  writes: ReadonlyMap<string, Write>,
): StoredResult {
  const { outcome, output, error } = execution
  if (outcome.kind !== 'completed') {
    const why =
      outcome.kind === 'parked' ? new Error(`'${nodeId}' waits, which an item of a batch cannot`) : error
    return { nodeId, error: errorRecord(nodeId, why, now()) }
  }
  try {
    const kept = [...writes].flatMap(([key, write]) =>
      write === 'deleted'
        ? []
        : [[key, values.encode(write.value, `context key '${key}' set by '${nodeId}'`)]],
    )
    return {
      nodeId,
      ...(output?.value === undefined
        ? {}
        : { output: values.encode(output.value, `the output of '${nodeId}'`) }),
      ...(kept.length > 0 ? { writes: Object.fromEntries(kept) as Record<string, string> } : {}),
    }
  } catch (cause) {
    if (!isFlowcraftAwsError(cause, 'VALUE_NOT_SERIALIZABLE')) throw cause
    return encodeResult({ values, now } as ResultServices, nodeId, failed(cause), new Map())
  }
}

async function decode({ values }: ResultServices, runId: string, text: string): Promise<StoredResult> {
  const stored = JSON.parse(text) as StoredResult | Pointer
  return 'at' in stored ? (JSON.parse(await values.read(runId, ...stored.at)) as StoredResult) : stored
}

export interface ItemResult {
  readonly nodeId: string
  readonly output: unknown
  readonly writes: ReadonlyMap<string, unknown>
  readonly error?: ErrorRecord
}

/** All results of a batch up to a round (0 is the first), in item order. */
export async function* results(
  services: ResultServices,
  runId: string,
  key: ActivationKey,
  batch: Batch,
  lastRound = Infinity,
): AsyncGenerator<ItemResult> {
  const { store, values } = services
  for (let index = 0; ; index++) {
    const round = roundOf(batch, index)
    for (let shard = 0; shard < round.shards; shard++) {
      const stored = await store.listValues(runId, `${partitions.shard(key, batch, round, shard)}|out#`)
      const inOrder = [...stored]
        .toSorted(([a], [b]) => itemOf(a) - itemOf(b))
        .filter(([name]) => isResult(name))
      for (const [, value] of inOrder) {
        const { nodeId, output, writes, error } = await decode(services, runId, await expand(value))
        yield {
          nodeId,
          output: output === undefined ? undefined : values.decode(output),
          writes: new Map(Object.entries(writes ?? {}).map(([name, text]) => [name, values.decode(text)])),
          error,
        }
      }
    }
    if (index === lastRound || isLastRound(batch, index)) return
  }
}

function itemOf(key: string): number {
  return Number(/out#(\d+)/.exec(key)?.[1])
}

/** A pointer's own value has the number of its attempt behind it. */
function isResult(key: string): boolean {
  return /out#\d+$/.test(key)
}
