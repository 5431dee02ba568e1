/** Skips a node that waits for its next try: from then on it waits for an event, which whoever skips it gives. */
import { nodeToResume, refuseAction } from '../protocol/resumable.ts'
import { parseActivationKey, type RunState } from '../protocol/run-state.ts'
import { skippedChange } from '../protocol/transition.ts'
import type { SteerServices } from './redrive.ts'

/**
 * Others are left as they are: one that waits for an event or a time takes the event as it is.
 * Crash after the commit: the node waits for an event, and the same call gives it one.
 */
export async function skipRetry(
  services: SteerServices,
  seen: RunState,
  { nodeId, action }: { readonly nodeId: string; readonly action?: string },
): Promise<void> {
  if (seen.graph === undefined) return
  const graph = await services.graphs.of(seen.blueprintId, seen.graph)
  const node = nodeToResume(graph, seen, nodeId)
  refuseAction(graph, node, action)
  for (let run: RunState | undefined = seen; run && run.status === 'running';) {
    const found = [...run.active].find(([key]) => parseActivationKey(key).node === node)
    if (found?.[1].wait?.kind !== 'retry') return
    const change = skippedChange(...found)
    const result = await services.store.commit(
      run.runId,
      { ...change, inlineValues: new Map(), offloaded: [] },
      run,
    )
    if (result.committed) return
    run = result.run
  }
}
