/**
 * What DynamoDB refuses and its emulators take, and reads that may be stale. Pure, but for the tables it has seen made.
 * Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (November 2026)
 */

import { itemBytes } from '../../core/common/item-size.ts'
import { refusalOfExpressions } from './dynamodb-expressions.ts'
import { first, invalid, type Json, partsOf } from './dynamodb-parts.ts'
import { refusalOfValues } from './dynamodb-values.ts'
import type { Refusal } from './rules.ts'

/** "The maximum item size in DynamoDB is 400 KB", names included. */
const ITEM_BYTES = 400 * 1024
/** "The minimum length of a partition key value is 1 byte. The maximum length is 2048 bytes", "1024 bytes" of a sort key. */
const HASH_KEY_BYTES = 2_048
const RANGE_KEY_BYTES = 1_024
/** "DynamoDB supports nested attributes up to 32 levels deep." */
const LEVELS = 32
/** "The maximum length of all substitution variables in an expression is 2 MB", which is lenient here by an item. */
const VALUES_BYTES = ITEM_BYTES + 2_000_000
/** Items or keys of one request: API_BatchGetItem, API_BatchWriteItem, API_TransactGetItems, API_TransactWriteItems. */
const AT_MOST: Readonly<Record<string, number>> = {
  BatchGetItem: 100,
  BatchWriteItem: 25,
  TransactGetItems: 100,
  TransactWriteItems: 100,
}

interface KeyRule {
  readonly most: number
  /** Undefined: of the table itself. */
  readonly index?: string
}

interface KnownTable {
  /** By attribute: what keys of the table and of its indexes may be. */
  readonly keys: ReadonlyMap<string, readonly KeyRule[]>
  readonly globalIndexes: readonly string[]
}

export interface DynamoDbRulesOptions {
  /** Whether a read that may be stale is refused, which AWS takes. */
  readonly consistentReads: boolean
  /** Whether what DynamoDB refuses is refused. @default true */
  readonly strict?: boolean
}

export class DynamoDbRules {
  readonly #consistentReads: boolean
  readonly #strict: boolean
  readonly #tables = new Map<unknown, KnownTable>()

  constructor({ consistentReads, strict = true }: DynamoDbRulesOptions) {
    this.#strict = strict
    this.#consistentReads = consistentReads
  }

  /** Why DynamoDB would refuse a request, or a test should; undefined where neither. */
  refusalOf(operation: string, input: Json): Refusal | undefined {
    if (operation === 'CreateTable') this.#learn(input)
    return (
      (this.#strict ? this.#refusalByAws(operation, input) : undefined) ??
      this.#refusalOfRead(operation, input)
    )
  }

  #refusalByAws(operation: string, input: Json): Refusal | undefined {
    const parts = partsOf(operation, input)
    const most = AT_MOST[operation]
    if (most !== undefined && parts.length > most)
      return invalid(`${operation} takes ${most} items; got ${parts.length}`)
    if (hasLoneHalf(input)) {
      return { type: 'SerializationException', message: 'a text has half of a character' }
    }
    return first(parts, (part) => this.#refusalOfPart(part)) ?? this.#refusalOfIndexRead(input)
  }

  #refusalOfPart(part: Json): Refusal | undefined {
    const { Item: item, Key: key } = part as { Item?: Json; Key?: Json }
    const bytes = itemBytes(item)
    if (bytes > ITEM_BYTES) return invalid(`Item size has exceeded the maximum allowed size: ${bytes} bytes`)
    const values = (part['ExpressionAttributeValues'] ?? {}) as Json
    if (itemBytes(values) > VALUES_BYTES) return invalid('the values of an expression may have 2 MB')
    const given = [item ?? {}, key ?? {}, values]
    if (given.some((each) => depthOf(each) > LEVELS))
      return invalid(`Nesting Levels have exceeded supported limits: ${LEVELS}`)
    return (
      first(given, refusalOfValues) ?? this.#refusalOfKeys(part, key ?? item) ?? refusalOfExpressions(part)
    )
  }

  #refusalOfKeys(part: Json, values: Json | undefined): Refusal | undefined {
    const table = this.#tables.get(part['TableName'])
    return first(Object.entries(values ?? {}), ([name, value]) => {
      const rules = table ? (table.keys.get(name) ?? []) : part['Key'] ? [{ most: HASH_KEY_BYTES }] : []
      return first(rules, (rule) => refusalOfKey(name, value as Json, rule))
    })
  }

  /** An index that is no global one can be read consistently, and a global one never. */
  #refusalOfIndexRead(input: Json): Refusal | undefined {
    const index = input['IndexName']
    const isGlobal = this.#tables.get(input['TableName'])?.globalIndexes.includes(index as string) ?? false
    if (!isGlobal || input['ConsistentRead'] !== true) return undefined
    return invalid('Consistent reads are not supported on global secondary indexes')
  }

  #refusalOfRead(operation: string, input: Json): Refusal | undefined {
    if (!this.#consistentReads || input['IndexName'] !== undefined) return undefined
    const reads =
      operation === 'BatchGetItem'
        ? Object.values((input['RequestItems'] ?? {}) as Json)
        : ['GetItem', 'Query', 'Scan'].includes(operation)
          ? [input]
          : []
    if (reads.every((read) => (read as Json)['ConsistentRead'] === true)) return undefined
    if (operation === 'GetItem' && isPausesKey(input['Key'])) return undefined
    return invalid(`${operation} without ConsistentRead may give what is stale, and consistentReads is set`)
  }

  #learn(input: Json): void {
    const keys = new Map<string, KeyRule[]>()
    const add = (schema: unknown, index?: string) => {
      for (const { AttributeName = '', KeyType } of (schema ?? []) as Record<string, string>[]) {
        const most = KeyType === 'RANGE' ? RANGE_KEY_BYTES : HASH_KEY_BYTES
        keys.set(AttributeName, [
          ...(keys.get(AttributeName) ?? []),
          { most, ...(index !== undefined && { index }) },
        ])
      }
    }
    const indexesOf = (field: string) => (input[field] ?? []) as { IndexName: string; KeySchema?: unknown }[]
    const globals = indexesOf('GlobalSecondaryIndexes')
    add(input['KeySchema'])
    for (const { IndexName, KeySchema } of [...globals, ...indexesOf('LocalSecondaryIndexes')])
      add(KeySchema, IndexName)
    this.#tables.set(input['TableName'], { keys, globalIndexes: globals.map(({ IndexName }) => IndexName) })
  }
}

/** Texts and bytes; numbers are short. */
function refusalOfKey(name: string, value: Json, { most, index }: KeyRule): Refusal | undefined {
  const { S, B } = value
  const [text, encoding] = typeof S === 'string' ? ([S, 'utf8'] as const) : ([B, 'base64'] as const)
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.byteLength(text, encoding)
  if (bytes >= 1 && bytes <= most) return undefined
  const of = index === undefined ? '' : ` of index ${index}`
  return invalid(
    `One or more parameter values were invalid: key ${name}${of} must have 1 to ${most} bytes; got ${bytes}`,
  )
}

/** Workers may go by what was paused a moment ago, and look again where it matters. */
function isPausesKey(key: unknown): boolean {
  const { pk, sk } = (key ?? {}) as Record<string, { S?: string } | undefined>
  return sk?.S === 'PAUSES' && pk?.S?.startsWith('S#') === true
}

/** Levels of maps and lists in an item's attributes, in DynamoDB's JSON form. */
function depthOf(attributes: Json): number {
  const levels = Object.values(attributes).map((attribute) => {
    const { M, L } = attribute as { M?: Json; L?: unknown[] }
    if (M) return 1 + depthOf(M)
    return L ? 1 + depthOf({ ...L }) : 0
  })
  return Math.max(0, ...levels)
}

/** A text that is no UTF-8: the half of a character beyond U+FFFF. */
function hasLoneHalf(value: unknown): boolean {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, inner]) => hasLoneHalf(name) || hasLoneHalf(inner))
}
