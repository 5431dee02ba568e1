/**
 * What a table on demand bears in a second, and how that grows. Knows the time only from its caller.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html (November 2026): a new table serves "up to 4,000
 * write operations per second, 12,000 read operations per second", then "up to double the previous peak traffic"; "throttling can
 * occur if you exceed double your previous peak within 30 minutes".
 */
import { type Json, type Kind, kindOf, partsOf } from './dynamodb-parts.ts'
import { Buckets } from './rate.ts'

const WINDOW_MS = 30 * 60_000

/** Units a second that each table bears when it is new. */
export interface TableLimits {
  /** @default 12000 */
  readonly readUnits?: number
  /** @default 4000 */
  readonly writeUnits?: number
}

interface Ramp {
  /** What it bears now. */
  limit: number
  /** The most that it was asked in a second, since `since`. */
  peak: number
  since: number
  /** Of the second that is going on. */
  second: number
  units: number
}

export class TableRamp {
  readonly #start: Readonly<Record<Kind, number>>
  readonly #now: () => number
  readonly #buckets: Buckets
  readonly #ramps = new Map<string, Ramp>()

  constructor({ readUnits = 12_000, writeUnits = 4_000 }: TableLimits, now: () => number) {
    this.#start = { read: readUnits, write: writeUnits }
    this.#now = now
    this.#buckets = new Buckets(now)
  }

  isOver(operation: string, input: Json): boolean {
    const kind = kindOf(operation)
    if (!kind) return false
    return tablesOf(operation, input).some((table) => {
      const key = `${kind} ${table}`
      return this.#buckets.unitsOf(key, this.#rampOf(key, kind).limit) <= 0
    })
  }

  consume(operation: string, input: Json, units: number): void {
    const kind = kindOf(operation)
    const tables = kind ? tablesOf(operation, input) : []
    for (const table of tables) {
      const key = `${kind} ${table}`
      const ramp = this.#rampOf(key, kind as Kind)
      const own = units / tables.length
      this.#buckets.take(key, ramp.limit, own)
      const second = Math.floor(this.#now() / 1_000)
      ramp.units = ramp.second === second ? ramp.units + own : own
      ramp.second = second
      ramp.peak = Math.max(ramp.peak, ramp.units)
    }
  }

  #rampOf(key: string, kind: Kind): Ramp {
    const now = this.#now()
    const found = this.#ramps.get(key) ?? {
      limit: this.#start[kind],
      peak: 0,
      since: now,
      second: 0,
      units: 0,
    }
    this.#ramps.set(key, found)
    if (now - found.since >= WINDOW_MS) {
      found.limit = Math.max(found.limit, 2 * found.peak)
      found.peak = 0
      found.since = now
    }
    return found
  }
}

function tablesOf(operation: string, input: Json): string[] {
  return [...new Set(partsOf(operation, input).map(({ TableName }) => String(TableName)))]
}
