/** Between processes and what they call: lets requests happen, each with the fault that the plan has for it. */
import { type Host, type Request, Trouble, TROUBLE } from './host.ts'
import { isMain } from './names.ts'
import type { Fault, FaultPlan, FaultPoint } from './faults.ts'
import type { Random } from './random.ts'
import { CLIENT_GIVES_UP_MS, SLOW_MS, type Weather } from './weather.ts'

/** Happens after its caller gave up. */
interface LateRequest {
  readonly at: number
  readonly label: string
  apply(): Promise<unknown>
}

export interface NetworkOptions {
  readonly random: Random
  readonly plan: FaultPlan
  /** @default - fair */
  readonly weather?: Weather
  readonly trace: string[]
  now(): number
}

export class Network {
  /** What met a fault, or might have, in this order; a request that is tried again is there again. */
  readonly points: FaultPoint[] = []
  /** How often work on the run went down with a node of another. */
  downs = 0
  readonly #options: NetworkOptions
  /** Whether the client libraries of this run try again by themselves. */
  readonly #retries: boolean
  readonly #late: LateRequest[] = []

  constructor(options: NetworkOptions) {
    this.#options = options
    this.#retries = options.random.chance(0.5)
  }

  /** Late requests whose time has come. */
  due(): (() => Promise<void>)[] {
    const now = this.#options.now()
    return this.#late.filter(({ at }) => at <= now).map((late) => () => this.#applyLate(late))
  }

  /** When late requests may happen. */
  times(): number[] {
    return this.#late.map(({ at }) => at)
  }

  async serve(host: Host, request: Request): Promise<void> {
    const { plan, now, random, weather } = this.#options
    const fault: Fault = request.answered ? 'none' : (weather?.faultOf(request, now()) ?? plan.next(request))
    if (!request.answered) this.points.push({ label: request.label, isCode: request.isCode })
    this.#note(`${request.task.name} ${request.label}${fault === 'none' ? '' : ` [${fault}]`}`)
    if (request.kills) {
      if ([...host.tasks].some(({ job }) => job && isMain(job.runId))) this.downs++
      return this.#die(host)
    }
    switch (fault) {
      case 'none':
        host.drop(request)
        request.resolve(request.apply())
        weather?.served(request.label, now())
        return
      case 'twice':
      case 'delayed':
        host.drop(request)
        request.resolve(request.apply(fault))
        return
      case 'refused':
        return this.#fail(host, request)
      case 'lost':
        await request.apply('part')
        return this.#fail(host, request)
      case 'late':
        this.#late.push({
          at: now() + (plan.lateMs ?? random.below(random.pick([100, 10_000, 90_000]))),
          label: `${request.task.name} ${request.label}`,
          apply: () => request.apply(),
        })
        return this.#fail(host, request)
      case 'answersLate':
        await request.apply('part')
        return this.#giveUp(host, request)
      case 'landsLate':
        this.#late.push({
          at: now() + SLOW_MS,
          label: `${request.task.name} ${request.label}`,
          apply: () => request.apply(),
        })
        return this.#giveUp(host, request)
      case 'dieAfter':
        await request.apply('part')
        return this.#die(host)
      case 'dieBefore':
        return this.#die(host)
      case 'slow': {
        const until = now() + random.pick([10_000, 45_000, 150_000])
        host.drop(request)
        host.put({ ...request, answered: true, until })
        return
      }
      case 'freezeAfter': {
        const answer = await request.apply()
        host.drop(request)
        host.put({ ...request, answered: true, apply: async () => answer })
        return this.#freeze(host)
      }
      case 'freezeBefore':
        return this.#freeze(host)
      default: {
        const never: never = fault
        return never
      }
    }
  }

  /** A client library may try once more before it gives up. */
  #fail(host: Host, request: Request): void {
    if (this.#retries && !request.retried) {
      request.retried = true
      return
    }
    host.drop(request)
    request.reject(new Trouble(`${TROUBLE}: ${request.label} failed`))
  }

  /** Its client waits in vain for a while, and may try once more then. */
  #giveUp(host: Host, request: Request): void {
    const until = this.#options.now() + CLIENT_GIVES_UP_MS
    host.drop(request)
    if (this.#retries && !request.retried) return host.put({ ...request, retried: true, until })
    const apply = async () => {
      throw new Trouble(`${TROUBLE}: no answer to ${request.label}`)
    }
    host.put({ ...request, answered: true, until, apply })
  }

  /** Whatever it was at is lost. */
  #die(host: Host): void {
    host.dead = true
  }

  #freeze(host: Host): void {
    const { now, plan, random } = this.#options
    host.frozenUntil = now() + (plan.lateMs ?? random.pick([1_000, 6_500, 33_000, 70_000, 150_000]))
  }

  async #applyLate(late: LateRequest): Promise<void> {
    this.#late.splice(this.#late.indexOf(late), 1)
    this.#note(`late ${late.label}`)
    await late.apply()
  }

  #note(what: string): void {
    const { now, trace } = this.#options
    trace.push(`${now() % 1e7} ${what}`)
  }
}
