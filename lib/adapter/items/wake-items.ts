/** An activation that waits for items: have all of this round arrived, and what follows. */
import type { ActivationContext } from '../context/activation-context.ts'
import type { Execution } from '../execute.ts'
import type { RunGraph } from '../graph.ts'
import { activationKey, type ActivationKey, type RunState } from '../run-state.ts'
import type { Services } from '../services.ts'
import type { ErrorRecord } from '../values/flush.ts'
import { emitBatchFinish, emitBatchStart } from './batch-events.ts'
import { isLastRound, partitions } from './batch.ts'
import { type BatchUnderWay, batchUnderWay, readBatch, sendRange } from './item-job.ts'
import { results } from './results.ts'
import type { GatheredItems } from './scatter-node.ts'

/** Errors of items are kept up to so many; the run counts them all. */
const ERRORS_KEPT = 20

export type ItemsAwakening =
  | { readonly kind: 'asleep' }
  /** Goes on waiting, for the next round. */
  | { readonly kind: 'parked'; readonly execution: Execution }
  /** All items have ended; `failed` of them badly. */
  | {
      readonly kind: 'arrived'
      readonly action?: string
      readonly failed: number
      readonly errors: ErrorRecord[]
    }

export async function wakeByItems(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  index: number,
  context: ActivationContext,
): Promise<ItemsAwakening> {
  const underWay = await batchUnderWay(services, graph, run, key, index)
  const { batch, round } = underWay
  const root = await services.store.arrivals(run.runId, partitions.root(key, batch, round))
  if (root.arrived.size < round.shards) {
    await sendRange(underWay, 0, round.shards)
    return { kind: 'asleep' }
  }
  if (root.failed === 0 && !isLastRound(batch, index)) {
    await emitBatchStart(services, graph, run, batch, index + 1)
    const outcome = { kind: 'parked', wait: { kind: 'items', round: index + 1 } } as const
    return { kind: 'parked', execution: { outcome, inputs: new Map() } }
  }
  const ended =
    root.failed > 0 || batch.kind === 'nodes' ? await lookAt(underWay, context) : { failed: 0, errors: [] }
  return { kind: 'arrived', action: batch.action, ...ended }
}

/** Errors of items, and, where they are nodes of their own, their outputs as context keys. */
async function lookAt(
  { services, run, key, batch, round }: BatchUnderWay,
  context: ActivationContext,
): Promise<{ failed: number; errors: ErrorRecord[] }> {
  const errors: ErrorRecord[] = []
  let failed = 0
  for await (const { nodeId, output, writes, error } of results(
    services,
    run.runId,
    key,
    batch,
    round.index,
  )) {
    if (error) {
      failed++
      if (errors.length < ERRORS_KEPT) errors.push(error)
    } else if (batch.kind === 'nodes') {
      for (const [name, value] of writes) await context.set(name, value)
      await context.set(`_outputs.${nodeId}`, output)
      await context.set(nodeId, output)
    }
  }
  return { failed, errors }
}

/** Results of the batch that a gather node closes, in item order. */
export async function gatherItems(
  services: Services,
  graph: RunGraph,
  run: RunState,
  gatherNodeId: string,
): Promise<GatheredItems> {
  const gathered: unknown[] = []
  const writes = new Map<string, unknown>()
  for (const [node, { params, uses }] of graph.blueprint.nodes.entries()) {
    if (uses !== 'batch-scatter' || params?.['gatherNodeId'] !== gatherNodeId) continue
    const key = activationKey(node, run.iterations.get(node) ?? 1)
    const batch = await readBatch(services, graph, run, node)
    // A round of a loop that had no items left an earlier round's batch where it was.
    if (batch?.key !== key) continue
    for await (const result of results(services, run.runId, key, batch)) {
      gathered.push(result.output)
      for (const [name, value] of result.writes) writes.set(name, value)
    }
  }
  await emitBatchFinish(services, run, gatherNodeId, gathered)
  return { results: gathered, writes }
}
