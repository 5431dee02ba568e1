/**
 * Works on a first delivery without a lease (`leases: 'redeliveries'`). That the message is hidden from others stands in its
 * place: it comes again only when the invocation is over, or when nobody has prolonged its time. What rests on a lease rests on
 * the commit here: where two work on one strand, each writes under a name of its own, and the first commit counts.
 */
import { unleasedAs } from '../protocol/attempt.ts'
import type { LeasedRun } from '../store/run-store.ts'
import type { Disposition, Retry } from './disposition.ts'
import { giveBackRemembered } from './give-back.ts'
import { LeaseHolder } from './held-lease.ts'
import { type Begun, comesApart, type Held, type Holder, unlessGivenUp } from './holder.ts'
import type { Invocation, Services } from './services.ts'

/** `strand` as in `LeaseRequest`. */
export function holderOf(services: Services, run: LeasedRun, strand: string, invocation: Invocation): Holder {
  return services.leases === 'redeliveries' && invocation.isFirst
    ? new WithoutLease(services, run, strand, invocation)
    : new LeaseHolder(services, run, strand, invocation)
}

/**
 * Whether others may have worked on the strand before: then what was read of it before the lease may not be so any more. The
 * first lease says that nobody has, unless first deliveries have none.
 */
export function isFirstAttempt({ leases }: Pick<Services, 'leases'>, { attempt }: Held): boolean {
  return typeof attempt === 'string' || (attempt === 1 && leases !== 'redeliveries')
}

class WithoutLease implements Holder {
  readonly #controller = new AbortController()
  readonly #services: Services
  readonly #run: LeasedRun
  readonly #strand: string
  readonly #invocation: Invocation

  constructor(services: Services, run: LeasedRun, strand: string, invocation: Invocation) {
    this.#services = services
    this.#run = run
    this.#strand = strand
    this.#invocation = invocation
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** It writes nothing, so a crash leaves nothing: the message comes back, and is leased. */
  async begin(what: string): Promise<Begun | Retry> {
    await giveBackRemembered(this.#services)
    const { place, deadline } = this.#invocation
    const attempt = unleasedAs(this.#services.newToken())
    const mayBegin = (await place?.enter(false, 0)) ?? true
    if (!mayBegin) return comesApart(what, this.#strand, attempt)
    return { kind: 'begun', lease: { held: true, attempt, lost: 0, lostAlone: 0, until: deadline() } }
  }

  /**
   * Another has committed, or this one whose answer was lost: nobody can tell. The message comes back and is leased, so that two
   * do not work side by side on all that follows.
   */
  async isMine(): Promise<boolean> {
    return false
  }

  /** Not where a redelivery is under way: an old receipt handle may delete it. */
  async mayAcknowledge(): Promise<boolean> {
    const lease = await this.#services.store.readLease(this.#run, this.#strand)
    return !lease || lease.until < this.#services.now()
  }

  unlessGivenUp(work: Promise<Disposition>): Promise<Disposition> {
    return unlessGivenUp(work, this.#invocation, async (reason) => this.#controller.abort(reason))
  }

  async release(): Promise<void> {}

  stop(): void {}
}
