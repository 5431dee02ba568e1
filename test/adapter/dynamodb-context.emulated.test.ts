/** Flowcraft's contract of an asynchronous context, on both engines. */
import { randomBytes, randomUUID } from 'node:crypto'
import { AsyncContextView, Context, type IAsyncContext, type PatchOperation } from 'flowcraft'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { S3BlobStore } from '../../lib/core/values/s3-blob-store.ts'
import { DynamoDbContext, type DynamoDbContextOptions, stateTable } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { tagged } from '../core/values/serializers.ts'
import { engines } from '../end-to-end/engines.ts'

/** The engine's own, which has no patch: by its words, the operations one after the other. */
class PatchableContext extends AsyncContextView<Record<string, unknown>> {
  override async patch(operations: PatchOperation[]): Promise<void> {
    for (const operation of operations) {
      if (operation.op === 'set') await this.set(operation.key, operation.value)
      else await this.delete(operation.key)
    }
  }
}

const random = (bytes: number) => randomBytes((bytes * 3) / 4).toString('base64')

/** Calls of which each answer counts. */
const story = async (context: IAsyncContext<Record<string, unknown>>) => [
  context.type,
  await context.get('a'),
  await context.has('a'),
  await context.delete('a'),
  await context.toJSON(),
  await context.set('a', { deep: [1, null, 'ß📦'] }),
  await context.set('größe.x#y', 0),
  await context.set('', 'empty key'),
  await context.get('a'),
  await context.has('größe.x#y'),
  await context.get(''),
  await context.set('a', false),
  await context.toJSON(),
  await context.delete('a'),
  await context.has('a'),
  await context.set('none', undefined),
  await context.has('none'),
  await context.get('none'),
  await context.patch([]),
  await context.patch([
    { op: 'set', key: 'b', value: 1 },
    { op: 'delete', key: 'größe.x#y' },
    { op: 'delete', key: 'never there' },
    { op: 'set', key: 'c', value: 1 },
    { op: 'delete', key: 'c' },
    { op: 'delete', key: 'b' },
    { op: 'set', key: 'b', value: 2 },
  ]),
  await context.toJSON(),
]

const patchOf = (size: number, value: unknown): PatchOperation[] =>
  Array.from({ length: size }, (_, at) => ({ op: 'set', key: `k${at}`, value }))

for (const { name, skip } of engines) {
  describe.skipIf(skip)(`DynamoDbContext on ${name}`, () => {
    let aws: LocalAws
    let tableName: string
    let contextId: string
    const make = (over: Partial<DynamoDbContextOptions> = {}) =>
      new DynamoDbContext({ dynamoDbClient: aws.clients.dynamoDbClient, tableName, contextId, ...over })

    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: name })
      tableName = await aws.createTable(stateTable.createInput('state'))
    })
    beforeEach(() => {
      contextId = `settings/${randomUUID()}`
    })
    afterEach(() => aws.intercept(undefined))
    afterAll(() => aws.stop())

    it("gives what the engine's own context gives, call for call", async () => {
      const ours = make()
      const theirs = new PatchableContext(new Context<Record<string, unknown>>({}))

      expect(await story(ours)).toEqual(await story(theirs))
    })

    it('is shared by all who know its id, and by nobody else', async () => {
      await make().set('a', 1)

      expect(await make().get('a')).toBe(1)
      expect(await make({ contextId: `${contextId}x` }).has('a')).toBe(false)
    })

    it("carries what the user's serializer carries", async () => {
      const context = make({ serializer: tagged })
      const value = new Map([[new Date(5).getTime(), new Set([undefined])]])

      await context.set('a', value)

      expect(await context.get('a')).toEqual(value)
      expect(await context.toJSON()).toEqual({ a: value })
    })

    it('refuses what the serializer cannot carry, and changes nothing then', async () => {
      const context = make()
      await context.set('a', 1)

      const patched = context.patch([
        { op: 'set', key: 'a', value: 2 },
        { op: 'set', key: 'fn', value: () => 1 },
      ])

      await expect(patched).rejects.toMatchObject({
        code: 'VALUE_NOT_SERIALIZABLE',
        message: "the serializer cannot carry context key 'fn': it is a function",
      })
      expect(await context.toJSON()).toEqual({ a: 1 })
    })

    it('keeps values of any size: in its item, beside it, and in several items', async () => {
      const context = make()
      const values = { small: random(800), beside: random(20_000), parts: random(600 * 1024) }

      for (const [key, value] of Object.entries(values)) await context.set(key, value)

      const all = await context.toJSON()
      for (const [key, value] of Object.entries(values)) {
        expect(all[key] === value).toBe(true)
        expect((await context.get(key)) === value).toBe(true)
      }
      await context.set('parts', 'small now')
      expect(await context.get('parts')).toBe('small now')
    })

    it('keeps values of over 400 KB in a bucket where there is one', async () => {
      const bucketName = await aws.createBucket()
      const blobs = new S3BlobStore({ bucketName, client: aws.clients.s3Client })
      const context = make({ blobs })
      const value = random(600 * 1024)
      aws.meter.reset()

      await context.set('large', value)

      expect((await context.get('large')) === value).toBe(true)
      expect(aws.meter.snapshot().s3.byOperation).toEqual({ PutObject: 1, GetObject: 1 })
    })

    for (const size of [60, 61, 200]) {
      it(`patches ${size} keys together, and deletes them together`, async () => {
        const context = make()
        await context.set('other', 'stays')

        await context.patch(patchOf(size, 'x'))

        const all = await context.toJSON()
        expect(Object.keys(all)).toHaveLength(size + 1)
        expect(all).toMatchObject({ other: 'stays', k0: 'x', [`k${size - 1}`]: 'x' })
        await context.patch(patchOf(size, 'x').map(({ key }) => ({ op: 'delete', key })))
        expect(await context.toJSON()).toEqual({ other: 'stays' })
      })
    }

    for (const size of [3, 100]) {
      it(`shows readers all of a patch of ${size} keys or nothing of it`, async () => {
        const context = make()
        const seen: Record<string, unknown>[] = []
        const writer = { isAtWork: true }
        const reader = (async () => {
          while (writer.isAtWork) seen.push(await context.toJSON())
        })()

        for (let round = 1; round <= 10; round++) await context.patch(patchOf(size, round))
        writer.isAtWork = false
        await reader

        for (const all of seen) expect(new Set(Object.values(all)).size).toBeLessThan(2)
        expect(seen.length).toBeGreaterThan(1)
      })
    }

    it('loses nothing where 20 patches meet, small ones and large ones', async () => {
      const patches = Array.from({ length: 20 }, (_, who) =>
        patchOf(who % 2 ? 3 : 100, who).map(({ key }) => ({
          op: 'set' as const,
          key: `${who}.${key}`,
          value: who,
        })),
      )

      await Promise.all(patches.map((patch) => make().patch(patch)))

      expect(Object.keys(await make().toJSON())).toHaveLength(10 * 103)
    })

    it('writes a patch of 100 keys once although its answer was lost', async () => {
      const context = make()
      aws.intercept(({ operation, count }) => (operation === 'PutItem' && count === 1 ? 'lose' : 'forward'))

      await context.patch(patchOf(100, 'x'))

      expect(Object.keys(await context.toJSON())).toHaveLength(100)
    })
  })
}
