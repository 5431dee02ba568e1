/**
 * Runs one node through the engine: input, middleware, tries, fallback, events, and then which edges it takes.
 * Knows nothing of leases or commits. What the engine's types promise and its loop leaves out is added around
 * the implementation: the delay between tries and the time a try may take.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BaseNode,
  type EdgeDefinition,
  type FlowRuntime,
  type IAsyncContext,
  isNodeClass,
  type NodeClass,
  type NodeContext,
  type NodeDefinition,
  type NodeExecutionResult,
  type NodeFunction,
  type NodeResult,
  PropertyEvaluator,
  WorkflowState,
} from 'flowcraft'
import type { ActivationContext } from './context/activation-context.ts'
import { FlowcraftAwsError, messageOf } from './errors.ts'
import type { RunGraph } from './graph.ts'
import { isDone, type RunState } from './run-state.ts'
import type { Outcome } from './transition.ts'

export type Runtime = FlowRuntime<Record<string, unknown>, Record<string, unknown>>

export interface Execution {
  readonly outcome: Outcome
  /** Undefined where the node gave no result at all. */
  readonly output?: { readonly value: unknown }
  /** Inputs that edges transformed, by target node. */
  readonly inputs: ReadonlyMap<number, unknown>
  /** The node's own failure, also where a fallback stands in. */
  readonly error?: Error
}

export interface ExecuteOptions {
  readonly runtime: Runtime
  readonly graph: RunGraph
  readonly run: RunState
  readonly node: number
  readonly implementation: NodeFunction | NodeClass
  readonly context: ActivationContext
  readonly signal: AbortSignal
}

/** Never throws for what the node did; throws when the store failed while it ran. */
export async function executeNode(options: ExecuteOptions): Promise<Execution> {
  const { graph, run, context } = options
  const completed = graph.blueprint.nodes.filter((_, index) => isDone(run.done, index))
  const state = new WorkflowState<Record<string, unknown>>(
    Object.fromEntries(completed.map(({ id }) => [`_outputs.${id}`, true])),
    context,
  )
  state.setEventEmitter(options.runtime.eventBus, run.runId)
  const result = await runThroughEngine(options, state)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  if (result.status === 'failed')
    return { outcome: { kind: 'failed' }, inputs: new Map(), error: result.error }
  if (result.status === 'failed_with_fallback') return stoodInFor(graph, result.fallbackNodeId, result.error)
  const execution = await follow(options, state, result.result)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  return execution
}

function stoodInFor(graph: RunGraph, fallbackId: string, error: Error): Execution {
  const fallback = graph.find(fallbackId)
  if (fallback === undefined) {
    const missing = new Error(`Fallback node '${fallbackId}' not found in blueprint.`, { cause: error })
    return { outcome: { kind: 'failed' }, inputs: new Map(), error: missing }
  }
  return { outcome: { kind: 'fallback', fallback }, output: { value: null }, inputs: new Map(), error }
}

async function runThroughEngine(
  options: ExecuteOptions,
  state: WorkflowState<Record<string, unknown>>,
): Promise<NodeExecutionResult> {
  const { runtime, graph, run, context, signal } = options
  const def = graph.node(options.node)
  const { logger, eventBus, serializer, evaluator, middleware, dependencies } = runtime
  const nodeRegistry = new Map(runtime.registry)
  nodeRegistry.set(def.uses, withPolicy(options.implementation, def))
  const executionContext = {
    blueprint: graph.blueprint,
    state,
    nodeRegistry,
    executionId: run.runId,
    runtime,
    services: { logger, eventBus, serializer, evaluator, middleware, dependencies },
    signal,
    createForSubflow: () => {
      throw new FlowcraftAwsError('INVALID_BLUEPRINT', 'a node cannot run a subflow inside its own execution')
    },
  }
  try {
    const input = await resolveInput(runtime, graph, options.node, state.getContext())
    const executor = runtime.getExecutorForNode(def.id, executionContext) as {
      execute(input: unknown): Promise<NodeExecutionResult>
    }
    const condition = def.uses === 'loop-controller' ? [String(def.params?.['condition'])] : undefined
    return await context.limitedTo(condition && keysNamed(runtime, condition, []), () =>
      executor.execute(input),
    )
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(messageOf(error))
    return { status: 'failed', error: failure as Extract<NodeExecutionResult, { status: 'failed' }>['error'] }
  }
}

/** As the engine resolves it, with what it notes in the blueprint of a run: a transformed input replaces `inputs`. */
async function resolveInput(
  runtime: Runtime,
  graph: RunGraph,
  node: number,
  context: IAsyncContext<Record<string, unknown>>,
): Promise<unknown> {
  const def = graph.node(node)
  const transformed = (graph.predecessors[node] ?? []).some((source) => graph.transforms(source, node))
  const key = `_inputs.${def.id}`
  if (def.inputs !== undefined && transformed && (await context.has(key))) return context.get(key)
  return runtime.resolveNodeInput(def.id, graph.blueprint, context)
}

/** Which edges a completed node takes, and what they carry. */
async function follow(
  options: ExecuteOptions,
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
  options: ExecuteOptions,
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
function keysNamed(runtime: Runtime, conditions: string[], transforms: string[]): Set<string> | undefined {
  if (runtime.evaluator.constructor !== PropertyEvaluator) return undefined
  const roots = conditions.map((expression) => expression.split('.')[0])
  const inContext = transforms.flatMap((expression) => {
    const [root, key] = expression.split('.')
    return root === 'context' && key !== undefined ? [key] : []
  })
  return new Set([...roots, ...inContext].filter((key) => key !== undefined))
}

/** Adds `retryDelay` before each further try and `timeout` around each, both in milliseconds. */
function withPolicy(
  implementation: NodeFunction | NodeClass,
  { id, config }: NodeDefinition,
): NodeFunction | NodeClass {
  const { retryDelay = 0, timeout = 0 } = config ?? {}
  if (retryDelay <= 0 && timeout <= 0) return implementation
  let tries = 0
  const attempt = async <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>): Promise<T> => {
    if (tries++ > 0 && retryDelay > 0) await sleep(retryDelay, undefined, { signal: context.signal })
    return timeout > 0 ? within(timeout, id, context, run) : run(context)
  }
  if (!isNodeClass(implementation)) {
    return (context) => attempt(context, implementation as NodeFunction)
  }
  const Class = implementation as NodeClass
  const exec = Class.prototype.exec as BaseNode['exec']
  const Limited = class extends (Class as new () => object) {} as unknown as NodeClass
  Limited.prototype.exec = function (this: BaseNode, prepared: unknown, context: NodeContext) {
    return attempt(context, (limited) => exec.call(this, prepared, limited))
  }
  return Limited
}

async function within<T>(
  timeoutMs: number,
  nodeId: string,
  context: NodeContext,
  run: (context: NodeContext) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timedOut = new FlowcraftAwsError('NODE_TIMEOUT', `node '${nodeId}' took longer than ${timeoutMs} ms`)
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort(timedOut)
      reject(timedOut)
    }, timeoutMs)
  })
  const signal = context.signal ? AbortSignal.any([context.signal, controller.signal]) : controller.signal
  try {
    return await Promise.race([run({ ...context, signal }), limit])
  } finally {
    clearTimeout(timer)
  }
}
