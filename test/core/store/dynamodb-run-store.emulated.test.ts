/** The store of runs on DynamoDB, held to the contract on both engines, and what only DynamoDB has: items. */
import { randomUUID } from 'node:crypto'
import { type AttributeValue, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { activationKey, type ActiveEntry, START } from '../../../lib/core/protocol/run-state.ts'
import { DynamoDbRunStore } from '../../../lib/core/store/dynamodb-run-store.ts'
import { headerSize } from '../../../lib/core/store/header.ts'
import type { NewRun } from '../../../lib/core/store/run-store.ts'
import { keys, stateTable } from '../../../lib/core/store/schema.ts'
import { type LocalAws, startLocalAws } from '../../../lib/local/index.ts'
import { itemBytes } from '../../../lib/local/item-size.ts'
import { engines } from '../../end-to-end/engines.ts'
import { change, ENTRY, newRun, runStoreContract } from './run-store.contract.ts'

const DAY_SECONDS = 86_400
/** SQS keeps a message this long at most. */
const LONGEST_MESSAGE_SECONDS = 14 * DAY_SECONDS

for (const { name, skip } of engines) {
  describe.skipIf(skip)(`DynamoDbRunStore on ${name}`, () => {
    let aws: LocalAws
    let tableName: string
    const now = Date.UTC(2026, 0, 1)
    const make = () => new DynamoDbRunStore({ client: aws.clients.dynamoDbClient, tableName, now: () => now })
    const item = async (key: { pk: string; sk: string }): Promise<Record<string, AttributeValue>> => {
      const Key = { pk: { S: key.pk }, sk: { S: key.sk } }
      const { Item } = await aws.clients.dynamoDbClient.send(
        new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }),
      )
      return Item ?? {}
    }

    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: name })
      tableName = await aws.createTable(stateTable.createInput('state'))
    })
    afterAll(() => aws.stop())

    runStoreContract(make, { numRuns: 30 })

    it('may be forgotten by time to live only when it is over, and longer than any message lives', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const { run: broken } = await store.create(newRun({ graph: undefined, active: new Map() }))
      expect(await item(keys.run(run.runId))).not.toHaveProperty('expiresAt')

      await store.commit(run.runId, change({ final: { status: 'completed', endedAt: now } }))
      await store.fail(broken.runId, { reason: 'no', now })

      for (const { runId } of [run, broken]) {
        const { expiresAt } = await item(keys.run(runId))
        expect(Number(expiresAt?.N)).toBeGreaterThan(now / 1000 + LONGEST_MESSAGE_SECONDS + DAY_SECONDS)
      }
    })

    it('gives all that belongs to a run an end of its own, far ahead', async () => {
      const store = make()
      const runId = `run-${randomUUID()}`
      await store.putValue(runId, '0.1#1.0', { text: 'x' })
      await store.writePage(runId, '0', new Map([['o0', 'x']]), 1)
      await store.lease({ runId, strand: '0.1', token: 't', now, until: now + 1 })

      for (const key of [keys.value(runId, '0.1#1.0'), keys.page(runId, '0'), keys.lease(runId, '0.1')]) {
        const { expiresAt } = await item(key)
        expect(Number(expiresAt?.N)).toBe(now / 1000 + 400 * DAY_SECONDS)
      }
    })

    it('keeps runs for as long as it is told, graphs for as long as a run may need them', async () => {
      const client = aws.clients.dynamoDbClient
      let time = now
      const store = new DynamoDbRunStore({ client, tableName, runRetentionDays: 3, now: () => time })
      const { run } = await store.create(newRun())
      const { run: broken } = await store.create(newRun({ graph: undefined, active: new Map() }))
      await store.commit(run.runId, change({ final: { status: 'completed', endedAt: now } }))
      await store.fail(broken.runId, { reason: 'no', now })
      await store.putCancelled('never-began', 'b', now)
      await store.putValue(run.runId, '0.1#1.0', { text: 'x' })
      await store.writePage(run.runId, '0', new Map([['o0', 'x']]), 1)
      await store.lease({ runId: run.runId, strand: '0.1', token: 't', now, until: now + 1 })
      await store.arrive(run.runId, '1', 0, false)
      const blueprintId = `b-${randomUUID()}`
      await store.putGraph(blueprintId, 'f', { text: '{}' })

      const days = async (key: { pk: string; sk: string }) =>
        (Number((await item(key))['expiresAt']?.N) - now / 1000) / DAY_SECONDS
      for (const runId of [run.runId, broken.runId, 'never-began'])
        expect(await days(keys.run(runId))).toBe(15)
      const { runId } = run
      for (const key of [keys.value(runId, '0.1#1.0'), keys.page(runId, '0'), keys.lease(runId, '0.1')]) {
        expect(await days(key)).toBe(3)
      }
      expect(await days(keys.arrivals(runId, '1'))).toBe(3)
      expect(await days(keys.graph(blueprintId, 'f'))).toBe(25)
      // A run that starts now may take three days, and is kept for fifteen.
      time += 7 * DAY_SECONDS * 1_000
      expect(await store.getGraph(blueprintId, 'f')).toMatchObject({ text: '{}', isAging: false })
      time += 1_000
      expect(await store.getGraph(blueprintId, 'f')).toMatchObject({ isAging: true })
      // What an earlier version wrote has no end.
      await make().putGraph(blueprintId, 'old', { text: '{}' })
      expect(await item(keys.graph(blueprintId, 'old'))).not.toHaveProperty('expiresAt')
      expect(await store.getGraph(blueprintId, 'old')).toMatchObject({ isAging: false })
    })

    it('estimates the size of a header well enough: never much below, never far above', async () => {
      const store = make()
      const entry: ActiveEntry = { scheduledBy: '12.1', inline: false, source: 3 }
      const shapes: Partial<NewRun>[] = [
        {},
        { active: new Map(Array.from({ length: 40 }, (_, at) => [activationKey(at, 1), entry])) },
        {
          inlineValues: new Map(
            Array.from({ length: 30 }, (_, at) => [`o${at}`, `${at}.1={"v":"größer ${at}"}`]),
          ),
        },
        {
          fired: new Set(Array.from({ length: 60 }, (_, at) => at + 20)),
          iterations: new Map(Array.from({ length: 60 }, (_, at) => [at + 20, 2])),
        },
        {
          active: new Map([
            ['0.1', ENTRY],
            ['7.2', { scheduledBy: START, inline: true }],
          ]),
          fired: new Set([1, 2, 3]),
          iterations: new Map([[7, 2]]),
          inlineValues: new Map([[':input', `={"v":"${'x'.repeat(600)}"}`]]),
        },
      ]
      for (const shape of shapes) {
        const { run } = await store.create(newRun(shape))
        const actual = itemBytes(await item(keys.run(run.runId)))

        const estimate = headerSize(run)

        expect(estimate).toBeGreaterThanOrEqual(actual - 16)
        expect(estimate).toBeLessThan(actual * 1.1 + 60)
      }
    })
  })
}
