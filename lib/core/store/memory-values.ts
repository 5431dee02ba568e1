/** Pages, values and arrivals of runs in memory: as `dynamodb-values.ts` has them in the table. */
import { type Counts, isNothing, NO_COUNTS, plus } from '../common/run-counts.ts'
import { addNewer } from './packs.ts'
import type { Arrivals, MovedEntries, PageEntries, StoredValue } from './run-store.ts'

interface Moved {
  readonly seq: number
  readonly text: string
}

export class MemoryValues {
  readonly #pages = new Map<string, Map<string, Moved>>()
  readonly #packs = new Map<string, { pack: number; entries: MovedEntries }[]>()
  readonly #arrivals = new Map<string, { arrived: Set<number>; failed: Set<number>; cost: Counts }>()
  readonly #values = new Map<string, StoredValue>()

  writePage(runId: string, page: string, entries: PageEntries, seq: number): boolean {
    const id = `${runId} ${page}`
    const there = this.#pages.get(id) ?? new Map<string, Moved>()
    for (const name of entries.keys()) if ((there.get(name)?.seq ?? 0) > seq) return false
    for (const [name, text] of entries) there.set(name, { seq, text })
    this.#pages.set(id, there)
    return true
  }

  readPage(runId: string, page: string): MovedEntries {
    return new Map(this.#pages.get(`${runId} ${page}`))
  }

  /** All pages and packs of a run. */
  readPages(runId: string): MovedEntries {
    const pages = [...this.#pages].filter(([id]) => id.startsWith(`${runId} `))
    const all = new Map(pages.flatMap(([, page]) => [...page]))
    addNewer(all, this.readPacks(runId, 0, Infinity))
    return all
  }

  writePack(runId: string, pack: number, entries: PageEntries, seq: number): void {
    const packs = this.#packs.get(runId) ?? []
    packs.push({ pack, entries: new Map([...entries].map(([name, text]) => [name, { seq, text }])) })
    this.#packs.set(runId, packs)
  }

  readPacks(runId: string, first: number, last: number): MovedEntries {
    const found = new Map<string, Moved>()
    for (const { pack, entries } of this.#packs.get(runId) ?? []) {
      if (pack >= first && pack <= last) addNewer(found, entries)
    }
    return found
  }

  arrive(
    runId: string,
    partition: string,
    members: readonly number[],
    failed: boolean,
    cost?: Counts,
  ): Arrivals {
    const first = members[0] as number
    const id = `${runId} ${partition}`
    const none = { arrived: new Set<number>(), failed: new Set<number>(), cost: NO_COUNTS }
    const there = this.#arrivals.get(id) ?? none
    if (!there.arrived.has(first)) there.cost = plus(there.cost, cost)
    for (const member of members) there.arrived.add(member)
    if (failed) there.failed.add(first)
    this.#arrivals.set(id, there)
    return this.arrivals(runId, partition)
  }

  arrivals(runId: string, partition: string): Arrivals {
    const there = this.#arrivals.get(`${runId} ${partition}`)
    const counts = there && !isNothing(there.cost) ? { cost: there.cost } : {}
    return { arrived: new Set(there?.arrived), failed: there?.failed.size ?? 0, ...counts }
  }

  listValues(runId: string, prefix: string): ReadonlyMap<string, StoredValue> {
    const start = `R ${runId} `
    const found = [...this.#values].filter(
      // A prefix without a partition is of the run's own.
      ([id]) =>
        id.startsWith(start + prefix) && (prefix.includes('|') || !id.slice(start.length).includes('|')),
    )
    return new Map(found.map(([id, value]) => [id.slice(start.length), value]))
  }

  putOnce(runId: string, key: string, value: StoredValue): boolean {
    if (this.#values.has(`R ${runId} ${key}`)) return false
    this.#values.set(`R ${runId} ${key}`, value)
    return true
  }

  putValue(runId: string, key: string, value: StoredValue): void {
    this.#values.set(`R ${runId} ${key}`, value)
  }

  getValue(runId: string, key: string): StoredValue | undefined {
    return this.#values.get(`R ${runId} ${key}`)
  }

  getValues(runId: string, wanted: ReadonlySet<string>): ReadonlyMap<string, StoredValue> {
    const found = new Map<string, StoredValue>()
    for (const key of wanted) {
      const value = this.getValue(runId, key)
      if (value) found.set(key, value)
    }
    return found
  }

  putGraph(blueprintId: string, fingerprint: string, blueprint: StoredValue): void {
    this.#values.set(`G ${blueprintId} ${fingerprint}`, blueprint)
  }

  getGraph(blueprintId: string, fingerprint: string): StoredValue | undefined {
    return this.#values.get(`G ${blueprintId} ${fingerprint}`)
  }
}
