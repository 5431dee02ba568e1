/** How the execution of a node ended, as what is committed of it: with a result, as a failure, or by its fallback. Pure. */
import { FlowcraftError } from 'flowcraft'
import type { ItemsRequest } from '../blueprints/batch-nodes.ts'
import type { ChildRequest } from '../blueprints/subflow-node.ts'
import { isFlowcraftAwsError, isTrouble, messageOf } from '../common/errors.ts'
import type { Counts } from '../common/run-counts.ts'
import { isError, propertyOf } from '../common/thrown.ts'
import type { Batch } from '../protocol/batch.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import type { Outcome } from '../protocol/transition.ts'
import type { ErrorRecord } from '../values/error-record.ts'

export interface Execution {
  readonly outcome: Outcome
  /** Undefined where the node gave no result at all. */
  readonly output?: { readonly value: unknown }
  /** What the edges that are taken give, by target node. */
  readonly inputs: ReadonlyMap<number, GivenInput>
  /** The node's own failure, also where a fallback stands in. */
  readonly error?: Error
  /** The child run that the node waits for. */
  readonly child?: ChildRequest
  /** The items that the node waits for. */
  readonly items?: ItemsRequest
  /** Of an item: the node that it names to stand in for it. */
  readonly standIn?: string
  /** The batch under way, where it goes on and what it remembers has changed. */
  readonly batch?: Batch
  /** What child runs or items used for it. @default - nothing was counted */
  readonly spent?: Counts
  /** Errors of the items that it waited for. */
  readonly itemErrors?: readonly ErrorRecord[]
  /** Number of such errors that were kept before. @default 0 */
  readonly itemErrorsBefore?: number
}

/** What a node's completion gives to one that follows it. */
export interface GivenInput {
  /** As an edge transformed it; absent where it is the node's output as it is. */
  readonly changed?: { readonly value: unknown }
  /** Whether the output as it is takes the place of what an edge transformed. */
  readonly overrides?: boolean
}

export const NO_INPUTS: Execution['inputs'] = new Map()

export function failed(error: Error): Execution {
  return { outcome: { kind: 'failed' }, inputs: NO_INPUTS, error }
}

/**
 * What was thrown while a node was worked on, as that node's failure. Throws what is none: trouble of the
 * infrastructure, and what a newer worker can do.
 */
export function failureOf(error: unknown): Error {
  if (isTrouble(error) || isFlowcraftAwsError(error, 'NOT_DEPLOYED')) throw error
  return isError(error) ? error : new Error(messageOf(error), { cause: error })
}

/** What comes of a node's failure for good: its fallback, if it names one and the error allows it. */
export function failedForGood(graph: RunGraph, node: number, error: Error): Execution {
  const fallback = graph.node(node).config?.fallback
  return fallback === undefined || isFatal(error) ? failed(error) : stoodInFor(graph, fallback, error)
}

export function stoodInFor(graph: RunGraph, fallbackId: string, error: Error): Execution {
  const fallback = graph.find(fallbackId)
  if (fallback === undefined) {
    return failed(new Error(`Fallback node '${fallbackId}' not found in blueprint.`, { cause: error }))
  }
  return { outcome: { kind: 'fallback', fallback }, output: { value: null }, inputs: NO_INPUTS, error }
}

function isFatal(error: Error): boolean {
  return error instanceof FlowcraftError && propertyOf(error, 'isFatal') === true
}
