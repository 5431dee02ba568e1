/**
 * The state of runs in DynamoDB: one statement per method, one item per statement, no transactions. Infrastructure
 * errors pass; a refused condition is a result.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Change } from '../protocol/change.ts'
import { type ActivationKey, type RunState, START, nothingScheduled } from '../protocol/run-state.ts'
import { commitExpression, packsCondition, setDue, setPlaceOfEnded } from './commit-expression.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import { type Counts, minus, NO_COUNTS, plus } from '../common/run-counts.ts'
import { DynamoDbPauses } from './dynamodb-pauses.ts'
import { type Listed, unitsOfBegin, unitsOfCommit, unitsOfCreate } from './expected-units.ts'
import { ExpressionBuilder, type UpdateExpression } from './expression.ts'
import { packBudget, packHeader, inlineValuesWithout, unpackHeader } from './header.ts'
import { formatOf, packTexts } from './header-format.ts'
import { expiry, type Retention, retentionOf } from './retention.ts'
import type {
  CommitResult,
  EndOfBegun,
  FirstState,
  Moved,
  NewRun,
  RedriveState,
  Reschedule,
  RunStore,
  FailedEnd,
  Unlisted,
  UnlistedRead,
} from './run-store.ts'
import type { ListPart, ListRead } from './run-list.ts'
import { RunLists } from './run-lists.ts'
import { keys } from './schema.ts'
import {
  beginExpression,
  endExpression,
  publishedExpression,
  redriveCondition,
  redrivenItem,
} from './steer-expressions.ts'
import { isItemTooLarge, Table, type Written } from './table.ts'

export interface DynamoDbRunStoreOptions {
  readonly client: DynamoDBClient
  readonly tableName: string
  /** Tells the timers of this service from those of others that use the table. @default '' */
  readonly serviceName?: string
  /** Days that a run may take, and is kept after its end. @default - 400, and graphs for ever */
  readonly runRetentionDays?: number
  /** Whether runs stand in the index of runs, for a write unit at their start and one at their end. @default true */
  readonly runIndex?: boolean
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export class DynamoDbRunStore extends DynamoDbPauses implements RunStore {
  readonly #lists: RunLists
  readonly #table: Table
  readonly #retention: Retention
  readonly #options: DynamoDbRunStoreOptions
  readonly #counter: CostCounter | undefined

  constructor(options: DynamoDbRunStoreOptions)
  /** For `countedBy`. */
  constructor(options: DynamoDbRunStoreOptions, table: Table, counter: CostCounter)
  constructor(
    options: DynamoDbRunStoreOptions,
    table = new Table(options.client, options.tableName),
    counter?: CostCounter,
  ) {
    const retention = retentionOf(options.runRetentionDays)
    const { serviceName, runIndex = true, now = Date.now } = options
    super({ table, retention, now, serviceName, counter })
    this.#options = options
    this.#counter = counter
    this.#table = table
    this.#retention = retention
    this.#lists = new RunLists({ table: this.#table, serviceName, runIndex, retention: this.#retention })
  }

  countedBy(counter: CostCounter): DynamoDbRunStore {
    return new DynamoDbRunStore(this.#options, this.#table.countedBy(counter), counter)
  }

  /** A run whose cost is counted takes that of this write along. */
  async create(given: NewRun): Promise<{ created: boolean; run: RunState }> {
    const own = { $w: unitsOfCreate(given, this.#listed(given.runId)), $d: 1 }
    const run = given.cost ? { ...given, cost: plus(given.cost, own) } : given
    const due = run.dueAt === undefined ? {} : this.dueRuns.placeOf(run.dueAt)
    const header = { ...packHeader(run), ...due, ...this.#lists.indexed(run.runId), ...keys.run(run.runId) }
    const { done, item } = await this.#table.putIfAbsent(header)
    this.#tookAlong(own, done && given.cost)
    // Gone between the refusal and the read: only time to live does that, to a run long over.
    return item ? { created: done, run: unpackHeader(run.runId, item) } : this.create(given)
  }

  putLabels(run: NewRun): Promise<void> {
    return this.#lists.putLabels(run)
  }

  async begin(runId: string, first: FirstState): Promise<CommitResult> {
    const own = { $w: unitsOfBegin(first), $d: 1 }
    const result = await this.updated(runId, beginExpression(first, own))
    this.#tookAlong(own, result.committed && first.cost)
    return result
  }

  async read(runId: string): Promise<RunState | undefined> {
    const item = await this.#table.get(keys.run(runId))
    return item && unpackHeader(runId, item)
  }

  async readMany(runIds: readonly string[]): Promise<ReadonlyMap<string, RunState>> {
    // DynamoDB refuses a key that is named twice.
    const items = await this.#table.getMany([...new Set(runIds)].map(keys.run))
    return new Map(
      items.map((item) => {
        const runId = keys.runIdOf(item['pk'] as string)
        return [runId, unpackHeader(runId, item)]
      }),
    )
  }

  readList(read: ListRead): Promise<ListPart> {
    return this.#lists.read(read)
  }

  readUnlisted(read: UnlistedRead): Promise<Unlisted> {
    return this.#lists.readUnlisted(read)
  }

  /** A run that goes on meanwhile gets its timers and its end into the same attributes: so only one that is as seen. */
  enlist(seen: RunState): Promise<CommitResult> {
    const { runId, blueprintId, status, seq, endedAt } = seen
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value(status)}`).when(`${e.path('q')} = ${e.value(seq)}`)
    // DynamoDB takes no update of nothing, which is what it is for one that stands in no list.
    e.set(e.path('b'), blueprintId)
    const { k } = this.#lists.indexed(runId)
    if (k !== undefined) e.set(e.path('k'), k)
    if (status === 'failed') setPlaceOfEnded(e, endedAt ?? 0, this.#lists.failedShardOf(runId))
    return this.updated(runId, e)
  }

  /** What it takes along of itself is counted by its answer as well. */
  async commit(runId: string, change: Change, seen?: RunState): Promise<CommitResult> {
    const units = unitsOfCommit(change, seen, this.#listed(runId))
    const own = { $w: units.own, $d: 1 }
    const whole = change.cost ? { ...change, cost: plus(change.cost, own, { $w: units.after }) } : change
    const expression = this.#expressionOf(runId, whole, seen)
    const update = () => this.#table.update(keys.run(runId), expression)
    const result = await this.#unlessTooLarge(runId, update)
    this.#tookAlong(own, result.committed && change.cost)
    return result
  }

  fail(runId: string, { reason, now, seen }: FailedEnd): Promise<CommitResult> {
    const e = endExpression({
      status: 'failed',
      now,
      begun: seen,
      failedShard: this.#lists.failedShardOf(runId),
      retention: this.#retention,
    })
    e.when(seen ? `${e.path('q')} = ${e.value(seen.seq)}` : `attribute_not_exists(${e.path('g')})`)
    // Whoever raised it meanwhile lets the run go on.
    if (seen?.budget) e.when(`${e.path('mx')} = ${e.value(packBudget(seen.budget))}`)
    e.set(e.path('x'), reason)
    return this.updated(runId, e)
  }

  cancel(runId: string, seen: EndOfBegun & { readonly now: number }): Promise<CommitResult> {
    const { now } = seen
    const e = endExpression({ status: 'cancelled', now, begun: seen, retention: this.#retention })
    e.when(`${e.path('q')} = ${e.value(seen.seq)}`)
    return this.updated(runId, e)
  }

  async redrive(seen: RunState, next: RedriveState): Promise<CommitResult> {
    const key = keys.run(seen.runId)
    const item = await this.#table.get(key)
    if (!item) return { committed: false, run: undefined }
    const redriven = { ...redrivenItem(item, next, seen), ...this.dueRuns.placeOf(next.dueAt), ...key }
    return this.#unlessTooLarge(seen.runId, () =>
      this.#table.replace(redriven, redriveCondition(seen, item['k'])),
    )
  }

  setBudget(runId: string, budget: NonNullable<RunState['budget']>): Promise<CommitResult> {
    const e = new ExpressionBuilder()
    e.when(`attribute_exists(${e.path('pk')})`).set(e.path('mx'), packBudget(budget))
    return this.updated(runId, e)
  }

  async putCancelled(runId: string, blueprintId: string, now: number): Promise<boolean> {
    const nothing = { ...nothingScheduled(), inlineValues: new Map() }
    const header = packHeader({ runId, blueprintId, startedAt: now, ...nothing })
    const ended = { s: 'cancelled', z: now, expiresAt: expiry(now, this.#retention.runDays) }
    return (await this.#table.putIfAbsent({ ...header, ...ended, ...keys.run(runId) })).done
  }

  due(now: number): Promise<string[]> {
    return this.dueRuns.find(now)
  }

  async reschedule(runId: string, { seq, dueAt, was }: Reschedule): Promise<boolean> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('q')} = ${e.value(seq)}`)
    if (was !== undefined) e.when(`${e.path('u')} = ${e.value(was)}`)
    e.remove(e.path('rs'))
    if (dueAt === undefined) e.remove(e.path('y')).remove(e.path('u'))
    else setDue(e, dueAt, this.dueRuns.shards)
    return (await this.updated(runId, e)).committed
  }

  async noteDeadLetter(runId: string, key: ActivationKey | undefined, reason: string): Promise<void> {
    const e = new ExpressionBuilder()
    e.when(`${e.path('s')} = ${e.value('running')}`).set(e.path(`l${key ?? START}`), reason)
    if (key === undefined) e.when(`attribute_not_exists(${e.path('g')})`)
    // Nobody has read how it is written.
    else e.when(`(${[1, undefined].map((format) => isActive(e, key, { format } as FormatOf)).join(' OR ')})`)
    await this.updated(runId, e)
  }

  async markPublished({ runId, redrives }: Pick<RunState, 'runId' | 'redrives'>): Promise<void> {
    await this.updated(runId, publishedExpression('o', redrives))
  }

  async markRedrivePublished({ runId, redrives }: Pick<RunState, 'runId' | 'redrives'>): Promise<void> {
    await this.updated(runId, publishedExpression('ro', redrives))
  }

  async evict(seen: RunState, { texts, pack }: Moved): Promise<CommitResult> {
    const e = new ExpressionBuilder()
    // Commits count up, and nothing else puts inline values there. One that another took out meanwhile comes back by this:
    // then both places say the same.
    e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('q')} = ${e.value(seen.seq)}`)
    if (pack !== undefined) e.when(packsCondition(e, pack - 1))
    e.set(e.path('r'), packTexts(formatOf(seen), inlineValuesWithout(seen, texts)))
    if (texts.size > 0) e.set(e.path('sp'), pack ?? true)
    return this.updated(seen.runId, e)
  }

  /** What a write took along of itself is counted by its answer as well. */
  #tookAlong(own: Counts, cost: Counts | false | undefined): void {
    if (cost) this.#counter?.add(minus(NO_COUNTS, own))
  }

  #listed(runId: string): Listed {
    const byStart = this.#lists.indexed(runId).k !== undefined
    return { byStart, byFailure: this.#lists.failedShardOf(runId) !== undefined }
  }

  #expressionOf(runId: string, change: Change, seen: RunState | undefined): UpdateExpression {
    return commitExpression(change, seen, {
      dueShards: this.dueRuns.shards,
      failedShard: this.#lists.failedShardOf(runId),
      retention: this.#retention,
    })
  }

  /** A header that would fit into no item is refused. */
  async #unlessTooLarge(runId: string, write: () => Promise<Written>): Promise<CommitResult> {
    try {
      return this.written(runId, await write())
    } catch (error) {
      if (!isItemTooLarge(error)) throw error
      return { committed: false, run: await this.read(runId) }
    }
  }
}

type FormatOf = Pick<RunState, 'format'>

function isActive(e: ExpressionBuilder, key: ActivationKey, of: FormatOf): string {
  const { active, packKey } = formatOf(of)
  return `attribute_exists(${e.path(active, packKey(key))})`
}
