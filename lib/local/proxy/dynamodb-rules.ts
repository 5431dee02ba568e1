// What DynamoDB refuses and its emulators take, and reads that may be stale. Pure, but for the tables it has seen made.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html

import { itemBytes } from '../../core/common/item-size.ts'
import type { Refusal } from './rules.ts'

type Json = Record<string, unknown>

/** 400 KB, names included. */
const ITEM_BYTES = 400 * 1024
const HASH_KEY_BYTES = 2_048
const RANGE_KEY_BYTES = 1_024
const EXPRESSION_BYTES = 4_096
/** Of an expression attribute's name or value. */
const PLACEHOLDER_BYTES = 255
const LEVELS = 32
const EXPRESSIONS = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
  'UpdateExpression',
]
/** Items or keys of one request. */
const AT_MOST: Readonly<Record<string, number>> = {
  BatchGetItem: 100,
  BatchWriteItem: 25,
  TransactGetItems: 100,
  TransactWriteItems: 100,
}

interface KnownTable {
  readonly hash?: string
  readonly range?: string
  readonly globalIndexes: readonly string[]
}

export interface DynamoDbRulesOptions {
  /** Whether a read that may be stale is refused, which AWS takes. */
  readonly consistentReads: boolean
}

export class DynamoDbRules {
  readonly #consistentReads: boolean
  readonly #tables = new Map<unknown, KnownTable>()

  constructor({ consistentReads }: DynamoDbRulesOptions) {
    this.#consistentReads = consistentReads
  }

  /** Why DynamoDB would refuse a request, or a test should; undefined where neither. */
  refusalOf(operation: string, input: Json): Refusal | undefined {
    if (operation === 'CreateTable') this.#learn(input)
    const parts = partsOf(operation, input)
    const most = AT_MOST[operation]
    if (most !== undefined && parts.length > most)
      return invalid(`${operation} takes ${most} items; got ${parts.length}`)
    if (hasLoneHalf(input)) {
      return { type: 'SerializationException', message: 'a text has half of a character' }
    }
    return first(parts, (part) => this.#refusalOfPart(part)) ?? this.#refusalOfRead(operation, input)
  }

  #refusalOfPart(part: Json): Refusal | undefined {
    const { Item: item, Key: key } = part as { Item?: Json; Key?: Json }
    const bytes = itemBytes(item)
    if (bytes > ITEM_BYTES) return invalid(`Item size has exceeded the maximum allowed size: ${bytes} bytes`)
    if (item && depthOf(item) > LEVELS)
      return invalid(`Nesting Levels have exceeded supported limits: ${LEVELS}`)
    const values = (part['ExpressionAttributeValues'] ?? {}) as Json
    if (depthOf(values) > LEVELS) return invalid(`Nesting Levels have exceeded supported limits: ${LEVELS}`)
    if (itemBytes(values) > ITEM_BYTES + 2_000_000)
      return invalid('the values of an expression may have 2 MB')
    return this.#refusalOfKey(part, key ?? item) ?? refusalOfExpressions(part)
  }

  #refusalOfKey(part: Json, values: Json | undefined): Refusal | undefined {
    const table = this.#tables.get(part['TableName'])
    return first(Object.entries(values ?? {}), ([name, value]) => {
      const isHash = table?.hash === name
      if (!isHash && table?.range !== name && (table || !part['Key'])) return undefined
      const text = (value as { S?: unknown }).S
      if (typeof text !== 'string') return undefined
      const most = table?.range === name ? RANGE_KEY_BYTES : HASH_KEY_BYTES
      const bytes = Buffer.byteLength(text)
      if (bytes >= 1 && bytes <= most) return undefined
      return invalid(
        `One or more parameter values were invalid: key ${name} must have 1 to ${most} bytes; got ${bytes}`,
      )
    })
  }

  /** An index that is no global one can be read consistently, and a global one never. */
  #refusalOfRead(operation: string, input: Json): Refusal | undefined {
    const index = input['IndexName']
    const isGlobal = this.#tables.get(input['TableName'])?.globalIndexes.includes(index as string) ?? false
    if (isGlobal && input['ConsistentRead'] === true) {
      return invalid('Consistent reads are not supported on global secondary indexes')
    }
    if (!this.#consistentReads || index !== undefined) return undefined
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
    const keyOf = (type: string) =>
      ((input['KeySchema'] ?? []) as Record<string, string>[]).find(({ KeyType }) => KeyType === type)?.[
        'AttributeName'
      ]
    const indexes = (input['GlobalSecondaryIndexes'] ?? []) as { IndexName: string }[]
    const hash = keyOf('HASH')
    const range = keyOf('RANGE')
    this.#tables.set(input['TableName'], {
      ...(hash !== undefined && { hash }),
      ...(range !== undefined && { range }),
      globalIndexes: indexes.map(({ IndexName }) => IndexName),
    })
  }
}

/** Workers may go by what was paused a moment ago, and look again where it matters. */
function isPausesKey(key: unknown): boolean {
  const { pk, sk } = (key ?? {}) as Record<string, { S?: string } | undefined>
  return sk?.S === 'PAUSES' && pk?.S?.startsWith('S#') === true
}

/** The single items of a request, each with its table's name. */
function partsOf(operation: string, input: Json): Json[] {
  const { TransactItems, RequestItems } = input as { TransactItems?: Json[]; RequestItems?: Json }
  if (operation.startsWith('Transact')) {
    return (TransactItems ?? []).flatMap((item) => Object.values(item) as Json[])
  }
  if (!operation.startsWith('Batch')) return [input]
  return Object.entries(RequestItems ?? {}).flatMap(([TableName, given]) => {
    if (!Array.isArray(given))
      return ((given as { Keys?: Json[] }).Keys ?? []).map((Key) => ({ TableName, Key }))
    return (given as Json[]).map((request) => ({ TableName, ...(Object.values(request)[0] as Json) }))
  })
}

function refusalOfExpressions(part: Json): Refusal | undefined {
  const tooLong = EXPRESSIONS.find((name) => Buffer.byteLength(String(part[name] ?? '')) > EXPRESSION_BYTES)
  if (tooLong !== undefined) {
    const bytes = Buffer.byteLength(String(part[tooLong]))
    return invalid(
      `Invalid ${tooLong}: Expression size has exceeded the maximum allowed size; expression size: ${bytes}`,
    )
  }
  const placeholders = ['ExpressionAttributeNames', 'ExpressionAttributeValues'].flatMap((field) =>
    Object.keys((part[field] ?? {}) as Json),
  )
  const long = placeholders.find((name) => Buffer.byteLength(name) > PLACEHOLDER_BYTES)
  return long === undefined
    ? undefined
    : invalid(`a placeholder may have ${PLACEHOLDER_BYTES} bytes; got ${long}`)
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

function invalid(message: string): Refusal {
  return { type: 'ValidationException', message }
}

function first<T>(items: readonly T[], look: (item: T) => Refusal | undefined): Refusal | undefined {
  for (const item of items) {
    const found = look(item)
    if (found) return found
  }
  return undefined
}
