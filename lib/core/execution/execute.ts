/**
 * Runs one node through the engine: input, middleware, tries, fallback, events. Knows nothing of leases or commits.
 * How it ended is an `Outcome`; `edges.ts` says which edges are taken.
 */
import { FlowcraftError, type IAsyncContext, type NodeExecutionResult, type WorkflowState } from 'flowcraft'
import { GATHER, isScatter } from '../blueprints/batch-nodes.ts'
import { COSTS } from '../common/add-cost.ts'
import { FlowcraftAwsError, isTrouble, messageOf } from '../common/errors.ts'
import { triesOf } from '../common/retry-config.ts'
import { isError, propertyOf } from '../common/thrown.ts'
import { runsAlways } from '../protocol/always-nodes.ts'
import { takesJoinInput } from '../protocol/quorum.ts'
import { type RunState, wholeMs } from '../protocol/run-state.ts'
import { alwaysInputOf } from './always-input.ts'
import { dynamicNodesOf } from './dynamic-nodes.ts'
import { follow, keysNamed } from './edges.ts'
import { type Execution, failed, failedForGood, NO_INPUTS, stoodInFor } from './execution.ts'
import { type ExecuteOptions, RegistryWith, stateOf } from './node-call.ts'
import { joinInputOf } from './join-input.ts'
import { limitOf, withinLimit } from './node-timeout.ts'
import { type Postponed, type Tried, withOneTry, withTries } from './retry-policy.ts'
import { suspended, scattered } from './suspend.ts'

/** Never throws for what the node did; throws when the store failed while it ran. */
export async function executeNode(options: ExecuteOptions): Promise<Execution> {
  const { graph, context } = options
  const def = graph.node(options.node)
  const state = stateOf(options)
  const inProcess = options.inProcess ?? false
  // A batch's `retry` is that of its items.
  const config = isScatter(options.implementation) ? { ...def.config, retry: undefined } : def.config
  const tried = withTries(
    options.implementation,
    { ...def, config },
    {
      before: options.tries,
      seed: retrySeed(options.run, options.node, def.id),
      waits: inProcess ? 'item' : 'node',
      onRetry: (tries, error) => announceRetry(options, tries, error),
    },
  )
  const startedAt = Date.now()
  const limitMs = limitOf(config, options.nodeTimeoutMs ?? Infinity, inProcess)
  const result = await withinLimit({ limitMs, nodeId: def.id, signal: options.signal }, (signal) =>
    runThroughEngine({ ...options, signal }, state, tried),
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
    return suspended(options, state.getAwaitingDetails(def.id), result.result?.output, startedAt)
  }
  if (result.status === 'success' && result.result?.dynamicNodes?.length) {
    return scattered(result.result, dynamicNodesOf(graph, def.id, result.result.dynamicNodes))
  }
  const postponed = result.status === 'failed' ? tried.postponed() : undefined
  if (postponed) return retryLater(options, postponed)
  if (result.status === 'failed') return failed(result.error)
  if (result.status === 'failed_with_fallback') return stoodInFor(graph, result.fallbackNodeId, result.error)
  const execution = await follow(options, state, result.result)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  return execution
}

/** A try failed and another is to come after a delay that no function should wait out. */
async function retryLater(options: ExecuteOptions, { error, delayMs, tries }: Postponed): Promise<Execution> {
  await announceRetry(options, tries, error)
  const wait = { kind: 'retry', at: wholeMs(options.now() + delayMs), tries } as const
  const why = isError(error) ? error : new Error(messageOf(error), { cause: error })
  return { outcome: { kind: 'suspended', wait }, inputs: NO_INPUTS, error: why }
}

/** As the engine does before it tries a node again. */
async function announceRetry(options: ExecuteOptions, attempt: number, error: unknown): Promise<void> {
  const { runtime, graph, node, run, onTryFailed } = options
  onTryFailed?.(error)
  const { id: nodeId, config } = graph.node(node)
  const { blueprintId, runId: executionId } = run
  const maxRetries = triesOf(config).atMost
  const meta = { nodeId, attempt, maxRetries, error: messageOf(error), executionId }
  runtime.logger.warn('Node execution failed, retrying', meta)
  await runtime.eventBus.emit({
    type: 'node:retry',
    payload: { nodeId, attempt, executionId, blueprintId },
  })
}

/** Names an activation; of an item, by its node's id, which is its own. */
export function retrySeed({ runId, iterations }: RunState, node: number, nodeId: string): string {
  return `${runId} ${nodeId} ${iterations.get(node) ?? 1}`
}

/** The engine's webhook node asks the adapter for an endpoint: that the table is away is no failure of the node. */
function rethrowTrouble(error: Error): void {
  const cause = propertyOf(error, 'cause')
  if (isTrouble(cause)) throw cause
}

async function runThroughEngine(
  options: ExecuteOptions,
  state: WorkflowState<Record<string, unknown>>,
  { implementation }: Tried,
): Promise<NodeExecutionResult> {
  const { runtime, graph, run, context, signal } = options
  const def = graph.node(options.node)
  const { logger, serializer, evaluator, middleware, dependencies } = runtime
  const { eventBus = runtime.eventBus } = options
  const nodeRegistry = new RegistryWith(runtime.registry, def.uses, implementation)
  const executionContext = {
    blueprint: withOneTry(graph.blueprint, def),
    state,
    nodeRegistry,
    executionId: run.runId,
    runtime,
    services: {
      logger,
      eventBus,
      serializer,
      evaluator,
      middleware,
      dependencies: { ...dependencies, [COSTS]: options.counter },
    },
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

/** As the engine resolves it, with what it notes in the blueprint of a run: a transformed input replaces `inputs`. */
async function resolveInput(
  options: ExecuteOptions,
  seen: IAsyncContext<Record<string, unknown>>,
): Promise<unknown> {
  const { runtime, graph, node, context } = options
  const def = graph.node(node)
  if (def.inputs !== undefined && (await context.isTransformed(node))) return seen.get(`_inputs.${def.id}`)
  if (def.inputs === undefined && runsAlways(def.config)) return alwaysInputOf(options)
  if (takesJoinInput(def)) return joinInputOf(options)
  return runtime.resolveNodeInput(def.id, graph.inputs.around(node), seen)
}
