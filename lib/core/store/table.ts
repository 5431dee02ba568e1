/**
 * The state table as the store uses it: single items, one condition each. A refused condition is a result; any other
 * error says which table and what was asked, and passes.
 */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  DynamoDBDocumentClient,
  GetCommand,
  type NativeAttributeValue,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  type TranslateConfig,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import { requestFailed } from '../common/errors.ts'
import type { UpdateExpression } from './expression.ts'
import type { Item } from './header.ts'

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

/**
 * The SDK sends what an object inherits too: a property that some library adds to `Object.prototype` would stand in every
 * header. So it is given objects that inherit nothing, before the document client makes attributes of them and after.
 */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (!isPlain(value)) return value
  const entries = Object.entries(value).map(([name, one]) => [name, bare(one)] as const)
  return Object.assign(Object.create(null) as object, Object.fromEntries(entries))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
}

interface Sent {
  readonly input: object
}

/** On the command, since the client may be used for others, that make no attributes. */
function own<T extends { readonly middlewareStack: unknown }>(command: T): T {
  const stack = command.middlewareStack as {
    addRelativeTo(
      middleware: (next: (sent: Sent) => unknown) => (sent: Sent) => unknown,
      options: object,
    ): void
  }
  stack.addRelativeTo((next) => (sent) => next({ ...sent, input: bare(sent.input) as object }), {
    relation: 'after',
    toMiddleware: 'DocumentMarshall',
    name: 'flowcraftOwnProperties',
    override: true,
  })
  return command
}

/** An item that has its own attributes and inherits none. */
function plain(item: Item | undefined): Item | undefined {
  return item && Object.assign(Object.create(null) as Item, item)
}

export class Table {
  readonly #client: DynamoDBDocumentClient
  readonly #name: string

  constructor(client: DynamoDBClient, name: string) {
    this.#client = DynamoDBDocumentClient.from(client, translateConfig())
    this.#name = name
  }

  /** Consistent. */
  async get(key: Key): Promise<Item | undefined> {
    const command = new GetCommand({ TableName: this.#name, Key: key, ConsistentRead: true })
    return plain((await this.#asked('GetItem', this.#client.send(own(command)))).Item)
  }

  async put(item: Item): Promise<void> {
    await this.#asked(
      'PutItem',
      this.#client.send(own(new PutCommand({ TableName: this.#name, Item: bare(item) as Item }))),
    )
  }

  async putIfAbsent(item: Item & Key): Promise<Written> {
    const command = new PutCommand({
      TableName: this.#name,
      Item: bare(item) as Item,
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    return this.#conditional('PutItem', item, async () => {
      await this.#client.send(own(command))
      return plain(item)
    })
  }

  async update(key: Key, expression: UpdateExpression): Promise<Written> {
    const { ExpressionAttributeValues: values } = expression
    const command = new UpdateCommand({
      TableName: this.#name,
      Key: { pk: key.pk, sk: key.sk },
      ...expression,
      ...(values ? { ExpressionAttributeValues: bare(values) as Item } : {}),
      ReturnValues: 'ALL_NEW',
      ...(expression.ConditionExpression ? { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const } : {}),
    })
    return this.#conditional('UpdateItem', key, async () =>
      plain((await this.#client.send(own(command))).Attributes),
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
      const command = new QueryCommand({ TableName: this.#name, ...input, ExclusiveStartKey: from })
      const answer = await this.#asked('Query', this.#client.send(own(command)))
      items.push(...(answer.Items ?? []).map((item) => plain(item) as Item))
      from = answer.LastEvaluatedKey
    } while (from)
    return items
  }

  /** The item that refused is taken from the error, or read where an emulator leaves it out. */
  async #conditional(what: string, key: Key, write: () => Promise<Item | undefined>): Promise<Written> {
    try {
      return { done: true, item: await write() }
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw requestFailed(this.#what(what), error)
      if (!error.Item || Object.keys(error.Item).length === 0) {
        return { done: false, item: await this.get({ pk: key.pk, sk: key.sk }) }
      }
      // The document client leaves this one item as the wire has it.
      return { done: false, item: plain(unmarshall(error.Item, { wrapNumbers })) }
    }
  }

  async #asked<T>(what: string, request: Promise<T>): Promise<T> {
    try {
      return await request
    } catch (error) {
      throw requestFailed(this.#what(what), error)
    }
  }

  #what(operation: string): string {
    return `DynamoDB ${operation} on table '${this.#name}'`
  }
}

/** Whether a write was refused since the item would pass DynamoDB's 400 KB; SDKs have no error class of its own for it. */
export function isItemTooLarge(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && cause.name === 'ValidationException' && /item size/i.test(cause.message)
}
