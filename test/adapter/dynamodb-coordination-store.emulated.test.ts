/** Flowcraft's contract of a coordination store, on both engines. */
import { randomUUID } from 'node:crypto'
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DynamoDbCoordinationStore, stateTable } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { engines } from '../end-to-end/engines.ts'

for (const { name, skip } of engines) {
  describe.skipIf(skip)(`DynamoDbCoordinationStore on ${name}`, () => {
    let aws: LocalAws
    let tableName: string
    let now: number
    let key: string
    const make = () =>
      new DynamoDbCoordinationStore({ dynamoDbClient: aws.clients.dynamoDbClient, tableName, now: () => now })

    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: name })
      tableName = await aws.createTable(stateTable.createInput('state'))
    })
    beforeEach(() => {
      now = Date.UTC(2026, 0, 1)
      key = `joins/größe 📦#${randomUUID()}`
    })
    afterEach(() => aws.intercept(undefined))
    afterAll(() => aws.stop())

    it('counts from one, each key by itself', async () => {
      const store = make()

      expect(await store.increment(key, 60)).toBe(1)
      expect(await store.increment(key, 60)).toBe(2)
      expect(await make().increment(key, 60)).toBe(3)
      expect(await store.increment(`${key}/other`, 60)).toBe(1)
      expect(await store.get(key)).toBe('3')
    })

    it('gives 50 who count together 50 different numbers', async () => {
      const store = make()

      const counts = await Promise.all(Array.from({ length: 50 }, () => store.increment(key, 60)))

      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    })

    it('counts an expired key from one again, for 50 who race also', async () => {
      const store = make()
      await store.increment(key, 60)
      await store.increment(key, 60)
      now += 60_000

      expect(await store.get(key)).toBeUndefined()
      const counts = await Promise.all(Array.from({ length: 50 }, () => store.increment(key, 60)))

      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    })

    it('prolongs a counter with each count', async () => {
      const store = make()
      await store.increment(key, 60)
      now += 59_000
      await store.increment(key, 60)
      now += 59_000

      expect(await store.increment(key, 60)).toBe(3)
    })

    it('sets a key once, and keeps the first value', async () => {
      const store = make()

      expect(await store.setIfNotExist(key, 'a', 60)).toBe(true)
      expect(await store.setIfNotExist(key, 'b', 60)).toBe(false)
      expect(await store.get(key)).toBe('a')
    })

    it('lets one of 50 set a key, fresh or expired', async () => {
      const store = make()
      const race = async () => {
        const won = await Promise.all(
          Array.from({ length: 50 }, async (_, at) => ({
            at,
            won: await store.setIfNotExist(key, `${at}`, 60),
          })),
        )
        return won.filter((one) => one.won).map(({ at }) => `${at}`)
      }

      const first = await race()
      expect(first).toHaveLength(1)
      expect(await store.get(key)).toBe(first[0])
      now += 60_001
      const second = await race()
      expect(second).toHaveLength(1)
      expect(await store.get(key)).toBe(second[0])
    })

    it('takes an expired key for absent at once, though its item is still there', async () => {
      const store = make()
      await store.setIfNotExist(key, 'a', 60)
      now += 59_999
      expect(await store.get(key)).toBe('a')
      now += 1

      expect(await store.get(key)).toBeUndefined()
      expect(await store.extendTTL(key, 60)).toBe(false)
      expect(await store.setIfNotExist(key, 'b', 60)).toBe(true)
      expect(await store.get(key)).toBe('b')
    })

    it('tells DynamoDB when it may delete the item: not before it is over', async () => {
      await make().setIfNotExist(key, 'a', 0.5)

      const Key = { pk: { S: `K#${key}` }, sk: { S: 'K' } }
      const { Item } = await aws.clients.dynamoDbClient.send(
        new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }),
      )

      expect(Number(Item?.[stateTable.timeToLiveAttribute]?.N)).toBe(now / 1000 + 1)
    })

    it('prolongs a live key, and none that is absent', async () => {
      const store = make()
      await store.setIfNotExist(key, 'a', 60)
      now += 59_000

      expect(await store.extendTTL(key, 60)).toBe(true)
      expect(await store.extendTTL(`${key}/none`, 60)).toBe(false)
      now += 59_000
      expect(await store.get(key)).toBe('a')
      expect(await store.get(`${key}/none`)).toBeUndefined()
    })

    it('deletes keys, present or not', async () => {
      const store = make()
      await store.setIfNotExist(key, 'a', 60)

      await store.delete(key)
      await store.delete(key)

      expect(await store.get(key)).toBeUndefined()
      expect(await store.increment(key, 60)).toBe(1)
    })

    it('keeps empty and long values as they are', async () => {
      const store = make()
      await store.setIfNotExist(key, '', 60)
      await store.setIfNotExist(`${key}/long`, '0'.repeat(10_000), 60)

      expect(await store.get(key)).toBe('')
      expect(await store.get(`${key}/long`)).toBe('0'.repeat(10_000))
    })

    it('passes trouble with the table on', async () => {
      const store = new DynamoDbCoordinationStore({
        dynamoDbClient: aws.clients.dynamoDbClient,
        tableName: 'no-such-table',
      })

      const reason = { code: 'REQUEST_FAILED', cause: { name: 'ResourceNotFoundException' } }
      await expect(store.increment(key, 60)).rejects.toMatchObject(reason)
      await expect(store.setIfNotExist(key, 'a', 60)).rejects.toMatchObject(reason)
      await expect(store.extendTTL(key, 60)).rejects.toMatchObject(reason)
      await expect(store.get(key)).rejects.toMatchObject(reason)
    })
  })
}
