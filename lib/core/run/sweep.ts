/**
 * The sweep: sends what the queue cannot hold so long, and what it gave up. SQS delays a message by 15 minutes at most;
 * a later timer waits in the table at no cost, and the index of due runs says when to look. It may run twice, late, or
 * beside live workers: it only sends, and moves the time of the next look on condition that the run is as it was read.
 */
import pMap from 'p-map'
import { messageOf } from '../common/errors.ts'
import { LONGEST_DELAY_MS } from '../common/sqs-limits.ts'
import { jobOf } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { isOver, isPaused, type RunState, strandOf, timeOf } from '../protocol/run-state.ts'
import type { DeadLetters } from '../queue/dead-letter-queue.ts'
import { type Job, sendTimer } from '../queue/job.ts'
import { inTraceOf } from '../telemetry/tracing.ts'
import { holdBack } from './delayed-start.ts'
import { graphUnlessLost, sendToItsEnd } from './lost-blueprint.ts'
import { publication } from './publish.ts'
import { releaseHeld } from './release.ts'
import { type DeadLettersResult, returnDeadLetters } from './redrive-dead-letters.ts'

/** What one sweep did. */
export interface SweepResult {
  /** Runs that were due. */
  readonly runs: number
  /** Jobs that were sent. */
  readonly jobs: number
  /** Runs that go on since their blueprint is not paused any more. */
  readonly released: number
  /** Jobs that went from the dead-letter queue back to the job queue. */
  readonly returned: number
  /** Messages in the dead-letter queue that stay there, for a person to look at, as far as they were looked at. */
  readonly deadLetters: number
}

export interface SweepServices extends Pick<
  Services,
  'store' | 'graphs' | 'queue' | 'now' | 'tracing' | 'emit'
> {
  /** @default - the dead-letter queue is not looked at */
  readonly deadLetters?: DeadLetters
}

/** Runs looked at side by side. */
const CONCURRENCY = 20
/** Runs of paused blueprints that one sweep lets go: some ten seconds of it. */
const RELEASES_AT_MOST = 5_000

export async function sweep(services: SweepServices): Promise<SweepResult> {
  let jobs = 0
  let released = 0
  let letters: DeadLettersResult = { returned: 0, kept: 0 }
  const errors: Error[] = []
  // One run that cannot be read must not keep the others' timers.
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      errors.push(new Error(`cannot ${what}: ${messageOf(error)}`, { cause: error }))
    }
  }
  const due = await services.store.due(services.now())
  const sweepOne = (runId: string) =>
    attempt(`sweep run '${runId}'`, async () => {
      const sent = await sweepRun(services, runId)
      jobs += sent
    })
  await pMap(due, sweepOne, { concurrency: CONCURRENCY })
  await attempt('let runs go whose blueprint is not paused any more', async () => {
    released = await releaseHeld(services, RELEASES_AT_MOST)
  })
  const { deadLetters } = services
  if (deadLetters) {
    await attempt('look at the dead-letter queue', async () => {
      letters = await returnDeadLetters(services, deadLetters)
    })
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(messageOf).join('; '))
  return { runs: due.length, jobs, released, returned: letters.returned, deadLetters: letters.kept }
}

/** Crash after the sends, before the reschedule: the run is still due, and its jobs are sent once more. */
async function sweepRun(services: SweepServices, runId: string): Promise<number> {
  const run = await services.store.read(runId)
  if (!run || isOver(run)) return 0
  if (isPaused(run)) {
    // Whoever lets it go on has the sweep look again.
    await services.store.reschedule(runId, { seq: run.seq, dueAt: undefined, was: run.dueAt })
    return 0
  }
  if (run.graph === undefined) {
    if (run.startsAt !== undefined) {
      const sent = await inTraceOf(services.tracing, run, () => holdBack(services, run, true))
      return sent ? 1 : 0
    }
    // Redriven before anybody began it.
    if (run.steered) await services.queue.send([{ runId, blueprintId: run.blueprintId }, ...unpublished(run)])
    return run.steered ? 1 : 0
  }
  return inTraceOf(services.tracing, run, () => sendDue(services, run))
}

async function sendDue(services: SweepServices, run: RunState): Promise<number> {
  const { runId } = run
  const graph = await graphUnlessLost(services, run)
  if (!graph) {
    // It stays due until a worker has ended it.
    await sendToItsEnd(services, run)
    return 1
  }
  const all = run.steered
    ? [...run.active].map(([key, entry]) => (entry.wait ? key : strandOf(key, entry)))
    : []
  await services.queue.send([...all.map((key) => jobOf({ graph, run }, key)), ...unpublished(run)])
  const horizon = services.now() + LONGEST_DELAY_MS
  const timers = timersOf(run)
  const soon = timers.filter(({ at }) => at <= horizon)
  for (const { key, at } of soon) {
    await sendTimer(services, jobOf({ graph, run }, key), { at, trusted: true })
  }
  const later = timers.filter(({ at }) => at > horizon).map(({ at }) => at - LONGEST_DELAY_MS)
  await services.store.reschedule(runId, {
    seq: run.seq,
    dueAt: later.length > 0 ? Math.min(...later) : undefined,
    was: run.dueAt,
  })
  return soon.length + all.length
}

/** Whoever redrove the run may have died before they sent it. */
function unpublished(run: RunState): Job[] {
  return run.steered && run.redriveNote ? [publication(run, 'redriven')] : []
}

function timersOf(run: RunState) {
  return [...run.active].flatMap(([key, { wait }]) => {
    const at = timeOf(wait)
    return at === undefined ? [] : [{ key, at }]
  })
}
