/** The end of a run: by an error of its own, and published at least once, by what its last commit left in the outbox. */
import { runCostOf } from '../common/run-cost.ts'
import { beginningOf } from '../common/texts.ts'
import { ACKNOWLEDGE, deferToNewerDeployment, type Disposition } from '../execution/disposition.ts'
import type { Services } from '../execution/services.ts'
import { endNotes } from '../history/notes.ts'
import { type RunState, outboxEntries } from '../protocol/run-state.ts'
import type { FailedEnd } from '../store/run-store.ts'
import { cancelChildren } from './cancel.ts'
import { publishRedrive } from './publish.ts'

/** A reason stands in the header of its run, and in the event of its end. */
const REASON_CHARACTERS = 2_000

const NOBODY = 'the end of the run is to be published, and this worker has no bus to publish it on'

/**
 * Whoever sees a run that is over publishes its end: to the run that waits for it, and to the worker's bus. A crash before
 * it is marked as published publishes it again.
 */
export async function publishRunEnd(services: Services, run: RunState): Promise<Disposition> {
  if (run.outbox) {
    await cancelChildren(services, run)
    if (run.parent) await services.queue.send([run.parent])
  }
  // Whoever redrove it may have died before they sent the message for that, and the sweep looks at no run that is over.
  await publishRedrive(services, run)
  if (!run.outbox) return ACKNOWLEDGE
  // Crash before or after: the outbox entry still stands, and the redelivery publishes the end once more.
  if (services.publishesRunEnds) await services.publishRunEnd(run)
  // Left by a worker that would: perhaps this one is of an older deployment.
  else if (run.outbox === outboxEntries.publish)
    deferToNewerDeployment(services, { startedAt: run.endedAt ?? 0 }, NOBODY)
  await services.store.markPublished(run)
  // Ended from outside: no worker has counted it.
  if (run.status === 'cancelled') countEnd(services, run)
  return ACKNOWLEDGE
}

/** In the metrics of whoever ended the run, or publishes its end. */
export function countEnd({ telemetry, costs }: Pick<Services, 'telemetry' | 'costs'>, run: RunState): void {
  telemetry.runEnded(run.status)
  const cost = costs && runCostOf(run.cost, costs.prices)
  if (cost) telemetry.runCost(run.blueprintId, cost.usd)
}

/**
 * Ends a run as failed without a commit of one of its nodes: one that nobody has begun, or, with `seen`, one in which
 * nothing was committed since. Gives the run as it is then; undefined where it is gone.
 * Crash before the write: the message comes back. After it: the run is over, and whoever sees it next publishes its end.
 */
export async function failRun(
  {
    store,
    telemetry,
    logger,
    now,
    costs,
    history,
  }: Pick<Services, 'store' | 'telemetry' | 'logger' | 'now' | 'costs' | 'history'>,
  { runId }: RunState,
  reason: string,
  seen?: FailedEnd['seen'],
): Promise<RunState | undefined> {
  const result = await store.fail(runId, { reason: beginningOf(reason, REASON_CHARACTERS), now: now(), seen })
  if (result.committed) {
    countEnd({ telemetry, costs }, result.run)
    // Its header tells of the last end only.
    history?.note(runId, ...endNotes(result.run))
    logger.error('a run failed before its nodes could', { runId, reason })
  }
  return result.run
}
