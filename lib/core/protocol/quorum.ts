/**
 * Joins of n of m: `joinStrategy: 'any'` with a `joinCount`. Such a join fires once, by the arrival that makes it as many. A
 * node arrives when it completes and takes an edge there, as at any 'any' join; also one that stands in for another by its
 * edges. Whoever arrives is counted once. Pure.
 */
import type { NodeConfig, NodeDefinition, WorkflowBlueprint } from 'flowcraft'

declare module 'flowcraft' {
  interface NodeConfig {
    /**
     * With `joinStrategy: 'any'`: the node runs once so many of those that lead to it have completed and taken their edges
     * to it, from 1. Its input is a `JoinInput`, unless it has `inputs`. @default - it runs after one, whose output it is given
     */
    joinCount?: number
  }
}

/** What a join with a `joinCount` and without `inputs` is given: outputs of those that had arrived when it fired, by their ids. */
export type JoinInput = Readonly<Record<string, unknown>>

export interface Quorum {
  /** So many must arrive. */
  readonly count: number
  readonly predecessors: ReadonlySet<string>
  /** Whether an edge to it has a condition: then nobody arrives who takes no edge at all, as in memory. */
  readonly isConditional: boolean
}

function hasQuorum(config: NodeConfig | undefined): boolean {
  return config?.joinStrategy === 'any' && config.joinCount !== undefined
}

/** Whether a node is such a join and has no `inputs` of its own; the engine notes there what an edge gave. */
export function takesJoinInput({ id, inputs, config }: NodeDefinition): boolean {
  return hasQuorum(config) && (inputs === undefined || inputs === `_inputs.${id}`)
}

/** By the ids of the joins. */
export function quorumsOf({ nodes, edges }: WorkflowBlueprint): ReadonlyMap<string, Quorum> {
  const joins = nodes.filter(({ config }) => hasQuorum(config))
  return new Map(
    joins.map(({ id, config }) => {
      const incoming = edges.filter(({ target }) => target === id)
      const quorum = {
        count: Number(config?.joinCount),
        predecessors: new Set(incoming.map(({ source }) => source)),
        isConditional: incoming.some(({ condition }) => condition),
      }
      return [id, quorum] as const
    }),
  )
}

/** The joins at which a node arrives that completes, and takes its edges to `matched`; where that is none, to what follows from it. */
export function arrivesAt(
  quorums: ReadonlyMap<string, Quorum>,
  nodeId: string,
  matched: readonly string[],
): string[] {
  if (quorums.size === 0) return []
  if (matched.length > 0) return matched.filter((id) => quorums.has(id))
  return [...quorums].flatMap(([id, { predecessors, isConditional }]) =>
    predecessors.has(nodeId) && !isConditional ? [id] : [],
  )
}

/** Of those that arrived, in the order in which edges lead to the join; what stood in comes after, in the order of nodes. */
export function inOrderOfEdges(
  { nodes, edges }: WorkflowBlueprint,
  join: string,
  arrived: ReadonlySet<string>,
): string[] {
  const sources = edges.flatMap(({ source, target }) => (target === join ? [source] : []))
  return [...new Set([...sources, ...nodes.map(({ id }) => id)])].filter((id) => arrived.has(id))
}
