/** A node that ran and waits: what for, as its mark or what it returned says. Nothing is written here. */
import type { NodeDefinition, NodeResult } from 'flowcraft'
import { ITEMS_REASON, type ItemsRequest } from '../blueprints/batch-nodes.ts'
import { type ChildRequest, SUBFLOW_REASON } from '../blueprints/subflow-node.ts'
import { eventWait } from '../blueprints/wait-timeout.ts'
import { FlowcraftAwsError } from '../common/errors.ts'
import { activationKey, childIdOf, isTooDeep, wholeMs } from '../protocol/run-state.ts'
import { type Execution, failed, failedForGood, NO_INPUTS } from './execution.ts'
import type { ExecuteOptions } from './node-call.ts'

/** Stands for any: whether a subflow is nested too deep must not depend on the round of a loop that it is in. */
const LONGEST_ITERATION = 99_999

interface AwaitingDetails {
  readonly reason?: string
  readonly wakeUpAt?: string
  readonly timeout?: unknown
}

/** The node marked itself as awaiting: for a time, for a child run, or for an event. */
export function suspended(
  { graph, node, implementation, run, now, tries }: ExecuteOptions,
  details: (AwaitingDetails & Partial<ChildRequest>) | undefined,
  value: unknown,
  startedAt: number,
): Execution {
  const output = { value }
  const inputs = NO_INPUTS
  if (details?.reason === 'timer' && details.wakeUpAt !== undefined) {
    // The engine's clock is the host's; what it asks for is a span of time.
    const at = wholeMs(now() + Math.max(0, Date.parse(details.wakeUpAt) - startedAt))
    return { outcome: { kind: 'suspended', wait: { kind: 'timer', at } }, output, inputs }
  }
  if (details?.reason === SUBFLOW_REASON) {
    const { blueprintId, input } = details as ChildRequest
    if (isTooDeep(childIdOf(run.runId, activationKey(node, LONGEST_ITERATION), tries))) {
      const why = `subflows are nested too deep to start '${blueprintId}': perhaps a flow starts itself without an end`
      return failedForGood(graph, node, new FlowcraftAwsError('INVALID_BLUEPRINT', why))
    }
    return {
      outcome: { kind: 'suspended', wait: { kind: 'child', tries } },
      inputs,
      child: { blueprintId, input },
    }
  }
  if (details?.reason === ITEMS_REASON) {
    const { kind, uses, items, chunk, perMessage } = details as unknown as ItemsRequest
    const outcome = { kind: 'suspended', wait: { kind: 'items', round: 0 } } as const
    return { outcome, output, inputs, items: { kind, uses, items, chunk, perMessage } }
  }
  try {
    const wait = eventWait(graph, node, implementation, details ?? {}, now())
    return { outcome: { kind: 'suspended', wait }, output, inputs }
  } catch (error) {
    return failed(error as Error)
  }
}

/** Nodes that the node itself made run before it counts as ended: whatever follows may use them. */
export function scattered({ output, action }: NodeResult, nodes: NodeDefinition[]): Execution {
  const outcome = { kind: 'suspended', wait: { kind: 'items', round: 0 } } as const
  const items: ItemsRequest = { kind: 'nodes', items: nodes, chunk: nodes.length, action }
  return { outcome, output: { value: output }, inputs: NO_INPUTS, items }
}
