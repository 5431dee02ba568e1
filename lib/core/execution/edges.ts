/** Which edges a completed node takes, and what they carry: asked of the engine, seen by the node's own context. */
import {
  type EdgeDefinition,
  FlowcraftError,
  type IAsyncContext,
  type NodeDefinition,
  type NodeResult,
  PropertyEvaluator,
  type WorkflowState,
} from 'flowcraft'
import { messageOf } from '../common/errors.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { mayRunAgain, type RunState } from '../protocol/run-state.ts'
import type { ActivationContext } from './activation-context.ts'
import type { Execution, GivenInput } from './execution.ts'
import type { Runtime } from './node-call.ts'

export interface FollowOptions {
  readonly runtime: Runtime
  readonly graph: RunGraph
  readonly run: RunState
  readonly node: number
  readonly context: ActivationContext
}

/**
 * What a node's completion with `result` leads to. In memory an evaluator that throws ends the run; here its node fails
 * with that, as it does where its own code throws. What the store throws is thrown.
 */
export async function follow(
  options: FollowOptions,
  state: WorkflowState<Record<string, unknown>>,
  result: NodeResult | undefined,
): Promise<Execution> {
  if (!result) return { outcome: { kind: 'completed', result: {}, matched: [] }, inputs: new Map() }
  try {
    return await followEdges(options, state, result)
  } catch (error) {
    const { infrastructureError } = options.context
    if (infrastructureError !== undefined) throw infrastructureError
    const { id } = options.graph.node(options.node)
    const message = `the edges of node '${id}' cannot be followed: ${messageOf(error)}`
    const why = new FlowcraftError(message, { cause: error as Error, nodeId: id })
    return { outcome: { kind: 'failed' }, inputs: new Map(), error: why }
  }
}

async function followEdges(
  options: FollowOptions,
  state: WorkflowState<Record<string, unknown>>,
  result: NodeResult,
): Promise<Execution> {
  const { runtime, graph, run, context } = options
  const { id } = graph.node(options.node)
  const scratch = context.beginCompletion()
  await state.addCompletedNode(id, result.output)
  const tracked = state.getContext()
  const edges = graph.inputs.edgesFrom(options.node)
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
    runtime.determineNextNodes(graph.inputs.around(options.node), id, result, tracked, run.runId),
  )
  const inputs = new Map<number, GivenInput>()
  // Copies: the engine notes the input in the node that it is given, which other runs share. One for all the edges to
  // a node, since the second of two transforms changes what the first one gave.
  const copies = new Map<string, NodeDefinition>()
  for (const { node, edge } of matched) {
    const copy = copies.get(node.id) ?? { ...node }
    copies.set(node.id, copy)
    await applyEdge(options, edge, copy, result, tracked)
    const target = graph.indexOf(node.id)
    const value = await scratch.get(`_inputs.${node.id}`)
    inputs.set(target, await givenBy(options, target, edge, value, inputs.get(target)))
  }
  return {
    outcome: { kind: 'completed', result, matched: [...inputs.keys()] },
    output: { value: result.output },
    inputs,
  }
}

/** What an edge gives, where another from the same node may have given something before it, or in an earlier round. */
async function givenBy(
  { graph, run, node, context }: FollowOptions,
  target: number,
  edge: EdgeDefinition,
  value: unknown,
  before: GivenInput | undefined,
): Promise<GivenInput> {
  if (edge.transform !== undefined) return { changed: { value } }
  const isMixed = graph.inputs.giver(node, target)?.transforms === 'some'
  const overrides =
    before?.changed !== undefined ||
    before?.overrides ||
    (isMixed && mayRunAgain(graph.repeatable, run, node) && (await context.isTransformed(target, node)))
  return overrides ? { overrides } : {}
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
  await context.limitedTo(keysNamed(runtime, [], transforms), () =>
    runtime.applyEdgeTransform(edge, result, node, tracked, undefined, run.runId),
  )
}

/**
 * The context keys that expressions can read, where the evaluator is the engine's own, which only follows property
 * paths; undefined where they can read all of them: another evaluator, or a transform that is `context` as a whole.
 */
export function keysNamed(
  runtime: Runtime,
  conditions: string[],
  transforms: string[],
): Set<string> | undefined {
  if (runtime.evaluator.constructor !== PropertyEvaluator) return undefined
  const roots = conditions.flatMap((expression) => pathOf(expression)[0] ?? [])
  const inContext = transforms.map(pathOf).filter(([root]) => root === 'context')
  if (inContext.some(({ length }) => length === 1)) return undefined
  return new Set([...roots, ...inContext.map(([, key]) => key as string)])
}

/** What is no text names nothing: the engine's evaluator says so, and goes on. */
function pathOf(expression: unknown): string[] {
  return typeof expression === 'string' ? expression.split('.') : []
}
