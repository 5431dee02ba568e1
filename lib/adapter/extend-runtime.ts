/** Flowcraft's own runtime, in memory, with what this package adds to a blueprint. */
import {
  type BaseNode,
  type NodeClass,
  type NodeDefinition,
  type NodeFunction,
  type NodeResult,
} from 'flowcraft'
import { builtInOf } from '../core/blueprints/built-in.ts'
import { FlowcraftAwsError, messageOf } from '../core/common/errors.ts'
import { pause } from '../core/common/node-numbers.ts'
import { triesOf } from '../core/common/retry-config.ts'
import { retryProblems } from '../core/common/retry-problems.ts'
import type { Runtime } from '../core/execution/node-call.ts'
import { withOneTry, withTries } from '../core/execution/retry-policy.ts'

export interface ExtendRuntimeOptions {
  /**
   * How the delay before a try is waited for, in milliseconds; tests need not wait. It rejects once the signal aborts.
   * @default - by a timer
   */
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

type Implementation = NodeFunction | NodeClass
type Execution = Parameters<Runtime['getExecutorForNode']>[1]

/** A `FlowRuntime` of whatever context and dependencies. */
export interface ExtensibleRuntime {
  getExecutorForNode(nodeId: string, execution: never): unknown
}

/**
 * Makes a `FlowRuntime` in memory go by the `retry` of nodes, as workers do, and gives it back. Without it the engine
 * knows `maxRetries` only, and tries a node with `retry` once. In memory the process waits for each delay, however long.
 *
 * @example
 * const runtime = extendRuntime(new FlowRuntime({ registry: Object.fromEntries(flow.getFunctionRegistry()) }))
 * await runtime.run(flow.toBlueprint(), { amount: 5 })
 */
export function extendRuntime<R extends ExtensibleRuntime>(
  runtime: R,
  options: ExtendRuntimeOptions = {},
): R {
  const extended = runtime as unknown as Runtime
  const executorOf = extended.getExecutorForNode.bind(runtime)
  extended.getExecutorForNode = (nodeId, execution) => {
    const def = execution.blueprint.nodes.find(({ id }) => id === nodeId)
    const implementation = def && execution.nodeRegistry.get(def.uses)
    if (!def?.config?.retry || !implementation) return executorOf(nodeId, execution)
    return executorOf(nodeId, retried(execution, def, implementation as Implementation, options))
  }
  return runtime
}

/** The execution in which this node, and no other, has an implementation that is tried again. */
function retried(
  execution: Execution,
  def: NodeDefinition,
  implementation: Implementation,
  { pause: wait = pause }: ExtendRuntimeOptions,
): Execution {
  const builtIn = builtInOf(implementation)
  const uses = builtIn && 'name' in builtIn ? builtIn.name : undefined
  const [problem] = retryProblems(def.config, uses)
  if (problem !== undefined) throw new FlowcraftAwsError('INVALID_BLUEPRINT', `node '${def.id}': ${problem}`)
  const own = `${def.uses} tried again for ${def.id}`
  const nodeRegistry = new Map(execution.nodeRegistry)
  const renamed = { ...def, uses: own }
  const nodes = execution.blueprint.nodes.map((node) => (node === def ? renamed : node))
  const blueprint = withOneTry({ ...execution.blueprint, nodes }, renamed)
  nodeRegistry.set(
    own,
    uses === 'batch-scatter'
      ? scatterWithRetry(implementation as NodeClass, def.config)
      : withTries(implementation, def, {
          before: 0,
          seed: `${execution.executionId} ${def.id}`,
          waits: 'memory',
          pause: wait,
          onRetry: (tries, error) => announce(execution, def, tries, error),
        }).implementation,
  )
  return Object.assign(Object.create(execution) as Execution, { blueprint, nodeRegistry })
}

/** As the engine does before it tries a node again. */
async function announce(
  { services, executionId, blueprint }: Execution,
  { id: nodeId, config }: NodeDefinition,
  attempt: number,
  error: unknown,
): Promise<void> {
  const maxRetries = triesOf(config).atMost
  const meta = { nodeId, attempt, maxRetries, error: messageOf(error), executionId }
  services.logger.warn('Node execution failed, retrying', meta)
  const payload = { nodeId, attempt, executionId, blueprintId: blueprint.id }
  await services.eventBus.emit({ type: 'node:retry', payload })
}

/** A batch's `retry` is that of its items. */
function scatterWithRetry(Scatter: NodeClass, config: NodeDefinition['config']): NodeClass {
  const { exec } = Scatter.prototype as BaseNode
  const Extended = class extends (Scatter as new () => object) {} as unknown as NodeClass
  Extended.prototype.exec = async function (this: BaseNode, ...call: Parameters<BaseNode['exec']>) {
    const result = (await exec.apply(this, call)) as NodeResult
    const retry = config?.retry
    return { ...result, dynamicNodes: result.dynamicNodes?.map((node) => ({ ...node, config: { retry } })) }
  }
  return Extended
}
