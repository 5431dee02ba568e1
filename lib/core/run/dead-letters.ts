/**
 * Dead letters as a person sees them: which there are and why, of which run and node; sent back to the workers, or dropped.
 * SQS has no list of messages: whoever looks receives them, hides them from others meanwhile, and gives them back.
 */
import type { Services } from '../execution/services.ts'
import { type ActivationKey, activationKey, isOver } from '../protocol/run-state.ts'
import type { DeadLetter, DeadLetters } from '../queue/dead-letter-queue.ts'
import { type Job, parseJob } from '../queue/job.ts'
import { graphUnlessLost } from './lost-blueprint.ts'
import { noteOperation, type Operation } from './operations.ts'

/** A message in the dead-letter queue. */
export interface DeadLetterSummary {
  /** Names the message, as SQS does. */
  readonly id: string
  /** Why it is there; undefined where SQS moved it, since it was received too often: the sweep sends that back by itself. */
  readonly reason?: string
  /** What it is about, where it is a job. */
  readonly runId?: string
  readonly blueprintId?: string
  readonly nodeId?: string
  /** The message itself. */
  readonly body: string
}

/** Which messages. */
export interface DeadLetterFilter {
  /** These. @default - any */
  readonly ids?: readonly string[]
  /** Those of this run. @default - of any, also what is no job */
  readonly runId?: string
}

export type DeadLetterServices = Pick<Services, 'store' | 'graphs' | 'queue' | 'now'> & {
  readonly deadLetters: DeadLetters
}

/** SQS asks some of its servers only, unless one waits, so one look may find nothing though there is something. */
const EMPTY_LOOKS = 2
/** As long as SQS hides what was received first. */
const LOOK_MS = 45_000

/** Oldest first, as far as SQS keeps an order. @param limit - messages at most */
export async function listDeadLetters(
  services: DeadLetterServices,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterSummary[]> {
  const found: DeadLetterSummary[] = []
  await look(services, async (letter) => {
    const summary = summaryOf(letter)
    if (isMeant(filter, summary)) found.push(summary)
    return found.length < limit ? 'keep' : 'stop'
  })
  return found
}

/**
 * Sends jobs back to the queue of their node's pool; what is no job stays.
 * Crash after a send, before the removal: the job is sent once more, which is harmless.
 * @returns the messages that were sent back
 */
export async function sendBackDeadLetters(
  services: DeadLetterServices,
  filter: DeadLetterFilter,
): Promise<DeadLetterSummary[]> {
  const sent: DeadLetterSummary[] = []
  await look(services, async (letter) => {
    const summary = summaryOf(letter)
    const job = jobOf(letter)
    if (!job || !isMeant(filter, summary)) return 'keep'
    await services.queue.send([{ ...job, passedOn: undefined, returns: undefined }])
    sent.push(summary)
    return 'remove'
  })
  return sent
}

/**
 * Removes messages. A run that still needs one says so from then on: it does not go on by itself.
 * Crash after the note, before the removal: the message is still there, and the same call drops it.
 * @returns the messages that were dropped
 */
export async function dropDeadLetters(
  services: DeadLetterServices,
  filter: DeadLetterFilter,
  { by, reason }: Pick<Operation, 'by' | 'reason'>,
): Promise<DeadLetterSummary[]> {
  const dropped: DeadLetterSummary[] = []
  await look(services, async (letter) => {
    const summary = summaryOf(letter)
    if (!isMeant(filter, summary)) return 'keep'
    const job = jobOf(letter)
    if (job) await tellRun(services, job, { by, reason })
    dropped.push(summary)
    return 'remove'
  })
  return dropped
}

async function tellRun(
  services: DeadLetterServices,
  job: Job,
  { by, reason }: Pick<Operation, 'by' | 'reason'>,
): Promise<void> {
  const run = await services.store.read(job.runId)
  if (!run || isOver(run)) return
  const nodes = job.nodeId === undefined ? [] : [job.nodeId]
  await noteOperation(services, run.runId, { kind: 'drop', by, reason, nodes })
  // The run goes on without it.
  if (job.publishes) return
  let key: ActivationKey | undefined
  if (run.graph !== undefined && job.nodeId !== undefined) {
    const node = (await graphUnlessLost(services, run))?.find(job.nodeId)
    if (node === undefined) return
    key = activationKey(node, job.iteration ?? 1)
  }
  const who = by === undefined ? '' : ` by ${by}`
  await services.store.noteDeadLetter(
    run.runId,
    key,
    `its message was dropped${who}${reason ? `: ${reason}` : ''}`,
  )
}

/** Gives what it does not remove back, whatever happens. */
async function look(
  { deadLetters, now }: DeadLetterServices,
  visit: (letter: DeadLetter) => Promise<'keep' | 'remove' | 'stop'>,
): Promise<void> {
  const kept: DeadLetter[] = []
  const end = now() + LOOK_MS
  try {
    for (let empty = 0; empty < EMPTY_LOOKS && now() < end;) {
      const letters = await deadLetters.receive()
      empty = letters.length === 0 ? empty + 1 : 0
      kept.push(...letters)
      for (const letter of letters) {
        const fate = await visit(letter)
        if (fate === 'stop') return
        if (fate === 'keep') continue
        await deadLetters.remove(letter)
        kept.splice(kept.indexOf(letter), 1)
      }
    }
  } finally {
    await deadLetters.release(kept)
  }
}

function isMeant({ ids, runId }: DeadLetterFilter, { id, runId: ofRun }: DeadLetterSummary): boolean {
  return (ids === undefined || ids.includes(id)) && (runId === undefined || runId === ofRun)
}

function summaryOf(letter: DeadLetter): DeadLetterSummary {
  const { id, reason, body } = letter
  const { runId, blueprintId, nodeId } = jobOf(letter) ?? {}
  return {
    id,
    ...(reason === undefined ? {} : { reason }),
    ...(runId === undefined ? {} : { runId }),
    ...(blueprintId === undefined ? {} : { blueprintId }),
    ...(nodeId === undefined ? {} : { nodeId }),
    body,
  }
}

function jobOf({ body }: DeadLetter): Job | undefined {
  try {
    return parseJob(body)
  } catch {
    // What is no job is shown as it is.
    return undefined
  }
}
