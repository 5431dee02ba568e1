/**
 * One message, second half: take the lease on its strand, where it needs one, then step by step while exactly one node follows and time
 * remains. The lease saves double work and decides nothing; the message is acknowledged only by whoever still holds
 * it when nothing of the strand is left.
 */
import { createHash } from 'node:crypto'
import { isFlowcraftAwsError, isTrouble, messageOf } from '../common/errors.ts'
import { propertyOf, textOf } from '../common/thrown.ts'
import { type Disposition, ACKNOWLEDGE } from '../execution/disposition.ts'
import type { Held } from '../execution/holder.ts'
import { type OpenRun, at } from '../execution/opened-run.ts'
import { persistent } from '../execution/persist.ts'
import { deathsOf, type Invocation, type Strand } from '../execution/services.ts'
import { holderOf, isFirstAttempt } from '../execution/without-lease.ts'
import { type ActivationKey, currentOf, isOver, type RunState } from '../protocol/run-state.ts'
import { withinBudget } from '../run/budget.ts'
import { sendQueued } from '../run/dispatch.ts'
import { unlessPaused } from '../run/hold.ts'
import { publishStart } from '../run/publish.ts'
import { publishRunEnd } from '../run/run-end.ts'
import type { LeaseEnd } from '../store/run-store.ts'
import type { Ahead } from './activation.ts'
import { failStep, step } from './step.ts'

export async function workOnStrand(
  given: OpenRun,
  strandKey: ActivationKey,
  invocation: Invocation,
  due?: number,
): Promise<Disposition> {
  const { run: seen } = given
  const holder = holderOf(given.services, seen, strandKey, invocation)
  // Crash before: nothing happened. After: nobody works on the strand until the lease is over, then a redelivery.
  const begun = await holder.begin(`${strandKey} of run '${seen.runId}'`)
  if (begun.kind === 'retry') return begun
  const { lease } = begun
  const services = persistent(given.services, { ...invocation, signal: holder.signal })
  const open = { ...given, services }
  const strand: Strand = {
    key: strandKey,
    attempt: lease.attempt,
    lost: lease.lost,
    deaths: deathsOf(lease),
    isTroubled: lease.ended !== undefined,
    invocation,
    due,
    signal: holder.signal,
    isMine: () => holder.isMine(),
  }
  try {
    // A first lease on the strand: nobody but cancel can have ended what was seen active.
    const run = isFirstAttempt(services, lease) ? seen : await services.store.read(seen.runId)
    const result = await holder.unlessGivenUp(advance(open, run, strand))
    if (result === CONTENDED) await holder.release()
    if (result !== STILL_WAITING) return result
    // A successor works on the strand: an old receipt handle may delete the message it was given.
    if (!(await holder.mayAcknowledge()))
      return { kind: 'retry', reason: `a successor took over ${strandKey}` }
    // What wakes it comes with the same strand's next message, which need not wait for this lease to end.
    await holder.release()
    return result
  } catch (error) {
    const ended = isExpected(error) ? undefined : endedBy(error, lease)
    const isGivenUp = ended !== undefined && ended.times >= SAME_ERRORS_AT_MOST
    const rest = isGivenUp ? await giveUp(open, strand, error) : undefined
    // So that the redelivery need not wait for the lease to end.
    await holder.release(rest ? undefined : ended)
    if (rest) return rest
    throw error
  } finally {
    holder.stop()
  }
}

/** What ends in the same unexpected error on so many deliveries fails with it. */
const SAME_ERRORS_AT_MOST = 5

/** Trouble that passes, and what another worker can do: they count for nothing. */
function isExpected(error: unknown): boolean {
  return isTrouble(error) || isFlowcraftAwsError(error, 'NOT_DEPLOYED')
}

/** The error, and on how many deliveries in a row. Numbers in it, such as times and ids of requests, may differ. */
function endedBy(error: unknown, lease: Held): LeaseEnd {
  const name = textOf(propertyOf(error, 'name'))
  const text = `${name}: ${messageOf(error)}`.replaceAll(/\d+/g, '#')
  const print = createHash('sha256').update(text).digest('base64url').slice(0, 12)
  return { print, times: lease.ended?.print === print ? lease.ended.times + 1 : 1 }
}

/** Ends the activation that the strand is at, whatever keeps it from ending; undefined where even that fails. */
async function giveUp(open: OpenRun, strand: Strand, cause: unknown): Promise<Disposition | undefined> {
  const { services } = open
  const { runId } = open.run
  const why = `${SAME_ERRORS_AT_MOST} deliveries ended in the same error: ${messageOf(cause)}`
  try {
    const run = await services.store.read(runId)
    const key = run && currentOf(run, strand.key)
    if (!run || key === undefined) return undefined
    await failStep(at(open, run), key, strand, new Error(why, { cause }))
    return { kind: 'retry', reason: why, afterSeconds: 1 }
  } catch (error) {
    services.logger.error('could not give up what keeps failing', { runId, why, reason: messageOf(error) })
    return undefined
  }
}

/** Done with the message, and the activation that it names goes on waiting. */
const STILL_WAITING: Disposition = { kind: 'acknowledge' }

/** What is left has to be read anew; the lease is given back. */
const CONTENDED: Disposition = {
  kind: 'retry',
  reason: 'other nodes changed the context keys that a node had read, time and again',
  afterSeconds: 1,
}

async function advance(open: OpenRun, seen: RunState | undefined, strand: Strand): Promise<Disposition> {
  const { services } = open
  let run = seen
  let sent = false
  let suspended: ActivationKey | undefined
  let ahead: Ahead | undefined
  for (;;) {
    if (!run) return ACKNOWLEDGE
    // Whoever puts a commit off has asked.
    if (!ahead) {
      // It was read anew, perhaps: others may have committed what cost too much.
      run = await withinBudget(at(open, run))
      run = await unlessPaused(services, run)
      // Not before its lease is given back, or whoever unpauses the run would take it for one that is worked on.
      if (!run) return STILL_WAITING
      if (isOver(run)) return publishRunEnd(services, run)
    }
    // Suspended just now: is what it waits for there already?
    const current =
      suspended !== undefined && run.active.has(suspended) ? suspended : currentOf(run, strand.key)
    if (current === undefined) {
      if (!sent) await sendQueued(at(open, run), strand.key)
      return ACKNOWLEDGE
    }
    if (!ahead) await publishStart(services, run)
    const suspendedNow = suspended === current
    const result = await step(at(open, run), current, { ...strand, suspendedNow }, ahead)
    if (result.kind === 'waiting') return STILL_WAITING
    if (result.kind === 'contended') return CONTENDED
    ahead = result.kind === 'putOff' ? result.ahead : undefined
    if (result.kind === 'overtaken') {
      // A successor of this lease works on the strand: an old receipt handle may delete the message it was given.
      if (!(await strand.isMine())) return { kind: 'retry', reason: `a successor took over ${strand.key}` }
      sent = false
      suspended = undefined
    } else if (result.kind === 'committed') {
      sent = true
      suspended = result.suspended ? current : undefined
    }
    run = result.run
  }
}
