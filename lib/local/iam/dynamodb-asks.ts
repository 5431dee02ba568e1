/**
 * What requests to DynamoDB ask for, as IAM names it.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html and, for what conditions see,
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html (November 2026)
 */
import { partsOf, queriedKey } from '../proxy/dynamodb-parts.ts'
import { keyAsks, type Place } from './asks.ts'
import type { Context } from './patterns.ts'
import type { Ask } from './policy.ts'

type Json = Record<string, unknown>

/** What an item of a transaction asks for, by its field; a read in a transaction is a GetItem. */
const IN_TRANSACTION: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
}
const READS = /^(Get|BatchGet|Query|Scan|ConditionCheck|Describe)/
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html */
const KEY_READS = ['Decrypt', 'DescribeKey']
const KEY_WRITES = [
  ...KEY_READS,
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
]

export class DynamoDbAsks {
  readonly #place: Place
  /** The attribute of the partition key, by table. */
  readonly #keys = new Map<unknown, string>()

  constructor(place: Place) {
    this.#place = place
  }

  /** Learns the keys of tables from how they are made. */
  learn({ TableName, KeySchema }: Json): void {
    const hash = ((KeySchema ?? []) as Record<string, string>[]).find(({ KeyType }) => KeyType === 'HASH')
    if (hash) this.#keys.set(TableName, hash['AttributeName'] ?? '')
  }

  of(operation: string, input: Json): Ask[] {
    const { TransactItems } = input as { TransactItems?: Json[] }
    if (TransactItems) {
      const items = TransactItems.flatMap((item) => Object.entries(item))
      return items.flatMap(([field, part]) => this.#asks(IN_TRANSACTION[field] ?? operation, [part as Json]))
    }
    // A batch is one request for each table, with the keys of all of its items.
    return [...byTable(partsOf(operation, input)).values()].flatMap((parts) => this.#asks(operation, parts))
  }

  #asks(operation: string, parts: readonly Json[]): Ask[] {
    const [{ TableName: name, IndexName: index } = {} as Json] = parts
    const { region, accountId } = this.#place
    const table = String(name).startsWith('arn:')
      ? String(name)
      : `arn:aws:dynamodb:${region}:${accountId}:table/${String(name ?? '*')}`
    const leading = parts.flatMap((part) => this.#leadingKeyOf(operation, part) ?? [])
    const context: Context = leading.length > 0 ? { 'dynamodb:leadingkeys': leading } : {}
    const resource = index === undefined ? table : `${table}/index/${String(index)}`
    const needed = READS.test(operation) ? KEY_READS : KEY_WRITES
    const kms = keyAsks(this.#place.keyOfKms(table), needed, `dynamodb.${region}.amazonaws.com`)
    return [{ action: `dynamodb:${operation}`, resource, context }, ...kms]
  }

  /** "dynamodb:LeadingKeys: the partition key", of the table, or of the index that is queried. */
  #leadingKeyOf(operation: string, part: Json): string | undefined {
    const attribute = this.#keys.get(part['TableName']) ?? ''
    const given = (part['Key'] ?? part['Item'] ?? {}) as Json
    const value = operation === 'Query' ? queriedKey(part) : given[attribute]
    const [text] = Object.values((value ?? {}) as Record<string, string>)
    return text
  }
}

function byTable(parts: readonly Json[]): Map<unknown, Json[]> {
  const groups = new Map<unknown, Json[]>()
  for (const part of parts) {
    const name = part['TableName']
    groups.set(name, [...(groups.get(name) ?? []), part])
  }
  return groups
}
