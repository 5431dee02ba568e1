/**
 * The state of runs in DynamoDB: one statement per method, one item per statement, no transactions. Infrastructure
 * errors pass through as they come; a refused condition is a result.
 */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  DynamoDBDocumentClient,
  GetCommand,
  type NativeAttributeValue,
  PutCommand,
  QueryCommand,
  type TranslateConfig,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import type { Change } from '../change.ts'
import type { RunState } from '../run-state.ts'
import {
  commitExpression,
  ExpressionBuilder,
  expiry,
  setDue,
  type UpdateExpression,
} from './commit-expression.ts'
import { type Item, packFirst, packHeader, unpackHeader } from './header.ts'
import type {
  Arrivals,
  CommitResult,
  Lease,
  LeaseRequest,
  NewRun,
  PageEntries,
  RunStore,
  StoredValue,
} from './run-store.ts'
import { dueShards, keys, RUN_RETENTION_DAYS, stateTable, VALUE_RETENTION_DAYS } from './schema.ts'

/** Numbers beyond 2^53 stay exact, as bigint. */
const wrapNumbers = (value: string): number | bigint =>
  Number.isSafeInteger(Number(value)) || value.includes('.') ? Number(value) : BigInt(value)
export const translateConfig = {
  marshallOptions: { removeUndefinedValues: true },
  unmarshallOptions: { wrapNumbers: wrapNumbers as never },
} satisfies TranslateConfig

export interface DynamoDbRunStoreOptions {
  readonly client: DynamoDBClient
  readonly tableName: string
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export class DynamoDbRunStore implements RunStore {
  readonly #client: DynamoDBDocumentClient
  readonly #table: string
  readonly #now: () => number

  constructor(options: DynamoDbRunStoreOptions) {
    this.#client = DynamoDBDocumentClient.from(options.client, translateConfig)
    this.#table = options.tableName
    this.#now = options.now ?? Date.now
  }

  async create(run: NewRun): Promise<{ created: boolean; run: RunState }> {
    const item = packHeader(run)
    try {
      await this.#client.send(
        new PutCommand({
          TableName: this.#table,
          Item: item,
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      return { created: true, run: unpackHeader(run.runId, item) }
    } catch (error) {
      const there = await this.#afterRefusal(run.runId, error)
      // Gone between the refusal and the read: only time to live does that, to a run long over.
      return there ? { created: false, run: there } : this.create(run)
    }
  }

  begin(
    runId: string,
    first: Pick<RunState, 'active' | 'fired' | 'iterations'> & { graph: string },
  ): Promise<CommitResult> {
    const e = new ExpressionBuilder()
    e.when(`attribute_exists(${e.path('pk')})`).when(`attribute_not_exists(${e.path('g')})`)
    e.when(`${e.path('s')} = ${e.value('running')}`)
    e.set(e.path('g'), first.graph)
    for (const [name, value] of Object.entries(packFirst(first))) e.set(e.path(name), value)
    return this.#updateRun(runId, e.build())
  }

  async read(runId: string): Promise<RunState | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: keys.run(runId), ConsistentRead: true }),
    )
    return item && unpackHeader(runId, item)
  }

  commit(runId: string, change: Change): Promise<CommitResult> {
    return this.#updateRun(runId, commitExpression(change))
  }

  fail(runId: string, end: { reason: string; now: number }): Promise<CommitResult> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value('running')}`)
    e.set(e.path('s'), 'failed').set(e.path('x'), end.reason).set(e.path('z'), end.now).set(e.path('a'), {})
    e.set(e.path('o'), 'end').set(e.path('expiresAt'), expiry(end.now, RUN_RETENTION_DAYS))
    return this.#updateRun(runId, e.build())
  }

  cancel(
    runId: string,
    seen: { seq: number; children: readonly string[]; now: number },
  ): Promise<CommitResult> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('q')} = ${e.value(seen.seq)}`)
    e.set(e.path('s'), 'cancelled').set(e.path('z'), seen.now).set(e.path('a'), {}).set(e.path('o'), 'end')
    if (seen.children.length > 0) e.set(e.path('cc'), seen.children)
    e.set(e.path('expiresAt'), expiry(seen.now, RUN_RETENTION_DAYS)).remove(e.path('y')).remove(e.path('u'))
    return this.#updateRun(runId, e.build())
  }

  async putCancelled(runId: string, blueprintId: string, now: number): Promise<boolean> {
    const nothing = { active: new Map(), fired: new Set<number>(), iterations: new Map(), riders: new Map() }
    const header = packHeader({ runId, blueprintId, startedAt: now, ...nothing })
    const ended = { s: 'cancelled', z: now, expiresAt: expiry(now, RUN_RETENTION_DAYS) }
    return this.#putIfAbsent({ ...header, ...ended })
  }

  async due(now: number): Promise<string[]> {
    const { name } = stateTable.dueIndex
    const shards = dueShards.map(async (shard) => {
      const { Items: items } = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: name,
          KeyConditionExpression: 'y = :shard AND u <= :now',
          ExpressionAttributeValues: { ':shard': shard, ':now': now },
        }),
      )
      return (items ?? []).map((item) => keys.runIdOf(item['pk'] as string))
    })
    return (await Promise.all(shards)).flat()
  }

  async reschedule(runId: string, seen: { seq: number; dueAt: number | undefined }): Promise<boolean> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('q')} = ${e.value(seen.seq)}`)
    if (seen.dueAt === undefined) e.remove(e.path('y')).remove(e.path('u'))
    else setDue(e, seen.dueAt)
    return (await this.#updateRun(runId, e.build())).committed
  }

  async told(runId: string): Promise<void> {
    const e = new ExpressionBuilder()
    e.remove(e.path('o')).when(`attribute_exists(${e.path('o')})`)
    await this.#updateRun(runId, e.build())
  }

  lease(request: LeaseRequest): Promise<Lease> {
    const e = new ExpressionBuilder()
    const [until, token] = [e.path('u'), e.path('k')]
    e.when(`(attribute_not_exists(${until}) OR ${until} < ${e.value(request.now)})`)
    e.set(until, request.until).set(token, request.token).add(e.path('n'), 1)
    e.set(e.path('expiresAt'), expiry(request.now, VALUE_RETENTION_DAYS))
    return this.#updateLease(request, e.build())
  }

  renew(request: LeaseRequest): Promise<Lease> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('k')} = ${e.value(request.token)}`).set(e.path('u'), request.until)
    return this.#updateLease(request, e.build())
  }

  async release(request: Omit<LeaseRequest, 'until'>): Promise<void> {
    const e = new ExpressionBuilder()
    const until = e.path('u')
    // Once: the SDK repeats a request whose answer was lost.
    e.when(`${e.path('k')} = ${e.value(request.token)}`).when(`${until} > ${e.value(0)}`)
    e.set(until, 0).add(e.path('g'), 1)
    await this.#updateLease({ ...request, until: 0 }, e.build())
  }

  async readLease(runId: string, strand: string): Promise<Lease | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: keys.lease(runId, strand), ConsistentRead: true }),
    )
    return item && unpackLease(item, false)
  }

  async writePage(runId: string, page: string, entries: PageEntries, seq: number): Promise<boolean> {
    const e = new ExpressionBuilder()
    for (const [name, text] of entries) {
      const path = e.path(`=${name}`)
      // Equal passes: the same move again. Greater means that this mover's view of the header is old.
      e.when(`(attribute_not_exists(${path}) OR ${path}.${e.path('q')} <= ${e.value(seq)})`)
      e.set(path, { q: seq, v: text })
    }
    e.set(e.path('expiresAt'), expiry(this.#now(), VALUE_RETENTION_DAYS))
    try {
      await this.#client.send(
        new UpdateCommand({ TableName: this.#table, Key: keys.page(runId, page), ...e.build() }),
      )
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }

  async readPage(runId: string, page: string): Promise<PageEntries> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: keys.page(runId, page), ConsistentRead: true }),
    )
    return unpackPage(item ?? {})
  }

  async readAll(runId: string): Promise<{ run: RunState; pages: PageEntries } | undefined> {
    const { pk, sk } = keys.run(runId)
    let run: RunState | undefined
    const pages = new Map<string, string>()
    for (const item of await this.#query({ pk, sk })) {
      if (item['sk'] === sk) run = unpackHeader(runId, item)
      else for (const [name, text] of unpackPage(item)) pages.set(name, text)
    }
    return run && { run, pages }
  }

  /** All items of a partition whose sort keys begin with `sk`. */
  async #query({ pk, sk }: { pk: string; sk: string }): Promise<Item[]> {
    const items: Item[] = []
    let from: Record<string, NativeAttributeValue> | undefined
    do {
      const answer = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
          ExpressionAttributeValues: { ':pk': pk, ':sk': sk },
          ConsistentRead: true,
          ExclusiveStartKey: from,
        }),
      )
      items.push(...(answer.Items ?? []))
      from = answer.LastEvaluatedKey
    } while (from)
    return items
  }

  async arrive(runId: string, partition: string, member: number, failed: boolean): Promise<Arrivals> {
    const e = new ExpressionBuilder()
    e.add(e.path('n'), new Set([member]))
    if (failed) e.add(e.path('f'), new Set([member]))
    e.set(e.path('expiresAt'), expiry(this.#now(), VALUE_RETENTION_DAYS))
    const Key = keys.arrivals(runId, partition)
    const update = new UpdateCommand({ TableName: this.#table, Key, ...e.build(), ReturnValues: 'ALL_NEW' })
    return unpackArrivals((await this.#client.send(update)).Attributes)
  }

  async arrivals(runId: string, partition: string): Promise<Arrivals> {
    const Key = keys.arrivals(runId, partition)
    const get = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true })
    return unpackArrivals((await this.#client.send(get)).Item)
  }

  async listValues(runId: string, prefix: string): Promise<ReadonlyMap<string, StoredValue>> {
    const { pk, sk } = keys.value(runId, prefix)
    const items = await this.#query({ pk, sk })
    const partition = prefix.slice(0, prefix.indexOf('|') + 1)
    return new Map(
      items.map((item) => [
        partition + (item['sk'] as string).slice('VALUE#'.length),
        { bytes: item['z'] as Uint8Array | undefined, text: item['v'] as string | undefined },
      ]),
    )
  }

  async putOnce(runId: string, key: string, { bytes, text }: StoredValue): Promise<boolean> {
    const expiresAt = expiry(this.#now(), VALUE_RETENTION_DAYS)
    return this.#putIfAbsent({ ...keys.value(runId, key), expiresAt, z: bytes, v: text })
  }

  async #putIfAbsent(item: Item): Promise<boolean> {
    const put = new PutCommand({
      TableName: this.#table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(pk)',
    })
    try {
      await this.#client.send(put)
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }

  async putValue(runId: string, key: string, value: StoredValue): Promise<void> {
    await this.#putStored(
      { ...keys.value(runId, key), expiresAt: expiry(this.#now(), VALUE_RETENTION_DAYS) },
      value,
    )
  }

  getValue(runId: string, key: string): Promise<StoredValue | undefined> {
    return this.#getStored(keys.value(runId, key))
  }

  async putGraph(blueprintId: string, fingerprint: string, blueprint: StoredValue): Promise<void> {
    await this.#putStored(keys.graph(blueprintId, fingerprint), blueprint)
  }

  getGraph(blueprintId: string, fingerprint: string): Promise<StoredValue | undefined> {
    return this.#getStored(keys.graph(blueprintId, fingerprint))
  }

  async #putStored(item: Item, { bytes, text }: StoredValue): Promise<void> {
    await this.#client.send(new PutCommand({ TableName: this.#table, Item: { ...item, z: bytes, v: text } }))
  }

  async #getStored(key: Record<string, string>): Promise<StoredValue | undefined> {
    const { Item: item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
    )
    return item && { bytes: item['z'] as Uint8Array | undefined, text: item['v'] as string | undefined }
  }

  async #updateRun(runId: string, update: UpdateExpression): Promise<CommitResult> {
    try {
      const { Attributes: item } = await this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: keys.run(runId),
          ...update,
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      return { committed: true, run: unpackHeader(runId, item as Item) }
    } catch (error) {
      return { committed: false, run: await this.#afterRefusal(runId, error) }
    }
  }

  /** The header that refused: as returned, or read where an emulator leaves it out. Other errors are thrown on. */
  async #afterRefusal(runId: string, error: unknown): Promise<RunState | undefined> {
    if (!(error instanceof ConditionalCheckFailedException)) throw error
    const item = refusedItem(error)
    return item ? unpackHeader(runId, item) : this.read(runId)
  }

  async #updateLease(request: LeaseRequest, update: UpdateExpression): Promise<Lease> {
    const Key = keys.lease(request.runId, request.strand)
    try {
      const { Attributes: item } = await this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key,
          ...update,
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      return unpackLease(item ?? {}, true)
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      const item =
        refusedItem(error) ??
        (await this.#client.send(new GetCommand({ TableName: this.#table, Key, ConsistentRead: true }))).Item
      // The holder asks again where the answer to its first request was lost.
      return unpackLease(item ?? {}, item?.['k'] === request.token)
    }
  }
}

function unpackLease(item: Item, held: boolean): Lease {
  const attempt = Number(item['n'] ?? 0)
  const lost = Math.max(0, attempt - 1 - Number(item['g'] ?? 0))
  return { held, attempt, lost, until: Number(item['u'] ?? 0) }
}

function unpackArrivals(item: Item | undefined): Arrivals {
  const arrived = (item?.['n'] as Set<number> | undefined) ?? new Set<number>()
  return { arrived, failed: (item?.['f'] as Set<number> | undefined)?.size ?? 0 }
}

function unpackPage(item: Item): PageEntries {
  const entries = new Map<string, string>()
  for (const [name, value] of Object.entries(item)) {
    if (name.startsWith('=')) entries.set(name.slice(1), (value as { v: string }).v)
  }
  return entries
}

/** The item that refused a condition: the document client leaves this one as the wire has it. */
function refusedItem(error: ConditionalCheckFailedException): Item | undefined {
  if (!error.Item || Object.keys(error.Item).length === 0) return undefined
  // Options of its own: the document client sets more of them in the object that it is given.
  return unmarshall(error.Item, { wrapNumbers: wrapNumbers as never })
}
