/** The end of a run: what its last commit left in the outbox is published, at least once. */
import { ACKNOWLEDGE, deferToNewerDeployment, type Disposition } from '../execution/disposition.ts'
import type { Services } from '../execution/services.ts'
import type { RunState } from '../protocol/run-state.ts'
import { cancelChildren } from './cancel.ts'

const NOBODY = 'the end of the run is to be published, and this worker has no bus to publish it on'

/**
 * Whoever sees a run that is over publishes its end: to the run that waits for it, and to the worker's bus. A crash before
 * it is marked as published publishes it again.
 */
export async function publishRunEnd(services: Services, run: RunState): Promise<Disposition> {
  if (run.outbox) {
    await cancelChildren(services, run)
    if (run.parent) await services.queue.send([run.parent])
    if (services.publishesRunEnds) await services.publishRunEnd(run)
    // Left by a worker that would: perhaps this one is of an older deployment.
    else if (run.outbox === 'tell') deferToNewerDeployment(services, { startedAt: run.endedAt ?? 0 }, NOBODY)
    await services.store.markPublished(run.runId)
    // Ended from outside: no worker has counted it.
    if (run.status === 'cancelled') services.telemetry.runEnded('cancelled')
  }
  return ACKNOWLEDGE
}
