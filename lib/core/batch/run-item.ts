/** One item through the engine, and what is noted of it. Nothing is put here. */
import { FlowcraftAwsError } from '../common/errors.ts'
import { ActivationContext } from '../execution/activation-context.ts'
import { deferToNewerDeployment } from '../execution/disposition.ts'
import { executeNode } from '../execution/execute.ts'
import { type Execution, failed } from '../execution/execution.ts'
import { readerOf } from '../execution/opened-run.ts'
import { notedError } from '../history/notes.ts'
import { parseActivationKey } from '../protocol/run-state.ts'
import { definitionOf, givenTo, graphOf, missing } from './item-node.ts'
import type { ItemExecution } from './results.ts'
import type { BatchUnderWay } from './under-way.ts'

/** An item that is to run. */
export interface ItemToRun {
  readonly item: number
  /** When its message was sent. */
  readonly sentAt: number | undefined
  /** Aborted when what it comes to counts no more. */
  readonly signal: AbortSignal
  /** Gives its input. */
  readonly read: (item: number) => Promise<unknown>
}

/** What an item came to, and when, in milliseconds since the epoch. */
export interface EndedItem {
  readonly result: ItemExecution
  readonly startedAt: number
  readonly endedAt: number
}

/** Undefined where its signal was aborted. Throws where it could not run. */
export async function runItem(
  underWay: BatchUnderWay,
  { item, sentAt = 0, signal, read }: ItemToRun,
): Promise<EndedItem | undefined> {
  const { services, graph, run, key, batch } = underWay
  const { runtime } = services
  const startedAt = services.now()
  const input = await read(item)
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
  return { result, startedAt, endedAt: services.now() }
}

/** One that came to nothing. */
export function failedItem({ services }: BatchUnderWay, item: number, error: Error): EndedItem {
  const now = services.now()
  const result = { nodeId: `item ${item}`, execution: failed(error), writes: new Map() }
  return { result, startedAt: now, endedAt: now }
}

export function noteItem(
  { services, run, key }: BatchUnderWay,
  item: number,
  { result, startedAt, endedAt }: EndedItem,
): void {
  const { node: n, iteration: i } = parseActivationKey(key)
  const { error } = result.execution
  const took = { s: startedAt, m: Math.max(0, endedAt - startedAt) }
  const failure = error === undefined ? {} : { e: notedError(error) }
  services.history?.note(run.runId, { k: 'i', n, i, a: item, ...took, ...failure })
}
