/**
 * Texts of values that this process wrote or read, so that the next node of a strand does not read what the last one wrote.
 * They never change: a value's name says which attempt wrote it. Only of runs under way, and each for an hour: a run's id is
 * free for another run a day after its end at the earliest, and the values of that one may have the same names.
 */
const DEFAULT_BYTES = 16 * 1024 * 1024
/** One that is larger would push too many others out. */
const LARGEST_PART = 8
/** An entry's own, about. */
const ENTRY_BYTES = 200
const KEPT_MS = 60 * 60 * 1000

export interface ValueCacheOptions {
  /** What it may hold, in bytes. @default 16 MB */
  readonly maxBytes?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

interface Entry {
  readonly text: string
  readonly bytes: number
  readonly until: number
}

export class ValueCache {
  readonly #maxBytes: number
  readonly #now: () => number
  /** The one that was used last comes last. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor({ maxBytes = DEFAULT_BYTES, now = Date.now }: ValueCacheOptions = {}) {
    this.#maxBytes = maxBytes
    this.#now = now
  }

  get(runId: string, key: string): string | undefined {
    const id = idOf(runId, key)
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    this.#remove(id, entry)
    if (entry.until <= this.#now()) return undefined
    this.#add(id, entry)
    return entry.text
  }

  put(runId: string, key: string, text: string): void {
    const id = idOf(runId, key)
    const before = this.#entries.get(id)
    if (before) this.#remove(id, before)
    // Node keeps a character in one byte or two.
    const bytes = ENTRY_BYTES + 2 * (id.length + text.length)
    if (bytes > this.#maxBytes / LARGEST_PART) return
    this.#add(id, { text, bytes, until: this.#now() + KEPT_MS })
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break
      this.#remove(oldest, entry)
    }
  }

  #add(id: string, entry: Entry): void {
    this.#entries.set(id, entry)
    this.#bytes += entry.bytes
  }

  #remove(id: string, { bytes }: Entry): void {
    this.#entries.delete(id)
    this.#bytes -= bytes
  }
}

/** No run's id has a line break. */
function idOf(runId: string, key: string): string {
  return `${runId}\n${key}`
}
