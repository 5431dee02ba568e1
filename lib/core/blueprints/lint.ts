/**
 * What is wrong with registered blueprints: what a run could reach and could not do. What no run reaches does no harm in
 * memory, and is a warning here (`warnings.ts`).
 */
import { lintBlueprint, type NodeClass, type NodeFunction, type WorkflowBlueprint } from 'flowcraft'
import { builtInNames } from './built-in.ts'
import { reachableNodes, startNodesOf } from './reachable.ts'
import type { Registry } from './registry.ts'
import { waitProblems } from './wait-timeout.ts'
import { webhookProblems } from './webhook-options.ts'

type Blueprints = Readonly<Record<string, WorkflowBlueprint>>

export function lint(blueprints: Blueprints, registry: Registry): string[] {
  const all = Object.values(blueprints)
  const broken = new Map(all.map((one) => [one, loopProblems(one)]))
  const reachable = new Map(
    all.map((one) => [
      one,
      broken.get(one)?.length ? new Set(one.nodes.map(({ id }) => id)) : reachableNodes(one),
    ]),
  )
  const calls = callsOf(all, reachable)
  return all.flatMap((blueprint) => {
    const loops = broken.get(blueprint) ?? []
    const nodes = reachable.get(blueprint) ?? new Set<string>()
    const problems =
      calls.get(blueprint.id) === false ? [] : nodeProblems(blueprint, registry, blueprints, nodes)
    // The engine itself gives up on a graph with such a loop.
    const starts = loops.length > 0 || startNodesOf(blueprint).length > 0 ? [] : [NO_START]
    const implementationOf = (uses: string) => registry[uses]
    const waits = [waitProblems, webhookProblems].flatMap((check) => check(blueprint, implementationOf))
    return [...problems, ...waits, ...loops, ...starts].map(
      (problem) => `blueprint '${blueprint.id}': ${problem}`,
    )
  })
}

const NO_START =
  'no node of it would ever run: a run starts with the nodes that no edge leads to and that are no fallback of another'

/** For each blueprint that subflows name: whether a run can reach one of these. */
function callsOf(
  all: readonly WorkflowBlueprint[],
  reachable: ReadonlyMap<WorkflowBlueprint, ReadonlySet<string>>,
): ReadonlyMap<string, boolean> {
  const calls = new Map<string, boolean>()
  for (const blueprint of all) {
    for (const { id, uses, params } of blueprint.nodes) {
      const called: unknown = params?.['blueprintId']
      if (uses !== 'subflow' || typeof called !== 'string' || called === blueprint.id) continue
      calls.set(called, calls.get(called) === true || reachable.get(blueprint)?.has(id) === true)
    }
  }
  return calls
}

function nodeProblems(
  blueprint: WorkflowBlueprint,
  registry: Registry,
  blueprints: Blueprints,
  reachable: ReadonlySet<string>,
): string[] {
  const known = new Map<string, NodeFunction | NodeClass>(
    Object.entries(registry) as [string, NodeFunction][],
  )
  for (const key of builtInNames) if (!known.has(key)) known.set(key, async () => ({}))
  const problems = lintBlueprint(blueprint, known, blueprints as Record<string, WorkflowBlueprint>)
    .issues.filter(({ code, nodeId, relatedId }) => {
      if (code === 'ORPHAN_NODE' || code === 'INVALID_EDGE_SOURCE') return false
      const node = code === 'INVALID_EDGE_TARGET' ? relatedId : nodeId
      return node === undefined || reachable.has(node)
    })
    .map(({ message }) => message)
  for (const { id, config } of blueprint.nodes) {
    const fallback = config?.fallback
    if (fallback === undefined || !reachable.has(id)) continue
    if (!blueprint.nodes.some((other) => other.id === fallback)) {
      problems.push(`the fallback '${fallback}' of node '${id}' is no node`)
    }
  }
  return problems
}

function loopProblems({ nodes, edges }: WorkflowBlueprint): string[] {
  return nodes.flatMap(({ id, uses }) =>
    uses === 'loop-controller' && !edges.some((edge) => edge.source === id && edge.action === 'continue')
      ? [`loop '${id}' has no 'continue' edge`]
      : [],
  )
}
