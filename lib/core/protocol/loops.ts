/**
 * Loops: a controller that is ready waits until nothing inside its loop is active, and a new generation begins with
 * nothing completed, fired or arrived in it. Pure.
 */
import type { Draft } from './draft.ts'
import { isDone } from './run-state.ts'

/** A controller that is ready waits until nothing inside its loop is active, then reopens the loop. */
export function enterLoop(draft: Draft, controller: number): void {
  const loop = draft.graph.loops.get(controller) as ReadonlySet<number>
  const scheduled = [...draft.schedule].some((node) => loop.has(node))
  const witness = draft.others.find(({ node }) => loop.has(node))
  if (scheduled || witness) {
    draft.pend.add(controller)
    if (!scheduled && witness) draft.require.push({ kind: 'active', key: witness.key })
    return
  }
  const before = draft.schedule.size
  draft.scheduleOnce(controller)
  if (draft.schedule.size > before) reopen(draft, controller, loop)
}

/** Whoever leaves a loop last schedules the controller that waits for it, also by failing. */
export function drainLoops(draft: Draft): void {
  for (const [controller, loop] of draft.graph.loops) {
    if (!loop.has(draft.node) || draft.pend.has(controller)) continue
    if ([...draft.schedule].some((node) => loop.has(node))) continue
    const witness = draft.others.find(({ node }) => loop.has(node))
    if (!draft.run.pending.has(controller)) {
      // Should it have become pending meanwhile, this activation was perhaps its witness.
      if (!draft.schedule.has(controller)) draft.require.push({ kind: 'notPending', node: controller })
      else draft.unpend.add(controller)
    } else if (witness) {
      draft.require.push({ kind: 'activeOrNotPending', key: witness.key, node: controller })
    } else {
      draft.unpend.add(controller)
      if (!draft.isActive(controller)) draft.schedule.add(controller)
      if (draft.graph.contested.has(controller)) draft.fire.add(controller)
      reopen(draft, controller, loop)
    }
  }
}

/** A new generation of a loop: nothing in it has completed, fired or arrived. */
function reopen(draft: Draft, controller: number, loop: ReadonlySet<number>): void {
  for (const node of loop) {
    if (isDone(draft.doneAfter, node)) draft.doneAfter -= 1n << BigInt(node)
    draft.unfire.add(node)
  }
  draft.unfire.delete(controller)
}
