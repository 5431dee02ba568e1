/** What one execution of a node is given, and the engine's view of the run for it. */
import { type FlowRuntime, type IEventBus, type NodeClass, type NodeFunction, WorkflowState } from 'flowcraft'
import type { GatheredItems } from '../blueprints/batch-nodes.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { isDone, type RunState } from '../protocol/run-state.ts'
import type { ActivationContext } from './activation-context.ts'

export type Runtime = FlowRuntime<Record<string, unknown>, Record<string, unknown>>

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
  /** Takes what the node pays for. @default - it is not counted */
  readonly counter?: CostCounter
  /** Results of a batch, for the node that gathers them. */
  readonly gather?: (gatherNodeId: string) => Promise<GatheredItems>
  /** Milliseconds that the execution may take: see `limitOf`. @default - as long as it takes */
  readonly nodeTimeoutMs?: number
  /** An item of a batch: it cannot wait, so its tries come one after the other. @default false */
  readonly inProcess?: boolean
  /** What hears the engine's events of this execution, and passes them on. @default - the runtime's bus */
  readonly eventBus?: IEventBus
  /** Called when a try has failed and another is to come. @default - nobody asks */
  readonly onTryFailed?: (error: unknown) => void
}

/** The engine's view of the run for one node. */
export function stateOf(
  options: Pick<ExecuteOptions, 'runtime' | 'graph' | 'run' | 'context' | 'eventBus'>,
): WorkflowState<Record<string, unknown>> {
  const { runtime, graph, run, context } = options
  const completed = graph.blueprint.nodes.filter((_, index) => isDone(run.done, index))
  const state = new WorkflowState<Record<string, unknown>>(
    Object.fromEntries(completed.map(({ id }) => [`_outputs.${id}`, true])),
    context,
  )
  state.setEventEmitter(options.eventBus ?? runtime.eventBus, run.runId)
  return state
}
