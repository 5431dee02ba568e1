// So much in a second, as buckets that fill with time. Knows the time only from its caller.

export class Buckets {
  readonly #now: () => number
  readonly #left = new Map<string, { units: number; at: number }>()

  /** @param now - in milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** What a bucket holds, of at most what comes into it in a second. */
  unitsOf(key: string, perSecond: number): number {
    const found = this.#left.get(key)
    if (!found) return perSecond
    return Math.min(perSecond, found.units + (perSecond * (this.#now() - found.at)) / 1_000)
  }

  /** May leave less than nothing: what a request takes is known after it. */
  take(key: string, perSecond: number, units: number): void {
    this.#left.set(key, { units: this.unitsOf(key, perSecond) - units, at: this.#now() })
  }
}
