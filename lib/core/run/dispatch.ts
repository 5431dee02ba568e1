/** What leaves a run after a commit: jobs of what was scheduled, and the word of its end. All of it may go twice. */
import { type Disposition, ACKNOWLEDGE, deferToNewerDeployment } from '../execution/disposition.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, parseActivationKey, type RunState, type START } from '../protocol/run-state.ts'
import { cancelChildren } from './cancel.ts'
import { type Services } from '../execution/services.ts'

type SendServices = Pick<Services, 'queue' | 'emit'>

/** Sends the jobs of the activations that `origin` queued and nobody has ended. Sending twice is harmless. */
export async function sendQueued(
  services: SendServices,
  graph: RunGraph,
  run: RunState,
  origin: ActivationKey | typeof START,
  except?: ActivationKey,
): Promise<string[]> {
  const queued = [...run.active].filter(
    ([key, entry]) => entry.origin === origin && !entry.inline && key !== except,
  )
  return sendJobs(
    services,
    graph,
    run,
    queued.map(([key]) => key),
  )
}

export async function sendJobs(
  services: SendServices,
  graph: RunGraph,
  run: RunState,
  activations: readonly ActivationKey[],
): Promise<string[]> {
  if (activations.length === 0) return []
  const { runId, blueprintId } = run
  const jobs = activations.map((key) => {
    const { node, iteration } = parseActivationKey(key)
    return { runId, blueprintId, nodeId: graph.node(node).id, iteration }
  })
  await services.queue.send(jobs)
  for (const { nodeId } of jobs) {
    await services.emit({ type: 'job:enqueued', payload: { runId, blueprintId, nodeId } })
  }
  return jobs.map(({ nodeId }) => nodeId)
}

const UNTOLD = 'the end of the run is to be told, and this worker has nobody to tell it to'

/** A run that is over: tell what its last commit left to be told. A crash before `told` tells it again. */
export async function conclude(services: Services, run: RunState): Promise<Disposition> {
  if (run.outbox) {
    await cancelChildren(services, run)
    if (run.parent) await services.queue.send([run.parent])
    if (services.tells) await services.tell(run)
    // Left by a worker that would: perhaps this one is of an older deploy.
    else if (run.outbox === 'tell') deferToNewerDeployment(services, { startedAt: run.endedAt ?? 0 }, UNTOLD)
    await services.store.told(run.runId)
    // Ended from outside: no worker has counted it.
    if (run.status === 'cancelled') services.telemetry.runEnded('cancelled')
  }
  return ACKNOWLEDGE
}
