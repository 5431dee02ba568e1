/** What a node that is put back takes with it. Pure. */
import type { RunGraph } from './run-graph.ts'
import type { RunState } from './run-state.ts'

/** What a run tells of who led to a node that several lead to. */
export interface Led extends Pick<RunState, 'arrived'> {
  /** For nodes that several may give an input, which did so last. */
  readonly givers: ReadonlyMap<number, number>
}

/**
 * What may follow from a node, itself included, as fallbacks do. Not what only a later round of a loop around it leads to:
 * what ran beside it in its round stays. Controllers of such loops count as completed in each round but the first, so that
 * what waits for them is as it was. Nor an 'any' join that another gave its input last: it may be that only this one did.
 * A join of n of m is reached from those that it counted.
 */
export function reachedFrom(
  graph: RunGraph,
  start: number,
  { givers, arrived }: Led,
): { nodes: ReadonlySet<number>; controllers: ReadonlySet<number> } {
  const nodes = new Set<number>()
  const controllers = new Set<number>()
  const isLater = (from: number, to: number) => {
    if (controllers.has(from) && graph.loops.get(from)?.has(to)) return true
    return !graph.loops.has(to) && (graph.loopClosedBy(from, to)?.has(start) ?? false)
  }
  const isTooLate = (from: number, to: number) => {
    const counted = graph.isQuorum(to) ? arrived?.get(to) : undefined
    return counted !== undefined && !counted.has(from)
  }
  const isAnothers = (node: number) => {
    const isOneOf = graph.isAny(node) && !graph.loops.has(node) && !graph.isQuorum(node)
    const giver = isOneOf ? givers.get(node) : undefined
    return giver !== undefined && !nodes.has(giver) && graph.loopClosedBy(giver, node) === undefined
  }
  const behind = [start]
  const others = new Set<number>()
  for (let node = behind.pop(); node !== undefined; node = behind.pop()) {
    if (nodes.has(node)) continue
    if (node !== start && isAnothers(node)) {
      others.add(node)
      continue
    }
    nodes.add(node)
    if (graph.loops.get(node)?.has(start)) controllers.add(node)
    for (const next of graph.successors[node] ?? [])
      if (!isLater(node, next) && !isTooLate(node, next)) behind.push(next)
    behind.push(...graph.alwaysBehind(node))
    const fallback = fallbackOnlyOf(graph, node, nodes)
    if (fallback !== undefined) behind.push(fallback)
    for (const other of others) if (givers.get(other) === node) behind.push(other)
  }
  return { nodes, controllers }
}

/** The fallback of a node, unless it may have stood in for others than these. */
function fallbackOnlyOf(graph: RunGraph, node: number, nodes: ReadonlySet<number>): number | undefined {
  const { fallback } = graph.node(node).config ?? {}
  if (fallback === undefined) return undefined
  const isAnothers = graph.blueprint.nodes.some(
    ({ config }, user) => config?.fallback === fallback && !nodes.has(user),
  )
  return isAnothers ? undefined : graph.find(fallback)
}
