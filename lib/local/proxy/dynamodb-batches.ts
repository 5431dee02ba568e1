/**
 * What a batch leaves undone: answers that say so are rare on AWS, and a program that never looks for them loses items. Pure.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html and API_BatchWriteItem.html (November 2026): "A
 * single operation can retrieve up to 16 MB of data, which can contain as many as 100 items. BatchGetItem returns a partial result if
 * the response size limit is exceeded, the table's provisioned throughput is exceeded, ..."; what is left is in UnprocessedKeys, of writes in
 * UnprocessedItems.
 */
import { itemBytes } from '../../core/common/item-size.ts'
import type { Json } from './dynamodb-parts.ts'

const ANSWER_BYTES = 16 * 1024 * 1024

/** How much of a batch DynamoDB takes at a time: the rest comes back unprocessed. */
export interface BatchLimits {
  /** Items of a batch that are done, at least 1; the others are unprocessed. @default - all */
  readonly items?: number
  /** Bytes of the items that a BatchGetItem gives. @default 16777216, AWS's */
  readonly bytes?: number
}

type Requests = Record<string, Json | Json[]>

/** One batch on its way. */
export class Batch {
  /** What the engine gets. */
  readonly kept: Json
  readonly #left: Requests = {}
  readonly #given: Requests
  readonly #bytes: number
  readonly #isRead: boolean

  constructor(operation: string, input: Json, { items = Infinity, bytes = ANSWER_BYTES }: BatchLimits) {
    this.#isRead = operation === 'BatchGetItem'
    this.#given = (input['RequestItems'] ?? {}) as Requests
    this.#bytes = bytes
    let room = items
    const kept: Requests = {}
    for (const [table, requests] of Object.entries(this.#given)) {
      const all = listOf(requests)
      if (room > 0) kept[table] = withList(requests, all.slice(0, room))
      if (all.length > room) this.#left[table] = withList(requests, all.slice(room))
      room = Math.max(0, room - all.length)
    }
    this.kept = { ...input, RequestItems: kept }
  }

  /** The engine's answer with what is left; the same where nothing is. */
  complete(output: Json): Json {
    const responses = this.#isRead ? this.#fitting(output['Responses'] as Record<string, Json[]>) : undefined
    if (Object.keys(this.#left).length === 0) return output
    const field = this.#isRead ? 'UnprocessedKeys' : 'UnprocessedItems'
    const engines = (output[field] ?? {}) as Requests
    return { ...output, ...(responses && { Responses: responses }), [field]: { ...engines, ...this.#left } }
  }

  /** Keeps of what was read what fits; the keys of the rest are left. */
  #fitting(responses: Record<string, Json[]> = {}): Record<string, Json[]> {
    let room = this.#bytes
    const fitting: Record<string, Json[]> = {}
    for (const [table, items] of Object.entries(responses)) {
      const count = items.findIndex((item) => (room -= itemBytes(item)) < 0)
      fitting[table] = count < 0 ? items : items.slice(0, count)
      if (count >= 0) this.#leave(table, items.slice(count))
    }
    return fitting
  }

  #leave(table: string, items: readonly Json[]): void {
    const requests = this.#given[table] ?? []
    const names = Object.keys(listOf(requests)[0] ?? {})
    const keys = items.map((item) => Object.fromEntries(names.map((name) => [name, item[name]])))
    this.#left[table] = withList(requests, [...keys, ...listOf(this.#left[table] ?? [])])
  }
}

/** Keys of a table in a read, requests in a write. */
function listOf(requests: Json | Json[]): Json[] {
  return Array.isArray(requests) ? requests : ((requests['Keys'] ?? []) as Json[])
}

function withList(requests: Json | Json[], list: Json[]): Json | Json[] {
  return Array.isArray(requests) ? list : { ...requests, Keys: list }
}
