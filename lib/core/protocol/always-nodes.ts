/**
 * Nodes with `runs: 'always'`: each runs once, when nothing that leads to it is active any more nor can become so, whatever
 * came of it. The engine knows no such nodes, so it is not shown the edges to them. Pure.
 */
import type { NodeConfig, WorkflowBlueprint } from 'flowcraft'

declare module 'flowcraft' {
  interface NodeConfig {
    /**
     * 'always': the node runs once all that leads to it is over, completed, failed or never come to. Its input is an
     * `AlwaysInput`, unless it has `inputs`. @default - when its predecessors have completed
     */
    runs?: 'always'
  }
}

/** What a node with `runs: 'always'` and without `inputs` is given. */
export interface AlwaysInput {
  /** 'failed' where something that leads to it failed, and no fallback stood in. */
  readonly status: 'completed' | 'failed'
  /** What failed, in the order of ids. */
  readonly errors: readonly AlwaysError[]
  /** Outputs of its predecessors, of those that completed, by id. */
  readonly outputs: Readonly<Record<string, unknown>>
}

/** An error in the input of a node with `runs: 'always'`. */
export interface AlwaysError {
  /** Of an item of a batch, or a node that a node made: its own. */
  readonly nodeId: string
  readonly name: string
  readonly message: string
}

export interface AlwaysNodes {
  /** As the engine is to see it. */
  readonly blueprint: WorkflowBlueprint
  /** For each such node all that may lead to it; one that leads to another comes before it. */
  readonly leading: ReadonlyMap<string, ReadonlySet<string>>
  /** For each such node, those with an edge to it, and what stands in for them. */
  readonly predecessors: ReadonlyMap<string, readonly string[]>
}

export function runsAlways(config: NodeConfig | undefined): boolean {
  return config?.runs === 'always'
}

export function alwaysNodesOf(blueprint: WorkflowBlueprint): AlwaysNodes {
  const always = blueprint.nodes.filter(({ config }) => runsAlways(config)).map(({ id }) => id)
  if (always.length === 0) return { blueprint, leading: new Map(), predecessors: new Map() }
  const before = predecessorsOf(blueprint)
  const leading = always.map((id) => [id, allBefore(before, id)] as const)
  const targets = new Set(always)
  return {
    blueprint: { ...blueprint, edges: blueprint.edges.filter(({ target }) => !targets.has(target)) },
    // What leads to one leads to all that it leads to.
    leading: new Map(leading.toSorted(([, one], [, other]) => one.size - other.size)),
    predecessors: new Map(always.map((id) => [id, [...(before.get(id) ?? [])]])),
  }
}

/** For each node those that may make it run next: by an edge, by one that a fallback inherits, or by failing. */
function predecessorsOf({ nodes, edges }: WorkflowBlueprint): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map(nodes.map(({ id }) => [id, new Set<string>()]))
  const fallbacks = new Map(nodes.map(({ id, config }) => [id, config?.fallback]))
  for (const { source, target } of edges) {
    const fallback = fallbacks.get(source)
    if (before.has(source)) before.get(target)?.add(source)
    if (fallback !== undefined && before.has(fallback)) before.get(target)?.add(fallback)
  }
  for (const [id, fallback] of fallbacks) if (fallback !== undefined) before.get(fallback)?.add(id)
  return before
}

function allBefore(before: ReadonlyMap<string, ReadonlySet<string>>, id: string): ReadonlySet<string> {
  const found = new Set<string>()
  const behind = [id]
  for (let at = behind.pop(); at !== undefined; at = behind.pop()) {
    for (const source of before.get(at) ?? []) {
      if (found.has(source)) continue
      found.add(source)
      behind.push(source)
    }
  }
  return found
}
