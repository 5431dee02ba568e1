/**
 * Jobs that SQS moved to the dead-letter queue go back to the job queue: receives are not attempts, so many of them
 * mean trouble of the infrastructure, which delays a run and does not fail it. What kills its workers is given up by
 * its own count, of leases that were lost. Part of the sweep; all of it may happen twice.
 */
import { messageOf } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'
import { type ActivationKey, activationKey, isOver, type RunState } from '../protocol/run-state.ts'
import { firstStartOf } from '../protocol/transition.ts'
import type { DeadLetter, DeadLetters } from '../queue/dead-letter-queue.ts'
import { formatJob, type Job, parseJob } from '../queue/job.ts'
import { inTraceOf } from '../telemetry/tracing.ts'
import { graphUnlessLost } from './lost-blueprint.ts'

/** A job that was sent back so often stays, with a reason; at 100 receives each time that is a month and more. */
const RETURNS_AT_MOST = 50
/** A sweep looks no longer than this. */
const LOOK_MS = 15_000
/** SQS asks some of its servers only, unless one waits, so one look may find nothing though there is something. */
const EMPTY_LOOKS = 2

export interface DeadLettersResult {
  /** Jobs that went back to the job queue. */
  readonly returned: number
  /** Messages that stay where they are, for a person to look at. */
  readonly kept: number
}

type ReturnServices = Pick<Services, 'store' | 'graphs' | 'queue' | 'now' | 'tracing'>

/** @throws AggregateError of what went wrong with single messages, after the others were looked at */
export async function returnDeadLetters(
  services: ReturnServices,
  deadLetters: DeadLetters,
): Promise<DeadLettersResult> {
  let returned = 0
  const kept: DeadLetter[] = []
  const errors: unknown[] = []
  const end = services.now() + LOOK_MS
  try {
    for (let empty = 0; empty < EMPTY_LOOKS && services.now() < end;) {
      const letters = await deadLetters.receive()
      empty = letters.length === 0 ? empty + 1 : 0
      for (const letter of letters) {
        try {
          const fate = letter.reason === undefined ? await handle(services, deadLetters, letter) : 'kept'
          if (fate === 'kept') kept.push(letter)
          else if (fate === 'returned') returned++
        } catch (error) {
          errors.push(error)
        }
      }
    }
  } finally {
    await deadLetters.release(kept)
  }
  if (errors.length > 0) throw new AggregateError(errors)
  return { returned, kept: kept.length }
}

/** What became of a message: it stays as it is, its job went back, or it was removed, a copy with its reason put perhaps. */
type Fate = 'kept' | 'returned' | 'removed'

/** Crash after a send, before the removal: the message is handled once more. */
async function handle(services: ReturnServices, deadLetters: DeadLetters, letter: DeadLetter): Promise<Fate> {
  const job = jobOf(letter)
  if (job instanceof Error) {
    // One that the queue does not take with a reason stays without one.
    if (!(await deadLetters.put(letter.body, job.message))) return 'kept'
    await deadLetters.remove(letter)
    return 'removed'
  }
  const run = await services.store.read(job.runId)
  const returns = (job.returns ?? 0) + 1
  const isNeeded = run ? isLeft(run, job) : job.iteration === undefined && job.publishes === undefined
  const goesBack = isNeeded && returns <= RETURNS_AT_MOST
  // To the pool of its node, wherever it was passed on to before.
  const send = () => services.queue.send([{ ...job, passedOn: undefined, returns }])
  if (goesBack) await inTraceOf(services.tracing, run ?? {}, send)
  else if (isNeeded && !(await keep(services, deadLetters, job, run))) return 'kept'
  await deadLetters.remove(letter)
  return goesBack ? 'returned' : 'removed'
}

/** Whether something is left to do for a job: it is published though the run is over. */
function isLeft(run: RunState, { publishes }: Job): boolean {
  return !isOver(run) || run.outbox !== undefined || publishes !== undefined
}

function jobOf({ body }: DeadLetter): Job | Error {
  try {
    return parseJob(body)
  } catch (error) {
    return new Error(messageOf(error))
  }
}

/** The message stays, and its run says so. Without its count, so that it is sent back again once a person has sent it. */
async function keep(
  { store, graphs }: ReturnServices,
  deadLetters: DeadLetters,
  job: Job,
  run: RunState | undefined,
): Promise<boolean> {
  const reason = `sent back ${RETURNS_AT_MOST} times, and no worker was done with it`
  // The note first: what fails for good must not put a copy there with each sweep.
  if (run && !job.publishes) {
    let key: ActivationKey | undefined
    if (run.graph !== undefined) {
      const graph = await graphUnlessLost({ graphs }, run)
      const node =
        job.nodeId === undefined ? firstStartOf(graph ?? { startNodes: [] }) : graph?.find(job.nodeId)
      key = node === undefined ? undefined : activationKey(node, job.iteration ?? 1)
    }
    await store.noteDeadLetter(run.runId, key, reason)
  }
  return deadLetters.put(formatJob({ ...job, returns: undefined, passedOn: undefined }), reason)
}
