/**
 * Runs one node through the engine: input, middleware, tries, fallback, events. Knows nothing of leases or commits.
 * How it ended is an `Outcome`; `follow.ts` says which edges are taken.
 */
import {
  type FlowRuntime,
  FlowcraftError,
  type IAsyncContext,
  type NodeClass,
  type NodeDefinition,
  type NodeExecutionResult,
  type NodeFunction,
  type NodeResult,
  WorkflowState,
} from 'flowcraft'
import type { ActivationContext } from './context/activation-context.ts'
import { FlowcraftAwsError, isFlowcraftAwsError, isTrouble, messageOf } from './errors.ts'
import { follow, keysNamed } from './follow.ts'
import type { RunGraph } from './graph.ts'
import type { Batch } from './items/batch.ts'
import { dynamicNodesOf } from './items/dynamic-nodes.ts'
import { GATHER, type GatheredItems, ITEMS_REASON, type ItemsRequest } from './items/scatter-node.ts'
import { limitOf, withinLimit } from './node-limit.ts'
import { numbersOf } from './numbers.ts'
import { type Policed, retriesByQueue, withPolicy } from './policy.ts'
import { activationKey, childIdOf, isDone, isTooDeep, type RunState, wholeMs } from './run-state.ts'
import { type ChildRequest, SUBFLOW_REASON } from './subflow-node.ts'
import { isError, propertyOf } from './thrown.ts'
import type { Outcome } from './transition.ts'
import type { ErrorRecord } from './values/flush.ts'
import { eventWait } from './wait-timeout.ts'

export type Runtime = FlowRuntime<Record<string, unknown>, Record<string, unknown>>

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

export interface ExecuteOptions {
  readonly runtime: Runtime
  readonly graph: RunGraph
  readonly run: RunState
  readonly node: number
  readonly implementation: NodeFunction | NodeClass
  readonly context: ActivationContext
  readonly signal: AbortSignal
  /** Tries of this activation that ended before, in executions of their own. */
  readonly tries: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Results of a batch, for the node that gathers them. */
  readonly gather?: (gatherNodeId: string) => Promise<GatheredItems>
  /** Milliseconds that the execution may take: see `limitOf`. @default - as long as it takes */
  readonly nodeTimeoutMs?: number
  /** An item of a batch: it cannot wait, so its tries come one after the other. @default false */
  readonly inProcess?: boolean
}

const NO_INPUTS: Execution['inputs'] = new Map()

/** Never throws for what the node did; throws when the store failed while it ran. */
export async function executeNode(options: ExecuteOptions): Promise<Execution> {
  const { graph, context } = options
  const def = graph.node(options.node)
  const state = stateOf(options)
  const byQueue = !options.inProcess && retriesByQueue(def.config)
  const isLast = !byQueue || options.tries + 2 > numbersOf(def.config).maxRetries
  state.isLastAttempt = isLast
  const policed = withPolicy(options.implementation, def, { isLast, byQueue })
  const startedAt = Date.now()
  const limitMs = limitOf(def.config, options.nodeTimeoutMs ?? Infinity)
  const result = await withinLimit({ limitMs, nodeId: def.id, signal: options.signal }, (signal) =>
    runThroughEngine({ ...options, signal }, state, policed, byQueue),
  )
  if (result instanceof FlowcraftError) return failedForGood(graph, options.node, result)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  if (result.status === 'failed' && def.uses === 'webhook') rethrowTrouble(result.error)
  if (result.status === 'success' && state.isAwaiting()) {
    // Only the engine's own subflow step writes that: somebody's function called it.
    if ([...context.writes.keys()].some((key) => String(key).startsWith('_subflowState.'))) {
      const why = `node '${def.id}' runs a subflow inside its own execution, which waits; use 'subflow' nodes`
      return failed(new FlowcraftAwsError('INVALID_BLUEPRINT', why))
    }
    return parked(options, state.getAwaitingDetails(def.id), result.result?.output, startedAt)
  }
  if (result.status === 'success' && result.result?.dynamicNodes?.length) {
    return scattered(result.result, dynamicNodesOf(graph, def.id, result.result.dynamicNodes))
  }
  if (result.status === 'failed' && !isLast && policed.failedInTry() && !isFatal(result.error)) {
    return retryLater(options, def, result.error)
  }
  if (result.status === 'failed') return failed(result.error)
  if (result.status === 'failed_with_fallback') return stoodInFor(graph, result.fallbackNodeId, result.error)
  const execution = await follow(options, state, result.result)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  return execution
}

/** The engine's view of the run for one node. */
export function stateOf(
  options: Pick<ExecuteOptions, 'runtime' | 'graph' | 'run' | 'context'>,
): WorkflowState<Record<string, unknown>> {
  const { runtime, graph, run, context } = options
  const completed = graph.blueprint.nodes.filter((_, index) => isDone(run.done, index))
  const state = new WorkflowState<Record<string, unknown>>(
    Object.fromEntries(completed.map(({ id }) => [`_outputs.${id}`, true])),
    context,
  )
  state.setEventEmitter(runtime.eventBus, run.runId)
  return state
}

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

function stoodInFor(graph: RunGraph, fallbackId: string, error: Error): Execution {
  const fallback = graph.find(fallbackId)
  if (fallback === undefined) {
    return failed(new Error(`Fallback node '${fallbackId}' not found in blueprint.`, { cause: error }))
  }
  return { outcome: { kind: 'fallback', fallback }, output: { value: null }, inputs: NO_INPUTS, error }
}

/** Stands for any: whether a subflow is nested too deep must not depend on the round of a loop that it is in. */
const LONGEST_ITERATION = 99_999

interface AwaitingDetails {
  readonly reason?: string
  readonly wakeUpAt?: string
  readonly timeout?: unknown
}

/** The node marked itself as awaiting: for a time, for a child run, or for an event. */
function parked(
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
    return { outcome: { kind: 'parked', wait: { kind: 'timer', at } }, output, inputs }
  }
  if (details?.reason === SUBFLOW_REASON) {
    const { blueprintId, input } = details as ChildRequest
    if (isTooDeep(childIdOf(run.runId, activationKey(node, LONGEST_ITERATION), tries))) {
      const why = `subflows are nested too deep to start '${blueprintId}': perhaps a flow starts itself without an end`
      return failedForGood(graph, node, new FlowcraftAwsError('INVALID_BLUEPRINT', why))
    }
    return {
      outcome: { kind: 'parked', wait: { kind: 'child', tries } },
      inputs,
      child: { blueprintId, input },
    }
  }
  if (details?.reason === ITEMS_REASON) {
    const { kind, uses, items, chunk } = details as unknown as ItemsRequest
    const outcome = { kind: 'parked', wait: { kind: 'items', round: 0 } } as const
    return { outcome, output, inputs, items: { kind, uses, items, chunk } }
  }
  try {
    const wait = eventWait(graph, node, implementation, details ?? {}, now())
    return { outcome: { kind: 'parked', wait }, output, inputs }
  } catch (error) {
    return failed(error as Error)
  }
}

/** Nodes that the node itself made run before it counts as ended: whatever follows may use them. */
function scattered({ output, action }: NodeResult, nodes: NodeDefinition[]): Execution {
  const outcome = { kind: 'parked', wait: { kind: 'items', round: 0 } } as const
  const items: ItemsRequest = { kind: 'nodes', items: nodes, chunk: nodes.length, action }
  return { outcome, output: { value: output }, inputs: NO_INPUTS, items }
}

/** A try failed and another is to come after a delay that no function should wait out. */
async function retryLater(options: ExecuteOptions, def: NodeDefinition, error: Error): Promise<Execution> {
  const { runtime, run, now, tries } = options
  const attempt = tries + 1
  const { maxRetries, retryDelay } = numbersOf(def.config)
  const meta = {
    nodeId: def.id,
    attempt,
    maxRetries,
    error: messageOf(propertyOf(error, 'cause') ?? error),
    executionId: run.runId,
  }
  runtime.logger.warn('Node execution failed, retrying', meta)
  const { blueprintId, runId: executionId } = run
  await runtime.eventBus.emit({
    type: 'node:retry',
    payload: { nodeId: def.id, attempt, executionId, blueprintId },
  })
  const wait = { kind: 'retry', at: wholeMs(now() + retryDelay), tries: attempt } as const
  return { outcome: { kind: 'parked', wait }, inputs: NO_INPUTS }
}

/** The engine's webhook node asks the adapter for an endpoint: that the table is away is no failure of the node. */
function rethrowTrouble(error: Error): void {
  const cause = propertyOf(error, 'cause')
  if (isTrouble(cause)) throw cause
}

function isFatal(error: Error): boolean {
  return error instanceof FlowcraftError && propertyOf(error, 'isFatal') === true
}

async function runThroughEngine(
  options: ExecuteOptions,
  state: WorkflowState<Record<string, unknown>>,
  policed: Policed,
  byQueue: boolean,
): Promise<NodeExecutionResult> {
  const { runtime, graph, run, context, signal } = options
  const def = graph.node(options.node)
  const { logger, eventBus, serializer, evaluator, middleware, dependencies } = runtime
  const nodeRegistry = new Map(runtime.registry)
  nodeRegistry.set(def.uses, policed.implementation)
  const executionContext = {
    blueprint: byQueue ? withOneTry(graph, def) : graph.blueprint,
    state,
    nodeRegistry,
    executionId: run.runId,
    runtime,
    services: { logger, eventBus, serializer, evaluator, middleware, dependencies },
    signal,
    [GATHER]: options.gather,
    createForSubflow: () => {
      throw new FlowcraftAwsError('INVALID_BLUEPRINT', 'a node cannot run a subflow inside its own execution')
    },
  }
  try {
    const input = await resolveInput(options, state.getContext())
    const executor = runtime.getExecutorForNode(def.id, executionContext) as {
      execute(input: unknown): Promise<NodeExecutionResult>
    }
    const condition = def.uses === 'loop-controller' ? [String(def.params?.['condition'])] : undefined
    return await context.limitedTo(condition && keysNamed(runtime, condition, []), () =>
      executor.execute(input),
    )
  } catch (error) {
    // Trouble of the store is remembered by the context, whatever became of it on the way here.
    const failure = isError(error) ? error : new Error(messageOf(error))
    return { status: 'failed', error: failure as Extract<NodeExecutionResult, { status: 'failed' }>['error'] }
  }
}

/** The blueprint in which this node is tried once: its further tries are executions of their own. */
function withOneTry(graph: RunGraph, def: NodeDefinition): RunGraph['blueprint'] {
  const once = { ...def, config: { ...def.config, maxRetries: 1 } }
  return { ...graph.blueprint, nodes: graph.blueprint.nodes.map((node) => (node === def ? once : node)) }
}

/** As the engine resolves it, with what it notes in the blueprint of a run: a transformed input replaces `inputs`. */
async function resolveInput(
  { runtime, graph, node, context }: ExecuteOptions,
  seen: IAsyncContext<Record<string, unknown>>,
): Promise<unknown> {
  const def = graph.node(node)
  if (def.inputs !== undefined && (await context.isTransformed(node))) return seen.get(`_inputs.${def.id}`)
  return runtime.resolveNodeInput(def.id, graph.blueprint, seen)
}
