/**
 * Flowcraft's coordination store on DynamoDB: conditional writes on one item a key. Usable alone; the adapter itself
 * coordinates by its run state and needs none of it.
 */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeleteCommand, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { ICoordinationStore } from 'flowcraft'
import { throwProblems } from '../core/common/errors.ts'
import { PARTITION_KEY_BYTES } from '../core/common/size-limits.ts'
import { show } from '../core/common/thrown.ts'
import { type AskingClient, askingClient } from '../core/store/asking-client.ts'
import { keys } from '../core/store/schema.ts'
import { translateConfig } from '../core/store/table.ts'

/** Options of `DynamoDbCoordinationStore`. */
export interface DynamoDbCoordinationStoreOptions {
  readonly dynamoDbClient: DynamoDBClient
  /** A table with the schema of `stateTable`. */
  readonly tableName: string
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/**
 * Atomic counters and locks with a time to live. A key whose time is over counts as absent at once; DynamoDB deletes
 * its item some time later. Each method throws FlowcraftAwsError INVALID_INPUT for a key that is no text of 1 to 2,000
 * bytes, or a time to live that is no number of seconds from 0.
 *
 * @example
 * const store = new DynamoDbCoordinationStore({ dynamoDbClient: new DynamoDBClient({}), tableName: 'state' })
 * if (await store.setIfNotExist('import', 'worker-7', 60)) await runTheImport()
 */
export class DynamoDbCoordinationStore implements ICoordinationStore {
  readonly #client: AskingClient
  readonly #table: string
  readonly #now: () => number

  constructor(options: DynamoDbCoordinationStoreOptions) {
    this.#client = askingClient(options.dynamoDbClient, options.tableName, translateConfig())
    this.#table = options.tableName
    this.#now = options.now ?? Date.now
  }

  /**
   * Adds one and returns the new value; a key that is absent or over counts from 0. The SDK repeats a request whose
   * answer was lost, so a counter may then be one ahead.
   */
  async increment(key: string, ttlSeconds: number): Promise<number> {
    check('increment', key, ttlSeconds)
    for (;;) {
      const live = await refused(
        this.#client.send(
          new UpdateCommand({
            TableName: this.#table,
            Key: keys.coordination(key),
            UpdateExpression: 'SET u = :until, expiresAt = :ttl ADD n :one',
            ConditionExpression: 'attribute_not_exists(pk) OR u > :now',
            ExpressionAttributeValues: { ...this.#times(ttlSeconds), ':now': this.#now(), ':one': 1 },
            ReturnValues: 'ALL_NEW',
          }),
        ),
      )
      if (live) return Number(live.Attributes?.['n'])
      if (await this.#putIfOver(key, { n: 1 }, ttlSeconds)) return 1
    }
  }

  /** Sets a key unless it is there; false where it is. */
  async setIfNotExist(key: string, value: string, ttlSeconds: number): Promise<boolean> {
    check('setIfNotExist', key, ttlSeconds)
    return this.#putIfOver(key, { v: value }, ttlSeconds)
  }

  /** Moves the end of a key; false where it is absent or over. */
  async extendTTL(key: string, ttlSeconds: number): Promise<boolean> {
    check('extendTTL', key, ttlSeconds)
    const done = await refused(
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: keys.coordination(key),
          UpdateExpression: 'SET u = :until, expiresAt = :ttl',
          ConditionExpression: 'u > :now',
          ExpressionAttributeValues: { ...this.#times(ttlSeconds), ':now': this.#now() },
        }),
      ),
    )
    return done !== undefined
  }

  async delete(key: string): Promise<void> {
    check('delete', key, 0)
    await this.#client.send(new DeleteCommand({ TableName: this.#table, Key: keys.coordination(key) }))
  }

  /** A key's value, a counter's as its digits; undefined where it is absent or over. */
  async get(key: string): Promise<string | undefined> {
    check('get', key, 0)
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: keys.coordination(key), ConsistentRead: true }),
    )
    if (!item || Number(item['u']) <= this.#now()) return undefined
    return item['v'] === undefined ? String(item['n']) : String(item['v'])
  }

  async #putIfOver(
    key: string,
    content: { n: number } | { v: string },
    ttlSeconds: number,
  ): Promise<boolean> {
    const times = this.#times(ttlSeconds)
    const done = await refused(
      this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: { ...keys.coordination(key), ...content, u: times[':until'], expiresAt: times[':ttl'] },
          ConditionExpression: 'attribute_not_exists(pk) OR u <= :now',
          ExpressionAttributeValues: { ':now': this.#now() },
        }),
      ),
    )
    return done !== undefined
  }

  #times(ttlSeconds: number): { ':until': number; ':ttl': number } {
    const until = this.#now() + ttlSeconds * 1000
    return { ':until': until, ':ttl': Math.ceil(until / 1000) }
  }
}

function check(method: string, key: string, ttlSeconds: number): void {
  const problems: string[] = []
  if (typeof key !== 'string' || key === '' || Buffer.byteLength(key) > PARTITION_KEY_BYTES) {
    problems.push(`key must be a text of 1 to ${PARTITION_KEY_BYTES} bytes; got ${show(key)}`)
  }
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds >= 0 && ttlSeconds <= Number.MAX_SAFE_INTEGER)) {
    const got = typeof ttlSeconds === 'number' ? `${ttlSeconds}` : show(ttlSeconds)
    problems.push(`ttlSeconds must be a number of seconds from 0; got ${got}`)
  }
  throwProblems('INVALID_INPUT', `DynamoDbCoordinationStore.${method}`, problems)
}

/** The answer, or undefined where the condition was refused. */
async function refused<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined
    throw error
  }
}
