/** A batch of which items failed counts as completed in a run: its items were scattered. Whoever looks wants to see where the run failed. */
import type { RunView } from '../../../lib/console/views.ts'
import type { Facts } from './facts.ts'

export function withFailedBatches<R extends Pick<RunView, 'status' | 'progress'>>(run: R, facts: Facts): R {
  if (run.status !== 'failed') return run
  const hasFailed = (nodeId: string) => {
    const of = facts.get(nodeId)
    return of !== undefined && of.itemsFailed > 0 && of.attempts.at(-1)?.outcome === 'failed'
  }
  const progress = run.progress.map((one) =>
    one.state === 'completed' && hasFailed(one.nodeId) ? { ...one, state: 'failed' as const } : one,
  )
  return { ...run, progress }
}
