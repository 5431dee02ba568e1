/**
 * Holds the lease on a strand or on an item of a batch: prolongs it for long-lived workers, and knows whether it may be
 * lost. It saves double work and decides nothing.
 */
import { messageOf } from '../common/errors.ts'
import type { Lease, LeasedRun, LeaseEnd, LeaseRequest } from '../store/run-store.ts'
import type { Disposition, Retry } from './disposition.ts'
import { giveBack, giveBackRemembered } from './give-back.ts'
import { type Begun, comesApart, type Holder, unlessGivenUp } from './holder.ts'
import { persist } from './persist.ts'
import { CLOCK_MARGIN_MS, type Invocation, type Services } from './services.ts'

/**
 * A strand that is to be worked on alone waits in a long-lived worker until those beside it are done, so long and with
 * each lease as long again, so that it gets there even where nodes take hours. A function gives it back at once.
 */
const PATIENCE_MS = 30_000

/** Long-lived workers prolong their lease this often, by `Invocation.deadline`. */
const RENEW_EVERY_MS = 15_000

/** A message whose lease cannot be had comes back; for so long that is dearer than to wait, in milliseconds. */
const LEASE_TRY_MS = 5_000

type HolderServices = Pick<Services, 'store' | 'now' | 'newToken' | 'sleep' | 'logger' | 'unreleased'>

export class LeaseHolder implements Holder {
  readonly #controller = new AbortController()
  readonly #services: HolderServices
  readonly #run: LeasedRun
  readonly #strand: string
  readonly #invocation: Invocation
  readonly #token: string
  #until = 0
  /** Whether the lease was to be held alone: an answer may have been lost. */
  #isAlone = false
  #timer: NodeJS.Timeout | undefined

  /** `strand` as in `LeaseRequest`. */
  constructor(services: HolderServices, run: LeasedRun, strand: string, invocation: Invocation) {
    this.#services = services
    this.#run = { runId: run.runId, format: run.format }
    this.#strand = strand
    this.#invocation = invocation
    this.#token = services.newToken()
  }

  /** Aborted when a successor took the lease over. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /**
   * Takes the lease, and the place in this process that the strand needs: alone where it was lost before. Else says
   * what becomes of its message. `what` names the work.
   *
   * Crash after the lease: it is lost, and was not held alone. After the note that it is held alone: the strand may be
   * what killed its worker.
   */
  async begin(what: string): Promise<Begun | Retry> {
    await giveBackRemembered(this.#services)
    const lease = await this.take()
    if (!lease.held) return heldByAnother(this.#services, lease, what)
    const wasLost = lease.lost > 0
    const { place, extendsLease } = this.#invocation
    const mayBegin = (await place?.enter(wasLost, extendsLease ? PATIENCE_MS * lease.attempt : 0)) ?? true
    if (!mayBegin) {
      await this.release()
      return comesApart(what, this.#strand, lease.attempt)
    }
    return wasLost ? this.#beginAlone(lease, what) : { kind: 'begun', lease }
  }

  /** Takes the lease, if nobody has it, and holds it until `stop`. */
  async take(): Promise<Lease> {
    const lease = await this.#take()
    if (!lease.held) return lease
    this.#until = lease.until
    if (this.#invocation.extendsLease) this.#timer = setInterval(() => void this.#renew(), RENEW_EVERY_MS)
    this.#timer?.unref()
    return lease
  }

  mayAcknowledge(): Promise<boolean> {
    return this.isMine()
  }

  /** Whether nobody can have taken over. */
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

  /**
   * What comes of the work, unless the process gives it up: then its node's signal is aborted, so that it commits
   * nothing, and the lease is given back. Crash before the lease is given back: it ends by itself.
   */
  unlessGivenUp(work: Promise<Disposition>): Promise<Disposition> {
    return unlessGivenUp(work, this.#invocation, async (reason) => {
      this.#controller.abort(reason)
      await this.release()
    })
  }

  /** Gives the lease back, so that a redelivery need not wait for its end, and so that nobody takes it for lost. */
  async release(ended?: LeaseEnd): Promise<void> {
    this.stop()
    await giveBack(this.#services, { ...this.#request(), alone: this.#isAlone, ended }, this.#invocation)
  }

  async #beginAlone(lease: Lease, what: string): Promise<Begun | Retry> {
    this.#isAlone = true
    try {
      const alone = await this.#services.store.holdAlone(this.#request())
      if (alone.held) {
        this.#until = alone.until
        return { kind: 'begun', lease }
      }
      this.stop()
      return heldByAnother(this.#services, alone, what)
    } catch (error) {
      // So that the redelivery need not wait for the lease to end.
      await this.release()
      throw error
    }
  }

  async #take(): Promise<Lease> {
    try {
      const request = this.#request()
      // The same token each time: one that was given, whose answer was lost, is this holder's.
      const trying = { ...this.#invocation, atMostMs: LEASE_TRY_MS }
      return await persist(this.#services, trying, () => this.#services.store.lease(request))
    } catch (error) {
      // Perhaps it was given, and only the answer was lost.
      await this.release()
      throw error
    }
  }

  #request(): LeaseRequest {
    return {
      ...this.#run,
      strand: this.#strand,
      token: this.#token,
      now: this.#services.now() - CLOCK_MARGIN_MS,
      until: this.#invocation.deadline(),
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

/** What becomes of a message whose work another worker holds: it is that strand's only redelivery. */
export function heldByAnother(
  { now }: Pick<Services, 'now'>,
  lease: Pick<Lease, 'until'>,
  what: string,
): Retry {
  const seconds = Math.max(1, Math.ceil((lease.until + CLOCK_MARGIN_MS - now()) / 1000) + 1)
  return { kind: 'retry', reason: `another worker holds ${what}`, afterSeconds: seconds }
}
