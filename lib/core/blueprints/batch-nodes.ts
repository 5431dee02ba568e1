/**
 * The batch nodes as durable steps. Scatter says which items there are and waits for them; gather, which runs when
 * all have ended, collects their results in item order. The engine's own two keep a key for each item in the context.
 */
import { BaseNode, isNodeClass, type NodeClass, type NodeContext, type NodeFunction } from 'flowcraft'
import { chunkOf, perMessageOf } from '../common/node-numbers.ts'
import type { Before } from '../protocol/batch.ts'
import type { Write } from '../values/context-key.ts'

/** Tells the wait for items from other waits. */
export const ITEMS_REASON = 'items'

/** The items that a node waits for. */
export interface ItemsRequest {
  readonly kind: 'worker' | 'nodes'
  readonly uses?: string
  readonly items: readonly unknown[]
  readonly chunk: number
  /** Items that one message is for. @default 1 */
  readonly perMessage?: number
  readonly action?: string
  /** As of `Batch`, where items made these. */
  readonly firstRound?: number
  readonly before?: Before
}

class DurableScatter extends BaseNode {
  override async exec(_prepared: unknown, call: NodeContext) {
    const items = (call.input ?? []) as unknown
    if (!Array.isArray(items))
      throw new Error(`Input for batch-scatter node '${this.nodeId}' must be an array.`)
    const { chunkSize, itemsPerMessage, workerUsesKey, gatherNodeId } = (this.params ?? {}) as {
      chunkSize?: unknown
      itemsPerMessage?: unknown
      workerUsesKey?: string
      gatherNodeId?: string
    }
    if (!workerUsesKey || !gatherNodeId) {
      throw new Error(`BatchScatterNode requires 'workerUsesKey' and 'gatherNodeId' parameters.`)
    }
    const output = { gatherNodeId, hasMore: false }
    if (items.length === 0) return { output }
    const chunk = chunkOf(chunkSize, items.length)
    const perMessage = perMessageOf(itemsPerMessage)
    const request: ItemsRequest = { kind: 'worker', uses: workerUsesKey, items, chunk, perMessage }
    const details = { reason: ITEMS_REASON, ...request }
    await call.dependencies.workflowState.markAsAwaiting(this.nodeId ?? '', details)
    return { output }
  }
}

export const scatterNode: NodeClass = DurableScatter

/** Also of a subclass of the engine's, in which its step was put. */
export function isScatter(implementation: NodeFunction | NodeClass): boolean {
  return isNodeClass(implementation) && implementation.prototype.exec === DurableScatter.prototype.exec
}

/** Results of a batch in item order, and the context keys that its workers set. */
export interface GatheredItems {
  readonly results: readonly unknown[]
  readonly writes: ReadonlyMap<string, Write>
}

/** Where a worker's dependencies hold what gathers the items of a scatter node. */
export const GATHER = Symbol.for('flowcraft-aws:gather')

class DurableGather extends BaseNode {
  override async exec(_prepared: unknown, call: NodeContext) {
    const { outputKey } = (this.params ?? {}) as { outputKey?: string }
    const gather = (call.dependencies.runtime as unknown as Record<symbol, unknown>)[GATHER] as (
      gatherNodeId: string,
    ) => Promise<GatheredItems>
    const { results, writes } = await gather(this.nodeId ?? '')
    for (const [key, write] of writes) {
      if (write === 'deleted') await call.context.delete(key)
      else await call.context.set(key, write.value)
    }
    // As the engine's: a worker without a result leaves no gap.
    const output = results.filter((result) => result !== undefined)
    if (outputKey) await call.context.set(outputKey, output)
    return { output }
  }
}

export const gatherNode: NodeClass = DurableGather
