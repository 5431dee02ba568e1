/** When a node with `runs: 'always'` is due. Pure. */
import type { Draft } from './draft.ts'

/**
 * Whoever ends the last of what leads to such a node schedules it. What leads to it is made active by what leads to it
 * alone, so that one commit finds nothing of it left; a commit that finds something left demands that it still is.
 */
export function scheduleAlways(draft: Draft): void {
  for (const node of draft.graph.alwaysBehind(draft.node)) {
    const leading = draft.graph.leading.get(node) as ReadonlySet<number>
    if (draft.run.fired.has(node) || [...draft.schedule].some((other) => leading.has(other))) continue
    // The last in the header: those before it are likely to end first, and each end refuses whoever named it.
    const witness = draft.others.findLast((other) => leading.has(other.node))
    if (!witness) draft.scheduleOnce(node)
    // Where everything leads to it, that another activation remains is demanded by the end of the run.
    else if (leading.size < draft.graph.size - 1) draft.require.push({ kind: 'active', key: witness.key })
  }
}
