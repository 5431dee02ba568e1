/**
 * A flowcraft context on DynamoDB that is usable alone: one item holds its keys, so that a patch is one write, and
 * values too large for it are items of their own. The adapter's runs keep their context in their own way.
 */
import { randomUUID } from 'node:crypto'
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { type IAsyncContext, type ISerializer, JsonSerializer, type PatchOperation } from 'flowcraft'
import { formatInlineValue, parseInlineValue } from '../core/protocol/inline-value.ts'
import { type AskingClient, askingClient } from '../core/store/asking-client.ts'
import { ExpressionBuilder } from '../core/store/expression.ts'
import type { StoredValue } from '../core/store/run-store.ts'
import { keys } from '../core/store/schema.ts'
import { translateConfig } from '../core/store/table.ts'
import { type BlobStore, ValueStore } from '../core/values/value-store.ts'

/** Options of `DynamoDbContext`. */
export interface DynamoDbContextOptions {
  readonly dynamoDbClient: DynamoDBClient
  /** A table with the schema of `stateTable`. */
  readonly tableName: string
  /** Names the context; two of the same id share their keys. */
  readonly contextId: string
  /** @default new JsonSerializer() */
  readonly serializer?: ISerializer
  /** Where values over 400 KB go. @default - several items */
  readonly blobs?: BlobStore
}

/** Values up to this many bytes live in the context's own item, which may have 400 KB. */
const INLINE_BYTES = 1_024
/** Larger patches read the item and replace it, since an update expression may have 4 KB. */
const PATCH_IN_PLACE = 60

/**
 * A context of its own, shared by whoever knows its id.
 *
 * @example
 * const settings = new DynamoDbContext({ dynamoDbClient, tableName: 'state', contextId: 'settings' })
 * await settings.patch([{ op: 'set', key: 'region', value: 'eu-central-1' }, { op: 'delete', key: 'draft' }])
 */
export class DynamoDbContext implements IAsyncContext<Record<string, unknown>> {
  readonly type = 'async'
  readonly #client: AskingClient
  readonly #table: string
  readonly #id: string
  readonly #values: ValueStore

  constructor(options: DynamoDbContextOptions) {
    this.#client = askingClient(options.dynamoDbClient, options.tableName, translateConfig())
    this.#table = options.tableName
    this.#id = options.contextId
    const store = {
      putValue: (_: string, key: string, value: StoredValue) => this.#putValue(key, value),
      getValue: (_: string, key: string) => this.#getValue(key),
    }
    this.#values = new ValueStore({
      store,
      blobs: options.blobs,
      serializer: options.serializer ?? new JsonSerializer(),
    })
  }

  /** The value of a key; undefined where there is none. */
  async get(key: string): Promise<unknown> {
    const text = (await this.#read()).get(key)
    return text === undefined ? undefined : this.#decode(text)
  }

  /** Whether the key has a value. */
  async has(key: string): Promise<boolean> {
    return (await this.#read()).has(key)
  }

  /** Sets a key. The value must be one that the serializer carries. */
  async set(key: string, value: unknown): Promise<void> {
    await this.patch([{ op: 'set', key, value }])
  }

  /** Deletes a key. @returns whether it had a value */
  async delete(key: string): Promise<boolean> {
    const had = await this.has(key)
    if (had) await this.patch([{ op: 'delete', key }])
    return had
  }

  /** All keys with their values. */
  async toJSON(): Promise<Record<string, unknown>> {
    const entries = [...(await this.#read())].map(
      async ([key, text]) => [key, await this.#decode(text)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  /** All operations of one call take effect together or not at all. */
  async patch(operations: PatchOperation[]): Promise<void> {
    const changes = new Map<string, string | undefined>()
    for (const operation of operations) {
      changes.set(operation.key, operation.op === 'set' ? await this.#encode(operation) : undefined)
    }
    if (changes.size === 0) return
    if (changes.size <= PATCH_IN_PLACE) await this.#update(changes)
    else await this.#replace(changes)
  }

  async #update(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    const e = new ExpressionBuilder()
    e.add(e.path('q'), 1)
    for (const [key, text] of changes) {
      if (text === undefined) e.remove(e.path(`=${key}`))
      else e.set(e.path(`=${key}`), text)
    }
    await this.#client.send(
      new UpdateCommand({ TableName: this.#table, Key: keys.context(this.#id), ...e.build() }),
    )
  }

  async #replace(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    for (;;) {
      const item = await this.#item()
      const seen = item?.['q']
      const next: Record<string, unknown> = { ...item, ...keys.context(this.#id), q: Number(seen ?? 0) + 1 }
      for (const [key, text] of changes) next[`=${key}`] = text
      const unchanged = seen === undefined ? 'attribute_not_exists(pk)' : 'q = :seen'
      const put = new PutCommand({
        TableName: this.#table,
        Item: next,
        ConditionExpression: unchanged,
        ...(seen === undefined ? {} : { ExpressionAttributeValues: { ':seen': seen } }),
      })
      try {
        await this.#client.send(put)
        return
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error
      }
    }
  }

  async #encode({ key, value }: { key: string; value?: unknown }): Promise<string> {
    if (value === undefined) return formatInlineValue({ writer: '', kind: 'u', body: '' })
    const text = this.#values.encode(value, `context key '${key}'`)
    if (Buffer.byteLength(text) <= INLINE_BYTES)
      return formatInlineValue({ writer: '', kind: '=', body: text })
    const id = randomUUID()
    return formatInlineValue({
      writer: '',
      kind: '@',
      body: `${id} ${await this.#values.write(this.#id, id, text)}`,
    })
  }

  async #decode(text: string): Promise<unknown> {
    const { kind, body } = parseInlineValue(text)
    if (kind === 'u') return undefined
    if (kind === '=') return this.#values.decode(body)
    const [id, reference] = body.split(' ') as [string, string]
    return this.#values.decode(await this.#values.read(this.#id, id, reference))
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const entries = Object.entries((await this.#item()) ?? {}).filter(([name]) => name.startsWith('='))
    return new Map(entries.map(([name, text]) => [name.slice(1), String(text)]))
  }

  async #item(): Promise<Record<string, unknown> | undefined> {
    const Key = keys.context(this.#id)
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }),
    )
    return item
  }

  async #putValue(key: string, { bytes, text }: StoredValue): Promise<void> {
    const Item = { ...keys.contextValue(this.#id, key), z: bytes, v: text }
    await this.#client.send(new PutCommand({ TableName: this.#table, Item }))
  }

  async #getValue(key: string): Promise<StoredValue | undefined> {
    const Key = keys.contextValue(this.#id, key)
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }),
    )
    return item && { bytes: item['z'] as Uint8Array | undefined, text: item['v'] as string | undefined }
  }
}
