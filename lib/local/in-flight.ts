// Work that goes on after whoever asked for it has its answer.

export class InFlight {
  readonly #all = new Set<Promise<unknown>>()

  /** What becomes of it is its own affair. */
  add(work: Promise<unknown>): void {
    const ended = work.catch(() => {})
    this.#all.add(ended)
    void ended.then(() => this.#all.delete(ended))
  }

  /** Waits until there is none, also of what is added meanwhile. */
  async settle(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all)
  }
}
