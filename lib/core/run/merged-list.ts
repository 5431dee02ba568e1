/**
 * A list of runs in one order, over its shards: newest first, of one time by shard. So a place in it is a time and a run
 * id, whatever was added or has ended since.
 */
import type { ListEntry, ListFilter, ListPlace, RunList } from '../store/run-list.ts'
import { shardOf, shardsOf } from '../store/run-list.ts'
import type { RunStore } from '../store/run-store.ts'

export interface MergedListOptions {
  readonly store: Pick<RunStore, 'readList'>
  readonly list: RunList
  /** Milliseconds since the epoch, from and to both included. */
  readonly from: number
  readonly to: number
  /** Where to begin. @default - with the newest */
  readonly after?: ListPlace
  readonly where?: ListFilter
  /** Entries that are wanted, most likely. */
  readonly wanted: number
}

interface Shard {
  readonly number: number
  /** What was read and not taken yet; one without an entry is a place that was looked at. */
  places: { readonly place: ListPlace; readonly entry?: ListEntry }[]
  to: number
  after: string | undefined
  limit: number
  hasMore: boolean
}

/** Some shards have more of what comes next than others. */
const SPARE = 4
const LIMIT_AT_MOST = 1_000

export class MergedList {
  readonly #options: MergedListOptions
  readonly #shards: readonly Shard[]
  /** Entries that were asked for. */
  looked = 0
  /** Behind the last one that was taken. */
  place: ListPlace | undefined

  constructor(options: MergedListOptions) {
    this.#options = options
    this.place = options.after
    const count = shardsOf(options.list)
    const limit = Math.min(LIMIT_AT_MOST, Math.ceil(options.wanted / count) + SPARE)
    this.#shards = Array.from({ length: count }, (_, number) => ({
      number,
      places: [],
      ...this.#beginning(number),
      limit,
      hasMore: true,
    }))
  }

  /** Whether some may be left. */
  get hasMore(): boolean {
    return this.#shards.some(({ places, hasMore }) => hasMore || places.length > 0)
  }

  /** Whether the next one needs no request. */
  get isRead(): boolean {
    return this.#shards.every(({ places, hasMore }) => !hasMore || places.length > 0)
  }

  /** The next entry; undefined where none is left, or, of a list that is filtered, where a place was only looked at. */
  async next(): Promise<ListEntry | undefined> {
    await Promise.all(
      this.#shards
        .filter(({ places, hasMore }) => hasMore && places.length === 0)
        .map((shard) => this.#read(shard)),
    )
    let first: Shard | undefined
    for (const shard of this.#shards) {
      const [head] = shard.places
      // Of one time the lower shard comes first, and they come in that order.
      if (head && (!first?.places[0] || head.place.time > first.places[0].place.time)) first = shard
    }
    const taken = first?.places.shift()
    if (!taken) return undefined
    this.place = taken.place
    return taken.entry
  }

  async #read(shard: Shard): Promise<void> {
    const { store, list, from, where } = this.#options
    const { number, to, after, limit } = shard
    if (to < from) {
      shard.hasMore = false
      return
    }
    const { entries, next } = await store.readList({ list, shard: number, from, to, after, limit, where })
    this.looked += limit
    shard.places = entries.map((entry) => ({ place: entry, entry }))
    const last = entries.at(-1)
    if (next && (last?.time !== next.time || last.runId !== next.runId)) shard.places.push({ place: next })
    shard.hasMore = next !== undefined
    if (next) Object.assign(shard, { to: next.time, after: next.runId })
    // Whoever looks for what is rare looks far.
    shard.limit = Math.min(LIMIT_AT_MOST, limit * 2)
  }

  #beginning(number: number): Pick<Shard, 'to' | 'after'> {
    const { list, to, after } = this.#options
    if (!after) return { to, after: undefined }
    const own = shardOf(list, after.runId)
    if (number === own) return { to: after.time, after: after.runId }
    return { to: number < own ? after.time - 1 : after.time, after: undefined }
  }
}
