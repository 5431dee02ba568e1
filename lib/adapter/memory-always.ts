/** Nodes with `runs: 'always'` for the engine in memory. */
import { GraphTraverser, type IOrchestrator, type WorkflowState } from 'flowcraft'
import { reachableNodes } from '../core/blueprints/reachable.ts'
import { alwaysError, alwaysInput } from '../core/execution/always-input.ts'
import { type AlwaysInput, type AlwaysNodes, alwaysNodesOf } from '../core/protocol/always-nodes.ts'

type State = WorkflowState<Record<string, unknown>>
type Traverser = Parameters<IOrchestrator['run']>[1]

interface UnderWay {
  readonly always: AlwaysNodes
  readonly traverser: Traverser
}

/** By the state of a run, since the engine tells an executor no more of it. */
const underWay = new WeakMap<object, UnderWay>()

/** When nothing else is left to do, such nodes are, one behind the other. */
export function withAlways(runtime: { orchestrator: IOrchestrator }): void {
  const engine = runtime.orchestrator
  const run: IOrchestrator['run'] = async (context, given) => {
    const always = alwaysNodesOf(context.blueprint)
    if (always.leading.size === 0) return engine.run(context, given)
    const traverser = without(always, given)
    underWay.set(context.state, { always, traverser })
    let result = await engine.run(context, traverser)
    const reachable = reachableNodes(context.blueprint)
    const done = context.state.getCompletedNodes()
    const left = new Set([...always.leading.keys()].filter((id) => reachable.has(id) && !done.has(id)))
    while (left.size > 0 && result.status !== 'awaiting') {
      const due = [...left].filter((id) => [...left].every((other) => !always.leading.get(id)?.has(other)))
      for (const id of due) {
        left.delete(id)
        traverser.addToFrontier(id)
      }
      result = await engine.run(context, traverser)
    }
    return result
  }
  runtime.orchestrator = { run }
}

/** A traverser that is where the given one is, and does not know of the edges to such nodes. */
function without({ blueprint }: AlwaysNodes, given: Traverser): Traverser {
  const traverser = new GraphTraverser(blueprint)
  // A completed node named as its own follower is marked and nothing else.
  for (const def of blueprint.nodes)
    if (given.getCompletedNodes().has(def.id)) traverser.markNodeCompleted(def.id, {}, [def])
  traverser.clearFrontier()
  for (const { nodeId } of given.getReadyNodes()) traverser.addToFrontier(nodeId)
  return traverser
}

export async function inputInMemory(state: State, nodeId: string): Promise<AlwaysInput | undefined> {
  const { always, traverser } = underWay.get(state) ?? {}
  const leading = always?.leading.get(nodeId)
  if (!always || !traverser || !leading) return undefined
  // Nodes that others made lead to it where those do.
  const leads = (id: string): boolean => {
    if (leading.has(id)) return true
    const isDrawn = always.blueprint.nodes.some((node) => node.id === id)
    return !isDrawn && [...traverser.getPredecessors(id)].some(leads)
  }
  const errors = state.getErrors().flatMap(({ nodeId: failed, originalError }) => {
    return failed !== undefined && leads(failed) ? [alwaysError(failed, originalError)] : []
  })
  const outputs = new Map<string, unknown>()
  for (const id of always.predecessors.get(nodeId) ?? []) {
    const key = `_outputs.${id}`
    if (await state.getContext().has(key)) outputs.set(id, await state.getContext().get(key))
  }
  return alwaysInput(errors, outputs)
}
