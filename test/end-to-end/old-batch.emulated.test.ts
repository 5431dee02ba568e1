/**
 * A batch that an older version was at is ended by this one: pages, results, leases and arrivals as that wrote them, and its
 * messages, each for one item (`fixtures/old-batch.json`).
 */
import { readFile } from 'node:fs/promises'
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain, put } from './driver.ts'
import { engines } from './engines.ts'
import { DONE_ITEMS, OLD_BATCH_ID, OLD_ITEMS, oldBatch } from './old-batch.ts'

type Items = readonly Record<string, Record<string, unknown>>[]

async function readItems(): Promise<Items> {
  return JSON.parse(await readFile(new URL('./fixtures/old-batch.json', import.meta.url), 'utf8')) as Items
}

async function putItems({ aws, tableName }: TestDeployment, items: Items): Promise<void> {
  for (const item of items) {
    const attributes = Object.entries(item).map(([name, value]) => [
      name,
      typeof value['B'] === 'string' ? { B: Buffer.from(value['B'], 'base64') } : value,
    ])
    const Item = Object.fromEntries(attributes) as Record<string, AttributeValue>
    await aws.clients.dynamoDbClient.send(new PutItemCommand({ TableName: tableName, Item }))
  }
}

for (const engine of engines) {
  describe.skipIf(engine.skip)(`a batch of an older version, on ${engine.name}`, () => {
    let aws: LocalAws
    let deployment: TestDeployment
    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: engine.name })
    })
    beforeEach(async () => {
      deployment = await deployOn(aws)
    })
    afterAll(() => aws.stop())

    it.each(['its own messages', 'one that asks for all that is left'])('ends right, by %s', async (by) => {
      const stored = await readItems()
      await putItems(deployment, stored)
      let ran = 0
      const flows = [oldBatch(() => ran++)]
      const adapter = adapterOf(deployment, { flows, logger: new NullLogger() })
      const client = clientOf(deployment, { flows })
      const before = await client.get(OLD_BATCH_ID)
      expect(before.progress).toContainEqual(
        expect.objectContaining({ items: { done: DONE_ITEMS, total: OLD_ITEMS } }),
      )

      if (by === 'its own messages') {
        const job = { runId: OLD_BATCH_ID, blueprintId: 'old-batch', nodeId: 'each_scatter', iteration: 1 }
        const done = new Set(stored.map(({ sk }) => sk?.['S']))
        const left = Array.from({ length: OLD_ITEMS }, (_, at) => at).filter(
          (at) => !done.has(`VALUE#out#${at}`),
        )
        for (const item of left) await put(deployment, { ...job, items: { round: 0, item } })
      } else await adapter.reconcile(OLD_BATCH_ID)
      await drain(deployment, adapter)

      const { status, context } = await client.get(OLD_BATCH_ID)
      expect(status).toBe('completed')
      expect(context['done']).toEqual(Array.from({ length: OLD_ITEMS }, (_, at) => at * 2))
      expect(context['large 100']).toBe('x'.repeat(2_000))
      expect(ran).toBe(OLD_ITEMS - DONE_ITEMS)
    })
  })
}
