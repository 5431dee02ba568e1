/** An activation that waits for items: have all of this round arrived, and what follows. */
import type { NodeDefinition } from 'flowcraft'
import type { GatheredItems, ItemsRequest } from '../blueprints/batch-nodes.ts'
import type { ActivationContext } from '../execution/activation-context.ts'
import type { Counts } from '../common/run-counts.ts'
import type { Execution } from '../execution/execution.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import { isLastRound, partitions } from '../protocol/batch.ts'
import { boundsOf } from '../protocol/bounds.ts'
import { activationKey, type ActivationKey, parseActivationKey } from '../protocol/run-state.ts'
import type { Write } from '../values/context-key.ts'
import { type ErrorRecord, errorRecord } from '../values/error-record.ts'
import { emitBatchFinish, emitBatchStart } from './batch-events.ts'
import { results } from './results.ts'
import { sendRange } from './shards.ts'
import { type BatchUnderWay, batchUnderWay, readBatch } from './under-way.ts'

/** Errors of items are kept up to so many; the run counts them all. */
const ERRORS_KEPT = 20

/** `cost`: what the items of this round used; absent where that is not counted, and while some have not arrived. */
export type ItemsWakeResult = { readonly cost?: Counts } & (
  | { readonly kind: 'waiting' }
  /** Goes on waiting, for the next round. */
  | { readonly kind: 'suspended'; readonly execution: Execution }
  /** All items have ended, and those that they made; some of them badly. */
  | {
      readonly kind: 'arrived'
      readonly action?: string
      readonly failedWorkers: number
      readonly failedNodes: number
      readonly errors: readonly ErrorRecord[]
      readonly errorsBefore: number
      /** Nodes of the graph that are to stand in for nodes that failed; undefined where none did. */
      readonly standIns?: readonly string[]
    }
)

export async function wakeByItems(
  open: OpenRun,
  key: ActivationKey,
  index: number,
  context: ActivationContext,
): Promise<ItemsWakeResult> {
  const underWay = await batchUnderWay(open, key, index)
  const { services, run, batch, round } = underWay
  const root = await services.store.arrivals(run.runId, partitions.root(key, batch, round))
  if (root.arrived.size < round.shards) {
    await sendRange(underWay, 0, round.shards)
    return { kind: 'waiting' }
  }
  const noted = root.failed > 0 || batch.noted === true
  const isLast = isLastRound(batch, index)
  const look = noted || (isLast && batch.kind === 'nodes') ? await lookAt(underWay) : NOTHING
  if (!isLast && look.errors.length === 0) {
    await emitBatchStart(open, batch, index + 1)
    const outcome = { kind: 'suspended', wait: { kind: 'items', round: index + 1 } } as const
    const remembered = noted ? { batch: { ...batch, noted } } : {}
    const execution = { outcome, inputs: new Map(), ...remembered }
    return { kind: 'suspended', execution, cost: root.cost }
  }
  // What workers set is there when they are gathered; where they never are, or others are to see it, it is set now.
  if (batch.kind === 'nodes' || look.nodes.length > 0 || look.failed > 0) await setInContext(look, context)
  return { ...goOn(underWay, look), cost: root.cost }
}

/** What the items of a batch left. */
interface Look {
  readonly failed: number
  /** The first of them. */
  readonly errors: readonly ErrorRecord[]
  /** What they set, deleted, and, as nodes of their own, gave. */
  readonly writes: ReadonlyMap<string, Write>
  readonly nodes: readonly NodeDefinition[]
  readonly standIns?: readonly string[]
}

const NOTHING: Look = { failed: 0, errors: [], writes: new Map(), nodes: [] }

async function lookAt(underWay: BatchUnderWay): Promise<Look> {
  const { services, graph, key, batch, round } = underWay
  const errors: ErrorRecord[] = []
  const writes = new Map<string, Write>()
  const nodes: NodeDefinition[] = []
  const named: { nodeId: string; standIn: string; failure?: ErrorRecord }[] = []
  const ids = new Set<string>()
  let failed = 0
  const fail = (error: ErrorRecord) => {
    failed++
    if (errors.length < ERRORS_KEPT) errors.push(error)
  }
  const setOutput = (nodeId: string, value: unknown) =>
    writes.set(`_outputs.${nodeId}`, { value }).set(nodeId, { value })
  for await (const result of results(underWay, key, batch, round.index)) {
    const { nodeId, output, error, standIn, failure } = result
    for (const [name, write] of result.writes) writes.set(name, write)
    if (error) {
      fail(error)
      continue
    }
    ids.add(nodeId)
    nodes.push(...result.nodes)
    if (standIn !== undefined) named.push({ nodeId, standIn, failure })
    else if (batch.kind === 'nodes') setOutput(nodeId, output)
  }
  const standIns = new Set<string>()
  let isUsed = false
  for (const { nodeId, standIn, failure } of named) {
    const isInGraph = graph.find(standIn) !== undefined
    // Or one of those that were made beside it, which run anyway.
    if (!isInGraph && !ids.has(standIn)) {
      const message = `Fallback node '${standIn}' not found in blueprint.`
      const cause = failure?.originalError
      const record = errorRecord(nodeId, new Error(message), services.now())
      fail({ ...record, originalError: { ...record.originalError, ...(cause ? { cause } : {}) } })
      continue
    }
    setOutput(nodeId, null)
    isUsed = true
    if (isInGraph) standIns.add(standIn)
  }
  return { failed, errors, writes, nodes, ...(isUsed ? { standIns: [...standIns] } : {}) }
}

async function setInContext({ writes }: Look, context: ActivationContext): Promise<void> {
  for (const [name, write] of writes) {
    if (write === 'deleted') await context.delete(name)
    else await context.set(name, write.value)
  }
}

/**
 * All items of a batch have ended: those that they made are next, if they made any. Crash before the commit that makes
 * the activation wait for them: their pages lie under this attempt's label, and the next attempt looks again.
 */
function goOn({ services, graph, key, batch, round }: BatchUnderWay, look: Look): ItemsWakeResult {
  const { before } = batch
  const { perNode } = boundsOf(graph.blueprint, services.maxActivations)
  const errorsBefore = before?.errorsKept ?? 0
  const errors = look.errors.slice(0, ERRORS_KEPT - errorsBefore)
  const isWorkers = batch.kind === 'worker'
  const generations = (before?.generations ?? 0) + 1
  const standIns =
    before?.standIns || look.standIns
      ? [...new Set([...(before?.standIns ?? []), ...(look.standIns ?? [])])]
      : undefined
  const failedWorkers = (before?.failedWorkers ?? 0) + (isWorkers ? look.failed : 0)
  const failedNodes = (before?.failedNodes ?? 0) + (isWorkers ? 0 : look.failed)
  if (look.nodes.length === 0) {
    return {
      kind: 'arrived',
      action: batch.action,
      failedWorkers,
      failedNodes,
      errors,
      errorsBefore,
      standIns,
    }
  }
  if (generations > perNode) {
    const { id } = graph.node(parseActivationKey(key).node)
    const why = new Error(`nodes that node '${id}' made made others ${perNode} times: perhaps without an end`)
    const error = errorRecord(id, why, services.now())
    return {
      kind: 'arrived',
      action: batch.action,
      failedWorkers,
      failedNodes: failedNodes + 1,
      errors: [...errors, error].slice(0, ERRORS_KEPT - errorsBefore),
      errorsBefore,
      standIns,
    }
  }
  const items: ItemsRequest = {
    kind: 'nodes',
    items: look.nodes,
    chunk: look.nodes.length,
    action: batch.action,
    firstRound: round.index + 1,
    before: {
      generations,
      workers: isWorkers ? batch : before?.workers,
      failedWorkers,
      failedNodes,
      errorsKept: errorsBefore + errors.length,
      standIns,
    },
  }
  const outcome = { kind: 'suspended', wait: { kind: 'items', round: round.index + 1 } } as const
  const execution = { outcome, inputs: new Map(), items, itemErrors: errors, itemErrorsBefore: errorsBefore }
  return { kind: 'suspended', execution }
}

/** Results of the batch that a gather node closes, in item order. */
export async function gatherItems(open: OpenRun, gatherNodeId: string): Promise<GatheredItems> {
  const { services, graph, run } = open
  const gathered: unknown[] = []
  const writes = new Map<string, Write>()
  for (const [node, { params, uses }] of graph.blueprint.nodes.entries()) {
    if (uses !== 'batch-scatter' || params?.['gatherNodeId'] !== gatherNodeId) continue
    const key = activationKey(node, run.iterations.get(node) ?? 1)
    const batch = await readBatch(open, node)
    // A round of a loop that had no items left an earlier round's batch where it was.
    if (batch?.key !== key) continue
    const { before } = batch
    for await (const result of results(open, key, before?.workers ?? batch)) {
      gathered.push(result.output)
      // Where the workers made nodes, what they set was there for these.
      if (!before) for (const [name, write] of result.writes) writes.set(name, write)
    }
  }
  await emitBatchFinish(services, run, gatherNodeId, gathered)
  return { results: gathered, writes }
}
