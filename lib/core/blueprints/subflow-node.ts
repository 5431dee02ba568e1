/**
 * The subflow node as a durable step: instead of running the other blueprint inside this node's execution, it works
 * out the child's initial context and waits for a run of its own. `children.ts` does the rest.
 */
import {
  analyzeBlueprint,
  BaseNode,
  FlowcraftError,
  type NodeClass,
  type NodeContext,
  type WorkflowBlueprint,
} from 'flowcraft'
import { unknownBlueprint } from '../common/errors.ts'

/** Tells the wait for a child run from other waits. */
export const SUBFLOW_REASON = 'subflow'

/** A run that a node waits for. */
export interface ChildRequest {
  readonly blueprintId: string
  /** The child's initial context. */
  readonly input: Record<string, unknown>
}

/** Made for a set of blueprints, since the engine gives a node no way to them. */
export function durableSubflow(blueprints: Record<string, WorkflowBlueprint>): NodeClass {
  class DurableSubflow extends BaseNode {
    override async exec(_prepared: unknown, call: NodeContext) {
      const { blueprintId, inputs } = (this.params ?? {}) as {
        blueprintId?: string
        inputs?: Record<string, string>
      }
      if (!blueprintId) {
        const message = `Subflow node '${this.nodeId}' is missing 'blueprintId' parameter.`
        throw new FlowcraftError(message, { isFatal: true })
      }
      const blueprint = Object.hasOwn(blueprints, blueprintId) ? blueprints[blueprintId] : undefined
      if (!blueprint) {
        const cause = unknownBlueprint(blueprintId, Object.keys(blueprints))
        const message = `Sub-blueprint '${blueprintId}' not found in runtime registry.`
        throw new FlowcraftError(message, { isFatal: true, cause })
      }
      const input = inputs ? await mapped(inputs, call) : implicit(blueprint, call.input)
      const details = { reason: SUBFLOW_REASON, blueprintId, input }
      await call.dependencies.workflowState.markAsAwaiting(this.nodeId ?? '', details)
      return { output: undefined }
    }
  }
  return DurableSubflow
}

/** Each key of the child from a key of the parent, or from the output of a node of that name. */
async function mapped(
  inputs: Record<string, string>,
  { context }: NodeContext,
): Promise<Record<string, unknown>> {
  const input = new Map<string, unknown>()
  for (const [target, source] of Object.entries(inputs)) {
    const value: unknown = await context.get(source)
    input.set(target, value === undefined ? await context.get(`_outputs.${source}`) : value)
  }
  return Object.fromEntries(input)
}

/** The node's input is that of each start node. */
function implicit(blueprint: WorkflowBlueprint, value: unknown): Record<string, unknown> {
  if (value === undefined) return {}
  return Object.fromEntries(analyzeBlueprint(blueprint).startNodeIds.map((id) => [`_inputs.${id}`, value]))
}
