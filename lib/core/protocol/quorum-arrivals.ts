/** What the end of a node means for joins of n of m. Pure. */
import type { Draft } from './draft.ts'
import { arrivesAt } from './quorum.ts'

/**
 * An arrival that finds too few others demands that there still are: of several that come at a time, the one that makes it
 * enough is refused, and decides again. The one that does demands that the join has not fired; until then nobody else can have
 * arrived that was not seen, so that those who are counted are those who were there.
 */
export function arriveAtQuorums(draft: Draft): void {
  const { graph, run, node, outcome } = draft
  if (outcome.kind !== 'completed' || graph.quorums.size === 0) return
  const matched = outcome.matched.map((index) => graph.node(index).id)
  for (const id of arrivesAt(graph.quorums, graph.node(node).id, matched)) {
    const join = graph.indexOf(id)
    const arrived = run.arrived?.get(join)
    if (run.fired.has(join) || arrived?.has(node)) continue
    const others = graph.quorumOf(join) - 1
    draft.arriveAt.add(join)
    if ((arrived?.size ?? 0) >= others) draft.scheduleOnce(join)
    else draft.require.push({ kind: 'arrivedBelow', node: join, below: others })
  }
}

/** What arrives in a round of a loop, and what a new round forgets. */
export function arrivedChange({ graph, run, arriveAt, unfire }: Draft): {
  arriveAt?: readonly number[]
  empty?: readonly number[]
} {
  const isEmptied = (join: number) => unfire.has(join) && graph.isQuorum(join)
  const arriving = [...arriveAt].filter((join) => !isEmptied(join))
  const empty = [...(run.arrived?.keys() ?? [])].filter(isEmptied)
  return { ...(arriving.length > 0 ? { arriveAt: arriving } : {}), ...(empty.length > 0 ? { empty } : {}) }
}
