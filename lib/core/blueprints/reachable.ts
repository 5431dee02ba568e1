/** Which nodes of a blueprint a run can come to: by edges, and as fallbacks. */
import { GraphTraverser, type WorkflowBlueprint } from 'flowcraft'

/** The nodes that a run starts with. @throws FlowcraftError where a loop has no 'continue' edge */
export function startNodesOf(blueprint: WorkflowBlueprint): string[] {
  const { nodes, edges } = blueprint
  const led = new Set(edges.map(({ target }) => target))
  const standIns = new Set(nodes.map(({ config }) => config?.fallback))
  const starts = nodes.map(({ id }) => id).filter((id) => !led.has(id) && !standIns.has(id))
  if (starts.length > 0) return starts
  // All of it is a cycle: which of its nodes comes first is the engine's to say.
  return new GraphTraverser(blueprint).getReadyNodes().map(({ nodeId }) => nodeId)
}

/** @throws FlowcraftError where a loop has no 'continue' edge */
export function reachableNodes(blueprint: WorkflowBlueprint): ReadonlySet<string> {
  const nodes = new Map(blueprint.nodes.map((node) => [node.id, node]))
  const next = new Map<string, string[]>()
  for (const { source, target } of blueprint.edges) {
    const targets = next.get(source)
    if (targets) targets.push(target)
    else next.set(source, [target])
  }
  const reached = new Set<string>()
  const queue = startNodesOf(blueprint)
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const node = nodes.get(id)
    if (!node || reached.has(id)) continue
    reached.add(id)
    const fallback = node.config?.fallback
    queue.push(...(next.get(id) ?? []))
    // It goes on by the edges of the node that it stands in for, which are in the queue already.
    if (fallback !== undefined) queue.push(fallback)
  }
  return reached
}
