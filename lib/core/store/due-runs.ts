/** The index of due runs: whose timers the sweep is to send. A service finds its own, and what earlier versions wrote. */
import { dueShardsOf, keys, oldDueShards, stateTable } from './schema.ts'
import type { Table } from './table.ts'

/** How often `find` looks for what earlier versions wrote, beside what this one does: each time would double its cost. */
const OLD_DUE_EVERY = 10
/** Whoever owns what they wrote has taken it by then; where nobody has, it is this service's from before it had a name. */
const OLD_DUE_GRACE_MS = 2 * 3_600_000

export class DueRuns {
  /** Where a run of this service stands that is due. */
  readonly shards: readonly string[]
  readonly #table: Table
  readonly #oldGraceMs: number
  #looks = 0

  constructor(table: Table, serviceName = '') {
    this.#table = table
    this.shards = dueShardsOf(serviceName)
    this.#oldGraceMs = serviceName === '' ? 0 : OLD_DUE_GRACE_MS
  }

  /** The attributes of a run that is due at a time, for one that is put. */
  placeOf(at: number): { readonly u: number; readonly y: string | undefined } {
    return { u: at, y: this.shards[Math.floor(Math.random() * this.shards.length)] }
  }

  /** Ids of the runs that are due. `now` in milliseconds since the epoch. */
  async find(now: number): Promise<string[]> {
    const own = this.#findIn(this.shards, now)
    if (this.#looks++ % OLD_DUE_EVERY !== 0) return own
    const old = this.#findIn(oldDueShards, now - this.#oldGraceMs)
    return (await Promise.all([own, old])).flat()
  }

  async #findIn(shards: readonly string[], now: number): Promise<string[]> {
    const found = shards.map((shard) =>
      this.#table.query({
        IndexName: stateTable.dueIndex.name,
        KeyConditionExpression: 'y = :shard AND u <= :now',
        ExpressionAttributeValues: { ':shard': shard, ':now': now },
      }),
    )
    return (await Promise.all(found)).flat().map((item) => keys.runIdOf(item['pk'] as string))
  }
}
