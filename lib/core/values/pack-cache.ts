/**
 * What a process has read of a run's packs, or put into them, so that it reads each once. Packs never change and are counted
 * by the commits that move values out, so whoever has those up to a number lacks only the ones behind it. Bounded and short-lived as the other values
 * that a process keeps (`value-cache.ts`).
 */
import type { RunState } from '../protocol/run-state.ts'
import { addNewer } from '../store/packs.ts'
import type { MovedEntries, PageEntries, RunStore } from '../store/run-store.ts'

const DEFAULT_BYTES = 16 * 1024 * 1024
/** An entry's own, about. */
const ENTRY_BYTES = 150
const KEPT_MS = 60 * 60 * 1000

interface Known {
  /** All packs up to this number are in `entries`. */
  readonly upTo: number
  readonly entries: MovedEntries
  readonly bytes: number
  readonly until: number
}

export class PackCache {
  readonly #maxBytes: number
  readonly #now: () => number
  /** The run that was used last comes last. */
  readonly #runs = new Map<string, Known>()
  #bytes = 0

  constructor({ maxBytes = DEFAULT_BYTES, now = Date.now }: { maxBytes?: number; now?: () => number } = {}) {
    this.#maxBytes = maxBytes
    this.#now = now
  }

  /** What the packs have that a state of a run counts. It may be newer than that state, as all that is read. */
  async read(
    store: Pick<RunStore, 'readPacks'>,
    { runId, packs = 0 }: Pick<RunState, 'runId' | 'packs'>,
  ): Promise<MovedEntries> {
    const known = this.#known(runId)
    if (known && known.upTo >= packs) return known.entries
    const more = await store.readPacks(runId, (known?.upTo ?? 0) + 1, packs)
    return this.#with(runId, known, packs, more)
  }

  /** A commit of this process moved these out, as this pack. */
  add(runId: string, pack: number, texts: PageEntries, seq: number): void {
    const known = this.#known(runId)
    // Others have moved some out that were not read here.
    if ((known?.upTo ?? 0) !== pack - 1) return
    this.#with(runId, known, pack, new Map([...texts].map(([name, text]) => [name, { text, seq }])))
  }

  #known(runId: string): Known | undefined {
    const known = this.#runs.get(runId)
    return known && known.until > this.#now() ? known : undefined
  }

  /** A map of its own: who reads one goes on with what it was. */
  #with(runId: string, known: Known | undefined, upTo: number, more: MovedEntries): MovedEntries {
    const entries = new Map(known?.entries)
    addNewer(entries, more)
    const there = this.#runs.get(runId)
    if (there && there.upTo > upTo && there.until > this.#now()) return entries
    let bytes = known?.bytes ?? 0
    for (const [name, { text }] of more) bytes += ENTRY_BYTES + 2 * (name.length + text.length)
    this.#remove(runId)
    this.#runs.set(runId, { upTo, entries, bytes, until: known?.until ?? this.#now() + KEPT_MS })
    this.#bytes += bytes
    for (const oldest of this.#runs.keys()) {
      // The one that is worked on stays, however much that is.
      if (this.#bytes <= this.#maxBytes || oldest === runId) break
      this.#remove(oldest)
    }
    return entries
  }

  #remove(runId: string): void {
    this.#bytes -= this.#runs.get(runId)?.bytes ?? 0
    this.#runs.delete(runId)
  }
}
