/** Pauses in DynamoDB: of blueprints, in the item of the service, and of runs, in their headers. */
import { DynamoDbValues, type DynamoDbValuesOptions } from './dynamodb-values.ts'
import { DueRuns } from './due-runs.ts'
import { setDue } from './commit-expression.ts'
import type { ExpressionBuilder, UpdateExpression } from './expression.ts'
import { type Item, unpackHeader } from './header.ts'
import {
  type BlueprintPause,
  HELD_SHARDS,
  type HeldPart,
  type HeldPlace,
  type Pauses,
  type PauseStore,
} from './pause-store.ts'
import { moveUpdate, pauseUpdate, unpackPauses, unpauseUpdate } from './pauses-item.ts'
import { expiry } from './retention.ts'
import { hashOf } from './run-list.ts'
import type { CommitResult } from './run-store.ts'
import { keys } from './schema.ts'
import { holdExpression, letGoExpression, pauseExpression, unpauseExpression } from './steer-expressions.ts'

export interface DynamoDbPausesOptions extends DynamoDbValuesOptions {
  readonly serviceName: string | undefined
}

export class DynamoDbPauses extends DynamoDbValues implements PauseStore {
  protected readonly dueRuns: DueRuns
  readonly #options: DynamoDbPausesOptions
  readonly #key: ReturnType<typeof keys.pauses>

  constructor(options: DynamoDbPausesOptions) {
    super(options)
    this.#options = options
    this.dueRuns = new DueRuns(options.table, options.serviceName)
    this.#key = keys.pauses(options.serviceName ?? '')
  }

  pause(runId: string, now: number): Promise<CommitResult> {
    return this.updated(runId, pauseExpression(now))
  }

  unpause(runId: string, at: number): Promise<CommitResult> {
    return this.#goingOn(runId, unpauseExpression(), at)
  }

  async readPauses({ consistent }: { readonly consistent: boolean }): Promise<Pauses> {
    return unpackPauses(await this.#options.table.get(this.#key, consistent))
  }

  pauseBlueprint(blueprintId: string, pause: BlueprintPause): Promise<boolean> {
    return this.#updatePauses(pauseUpdate(blueprintId, pause))
  }

  unpauseBlueprint(blueprintId: string, epoch: string): Promise<boolean> {
    return this.#updatePauses(unpauseUpdate(blueprintId, epoch))
  }

  moveRelease(epoch: string, from: HeldPlace, to: HeldPlace | undefined): Promise<boolean> {
    return this.#updatePauses(moveUpdate(epoch, from, to))
  }

  async putHeld(runId: string, epoch: string): Promise<void> {
    const { table, retention, now } = this.#options
    // Whoever lets the runs go may delete nothing.
    const expiresAt = expiry(now(), retention.valueDays + retention.runDays)
    await table.put({ ...keys.held(epoch, hashOf(runId) % HELD_SHARDS, runId), expiresAt })
  }

  async readHeld(epoch: string, { shard, after }: HeldPlace, limit: number): Promise<HeldPart> {
    const { items, next } = await this.#options.table.queryPage({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': keys.held(epoch, shard, '').pk },
      ConsistentRead: true,
      Limit: limit,
      ExclusiveStartKey: after === undefined ? undefined : keys.held(epoch, shard, after),
    })
    const runIds = items.map(({ sk }) => keys.heldRunIdOf(sk as string))
    return { runIds, ...(next ? { next: { shard, after: keys.heldRunIdOf(next['sk'] as string) } } : {}) }
  }

  hold(runId: string, epoch: string): Promise<CommitResult> {
    return this.updated(runId, holdExpression(epoch))
  }

  letGo(runId: string, epoch: string, at: number): Promise<CommitResult> {
    return this.#goingOn(runId, letGoExpression(epoch), at)
  }

  /** One update of a header. */
  protected async updated(runId: string, expression: ExpressionBuilder): Promise<CommitResult> {
    return this.written(runId, await this.#options.table.update(keys.run(runId), expression.build()))
  }

  protected written(runId: string, { done, item }: { done: boolean; item: Item | undefined }): CommitResult {
    const run = item && unpackHeader(runId, item)
    return done && run ? { committed: true, run } : { committed: false, run }
  }

  #goingOn(runId: string, e: ExpressionBuilder, at: number): Promise<CommitResult> {
    setDue(e, at, this.dueRuns.shards)
    return this.updated(runId, e)
  }

  async #updatePauses(expression: UpdateExpression): Promise<boolean> {
    return (await this.#options.table.update(this.#key, expression)).done
  }
}
