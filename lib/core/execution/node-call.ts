/** What one execution of a node is given, and the engine's view of the run for it. */
import { type FlowRuntime, type IEventBus, type NodeClass, type NodeFunction, WorkflowState } from 'flowcraft'
import type { GatheredItems } from '../blueprints/batch-nodes.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { bitsOf, type RunState } from '../protocol/run-state.ts'
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
export function stateOf({
  runtime,
  graph,
  run,
  context,
  eventBus = runtime.eventBus,
}: Pick<ExecuteOptions, 'runtime' | 'graph' | 'run' | 'context' | 'eventBus'>): NodeState {
  const state = new NodeState(graph, run, context)
  state.setEventEmitter(eventBus, run.runId)
  return state
}

/** Hardly anybody asks it which nodes have completed, and in a large graph a list of them for each node is most of the work. */
class NodeState extends WorkflowState<Record<string, unknown>> {
  readonly #graph: RunGraph
  readonly #run: RunState

  constructor(graph: RunGraph, run: RunState, context: ActivationContext) {
    super({}, context)
    this.#graph = graph
    this.#run = run
  }

  override getCompletedNodes(): Set<string> {
    const before = bitsOf(this.#run.done).map((index) => this.#graph.node(index).id)
    return new Set([...before, ...super.getCompletedNodes()])
  }
}

/**
 * The runtime's registry with one implementation in place of another. A copy for each node would be most of what a node
 * costs where there are thousands; one is made for whoever wants to see all of it.
 */
export class RegistryWith extends Map<string, NodeFunction | NodeClass> {
  readonly #registry: Runtime['registry']
  readonly #uses: string
  readonly #implementation: NodeFunction | NodeClass

  constructor(registry: Runtime['registry'], uses: string, implementation: NodeFunction | NodeClass) {
    super()
    this.#registry = registry
    this.#uses = uses
    this.#implementation = implementation
  }

  override get(uses: string): NodeFunction | NodeClass | undefined {
    return uses === this.#uses ? this.#implementation : this.#registry.get(uses)
  }

  override has(uses: string): boolean {
    return uses === this.#uses || this.#registry.has(uses)
  }

  override get size(): number {
    return this.#copy().size
  }

  override entries(): MapIterator<[string, NodeFunction | NodeClass]> {
    return this.#copy().entries()
  }

  override keys(): MapIterator<string> {
    return this.#copy().keys()
  }

  override values(): MapIterator<NodeFunction | NodeClass> {
    return this.#copy().values()
  }

  override forEach(call: (value: NodeFunction | NodeClass, uses: string, map: this) => void): void {
    for (const [uses, value] of this.#copy()) call(value, uses, this)
  }

  override [Symbol.iterator](): MapIterator<[string, NodeFunction | NodeClass]> {
    return this.entries()
  }

  #copy(): Map<string, NodeFunction | NodeClass> {
    return new Map(this.#registry).set(this.#uses, this.#implementation)
  }
}
