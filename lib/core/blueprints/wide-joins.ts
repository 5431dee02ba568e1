/** How many joins may follow from one node. */
import type { WorkflowBlueprint } from 'flowcraft'
import { JOINS_AT_MOST } from '../common/size-limits.ts'
import { RunGraph } from '../protocol/run-graph.ts'

/**
 * The commit that ends a node names each join that it leads to, and one that begins a round of a loop those that its nodes do: an
 * expression holds no more, so that such a run could never go on.
 */
export function wideJoinProblems(blueprint: WorkflowBlueprint): string[] {
  const { id, nodes, edges } = blueprint
  if (nodes.length <= JOINS_AT_MOST) return []
  const joins = joinsOf(blueprint)
  if (joins.size <= JOINS_AT_MOST) return []
  const say = (what: string, count: number) =>
    `blueprint '${id}': ${what} lead${what.startsWith('node') ? 's' : ''} to ${count} joins; ${JOINS_AT_MOST} are possible, since one write names them all`
  const targets = new Map(nodes.map((node) => [node.id, new Set<string>()]))
  for (const { source, target } of edges) if (joins.has(target)) targets.get(source)?.add(target)
  // A fallback takes the edges of what it stands in for.
  const standsInFor = new Map<string, string[]>()
  for (const { id: user, config } of nodes)
    if (config?.fallback !== undefined)
      standsInFor.set(config.fallback, [...(standsInFor.get(config.fallback) ?? []), user])
  const wide = nodes.flatMap((node) => {
    const all = new Set(
      [node.id, ...(standsInFor.get(node.id) ?? [])].flatMap((from) => [...(targets.get(from) ?? [])]),
    )
    return all.size > JOINS_AT_MOST ? [say(`node '${node.id}'`, all.size)] : []
  })
  return wide.length > 0
    ? wide
    : loopsOf(blueprint).flatMap(({ controller, inside }) => {
        const all = new Set(inside.flatMap((from) => [...(targets.get(from) ?? [])]))
        return all.size > JOINS_AT_MOST ? [say(`the nodes in the loop of '${controller}'`, all.size)] : []
      })
}

/** Joins of which somebody is counted: not 'any' joins of one. */
function joinsOf({ nodes, edges }: WorkflowBlueprint): ReadonlySet<string> {
  const sources = new Map<string, Set<string>>()
  for (const { source, target } of edges) {
    const before = sources.get(target)
    if (before) before.add(source)
    else sources.set(target, new Set([source]))
  }
  const joins = nodes.filter(({ id, config }) => {
    const isOne = config?.joinStrategy === 'any' && config.joinCount === undefined
    return !isOne && (config?.joinCount !== undefined || (sources.get(id)?.size ?? 0) > 1)
  })
  return new Set(joins.map(({ id }) => id))
}

function loopsOf(blueprint: WorkflowBlueprint): { controller: string; inside: string[] }[] {
  if (!blueprint.nodes.some(({ uses }) => uses === 'loop-controller')) return []
  try {
    const graph = new RunGraph(blueprint)
    return [...graph.loops].map(([controller, body]) => ({
      controller: graph.node(controller).id,
      inside: [controller, ...body].map((node) => graph.node(node).id),
    }))
  } catch {
    // A loop that the engine refuses is told apart.
    return []
  }
}
