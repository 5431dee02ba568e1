/**
 * The lists of runs in DynamoDB: the index of runs and that of due runs, where a run stands by attributes of its header,
 * and labels, whose entries are items of their own, since an item has one entry in an index.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import { isChildRunId } from '../common/identifiers.ts'
import type { RunLabels } from '../common/labels.ts'
import type { RunStatus } from '../protocol/run-state.ts'
import type { Item } from './header.ts'
import { expiry, type Retention } from './retention.ts'
import type { ListEntry, ListFilter, ListPart, ListPlace, ListRead, RunList } from './run-list.ts'
import { shardOf } from './run-list.ts'
import type { NewRun, TablePlace, Unlisted, UnlistedRead } from './run-store.ts'
import { keys, parseLabelEntry, shortNameOf, stateTable } from './schema.ts'
import type { Table } from './table.ts'

const ALL_RUNS: RunList = { kind: 'runs' }
const FAILED_RUNS: RunList = { kind: 'failed' }

export interface RunListsOptions {
  readonly table: Table
  readonly serviceName: string | undefined
  /** Whether runs stand in the index of runs. */
  readonly runIndex: boolean
  readonly retention: Retention
}

export class RunLists {
  readonly #table: Table
  readonly #service: string
  readonly #runIndex: boolean
  readonly #retention: Retention

  constructor({ table, serviceName = '', runIndex, retention }: RunListsOptions) {
    this.#table = table
    this.#service = shortNameOf(serviceName)
    this.#runIndex = runIndex
    this.#retention = retention
  }

  /** What puts a run into the index of runs, beside its start. */
  indexed(runId: string): { readonly k?: string } {
    return this.#runIndex && !isChildRunId(runId) ? { k: this.#partition(ALL_RUNS, runId) } : {}
  }

  /** What puts a run that fails into the list of those; a child's failure is its parent's too. */
  failedShardOf(runId: string): string | undefined {
    return isChildRunId(runId) ? undefined : this.#partition(FAILED_RUNS, runId)
  }

  /** One unit each: the entries are in no index. The same start puts the same entries. */
  async putLabels({ runId, startedAt, labels = {} }: NewRun): Promise<void> {
    const { valueDays, runDays } = this.#retention
    const expiresAt = expiry(startedAt, valueDays + runDays)
    const entries = Object.entries(labels).map(([name, value]) => {
      const partition = this.#partition({ kind: 'label', name, value }, runId)
      return this.#table.put({ ...keys.label(partition, startedAt, runId), expiresAt })
    })
    await Promise.all(entries)
  }

  async read(read: ListRead): Promise<ListPart> {
    if (read.list.kind === 'label') return this.#readLabel(read, read.list)
    if (read.list.kind === 'runs' && !this.#runIndex) throw this.#missing('runIndex is false')
    try {
      return await this.#readIndex(read)
    } catch (error) {
      const why = indexTrouble(error)
      throw why === undefined ? error : this.#missing(why)
    }
  }

  /** Headers of runs that are nobody's child, and lack an attribute by which they would stand in a list. */
  async readUnlisted({ after, segment }: UnlistedRead): Promise<Unlisted> {
    const isOut = [
      '#status = :failed AND attribute_not_exists(#due)',
      ...(this.#runIndex ? ['attribute_not_exists(#shard)'] : []),
    ]
    const { items, next, looked } = await this.#table.scanPage({
      FilterExpression: `sk = :sk AND (${isOut.join(' OR ')})`,
      ProjectionExpression: 'pk',
      ExpressionAttributeNames: {
        '#status': 's',
        '#due': stateTable.dueIndex.partitionKey,
        ...(this.#runIndex ? { '#shard': stateTable.runIndex.partitionKey } : {}),
      },
      ExpressionAttributeValues: { ':sk': keys.run('').sk, ':failed': 'failed' },
      ExclusiveStartKey: after && { ...after },
      ...(segment ? { Segment: segment.index, TotalSegments: segment.of } : {}),
    })
    const runIds = items.map(({ pk }) => keys.runIdOf(pk as string)).filter((runId) => !isChildRunId(runId))
    return { runIds, looked, ...(next ? { next: next as unknown as TablePlace } : {}) }
  }

  async #readIndex({ list, shard, from, to, after, limit, where = {} }: ListRead): Promise<ListPart> {
    const { name, partitionKey, sortKey } = list.kind === 'runs' ? stateTable.runIndex : stateTable.dueIndex
    const partition = this.#shard(list, shard)
    const start = after === undefined ? undefined : { ...keys.run(after), [partitionKey]: partition }
    const { items, next } = await this.#table.queryPage({
      IndexName: name,
      KeyConditionExpression: '#shard = :shard AND #time BETWEEN :from AND :to',
      ...filterOf(where, { '#shard': partitionKey, '#time': sortKey }, [
        [':shard', partition],
        [':from', from],
        [':to', to],
      ]),
      ScanIndexForward: false,
      Limit: limit,
      ExclusiveStartKey: start && { ...start, [sortKey]: to },
    })
    const placeOf = (item: Item): ListPlace => ({
      time: Number(item[sortKey]),
      runId: keys.runIdOf(item['pk'] as string),
    })
    const entryOf = (item: Item): ListEntry =>
      list.kind === 'runs' ? { ...placeOf(item), run: listedOf(item) } : placeOf(item)
    return { entries: items.map(entryOf), ...(next ? { next: placeOf(next) } : {}) }
  }

  /** Of the table itself, and so consistent. */
  async #readLabel({ shard, from, to, after, limit }: ListRead, list: RunList): Promise<ListPart> {
    const partition = this.#shard(list, shard)
    // The ids of runs have some character at least.
    const [first, beyond] = [keys.label(partition, from, ''), keys.label(partition, to + 1, '')]
    const { items, next } = await this.#table.queryPage({
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: { ':pk': first.pk, ':from': first.sk, ':to': beyond.sk },
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: limit,
      ExclusiveStartKey: after === undefined ? undefined : keys.label(partition, to, after),
    })
    return { entries: items.map(labelEntryOf), ...(next ? { next: labelEntryOf(next) } : {}) }
  }

  #partition(list: RunList, runId: string): string {
    return this.#shard(list, shardOf(list, runId))
  }

  #shard(list: RunList, shard: number): string {
    const place = this.#service === '' ? `${shard}` : `${shard}@${this.#service}`
    if (list.kind === 'label') return `${place}#${list.name}=${list.value}`
    return `${list.kind === 'runs' ? 'r' : 'failed'}#${place}`
  }

  #missing(why: string): FlowcraftAwsError {
    const { name } = stateTable.runIndex
    const how = `runs are listed by the global secondary index '${name}' of table '${this.#table.name}'`
    return new FlowcraftAwsError('RUN_INDEX_MISSING', `cannot list runs: ${how}: ${why}`)
  }
}

function labelEntryOf({ sk }: Item): ListPlace {
  return parseLabelEntry(sk as string)
}

/** Undefined for any other error. */
function indexTrouble(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error) || cause.name !== 'ValidationException') return undefined
  return /index/i.test(cause.message) ? cause.message : undefined
}

function filterOf(
  { blueprintId, statuses }: ListFilter,
  names: Record<string, string>,
  values: readonly (readonly [string, unknown])[],
) {
  const conditions: string[] = []
  const [moreNames, moreValues] = [{ ...names }, new Map(values)]
  if (blueprintId !== undefined) {
    conditions.push('#blueprint = :blueprint')
    moreNames['#blueprint'] = 'b'
    moreValues.set(':blueprint', blueprintId)
  }
  if (statuses) {
    const marks = statuses.map((status, at) => {
      moreValues.set(`:s${at}`, status)
      return `:s${at}`
    })
    conditions.push(`#status IN (${marks.join(', ')})`)
    moreNames['#status'] = 's'
  }
  return {
    ExpressionAttributeNames: moreNames,
    ExpressionAttributeValues: Object.fromEntries(moreValues),
    ...(conditions.length > 0 ? { FilterExpression: conditions.join(' AND ') } : {}),
  }
}

function listedOf(item: Item) {
  return {
    blueprintId: item['b'] as string,
    status: item['s'] as RunStatus,
    ...(item['z'] === undefined ? {} : { endedAt: Number(item['z']) }),
    ...(item['tg'] === undefined ? {} : { labels: { ...(item['tg'] as RunLabels) } }),
    ...(item['fk'] === undefined ? {} : { forkedFrom: item['fk'] as string }),
  }
}
