/**
 * The engine in memory, but one node at a time in an order of one's choice, where its own loop goes round by round:
 * shows whether an outcome depends on the order in which nodes end. Nodes that are in no cycle run once, which is
 * the documented distributed behaviour of 'any' joins.
 */
import { setImmediate as macrotask } from 'node:timers/promises'
import { executeBatch, FlowcraftError, processResults } from 'flowcraft'
import type { GraphTraverser, IOrchestrator, WorkflowResult } from 'flowcraft'

type Context = Parameters<IOrchestrator['run']>[0]

/** Then it takes itself for endless. */
const STEPS_AT_MOST = 1_000

export class AnyOrder {
  readonly #pick: (ready: readonly string[]) => number
  readonly #repeats: (nodeId: string) => boolean
  /** What has run, by the state of the run: nodes that run always are one more call of `run`. */
  readonly #seen = new WeakMap<object, Set<string>>()

  constructor(pick: (ready: readonly string[]) => number, repeats: (nodeId: string) => boolean) {
    this.#pick = pick
    this.#repeats = repeats
  }

  async run(context: Context, traverser: GraphTraverser): Promise<WorkflowResult> {
    const { state, runtime, blueprint, executionId, services } = context
    const ready = new Map<string, ReturnType<GraphTraverser['getReadyNodes']>[number]>()
    const seen = this.#seen.get(state) ?? new Set<string>()
    this.#seen.set(state, seen)
    for (let step = 0; step < STEPS_AT_MOST; step++) {
      for (const node of traverser.getReadyNodes()) {
        if (seen.has(node.nodeId) && !this.#repeats(node.nodeId)) continue
        seen.add(node.nodeId)
        ready.set(node.nodeId, node)
      }
      const next = [...ready.values()][this.#pick([...ready.keys()])]
      // The engine does not wait for all that it writes where a fallback stands in.
      if (!next) await macrotask()
      if (!next)
        return { ...(await state.toResult(services.serializer, executionId)), status: state.getStatus(true) }
      ready.delete(next.nodeId)
      // As the engine's own: with the nodes that other nodes have made.
      const current = Object.assign(Object.create(context) as Context, {
        blueprint: traverser.getDynamicBlueprint(),
      })
      const executorOf = (nodeId: string) => runtime.getExecutorForNode(nodeId, current)
      const results = await executeBatch(
        [next],
        traverser.getDynamicBlueprint(),
        state,
        executorOf,
        runtime,
        1,
      )
      const before = await state.getContext().toJSON()
      try {
        await processResults(results, traverser, state, runtime, blueprint, executionId)
      } catch (error) {
        await failAtEdges(state, next.nodeId, before, error)
      }
    }
    throw new Error(`no end after ${STEPS_AT_MOST} steps`)
  }
}

/** In memory an evaluator that throws rejects the run; here its node fails, which is documented. */
async function failAtEdges(
  state: Context['state'],
  nodeId: string,
  before: Record<string, unknown>,
  error: unknown,
): Promise<void> {
  const context = state.getContext()
  for (const key of Object.keys(await context.toJSON())) {
    if (Object.hasOwn(before, key)) await context.set(key, before[key])
    else await context.delete(key)
  }
  const message = `the edges of node '${nodeId}' cannot be followed: ${(error as Error).message}`
  state.addError(nodeId, new FlowcraftError(message, { cause: error as Error, nodeId }))
}
