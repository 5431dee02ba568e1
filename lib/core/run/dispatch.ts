/** Sends the jobs of what a commit scheduled. All of it may be sent twice. */
import { jobOf, type OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import type { ActivationKey, START } from '../protocol/run-state.ts'

type SendServices = Pick<Services, 'queue' | 'emit'>

/** Sends the jobs of the activations that `scheduledBy` queued and nobody has ended. Sending twice is harmless. */
export async function sendQueued(
  open: OpenRun<SendServices>,
  scheduledBy: ActivationKey | typeof START,
  except?: ActivationKey,
): Promise<string[]> {
  const queued = [...open.run.active].filter(
    ([key, entry]) => entry.scheduledBy === scheduledBy && !entry.inline && key !== except,
  )
  return sendJobs(
    open,
    queued.map(([key]) => key),
  )
}

export async function sendJobs(
  open: OpenRun<SendServices>,
  activations: readonly ActivationKey[],
): Promise<string[]> {
  if (activations.length === 0) return []
  const { services } = open
  const jobs = activations.map((key) => jobOf(open, key))
  await services.queue.send(jobs)
  for (const { runId, blueprintId, nodeId } of jobs) {
    await services.emit({ type: 'job:enqueued', payload: { runId, blueprintId, nodeId } })
  }
  return jobs.map(({ nodeId }) => nodeId)
}
