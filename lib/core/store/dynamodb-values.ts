/** What belongs to a run beside its header, and graphs: leases, values, pages, arrivals at shards. Each an item of its own. */
import type { RunState } from '../protocol/run-state.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import { type Counts, countsIn, minus, NO_COUNTS, plus } from '../common/run-counts.ts'
import { addCounts } from './commit-expression.ts'
import { ExpressionBuilder } from './expression.ts'
import { type Item, unpackHeader } from './header.ts'
import { holdLeaseAlone, readLease, releaseLease, renewLease, revokeLease, takeLease } from './leases.ts'
import { addNewer, readPacks, unpackPack, writePack } from './packs.ts'
import { unpackPage, writePage } from './pages.ts'
import { expiry, isAging, type Retention } from './retention.ts'
import type {
  Arrivals,
  Lease,
  LeasedRun,
  LeaseRequest,
  MovedEntries,
  PageEntries,
  ReleaseRequest,
  StoredGraph,
  StoredValue,
} from './run-store.ts'
import { keys } from './schema.ts'
import type { Key, Table } from './table.ts'

export interface DynamoDbValuesOptions {
  readonly table: Table
  readonly retention: Retention
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Of the requests of the table. */
  readonly counter?: CostCounter
}

/** A shard's members and what they cost are less than a kilobyte. */
const OWN = { $w: 1, $d: 1 } as const

export class DynamoDbValues {
  readonly #table: Table
  readonly #retention: Retention
  readonly #now: () => number
  readonly #counter: CostCounter | undefined

  constructor({ table, retention, now, counter }: DynamoDbValuesOptions) {
    this.#table = table
    this.#retention = retention
    this.#now = now
    this.#counter = counter
  }

  lease(request: LeaseRequest): Promise<Lease> {
    return takeLease(this.#table, request, this.#retention)
  }

  renew(request: LeaseRequest): Promise<Lease> {
    return renewLease(this.#table, request)
  }

  holdAlone(request: LeaseRequest): Promise<Lease> {
    return holdLeaseAlone(this.#table, request)
  }

  release(request: ReleaseRequest): Promise<void> {
    return releaseLease(this.#table, request)
  }

  revokeLease(run: LeasedRun, strand: string): Promise<void> {
    return revokeLease(this.#table, run, strand)
  }

  readLease(run: LeasedRun, strand: string): Promise<Lease | undefined> {
    return readLease(this.#table, run, strand)
  }

  writePage(runId: string, page: string, entries: PageEntries, seq: number): Promise<boolean> {
    return writePage(this.#table, runId, page, { entries, seq, now: this.#now(), retention: this.#retention })
  }

  async readPage(runId: string, page: string): Promise<MovedEntries> {
    return unpackPage((await this.#table.get(keys.page(runId, page))) ?? {})
  }

  async readAll(runId: string): Promise<{ run: RunState; pages: MovedEntries } | undefined> {
    const header = keys.run(runId)
    let run: RunState | undefined
    const pages = new Map<string, { text: string; seq: number }>()
    for (const item of await this.#table.queryPrefix(header)) {
      if (item['sk'] === header.sk) run = unpackHeader(runId, item)
      else addNewer(pages, item['m'] === undefined ? unpackPage(item) : unpackPack(item))
    }
    return run && { run, pages }
  }

  writePack(runId: string, pack: number, entries: PageEntries, seq: number): Promise<void> {
    return writePack(this.#table, runId, { pack, entries, seq, now: this.#now(), retention: this.#retention })
  }

  readPacks(runId: string, first: number, last: number): Promise<MovedEntries> {
    return readPacks(this.#table, runId, first, last)
  }

  async arrive(
    runId: string,
    partition: string,
    members: number | readonly number[],
    failed: boolean,
    cost?: Counts,
  ): Promise<Arrivals> {
    const all = [members].flat()
    const first = all[0] as number
    const e = new ExpressionBuilder()
    // Else whoever arrives twice would add what it cost twice. Refused, it costs as much, and tells who is there.
    if (cost) e.when(`NOT contains(${e.path('n')}, ${e.value(first)})`)
    addCounts(e, cost && plus(cost, OWN))
    e.add(e.path('n'), new Set(all))
    if (failed) e.add(e.path('f'), new Set([first]))
    e.set(e.path('expiresAt'), expiry(this.#now(), this.#retention.valueDays))
    const { done, item } = await this.#table.update(keys.arrivals(runId, partition), e.build())
    if (done && cost) this.#counter?.add(minus(NO_COUNTS, OWN))
    return unpackArrivals(item)
  }

  async arrivals(runId: string, partition: string): Promise<Arrivals> {
    return unpackArrivals(await this.#table.get(keys.arrivals(runId, partition)))
  }

  async listValues(runId: string, prefix: string): Promise<ReadonlyMap<string, StoredValue>> {
    const items = await this.#table.queryPrefix(keys.value(runId, prefix))
    const partition = prefix.slice(0, prefix.indexOf('|') + 1)
    return new Map(
      items.map((item) => [partition + (item['sk'] as string).slice('VALUE#'.length), unpackValue(item)]),
    )
  }

  async putOnce(runId: string, key: string, value: StoredValue): Promise<boolean> {
    return (await this.#table.putIfAbsent({ ...this.#valueItem(value), ...keys.value(runId, key) })).done
  }

  async putValue(runId: string, key: string, value: StoredValue): Promise<void> {
    await this.#table.put({ ...this.#valueItem(value), ...keys.value(runId, key) })
  }

  async getValue(runId: string, key: string): Promise<StoredValue | undefined> {
    const item = await this.#table.get(keys.value(runId, key))
    return item && unpackValue(item)
  }

  async getValues(runId: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredValue>> {
    const byPlace = new Map([...wanted].map((key) => [placeOf(keys.value(runId, key)), key]))
    const items = await this.#table.getMany([...wanted].map((key) => keys.value(runId, key)))
    return new Map(
      items.map((item) => [byPlace.get(placeOf(item as unknown as Key)) as string, unpackValue(item)]),
    )
  }

  async putGraph(blueprintId: string, fingerprint: string, { bytes, text }: StoredValue): Promise<void> {
    const { graphDays } = this.#retention
    const expiresAt = graphDays === undefined ? undefined : expiry(this.#now(), graphDays)
    await this.#table.put({ ...keys.graph(blueprintId, fingerprint), z: bytes, v: text, expiresAt })
  }

  async getGraph(blueprintId: string, fingerprint: string): Promise<StoredGraph | undefined> {
    const item = await this.#table.get(keys.graph(blueprintId, fingerprint))
    return item && { ...unpackValue(item), isAging: isAging(this.#retention, item['expiresAt'], this.#now()) }
  }

  #valueItem({ bytes, text }: StoredValue): Item {
    return { z: bytes, v: text, expiresAt: expiry(this.#now(), this.#retention.valueDays) }
  }
}

/** Keys of values hold no line breaks. */
function placeOf({ pk, sk }: Key): string {
  return `${pk}\n${sk}`
}

function unpackArrivals(item: Item | undefined): Arrivals {
  const arrived = (item?.['n'] as Set<number> | undefined) ?? new Set<number>()
  const cost = countsIn(item ?? {})
  return {
    arrived,
    failed: (item?.['f'] as Set<number> | undefined)?.size ?? 0,
    ...(cost ? { cost } : {}),
  }
}

function unpackValue(item: Item): StoredValue {
  return { bytes: item['z'] as Uint8Array | undefined, text: item['v'] as string | undefined }
}
