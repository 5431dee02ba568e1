/**
 * What a partition of DynamoDB bears in a second, as buckets of units that fill with time. Knows the time only from its caller.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html (November 2026): "every partition
 * in a DynamoDB table is designed to deliver a maximum capacity of 3,000 read units per second and 1,000 write units per second".
 * Stricter than AWS, which saves up unused units of five minutes where it can: here a bucket holds those of one second. A
 * partition is one partition key: that AWS may put several of them together is not played.
 */
import { type Json, type Kind, kindOf, partsOf, queriedKey } from './dynamodb-parts.ts'
import { type TableLimits, TableRamp } from './dynamodb-ramp.ts'
import { Buckets } from './rate.ts'
import type { Refusal } from './rules.ts'

/** Units a second for each partition key. */
export interface PartitionLimits {
  /** @default - no limit */
  readonly readUnits?: number
  /** @default - no limit */
  readonly writeUnits?: number
}

export class PartitionBuckets {
  readonly #limits: Readonly<Record<Kind, number>>
  readonly #ramp: TableRamp | undefined
  readonly #buckets: Buckets
  /** The partition key's attribute, by table. */
  readonly #keys = new Map<unknown, string>()

  /** @param now - in milliseconds */
  constructor(
    { readUnits = Infinity, writeUnits = Infinity }: PartitionLimits,
    tableLimits?: TableLimits,
    now: () => number = Date.now,
  ) {
    this.#limits = { read: readUnits, write: writeUnits }
    this.#ramp = tableLimits && new TableRamp(tableLimits, now)
    this.#buckets = new Buckets(now)
  }

  /** A request waits for nobody: what finds an empty bucket is refused, as on AWS, and the SDK tries again. */
  refusalOf(operation: string, input: Json): Refusal | undefined {
    if (operation === 'CreateTable') this.#learn(input)
    if (this.#ramp?.isOver(operation, input)) {
      return {
        type: 'ThrottlingException',
        message: 'Throughput exceeds the current throughput limit of the table',
      }
    }
    const isFull = this.#bucketsOf(operation, input).every(
      ({ kind, key }) => this.#buckets.unitsOf(key, this.#limits[kind]) > 0,
    )
    if (isFull) return undefined
    return { type: 'ThrottlingException', message: 'Throughput exceeds the current capacity of a partition' }
  }

  /** @param units - of all items of the request together */
  consume(operation: string, input: Json, units: number): void {
    this.#ramp?.consume(operation, input, units)
    const buckets = this.#bucketsOf(operation, input)
    for (const { kind, key } of buckets) this.#buckets.take(key, this.#limits[kind], units / buckets.length)
  }

  #bucketsOf(operation: string, input: Json): { kind: Kind; key: string }[] {
    const kind = kindOf(operation)
    if (!kind || this.#limits[kind] === Infinity) return []
    return partsOf(operation, input).flatMap((part) => {
      const value = operation === 'Query' ? queriedKey(part) : this.#keyOf(part)
      if (value === undefined) return []
      return [{ kind, key: JSON.stringify([kind, part['TableName'], part['IndexName'], value]) }]
    })
  }

  #keyOf(part: Json): unknown {
    const name = this.#keys.get(part['TableName'])
    const attributes = (part['Key'] ?? part['Item'] ?? {}) as Json
    return name === undefined ? undefined : attributes[name]
  }

  #learn({ TableName, KeySchema }: Json): void {
    const hash = ((KeySchema ?? []) as Record<string, string>[]).find(({ KeyType }) => KeyType === 'HASH')
    if (hash) this.#keys.set(TableName, hash['AttributeName'] ?? '')
  }
}
