/**
 * One message, second half: take the lease on its strand, then step by step while exactly one node follows and time
 * remains. The lease saves double work and decides nothing; the message is acknowledged only by whoever still holds
 * it when nothing of the strand is left.
 */
import type { RunGraph } from './graph.ts'
import { LeaseHolder } from './lease-holder.ts'
import { conclude, sendQueued } from './outgoing.ts'
import { type ActivationKey, currentOf, isOver, type RunState } from './run-state.ts'
import { deathsOf, type Disposition, DONE, type Invocation, type Services, type Strand } from './services.ts'
import { step } from './step.ts'

export async function workOnStrand(
  services: Services,
  graph: RunGraph,
  seen: RunState,
  origin: ActivationKey,
  invocation: Invocation,
  due?: number,
): Promise<Disposition> {
  const { store } = services
  const holder = new LeaseHolder(services, seen.runId, origin, invocation)
  // Crash before: nothing happened. After: nobody works on the strand until the lease is over, then a redelivery.
  const begun = await holder.begin(`${origin} of run '${seen.runId}'`)
  if (begun.kind === 'left') return begun
  const { lease } = begun
  try {
    // A first lease on the strand: nobody but cancel can have ended what was seen active.
    const run = lease.attempt === 1 ? seen : await store.read(seen.runId)
    const advancing = advance(services, graph, run, {
      origin,
      attempt: lease.attempt,
      lost: lease.lost,
      deaths: deathsOf(lease),
      invocation,
      due,
      signal: holder.signal,
      isMine: () => holder.isMine(),
    })
    const result = await holder.unlessGivenUp(advancing)
    if (result === CONTENDED) await holder.release()
    if (result !== ASLEEP) return result
    // A successor works on the strand: an old receipt handle may delete the message it was given.
    if (!(await holder.isMine())) return { kind: 'left', reason: `a successor took over ${origin}` }
    // What wakes it comes with the same strand's next message, which need not wait for this lease to end.
    await holder.release()
    return result
  } catch (error) {
    // So that the redelivery need not wait for the lease to end.
    await holder.release()
    throw error
  } finally {
    holder.stop()
  }
}

/** Done with the message, and the activation that it names goes on waiting. */
const ASLEEP: Disposition = { kind: 'done' }

/** What is left has to be read anew; the lease is given back. */
const CONTENDED: Disposition = {
  kind: 'left',
  reason: 'other nodes changed the context keys that a node had read, time and again',
  seconds: 1,
}

async function advance(
  services: Services,
  graph: RunGraph,
  seen: RunState | undefined,
  strand: Strand,
): Promise<Disposition> {
  let run = seen
  let sent = false
  let parked: ActivationKey | undefined
  for (;;) {
    if (!run) return DONE
    if (isOver(run)) return conclude(services, run)
    // Parked just now: is what it waits for there already?
    const current = parked !== undefined && run.active.has(parked) ? parked : currentOf(run, strand.origin)
    if (current === undefined) {
      if (!sent) await sendQueued(services, graph, run, strand.origin)
      return DONE
    }
    const parkedNow = parked === current
    const result = await step(services, graph, run, current, { ...strand, parkedNow })
    if (result.kind === 'asleep') return ASLEEP
    if (result.kind === 'contended') return CONTENDED
    if (result.kind === 'overtaken') {
      // A successor of this lease works on the strand: an old receipt handle may delete the message it was given.
      if (!(await strand.isMine())) return { kind: 'left', reason: `a successor took over ${strand.origin}` }
      sent = false
      parked = undefined
    } else {
      sent = true
      parked = result.parked ? current : undefined
    }
    run = result.run
  }
}
