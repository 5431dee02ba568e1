/**
 * Who is worked on beside whom in one process. Strands are worked on side by side, as many as there are messages. One
 * whose worker died before may be what killed it: it is worked on alone, so that it takes no other with it, and so that
 * a death counts against nobody but whoever caused it.
 *
 * As a lock with readers and one writer: strands that were never lost share the process, one that was has it alone.
 * Whoever cannot begin now is not queued here but leaves at once, since what waits in a process that dies comes back
 * late. Nothing rests on this but how soon a run goes on, and who is blamed.
 */

/** How long whoever is to be alone waits for those to leave who cannot begin, in milliseconds. */
const LEAVING_MS = 5_000
/** How long strands wait to hear whether one of them was lost before, in milliseconds. */
const LOOKING_MS = 10_000

/** What is known of a message that arrives in a process. */
export interface ArrivalOptions {
  /** Milliseconds since the epoch; the process is gone by then, or was. @default - it lives on */
  readonly until?: () => number
  /** Whether the message was received before. Then its strand may have been lost, and others wait until that is known. @default false */
  readonly isRedelivered?: boolean
}

/** How far a message is in its process. */
export type State =
  /** Its strand and its lease are looked up. */
  | 'looking'
  /** Waits to hear whether it may begin. */
  | 'asking'
  | 'working'
  /** May not begin, and is being given back. */
  | 'leaving'

interface Question {
  readonly isSuspect: boolean
  readonly patienceMs: number
  readonly answer: (mayBegin: boolean) => void
}

/** Lets a strand that may have killed its process be worked on alone. A process has one. */
export class Isolation {
  readonly #now: () => number
  readonly #present = new Set<Place>()
  readonly #questions = new Map<Place, Question>()
  /** Who is alone, or will be when the others have left. */
  #alone: Place | undefined
  #loneQuestion: (Question & { readonly timer: NodeJS.Timeout }) | undefined
  #openers: (() => void)[] = []
  /** Milliseconds that each who was present all the time had for itself, up to a moment. */
  #shared = { ms: 0, at: 0 }

  /** `now` in milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A message has come. Its place must be left when it is deleted or given back. */
  arrive(options: ArrivalOptions = {}): Place {
    const place = new Place(this, options, this.shared())
    this.#present.add(place)
    return place
  }

  /** Whether somebody is alone, or waits to be: whoever comes now may not begin. */
  get isClosed(): boolean {
    return this.#alone !== undefined
  }

  /** Resolves when nobody is alone or waits to be. */
  async opened(): Promise<void> {
    while (this.isClosed) await new Promise<void>((resolve) => this.#openers.push(resolve))
  }

  /** For `Place`. */
  ask(place: Place, isSuspect: boolean, patienceMs: number): Promise<boolean> {
    return new Promise<boolean>((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const answer = (mayBegin: boolean) => {
        clearTimeout(timer)
        place.state = mayBegin ? 'working' : 'leaving'
        resolve(mayBegin)
      }
      place.state = 'asking'
      this.#questions.set(place, { isSuspect, patienceMs, answer })
      this.#decide()
      if (!this.#questions.has(place)) return
      timer = setTimeout(() => this.#decide(true), LOOKING_MS)
      timer.unref()
    })
  }

  /** For `Place`: time is shared alike among all who are present. */
  shared(): number {
    const now = this.#now()
    const passed = Math.max(0, now - this.#shared.at) / Math.max(1, this.#present.size)
    this.#shared = { ms: this.#shared.ms + passed, at: now }
    return this.#shared.ms
  }

  /** For `Place`. */
  leave(place: Place): void {
    this.shared()
    this.#present.delete(place)
    this.#questions.delete(place)
    if (this.#alone === place) this.#open()
    this.#decide()
  }

  /** Those that were lost before are heard first: who begins beside them could die with them. */
  #decide(isLate = false): void {
    const others = this.#others()
    if (!isLate && others.some(({ state, isRedelivered }) => state === 'looking' && isRedelivered)) return
    const questions = [...this.#questions]
    this.#questions.clear()
    for (const [place, question] of questions) if (question.isSuspect) this.#wantAlone(place, question)
    for (const [, { isSuspect, answer }] of questions) if (!isSuspect) answer(!this.isClosed)
    this.#grantAlone()
  }

  #wantAlone(place: Place, question: Question): void {
    if (this.isClosed) return question.answer(false)
    const timer = setTimeout(() => this.#giveUpAlone(), Math.max(LEAVING_MS, question.patienceMs))
    timer.unref()
    this.#alone = place
    this.#loneQuestion = { ...question, timer }
  }

  /** Whoever wants to be alone is, once the others have left. */
  #grantAlone(): void {
    const question = this.#loneQuestion
    if (!question) return
    const others = this.#others(this.#alone)
    if (others.some(({ state }) => state === 'working') && question.patienceMs === 0)
      return this.#giveUpAlone()
    if (others.length > 0) return
    this.#loneQuestion = undefined
    clearTimeout(question.timer)
    question.answer(true)
  }

  #giveUpAlone(): void {
    const question = this.#loneQuestion
    this.#open()
    question?.answer(false)
  }

  #open(): void {
    clearTimeout(this.#loneQuestion?.timer)
    this.#loneQuestion = undefined
    this.#alone = undefined
    for (const opener of this.#openers.splice(0)) opener()
  }

  #others(than?: Place): Place[] {
    const now = this.#now()
    return [...this.#present].filter((place) => place !== than && place.until() > now)
  }
}

/** A message's place in the process that works on it. */
export class Place {
  readonly isRedelivered: boolean
  /** Milliseconds since the epoch; the process is gone by then. */
  readonly until: () => number
  state: State = 'looking'
  readonly #isolation: Isolation
  readonly #arrivedAt: number

  constructor(
    isolation: Isolation,
    { until = () => Infinity, isRedelivered = false }: ArrivalOptions,
    arrivedAt: number,
  ) {
    this.#isolation = isolation
    this.#arrivedAt = arrivedAt
    this.until = until
    this.isRedelivered = isRedelivered
  }

  /**
   * Whether the strand may begin. One that was lost before waits up to `patienceMs` until those beside it are done, and
   * nobody begins meanwhile. False where it must be given back, to come apart.
   */
  async enter(wasLost: boolean, patienceMs: number): Promise<boolean> {
    return this.#isolation.ask(this, wasLost, patienceMs)
  }

  /** This message's share of the process's time since it came, in milliseconds. */
  elapsed(): number {
    return this.#isolation.shared() - this.#arrivedAt
  }

  /** The message is deleted or given back. */
  leave(): void {
    this.#isolation.leave(this)
  }
}
