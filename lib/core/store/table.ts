/**
 * The state table as the store uses it: single items, one condition each. A refused condition is a result; any other
 * error says which table and what was asked, and passes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  type NativeAttributeValue,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  type TranslateConfig,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import pMap from 'p-map'
import type { CostCounter } from '../common/cost-counter.ts'
import { requestFailed } from '../common/errors.ts'
import { itemBytes, writeUnitsOf } from '../common/item-size.ts'
import type { UpdateExpression } from './expression.ts'
import type { Item } from './header.ts'
import { bare, own, plain } from './own-attributes.ts'

export interface Key {
  readonly pk: string
  readonly sk: string
}

/** What a conditional write came to; `item` is the item afterwards, undefined where there is none. */
export interface Written {
  readonly done: boolean
  readonly item: Item | undefined
}

/** Numbers beyond 2^53 stay exact, as bigint. */
const wrapNumbers = (value: string): number | bigint =>
  Number.isSafeInteger(Number(value)) || value.includes('.') ? Number(value) : BigInt(value)

/** Made anew for each client, which sets more options in the objects that it is given. */
export function translateConfig(): TranslateConfig {
  return {
    marshallOptions: { removeUndefinedValues: true },
    unmarshallOptions: { wrapNumbers },
  }
}

/** Items of one request of many, and the key behind which there are more. */
export interface Page {
  readonly items: readonly Item[]
  readonly next: Item | undefined
}

/** DynamoDB's limit (Service Quotas, "BatchGetItem"). */
const BATCH_AT_MOST = 100
const BATCHES_AT_A_TIME = 4
/** Between requests for what DynamoDB left out of its answers since it was throttled. */
const LEFT_OUT_PAUSE_MS = 100
const LEFT_OUT_AT_MOST = 20

/** What an answer may tell of its units: of several tables, a list. */
interface Counted {
  readonly ConsumedCapacity?: { CapacityUnits?: number } | { CapacityUnits?: number }[]
}

/** Reads and writes have units of their own. */
type UnitsName = '$r' | '$w'

export class Table {
  readonly #client: DynamoDBDocumentClient
  readonly name: string
  readonly #counter: CostCounter | undefined

  constructor(client: DynamoDBClient, name: string)
  /** For `countedBy`. */
  constructor(client: DynamoDBDocumentClient, name: string, counter: CostCounter)
  constructor(client: DynamoDBClient | DynamoDBDocumentClient, name: string, counter?: CostCounter) {
    this.#client =
      client instanceof DynamoDBDocumentClient
        ? client
        : DynamoDBDocumentClient.from(client, translateConfig())
    this.name = name
    this.#counter = counter
  }

  /** The same table, whose requests are counted. */
  countedBy(counter: CostCounter): Table {
    return new Table(this.#client, this.name, counter)
  }

  /** One that is not consistent may be a moment old, at half the price. */
  async get(key: Key, consistent = true): Promise<Item | undefined> {
    const command = new GetCommand({ ...this.#base, Key: key, ConsistentRead: consistent })
    return plain((await this.#asked('GetItem', '$r', () => this.#client.send(own(command)))).Item)
  }

  async put(item: Item): Promise<void> {
    const command = new PutCommand({ ...this.#base, Item: bare(item) as Item })
    await this.#asked('PutItem', '$w', () => this.#client.send(own(command)))
  }

  async putIfAbsent(item: Item & Key): Promise<Written> {
    return this.replace(item, { ConditionExpression: 'attribute_not_exists(pk)' })
  }

  /** Puts the item in place of the one that is there, on the expression's condition. */
  async replace(item: Item & Key, condition: Omit<UpdateExpression, 'UpdateExpression'>): Promise<Written> {
    const command = new PutCommand({
      ...this.#base,
      Item: bare(item) as Item,
      ...condition,
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    return this.#conditional('PutItem', item, async () => {
      await this.#counted('$w', () => this.#client.send(own(command)))
      return plain(item)
    })
  }

  async update(key: Key, expression: UpdateExpression): Promise<Written> {
    const { ExpressionAttributeValues: values } = expression
    const command = new UpdateCommand({
      ...this.#base,
      Key: { pk: key.pk, sk: key.sk },
      ...expression,
      ...(values ? { ExpressionAttributeValues: bare(values) as Item } : {}),
      ReturnValues: 'ALL_NEW',
      ...(expression.ConditionExpression ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const } : {}),
    })
    return this.#conditional('UpdateItem', key, async () =>
      plain((await this.#counted('$w', () => this.#client.send(own(command)))).Attributes),
    )
  }

  /** All items of a partition whose sort keys begin with `sk`, consistent. */
  async queryPrefix({ pk, sk }: Key): Promise<Item[]> {
    return this.query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
      ExpressionAttributeValues: { ':pk': pk, ':sk': sk },
      ConsistentRead: true,
    })
  }

  async query(input: Omit<QueryCommandInput, 'TableName'>): Promise<Item[]> {
    const items: Item[] = []
    let from: Record<string, NativeAttributeValue> | undefined
    do {
      const command = new QueryCommand({ ...this.#base, ...input, ExclusiveStartKey: from })
      const answer = await this.#asked('Query', '$r', () => this.#client.send(own(command)))
      items.push(...(answer.Items ?? []).map((item) => plain(item) as Item))
      from = answer.LastEvaluatedKey
    } while (from)
    return items
  }

  /** One request's part of a query. */
  async queryPage(input: Omit<QueryCommandInput, 'TableName'>): Promise<Page> {
    const command = new QueryCommand({ ...this.#base, ...input })
    const { Items = [], LastEvaluatedKey } = await this.#asked('Query', '$r', () =>
      this.#client.send(own(command)),
    )
    return { items: Items.map((item) => plain(item) as Item), next: LastEvaluatedKey }
  }

  /** One request's part of the whole table, consistent. */
  async scanPage(input: Omit<ScanCommandInput, 'TableName'>): Promise<Page & { readonly looked: number }> {
    const command = new ScanCommand({ ...this.#base, ConsistentRead: true, ...input })
    const answer = await this.#asked('Scan', '$r', () => this.#client.send(own(command)))
    const items = (answer.Items ?? []).map((item) => plain(item) as Item)
    return { items, next: answer.LastEvaluatedKey, looked: answer.ScannedCount ?? items.length }
  }

  /** Consistent; in no order, without those that are not there. */
  async getMany(wanted: readonly Key[]): Promise<Item[]> {
    const batches = Array.from({ length: Math.ceil(wanted.length / BATCH_AT_MOST) }, (_, at) =>
      wanted.slice(at * BATCH_AT_MOST, (at + 1) * BATCH_AT_MOST),
    )
    const get = (batch: readonly Key[]) => this.#getBatch(batch)
    return (await pMap(batches, get, { concurrency: BATCHES_AT_A_TIME })).flat()
  }

  async #getBatch(wanted: readonly Key[]): Promise<Item[]> {
    const items: Item[] = []
    let keys: Record<string, NativeAttributeValue>[] = wanted.map(({ pk, sk }) => ({ pk, sk }))
    for (let asked = 0; keys.length > 0; asked++) {
      if (asked > LEFT_OUT_AT_MOST) {
        throw requestFailed(this.#what('BatchGetItem'), new Error(`it left out ${keys.length} items`))
      }
      if (asked > 0) await sleep(LEFT_OUT_PAUSE_MS)
      const RequestItems = { [this.name]: { Keys: keys, ConsistentRead: true } }
      const { ReturnConsumedCapacity } = this.#base
      const command = new BatchGetCommand({ RequestItems, ReturnConsumedCapacity })
      const answer = await this.#asked('BatchGetItem', '$r', () => this.#client.send(own(command)))
      items.push(...(answer.Responses?.[this.name] ?? []).map((item) => plain(item) as Item))
      keys = answer.UnprocessedKeys?.[this.name]?.Keys ?? []
    }
    return items
  }

  /** The item that refused is taken from the error, or read where an emulator leaves it out. */
  async #conditional(what: string, key: Key, write: () => Promise<Item | undefined>): Promise<Written> {
    try {
      return { done: true, item: await write() }
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw requestFailed(this.#what(what), error)
      // It is charged for all the same, by the item that refused it, and its answer tells no units.
      this.#counter?.add({ $w: writeUnitsOf(itemBytes(error.Item)) })
      if (!error.Item || Object.keys(error.Item).length === 0) {
        return { done: false, item: await this.get({ pk: key.pk, sk: key.sk }) }
      }
      // The document client leaves this one item as the wire has it.
      return { done: false, item: plain(unmarshall(error.Item, { wrapNumbers })) }
    }
  }

  async #asked<T extends Counted>(what: string, units: UnitsName, request: () => Promise<T>): Promise<T> {
    try {
      return await this.#counted(units, request)
    } catch (error) {
      throw requestFailed(this.#what(what), error)
    }
  }

  /** The units are asked for where somebody counts: the answer has them for nothing. */
  async #counted<T extends Counted>(units: UnitsName, request: () => Promise<T>): Promise<T> {
    const counter = this.#counter
    if (!counter) return request()
    const startedAt = performance.now()
    const consumed: { CapacityUnits?: number }[] = []
    try {
      const answer = await request()
      consumed.push(...[answer.ConsumedCapacity ?? []].flat())
      return answer
    } finally {
      const sum = consumed.reduce((total, { CapacityUnits = 0 }) => total + CapacityUnits, 0)
      counter.request({ [units]: sum }, performance.now() - startedAt)
    }
  }

  get #base() {
    return {
      TableName: this.name,
      ...(this.#counter ? { ReturnConsumedCapacity: 'TOTAL' as const } : {}),
    }
  }

  #what(operation: string): string {
    return `DynamoDB ${operation} on table '${this.name}'`
  }
}

/** Whether a write was refused since the item would pass DynamoDB's 400 KB; SDKs have no error class of its own for it. */
export function isItemTooLarge(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && cause.name === 'ValidationException' && /item size/i.test(cause.message)
}
