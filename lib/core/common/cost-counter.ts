/**
 * Counts what one message used for its run, until a commit takes it along. One for each message, passed to what makes
 * requests: an AsyncLocalStorage would find it without, and cost every promise of the process.
 *
 * Each count is in one commit that was made at most: a commit may be made although its answer is lost, so what was sent
 * with one is sent again only with a commit of the same activation, which the first refuses, and dropped where the
 * activation turns out to have ended. So what is counted may be too little, after a lost answer or a lost lease, and is
 * never too much.
 */
import { type Counts, minus, NO_COUNTS, plus } from './run-counts.ts'

/** Options of `CostCounter`. */
export interface CostCounterOptions {
  /** Milliseconds that were spent on the message so far: its part, where others are worked on beside it. */
  readonly elapsed: () => number
  /** Of the function, in MB; undefined where none is paid for by its time. */
  readonly memoryMb?: number
  /** What follows when the message is done. @default - nothing */
  readonly atEnd?: Counts
}

/** Counts what one activation uses, from one commit to the next. */
export class CostCounter {
  readonly #elapsed: () => number
  readonly #memoryMb: number | undefined
  readonly #atEnd: Counts
  /** Counted since the last commit was sent. */
  #pending: Counts = NO_COUNTS
  /** Sent with commits of this activation, none of which was said to be made. */
  #sent: { readonly activation: string; readonly counts: Counts } | undefined
  /** What the commit under way expects to be counted after it. */
  #expected: Counts = NO_COUNTS
  #ms = 0
  #requests = 0
  #requestMs = 0

  constructor({ elapsed, memoryMb, atEnd = NO_COUNTS }: CostCounterOptions) {
    this.#elapsed = elapsed
    this.#atEnd = atEnd
    this.#memoryMb = memoryMb
  }

  /** Counts what was used. */
  add(counts: Counts): void {
    this.#pending = plus(this.#pending, counts)
  }

  /** A request to DynamoDB, how long it took, and its units. */
  request(counts: Counts, ms: number): void {
    this.#requests++
    this.#requestMs += ms
    this.add({ ...counts, $d: 1 })
  }

  /**
   * What a commit of this activation adds to the run. `expected`: what will follow it in this message, so that nothing is
   * missing where no other commit comes; where one does, it corrects that. The commit's own time is expected to be that of
   * the requests before.
   */
  take(activation: string, expected: Counts): Counts {
    this.#addTime()
    const before = this.#sent?.activation === activation ? this.#sent.counts : NO_COUNTS
    this.#sent = { activation, counts: plus(before, this.#pending) }
    this.#pending = NO_COUNTS
    const own = this.#requests === 0 ? 0 : Math.round(this.#requestMs / this.#requests)
    this.#expected = plus(expected, this.#atEnd, this.#timed(own))
    return plus(this.#sent.counts, this.#expected)
  }

  /** What no commit has taken along, but for time. */
  get uncommitted(): Counts {
    return plus(this.#sent?.counts, this.#pending)
  }

  /** The commit was made: what it expected, it has. */
  committed(): void {
    this.#sent = undefined
    this.add(minus(NO_COUNTS, this.#expected))
    this.#expected = NO_COUNTS
  }

  #addTime(): void {
    const ms = Math.max(0, Math.round(this.#elapsed() - this.#ms))
    this.#ms += ms
    this.add(this.#timed(ms))
  }

  #timed(ms: number): Counts {
    return { $m: ms, ...(this.#memoryMb === undefined ? {} : { $b: ms * this.#memoryMb }) }
  }
}
