/**
 * The weather of the cloud: trouble that comes in the midst of a run, meets all requests to a service, lasts for its time
 * and passes. It tells how long it took from then on until the run went on, and until it was over.
 */
import type { FaultPoint } from './faults.ts'
import type { Random } from './random.ts'

export type CloudService = 'dynamodb' | 'sqs' | 's3' | 'eventbridge'

/** One spell of bad weather. */
export interface Spell {
  /**
   * `away`: each request to the service is refused. `throttled`: all but one request in so many milliseconds is refused.
   * `slow`: the client gives each request up before its answer is there, and it may have landed, or lands later.
   * `withheld`: what is sent to the queue meanwhile comes after hours. `frozen`: whoever is at work stands still.
   */
  readonly kind: 'away' | 'throttled' | 'slow' | 'withheld' | 'frozen'
  readonly service: CloudService
  readonly lastsMs: number
}

/** What a request meets: it is refused, or given up by its client after a while, and lands at once or later. */
export type WeatherFault = 'refused' | 'answersLate' | 'landsLate'

/** How long clients wait for an answer of DynamoDB; `lib/core/config/config.ts` says it to the SDK. */
export const CLIENT_GIVES_UP_MS = 10_000
/** DynamoDB's answer, or the request itself, takes so long. */
export const SLOW_MS = 60_000
/** A throttled partition takes one request in so many milliseconds. */
const ONE_IN_MS = 5_000
/** The queue delivers after so many hours at most. */
const HOURS_AT_MOST = 5
const HOUR_MS = 3_600_000
/** It begins within so many steps of the run. */
const BEGINS_WITHIN = 60
/** Whoever calls from outside, in vain, tries again so soon. */
const CALLER_PAUSE_MS = 5_000
/** What shows that a run goes on, beside commits. */
const PROGRESS = ['create', 'begin', 'arrive', 'publish', 'publishRunEnd']

/** What came of it, in milliseconds of simulated time after the weather. Undefined where the run was over before. */
export interface Recovery {
  /** Until something of the run went on. */
  readonly goesOnMs: number
  /** Until it was over, and told where it is to be. */
  readonly overMs: number
}

export class Weather {
  readonly #spell: Spell
  readonly #random: Random
  /** In steps. */
  readonly #begins: number
  #from = Infinity
  #until = Infinity
  #passedAt = -Infinity
  #callerAt = 0
  #goesOnAt: number | undefined
  /** When the last commit was made, and when the end of the run was told first after it. */
  #committedAt = -Infinity
  #toldAt: number | undefined

  constructor(spell: Spell, random: Random) {
    this.#spell = spell
    this.#random = random
    this.#begins = random.below(BEGINS_WITHIN)
  }

  /** Looks up before each step; says whether everybody freezes now, and until when. */
  look(step: number, now: number): { readonly frozenUntil: number } | undefined {
    if (this.#from !== Infinity || step < this.#begins) return undefined
    this.#from = now
    this.#until = now + this.#spell.lastsMs
    return this.#spell.kind === 'frozen' ? { frozenUntil: this.#until } : undefined
  }

  /** What a request meets now; undefined where nothing. */
  faultOf({ label, isCode }: FaultPoint, now: number): WeatherFault | undefined {
    if (isCode || !this.#isOn(now) || serviceOf(label) !== this.#spell.service) return undefined
    switch (this.#spell.kind) {
      case 'away':
        return 'refused'
      case 'throttled':
        if (now - this.#passedAt < ONE_IN_MS) return 'refused'
        this.#passedAt = now
        return undefined
      case 'slow':
        return this.#random.pick([undefined, 'answersLate', 'landsLate'])
      default:
        return undefined
    }
  }

  /** Whether a message may be received. */
  mayReceive(now: number): boolean {
    return !(this.#spell.kind === 'away' && this.#spell.service === 'sqs' && this.#isOn(now))
  }

  /** By how much a message that is sent now comes late. */
  delayMs(now: number): number {
    if (this.#spell.kind !== 'withheld' || !this.#isOn(now) || this.#random.chance(0.3)) return 0
    return HOUR_MS + this.#random.below((HOURS_AT_MOST - 1) * HOUR_MS)
  }

  /** Whether somebody outside may call now: while the weather lasts, now and then. */
  mayCall(now: number): boolean {
    return !this.#isOn(now) || now >= this.#callerAt
  }

  called(now: number): void {
    if (this.#isOn(now)) this.#callerAt = now + CALLER_PAUSE_MS
  }

  /** When something may change by itself. */
  times(): number[] {
    return this.#from === Infinity ? [] : [this.#until, this.#callerAt]
  }

  served(label: string, now: number): void {
    if (label === 'publishRunEnd') this.#toldAt ??= now
    if (PROGRESS.includes(label)) this.#progressed(now)
  }

  committed(now: number): void {
    this.#committedAt = now
    this.#toldAt = undefined
    this.#progressed(now)
  }

  get recovery(): Recovery | undefined {
    if (this.#goesOnAt === undefined) return undefined
    const overAt = Math.max(this.#committedAt, this.#toldAt ?? 0, this.#goesOnAt)
    return { goesOnMs: this.#goesOnAt - this.#since, overMs: overAt - this.#since }
  }

  #progressed(now: number): void {
    if (now >= this.#since) this.#goesOnAt ??= now
  }

  /** Who was frozen is not waited for: others go on, so the time counts from the beginning. */
  get #since(): number {
    return this.#spell.kind === 'frozen' ? this.#from : this.#until
  }

  #isOn(now: number): boolean {
    return this.#from <= now && now < this.#until
  }
}

function serviceOf(label: string): CloudService {
  if (label === 'send' || label === 'acknowledge') return 'sqs'
  if (label === 'putObject' || label === 'getObject') return 's3'
  if (label === 'publish' || label === 'publishRunEnd') return 'eventbridge'
  return 'dynamodb'
}
