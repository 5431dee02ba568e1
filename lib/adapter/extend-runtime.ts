/** Flowcraft's own runtime, in memory, with what this package adds to a blueprint. */
import type { NodeDefinition } from 'flowcraft'
import type { Runtime } from '../core/execution/node-call.ts'
import { runsAlways } from '../core/protocol/always-nodes.ts'
import { takesJoinInput } from '../core/protocol/quorum.ts'
import { inputInMemory, withAlways } from './memory-always.ts'
import { joinInputInMemory, withJoins } from './memory-joins.ts'
import { retried } from './memory-retries.ts'

/** Options of `extendRuntime`. */
export interface ExtendRuntimeOptions {
  /**
   * How the delay before a try is waited for, in milliseconds; tests need not wait. It rejects once the signal aborts.
   * @default - by a timer
   */
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** A `FlowRuntime` of whatever context and dependencies. */
export interface ExtensibleRuntime {
  /** Flowcraft's own: what runs a node. */
  getExecutorForNode(nodeId: string, execution: never): unknown
}

/**
 * Makes a `FlowRuntime` in memory go by `retry`, `joinCount` and `runs: 'always'` of nodes, as workers do, and gives it back. Without it
 * the engine tries a node with `retry` once, runs one with a `joinCount` after each predecessor, and waits for all of one that is
 * to run always. In memory
 * the process waits for each delay, however long; and a node that is to run always does so when nothing else is left to do.
 *
 * @example
 * const runtime = extendRuntime(new FlowRuntime({ registry: Object.fromEntries(flow.getFunctionRegistry()) }))
 * await runtime.run(flow.toBlueprint(), { amount: 5 })
 */
export function extendRuntime<R extends ExtensibleRuntime>(
  runtime: R,
  { pause }: ExtendRuntimeOptions = {},
): R {
  const extended = runtime as unknown as Runtime & Parameters<typeof withAlways>[0]
  // The engine is led by joins, and both by what is left when nothing else is.
  withJoins(extended)
  withAlways(extended)
  const executorOf = extended.getExecutorForNode.bind(runtime)
  extended.getExecutorForNode = (nodeId, execution) => {
    const def = execution.blueprint.nodes.find(({ id }) => id === nodeId)
    const implementation = def && execution.nodeRegistry.get(def.uses)
    const isRetried = def?.config?.retry !== undefined && implementation !== undefined
    const executor = executorOf(
      nodeId,
      isRetried ? retried(execution, def, implementation, pause) : execution,
    )
    const inputOf = inputsOf(def)
    if (!inputOf) return executor
    const execute = executor.execute.bind(executor)
    executor.execute = async (input: unknown) => execute((await inputOf(execution.state, nodeId)) ?? input)
    return executor
  }
  return runtime
}

/** Who says what a node is given, where the engine does not. */
function inputsOf(
  def: NodeDefinition | undefined,
): ((...given: Parameters<typeof inputInMemory>) => Promise<unknown>) | undefined {
  if (def && takesJoinInput(def)) return joinInputInMemory
  return def?.inputs === undefined && runsAlways(def?.config) ? inputInMemory : undefined
}
