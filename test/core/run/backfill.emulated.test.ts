/** Runs that stand in no list are taken in, on both engines. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { JsonSerializer } from 'flowcraft'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { backfill, type BackfillRequest } from '../../../lib/core/run/backfill.ts'
import { findFailures } from '../../../lib/core/run/failures.ts'
import { listRuns } from '../../../lib/core/run/list.ts'
import { DynamoDbRunStore } from '../../../lib/core/store/dynamodb-run-store.ts'
import { keys, stateTable } from '../../../lib/core/store/schema.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { type LocalAws, startLocalAws } from '../../../lib/local/index.ts'
import { engines } from '../../end-to-end/engines.ts'
import { change, newRun } from '../store/contract/support.ts'

const NOW = Date.UTC(2026, 0, 1)

async function whole(of: DynamoDbRunStore, request: BackfillRequest = {}) {
  const sum = { looked: 0, added: 0 }
  for (let cursor: string | undefined; ;) {
    const part = await backfill({ store: of }, { ...request, cursor })
    sum.looked += part.looked
    sum.added += part.added
    cursor = part.cursor
    if (cursor === undefined) return sum
  }
}

for (const { name, skip } of engines) {
  describe.skipIf(skip)(`backfill on ${name}`, () => {
    let aws: LocalAws
    let options: ConstructorParameters<typeof DynamoDbRunStore>[0]
    let store: DynamoDbRunStore
    let older: DynamoDbRunStore

    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: name })
    })
    afterAll(() => aws.stop())
    beforeEach(async () => {
      const tableName = await aws.createTable(stateTable.createInput(`state-${Math.random()}`))
      options = { client: aws.clients.dynamoDbClient, tableName, now: () => NOW }
      store = new DynamoDbRunStore(options)
      older = new DynamoDbRunStore({ ...options, runIndex: false })
    })

    async function listed(of = store): Promise<string[]> {
      const services = { store: of, values: new ValueStore({ store: of, serializer: new JsonSerializer() }) }
      const { runs } = await listRuns(services, { limit: 1_000 })
      return runs.map(({ runId }) => runId).toSorted()
    }

    it('takes in what was started without the index, once, and leaves the rest alone', async () => {
      const ids = Array.from({ length: 30 }, (_, at) => `old-${at}`)
      for (const [at, runId] of ids.entries()) {
        await older.create(newRun({ runId, startedAt: NOW + at }))
        await older.putValue(runId, '0.1#1.0', { text: 'x' })
      }
      await older.create(newRun({ runId: 'old-1/0.1' }))
      await store.create(newRun({ runId: 'new' }))
      const before = await Promise.all(ids.map((runId) => store.read(runId)))
      expect(await listed()).toEqual(['new'])

      expect(await whole(store)).toEqual({ looked: 62, added: 30 })

      expect(await listed()).toEqual(['new', ...ids].toSorted())
      expect(await Promise.all(ids.map((runId) => store.read(runId)))).toEqual(before)
      expect(await whole(store)).toEqual({ looked: 62, added: 0 })
    })

    it('takes in failed runs of an older version, also where there is no index of runs', async () => {
      const { run } = await older.create(newRun({ runId: 'failed' }))
      await older.commit(run.runId, change({ final: { status: 'failed', endedAt: NOW } }))
      await forgetFailure(aws, options.tableName, run.runId)
      const values = new ValueStore({ store: older, serializer: new JsonSerializer() })
      const found = () => findFailures({ store: older, values, now: () => NOW }, { since: new Date(0) })
      expect(await found()).toMatchObject({ runs: 0 })

      expect(await whole(older)).toMatchObject({ added: 1 })
      expect(await found()).toMatchObject({ runs: 1, groups: [{ examples: ['failed'] }] })
      expect(await whole(older)).toMatchObject({ added: 0 })
      // Not in the index of runs, which this one does not use.
      expect(await listed()).toEqual([])
      expect(await whole(store)).toMatchObject({ added: 1 })
      expect(await listed()).toEqual(['failed'])
    })

    it('goes on with a run that goes on', async () => {
      const { run } = await older.create(newRun({ runId: 'busy', startedAt: NOW }))
      const enlist = store.enlist.bind(store)
      let goesOn = true
      store.enlist = async (seen) => {
        const final = { status: 'failed', endedAt: NOW + 7 } as const
        if (goesOn) await older.commit(run.runId, change({ final }))
        goesOn = false
        return enlist(seen)
      }
      expect(await whole(store)).toMatchObject({ added: 1 })
      const values = new ValueStore({ store, serializer: new JsonSerializer() })
      expect(
        await findFailures({ store, values, now: () => NOW + 9 }, { since: new Date(NOW) }),
      ).toMatchObject({
        runs: 1,
      })
    })

    it('is for some blueprints where it is told so, and for a part of the table', async () => {
      for (let at = 0; at < 20; at++) {
        const blueprintId = at % 2 === 0 ? 'mine' : 'theirs'
        await older.create(newRun({ runId: `r${at}`, blueprintId, startedAt: NOW }))
      }
      expect(await whole(store, { blueprintIds: ['mine'] })).toEqual({ looked: 20, added: 10 })
      const parts = await Promise.all([0, 1, 2].map((index) => whole(store, { segment: { index, of: 3 } })))
      expect(parts.reduce((sum, { looked }) => sum + looked, 0)).toBe(20)
      expect(parts.reduce((sum, { added }) => sum + added, 0)).toBe(10)
      expect(await listed()).toHaveLength(20)
    })

    it('goes on by its cursor, which belongs to its request', async () => {
      // More than a megabyte, which is what one call looks through.
      for (let at = 0; at < 12; at++) {
        await older.create(newRun({ runId: `r${at}`, startedAt: NOW }))
        await older.putValue(`r${at}`, 'x', { text: 'x'.repeat(200_000) })
      }
      const { cursor, looked } = await backfill({ store }, {})
      expect(looked).toBeLessThan(24)
      const other = backfill({ store }, { blueprintIds: ['order'], cursor })
      await expect(other).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(backfill({ store }, { cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      let rest = cursor
      while (rest !== undefined) rest = (await backfill({ store }, { cursor: rest })).cursor
      expect(await listed()).toHaveLength(12)
    })
  })
}

/** As an older version left it. */
async function forgetFailure(aws: LocalAws, TableName: string, runId: string): Promise<void> {
  const Key = marshall(keys.run(runId))
  const command = new UpdateItemCommand({ TableName, Key, UpdateExpression: 'REMOVE y, u' })
  await aws.clients.dynamoDbClient.send(command)
}
