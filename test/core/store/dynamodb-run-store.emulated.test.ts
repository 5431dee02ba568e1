/** The store of runs on DynamoDB, held to the contract on both engines, and what only DynamoDB has: items. */
import { randomUUID } from 'node:crypto'
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  activationKey,
  type ActiveEntry,
  type RunState,
  START,
} from '../../../lib/core/protocol/run-state.ts'
import { DynamoDbRunStore } from '../../../lib/core/store/dynamodb-run-store.ts'
import { headerSize } from '../../../lib/core/store/header.ts'
import { type RunList, shardOf } from '../../../lib/core/store/run-list.ts'
import type { NewRun } from '../../../lib/core/store/run-store.ts'
import { keys, stateTable } from '../../../lib/core/store/schema.ts'
import { Table } from '../../../lib/core/store/table.ts'
import { type LocalAws, startLocalAws } from '../../../lib/local/index.ts'
import { itemBytes } from '../../../lib/core/common/item-size.ts'
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

      for (const key of [keys.value(runId, '0.1#1.0'), keys.page(runId, '0'), keys.lease({ runId }, '0.1')]) {
        const { expiresAt } = await item(key)
        expect(Number(expiresAt?.N)).toBe(now / 1000 + 400 * DAY_SECONDS)
      }
    })

    it('has paused what a service of another name on the table has not', async () => {
      const client = aws.clients.dynamoDbClient
      const of = (serviceName: string) => new DynamoDbRunStore({ client, tableName, serviceName })
      await of('shop').pauseBlueprint('order', { epoch: 'e', at: 1 })
      const pausedIn = async (serviceName: string) =>
        (await of(serviceName).readPauses({ consistent: true })).paused.has('order')
      expect([await pausedIn('shop'), await pausedIn('bank'), await pausedIn('')]).toEqual([
        true,
        false,
        false,
      ])
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
      for (const key of [keys.value(runId, '0.1#1.0'), keys.page(runId, '0'), keys.lease({ runId }, '0.1')]) {
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

    it('is taken up again in no place of old, where it comes into the lists meanwhile', async () => {
      const client = aws.clients.dynamoDbClient
      const unlisted = new DynamoDbRunStore({ client, tableName, runIndex: false, now: () => now })
      const { run } = await unlisted.create(newRun())
      await unlisted.commit(run.runId, change({ final: { status: 'failed', endedAt: now } }))
      const seen = (await unlisted.read(run.runId)) as RunState
      const replace = vi.spyOn(Table.prototype, 'replace').mockImplementationOnce(async (...args) => {
        replace.mockRestore()
        expect((await make().enlist(seen)).committed).toBe(true)
        return new Table(client, tableName).replace(...args)
      })
      const again = { ...seen, dueAt: now }
      expect((await make().redrive(seen, again)).committed).toBe(false)
      const { k } = await item(keys.run(run.runId))
      expect(k?.S).toBeDefined()
      expect((await make().redrive(seen, again)).committed).toBe(true)
      expect((await item(keys.run(run.runId)))['k']).toEqual(k)
    })

    it('works on a table without the index of runs, where failed runs and labels are found all the same', async () => {
      const client = aws.clients.dynamoDbClient
      const old = await aws.createTable(stateTable.createInput('old', { runIndex: false }))
      const store = new DynamoDbRunStore({ client, tableName: old, now: () => now })
      const run = newRun({ labels: { tenant: 'acme' } })
      await store.putLabels(run)
      await store.create(run)
      await store.commit(run.runId, change({ final: { status: 'failed', endedAt: now } }))

      const read = { from: 0, to: now, limit: 10 }
      const all = store.readList({ ...read, list: { kind: 'runs' }, shard: 0 })
      await expect(all).rejects.toMatchObject({ code: 'RUN_INDEX_MISSING' })
      await expect(all).rejects.toThrow("the global secondary index 'runs' of table 'old'")
      const failed: RunList = { kind: 'failed' }
      const label: RunList = { kind: 'label', name: 'tenant', value: 'acme' }
      for (const list of [failed, label]) {
        const { entries } = await store.readList({ ...read, list, shard: shardOf(list, run.runId) })
        expect(entries.map(({ runId }) => runId)).toEqual([run.runId])
      }
      const { run: sleeper } = await store.create(newRun())
      await store.reschedule(sleeper.runId, { seq: 0, dueAt: now })
      expect(await store.due(now)).toEqual([sleeper.runId])
    })

    it('leaves runs out of the index where it is told to', async () => {
      const options = { client: aws.clients.dynamoDbClient, tableName, now: () => now }
      const store = new DynamoDbRunStore({ ...options, runIndex: false })
      const { run } = await store.create(newRun())

      expect(await item(keys.run(run.runId))).not.toHaveProperty('k')
      const read = store.readList({ list: { kind: 'runs' }, shard: 0, from: 0, to: now, limit: 1 })
      await expect(read).rejects.toMatchObject({ code: 'RUN_INDEX_MISSING' })
      await expect(read).rejects.toThrow('runIndex is false')
    })

    it('keeps the lists of services apart that share a table', async () => {
      const options = { client: aws.clients.dynamoDbClient, tableName, now: () => now }
      const [shop, bank] = ['shop', 'bank'].map(
        (serviceName) => new DynamoDbRunStore({ ...options, serviceName }),
      ) as [DynamoDbRunStore, DynamoDbRunStore]
      const run = newRun({ startedAt: now + 5_000, labels: { tenant: 'both' } })
      await shop.putLabels(run)
      await shop.create(run)
      await shop.fail(run.runId, { reason: 'no', now: now + 5_000, seen: { seq: 0, children: [] } })

      const lists: RunList[] = [
        { kind: 'runs' },
        { kind: 'failed' },
        { kind: 'label', name: 'tenant', value: 'both' },
      ]
      for (const list of lists) {
        const read = { list, shard: shardOf(list, run.runId), from: now + 5_000, to: now + 5_000, limit: 10 }
        const idsOf = async (store: DynamoDbRunStore) =>
          (await store.readList(read)).entries.map(({ runId }) => runId)
        expect(await idsOf(shop)).toEqual([run.runId])
        expect(await idsOf(bank)).toEqual([])
        expect(await idsOf(make())).toEqual([])
      }
    })

    it('keeps the entries of labels for longer than a run that they lead to', async () => {
      const store = make()
      const run = newRun({ startedAt: now, labels: { orderId: 'A-17' } })
      await store.putLabels(run)
      const list: RunList = { kind: 'label', name: 'orderId', value: 'A-17' }
      const partition = `${shardOf(list, run.runId)}#orderId=A-17`
      const { expiresAt } = await item(keys.label(partition, now, run.runId))
      expect(Number(expiresAt?.N)).toBe(now / 1000 + 810 * DAY_SECONDS)
    })

    it('reads and ends what an older version wrote', async () => {
      const store = make()
      const runId = `run-${randomUUID()}`
      const words = { b: 'order', s: 'running', q: 0, t: now, g: 'abcdefghijkl', h: 'x' }
      const rest = { a: { '0.1': '' }, f: {}, p: {}, i: {}, r: {}, y: 'due#3@', u: now + 1 }
      const Item = marshall({ ...keys.run(runId), ...words, ...rest })
      await aws.clients.dynamoDbClient.send(new PutItemCommand({ TableName: tableName, Item }))
      const seen = await store.read(runId)
      expect(seen).toMatchObject({ status: 'running', dueAt: now + 1 })
      expect(seen?.labels).toBeUndefined()

      const final = { status: 'failed', endedAt: now } as const
      expect(await store.commit(runId, change({ final }), seen)).toMatchObject({ committed: true })

      const list: RunList = { kind: 'failed' }
      const read = { list, shard: shardOf(list, runId), from: now, to: now, limit: 1_000 }
      expect((await store.readList(read)).entries).toContainEqual({ time: now, runId })
      expect((await store.readMany([runId])).get(runId)).toMatchObject({ status: 'failed' })
    })

    it('estimates the size of a header well enough: never much below, never far above', async () => {
      const store = make()
      const entry: ActiveEntry = { scheduledBy: '12.1', inline: false, source: 3 }
      const shapes: Partial<NewRun>[] = [
        {},
        { labels: { orderId: 'A-17', tenant: 'größer'.repeat(10) }, inputHash: 'x'.repeat(16) },
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
