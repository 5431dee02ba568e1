/**
 * Events of runs beside their ends. Each is published at least once, under the same id each time: a start before the first
 * commit of its run, a wait before the message of whoever waits is acknowledged, a redrive by its outbox entry.
 */
import { messageOf } from '../common/errors.ts'
import { ACKNOWLEDGE, deferToNewerDeployment, type Disposition } from '../execution/disposition.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type ActivationKey, type Outbox, outboxEntries, type RunState } from '../protocol/run-state.ts'
import type { Job } from '../queue/job.ts'
import { type NotedRedrive, redrivenEvent, startedEvent, waitingEvent } from '../telemetry/run-events.ts'
import { notedOperation } from './operations.ts'

const NOBODY = 'the start of the run is to be published, and this worker has no bus to publish it on'

/**
 * Called before any step on a run: while nothing of it is committed, its start is published. So whoever makes the first
 * commit has published it before.
 * Crash before or after: the message comes back, and nothing is committed still. Where the bus fails, the run goes on all the
 * same, and a message of its own has the start published; crash after that was sent: it is published once more.
 */
export async function publishStart(services: Services, run: RunState): Promise<void> {
  if (!services.events?.chosen.has('started') || !isUntouched(run)) return
  try {
    await services.events.publish(startedEvent(run))
  } catch (error) {
    const reason = messageOf(error)
    services.logger.warn('the start of a run is published later', { runId: run.runId, reason })
    await services.queue.send([publication(run, 'started')])
  }
}

/** A redrive counts as a commit, and is none of a node. */
function isUntouched({ seq, redrives = 0 }: RunState): boolean {
  return seq === redrives
}

/**
 * Called for each message of an activation that waits for an event which is not there. The message is acknowledged after it.
 * Crash after the commit that suspended the activation: its message, or that of the strand it was part of, comes back, and
 * leads here. Where the wait ends before that, nobody is told any more. Crash after: it is published once more.
 */
export async function publishWait({ services, graph, run }: OpenRun, key: ActivationKey): Promise<void> {
  if (!services.events?.chosen.has('waiting') || run.active.get(key)?.wait?.kind !== 'event') return
  await services.events.publish(waitingEvent(graph, run, key))
}

/**
 * Publishes the redrive that the present life of a run began with, unless that is done. Crash before the mark: whoever sees
 * the entry next publishes it once more, which is whoever gets the redrive's message, or publishes the end of the run.
 */
export async function publishRedrive(services: Services, run: RunState): Promise<void> {
  const { redriveNote: note } = run
  if (!note || !services.events?.chosen.has('redriven')) return
  const { key, runId = run.runId } = note
  const noted = key === undefined ? undefined : await notedOperation(services, runId, key)
  await services.events.publish(redrivenEvent(run, noted as NotedRedrive | undefined))
  await services.store.markRedrivePublished(run)
}

/**
 * What the end of a run leaves to be published. A redrive that is not published yet is to be, before the run is redriven once
 * more, which waits for the entry to be gone.
 */
export function outboxOf(
  { publishesRunEnds, events }: Pick<Services, 'publishesRunEnds' | 'events'>,
  { parent, redriveNote }: RunState,
): Outbox | undefined {
  if (publishesRunEnds) return outboxEntries.publish
  return parent || (redriveNote && events?.chosen.has('redriven')) ? outboxEntries.notify : undefined
}

/** The message that has an event of a run published, whatever else becomes of the run. */
export function publication(
  { runId, blueprintId }: Pick<RunState, 'runId' | 'blueprintId'>,
  publishes: NonNullable<Job['publishes']>,
): Job {
  return { runId, blueprintId, publishes }
}

/** Works on such a message. Crash before or after: it comes back, and the event is published once more. */
export async function publishAsked(services: Services, { runId, publishes }: Job): Promise<Disposition> {
  const run = await services.store.read(runId)
  if (!run) return ACKNOWLEDGE
  // Whoever redrives a run cannot know whether anybody wants to be told.
  if (publishes === 'redriven') await publishRedrive(services, run)
  else if (services.events?.chosen.has('started')) await services.events.publish(startedEvent(run))
  // Left by a worker that would: perhaps this one is of an older deployment.
  else deferToNewerDeployment(services, run, NOBODY)
  return ACKNOWLEDGE
}
