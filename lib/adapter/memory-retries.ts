/** `retry` of nodes for the engine in memory. */
import type { BaseNode, NodeClass, NodeDefinition, NodeFunction, NodeResult } from 'flowcraft'
import { builtInOf } from '../core/blueprints/built-in.ts'
import { FlowcraftAwsError, messageOf } from '../core/common/errors.ts'
import { pause } from '../core/common/node-numbers.ts'
import { triesOf } from '../core/common/retry-config.ts'
import { retryProblems } from '../core/common/retry-problems.ts'
import type { Runtime } from '../core/execution/node-call.ts'
import { type TriesOptions, withOneTry, withTries } from '../core/execution/retry-policy.ts'

type Implementation = NodeFunction | NodeClass
export type MemoryExecution = Parameters<Runtime['getExecutorForNode']>[1]

/** The execution in which this node, and no other, has an implementation that is tried again. */
export function retried(
  execution: MemoryExecution,
  def: NodeDefinition,
  implementation: Implementation,
  wait: TriesOptions['pause'] = pause,
): MemoryExecution {
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
  return Object.assign(Object.create(execution) as MemoryExecution, { blueprint, nodeRegistry })
}

/** As the engine does before it tries a node again. */
async function announce(
  { services, executionId, blueprint }: MemoryExecution,
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
