/** Which edges a completed node takes, and what they carry: asked of the engine, seen by the node's own context. */
import {
  type EdgeDefinition,
  type IAsyncContext,
  type NodeDefinition,
  type NodeResult,
  PropertyEvaluator,
  type WorkflowState,
} from 'flowcraft'
import type { ActivationContext } from './context/activation-context.ts'
import type { Execution, Runtime } from './execute.ts'
import type { RunGraph } from './graph.ts'
import type { RunState } from './run-state.ts'

export interface FollowOptions {
  readonly runtime: Runtime
  readonly graph: RunGraph
  readonly run: RunState
  readonly node: number
  readonly context: ActivationContext
}

/** What a node's completion with `result` leads to. */
export async function follow(
  options: FollowOptions,
  state: WorkflowState<Record<string, unknown>>,
  result: NodeResult | undefined,
): Promise<Execution> {
  const { runtime, graph, run, context } = options
  if (!result) return { outcome: { kind: 'completed', result: {}, matched: [] }, inputs: new Map() }
  const { id } = graph.node(options.node)
  const scratch = context.beginCompletion()
  await state.addCompletedNode(id, result.output)
  const tracked = state.getContext()
  const edges = graph.edgesFrom(options.node)
  const { action } = result
  if (
    action !== undefined &&
    edges.length > 0 &&
    edges.every((edge) => ![action, undefined].includes(edge.action))
  ) {
    // As in memory: everything that has no condition runs.
    runtime.logger.warn('no edge names the action of a node', { runId: run.runId, nodeId: id, action })
  }
  const conditions = edges.flatMap((edge) => edge.condition ?? [])
  const matched = await context.limitedTo(keysNamed(runtime, conditions, []), () =>
    runtime.determineNextNodes(graph.blueprint, id, result, tracked, run.runId),
  )
  const inputs = new Map<number, unknown>()
  for (const { node, edge } of matched) {
    await applyEdge(options, edge, node, result, tracked)
    if (edge.transform !== undefined) inputs.set(graph.indexOf(node.id), scratch.get(`_inputs.${node.id}`))
  }
  const targets = [...new Set(matched.map(({ node }) => graph.indexOf(node.id)))]
  return {
    outcome: { kind: 'completed', result, matched: targets },
    output: { value: result.output },
    inputs,
  }
}

async function applyEdge(
  options: FollowOptions,
  edge: EdgeDefinition,
  node: NodeDefinition,
  result: NodeResult,
  tracked: IAsyncContext<Record<string, unknown>>,
): Promise<void> {
  const { runtime, context, run } = options
  const transforms = edge.transform === undefined ? [] : [edge.transform]
  // A copy of the node: the engine notes the input in the object it is given, which other runs share.
  await context.limitedTo(keysNamed(runtime, [], transforms), () =>
    runtime.applyEdgeTransform(edge, result, { ...node }, tracked, undefined, run.runId),
  )
}

/**
 * The context keys that expressions can read, where the evaluator is the engine's own, which only follows property
 * paths; undefined where another evaluator may read anything.
 */
export function keysNamed(
  runtime: Runtime,
  conditions: string[],
  transforms: string[],
): Set<string> | undefined {
  if (runtime.evaluator.constructor !== PropertyEvaluator) return undefined
  const roots = conditions.map((expression) => expression.split('.')[0])
  const inContext = transforms.flatMap((expression) => {
    const [root, key] = expression.split('.')
    return root === 'context' && key !== undefined ? [key] : []
  })
  return new Set([...roots, ...inContext].filter((key) => key !== undefined))
}
