/** What can be done to a run and to a node of it, as they stand. The product decides; this only shows no button that it would refuse. */
import type { GraphView, NodeProgressView, RunView } from '../../../../lib/console/views.ts'

export type RunActKind = 'resume' | 'redrive' | 'unpause' | 'pause' | 'fork' | 'cancel'
export type ActKind = RunActKind | 'skip'

/** An act that somebody is about to do. */
export interface Act {
  readonly kind: ActKind
  /** The node that it is for, or begins at. */
  readonly nodeId?: string
  /** Of 'resume': the action that was chosen. */
  readonly action?: string
}

type RunStates = Pick<RunView, 'status' | 'progress'>

/** The most likely first. */
export function runActs({ status, progress }: RunStates): RunActKind[] {
  switch (status) {
    case 'running':
    case 'awaiting':
      return [...(progress.some(waitsForEvent) ? ['resume' as const] : []), 'pause', 'cancel']
    case 'paused':
      return ['unpause', ...(progress.some(waitsForEvent) ? ['resume' as const] : []), 'cancel']
    case 'failed':
    case 'cancelled':
      return ['redrive', 'fork']
    case 'completed':
      return ['fork']
  }
}

export function nodeActs({ status }: Pick<RunView, 'status'>, node: NodeProgressView): ActKind[] {
  const hasRun = node.state === 'completed' || node.state === 'failed'
  const isEnded = status === 'failed' || status === 'cancelled'
  const reason = node.waiting?.reason
  const skips =
    (isEnded && node.state === 'failed') ||
    (!isEnded &&
      status !== 'completed' &&
      (reason === 'retry' || reason === 'timer' || reason === 'external_event'))
  return [
    ...(waitsForEvent(node) ? ['resume' as const] : []),
    ...(isEnded && hasRun ? ['redrive' as const] : []),
    ...((isEnded || status === 'completed') && hasRun ? ['fork' as const] : []),
    ...(skips ? ['skip' as const] : []),
  ]
}

export function waitsForEvent({ waiting }: NodeProgressView): boolean {
  return waiting?.reason === 'external_event'
}

/** The actions that choose among a node's edges, in the order of the blueprint; whether it has edges that need none. */
export function actionsOf(
  graph: GraphView | undefined,
  nodeId: string,
): { readonly actions: readonly string[]; readonly hasPlain: boolean } {
  const edges = graph?.edges.filter(({ source }) => source === nodeId) ?? []
  const actions = edges.flatMap(({ action }) => action ?? [])
  return {
    actions: [...new Set(actions)],
    hasPlain: edges.length === 0 || edges.some(({ action }) => action === undefined),
  }
}
