/**
 * Runs that are accepted now and begin later. The header says when; nobody begins one before. What begins it is the
 * message of any accepted run, which the queue holds back for 15 minutes at most; a later start stands in the index of due
 * runs until then, as later timers do. It goes by the blueprint that the workers have when it begins.
 */
import { LONGEST_DELAY_MS } from '../common/sqs-limits.ts'
import type { Services } from '../execution/services.ts'
import type { RunState } from '../protocol/run-state.ts'
import { sendTimer } from '../queue/job.ts'

/** When the sweep must look at a run that begins at a time; undefined where the queue can hold its message. */
export function dueForStart(startsAt: number, now: number): number | undefined {
  return startsAt - now > LONGEST_DELAY_MS ? startsAt - LONGEST_DELAY_MS : undefined
}

/** When a run is to begin, where that is still to come. `due`: the time that is over by the queue's clock; see `Job.due`. */
export function startOf(
  { graph, startsAt, ...run }: Pick<RunState, 'graph' | 'startsAt' | 'status'>,
  now: number,
  due?: number,
): number | undefined {
  if (graph !== undefined || startsAt === undefined || run.status !== 'running') return undefined
  return due === startsAt || startsAt <= now ? undefined : startsAt
}

/**
 * Sends the message that begins a run at its time, unless that is too far for the queue: then the run is due before. `trusted`
 * as of `sendTimer`.
 * Crash before the send: the client makes the same call again. After it: nothing is left to do.
 * @returns whether it was sent
 */
export async function sendStart(
  services: Pick<Services, 'queue' | 'now'>,
  { runId, blueprintId, startsAt, status }: RunState,
  trusted: boolean,
): Promise<boolean> {
  if (startsAt === undefined || status !== 'running') return false
  if (dueForStart(startsAt, services.now()) !== undefined) return false
  await sendTimer(services, { runId, blueprintId }, { at: startsAt, trusted })
  return true
}

/**
 * As `sendStart`, for the sweep, and for a worker whose message came early: the run is due again where its time is far, and no
 * more where its message is sent.
 * Crash before the send: the run is due still, and a worker's message comes back. Between the two: the run is due still,
 * and the sweep sends one message more. After the write: the message, or the sweep, begins the run.
 */
export async function holdBack(
  services: Pick<Services, 'store' | 'queue' | 'now'>,
  run: RunState,
  trusted: boolean,
): Promise<boolean> {
  const { runId, startsAt, seq, dueAt: was, steered } = run
  const sent = await sendStart(services, run, trusted)
  const dueAt = sent || startsAt === undefined ? undefined : dueForStart(startsAt, services.now())
  // On condition that nobody set another time meanwhile: who unpauses the run has the sweep look again.
  if (dueAt !== was || steered) await services.store.reschedule(runId, { seq, dueAt, was })
  return sent
}
