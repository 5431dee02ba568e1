/**
 * One message, second half: take the lease on its strand, then step by step while exactly one node follows and time
 * remains. The lease saves double work and decides nothing; the message is acknowledged only by whoever still holds
 * it when nothing of the strand is left.
 */
import { messageOf } from './errors.ts'
import type { RunGraph } from './graph.ts'
import { conclude, sendQueued } from './outgoing.ts'
import { type ActivationKey, currentOf, isOver, type RunState } from './run-state.ts'
import {
  CLOCK_MARGIN_MS,
  type Disposition,
  DONE,
  type Invocation,
  type Services,
  type Strand,
} from './services.ts'
import { step } from './step.ts'

/** Long-lived workers prolong their lease this often, by `Invocation.deadline`. */
const RENEW_EVERY_MS = 30_000

export async function workOnStrand(
  services: Services,
  graph: RunGraph,
  seen: RunState,
  origin: ActivationKey,
  invocation: Invocation,
): Promise<Disposition> {
  const { store, now } = services
  const request = () => ({
    runId: seen.runId,
    strand: origin,
    token,
    now: now() - CLOCK_MARGIN_MS,
    until: invocation.deadline(),
  })
  const token = services.newToken()
  // Crash before: nothing happened. After: nobody works on the strand until the lease is over, then a redelivery.
  const lease = await store.lease(request())
  if (!lease.held) {
    const seconds = Math.max(1, Math.ceil((lease.until + CLOCK_MARGIN_MS - now()) / 1000) + 1)
    return { kind: 'left', reason: `another worker holds ${origin} of run '${seen.runId}'`, seconds }
  }
  const holder = new Holder(services, request, lease.until)
  try {
    // A first lease on the strand: nobody but cancel can have ended what was seen active.
    const run = lease.attempt === 1 ? seen : await store.read(seen.runId)
    const result = await advance(services, graph, run, {
      origin,
      attempt: lease.attempt,
      lost: lease.lost,
      invocation,
      signal: holder.start(invocation.renews),
      isMine: () => holder.isMine(),
    })
    // What wakes it comes with the same strand's next message, which need not wait for this lease to end.
    if (result === ASLEEP) await holder.release()
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
    const result = await step(services, graph, run, current, strand)
    if (result.kind === 'asleep') return ASLEEP
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

/** Holds a lease: prolongs it for long-lived workers, and knows whether it may be lost. */
class Holder {
  readonly #controller = new AbortController()
  readonly #services: Services
  readonly #request: () => Parameters<Services['store']['lease']>[0]
  #until: number
  #timer: NodeJS.Timeout | undefined

  constructor(services: Services, request: () => Parameters<Services['store']['lease']>[0], until: number) {
    this.#services = services
    this.#request = request
    this.#until = until
  }

  start(renews: boolean): AbortSignal {
    if (renews) this.#timer = setInterval(() => void this.#renew(), RENEW_EVERY_MS)
    this.#timer?.unref()
    return this.#controller.signal
  }

  async isMine(): Promise<boolean> {
    if (this.#controller.signal.aborted) return false
    if (this.#services.now() < this.#until) return true
    const lease = await this.#services.store.renew(this.#request())
    if (lease.held) this.#until = lease.until
    return lease.held
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async release(): Promise<void> {
    try {
      await this.#services.store.release(this.#request())
    } catch (error) {
      // The trouble that brought us here, most likely; the lease then ends by itself.
      this.#services.logger.warn('could not release a lease', { reason: messageOf(error) })
    }
  }

  async #renew(): Promise<void> {
    try {
      const lease = await this.#services.store.renew(this.#request())
      if (lease.held) this.#until = lease.until
      else this.#controller.abort(new Error('a successor took over the lease'))
    } catch (error) {
      this.#services.logger.warn('could not renew a lease', { reason: messageOf(error) })
    }
  }
}
