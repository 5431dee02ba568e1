/**
 * A run that an older version began is ended by this one: its header, pages and values as that wrote them, halfway through
 * a loop, branches and a wait (`fixtures/old-run.json`).
 */
import { readFile } from 'node:fs/promises'
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keys } from '../../lib/core/store/schema.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain } from './driver.ts'
import { engines } from './engines.ts'
import { BRANCHES, OLD_RUN_ID, oldFlow } from './old-run.ts'

const fixture = new URL('./fixtures/old-run.json', import.meta.url)

/** As it stands there; bytes as texts in base 64. */
async function putItems({ aws, tableName }: TestDeployment): Promise<void> {
  const items = JSON.parse(await readFile(fixture, 'utf8')) as Record<string, Record<string, unknown>>[]
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
  describe.skipIf(engine.skip)(`a run of an older version, on ${engine.name}`, () => {
    let aws: LocalAws
    let deployment: TestDeployment
    beforeAll(async () => {
      aws = await startLocalAws({ dynamodb: engine.name })
      deployment = await deployOn(aws)
    })
    afterAll(() => aws.stop())

    it('is read, goes on and ends as it would have', async () => {
      await putItems(deployment)
      const flows = [oldFlow()]
      const adapter = adapterOf(deployment, { flows, logger: new NullLogger() })
      const client = clientOf(deployment, { flows })

      const before = await client.get(OLD_RUN_ID)
      expect(before).toMatchObject({ status: 'running', waiting: [{ nodeId: 'approved' }] })
      expect(before.context).toMatchObject({
        'key 0': 'value 0',
        'key 39': 'value 39',
        round: 3,
        b0: 'go 0 value 0',
      })

      await adapter.reconcile(OLD_RUN_ID)
      await drain(deployment, adapter)
      expect(await client.get(OLD_RUN_ID)).toMatchObject({ status: 'awaiting' })
      await client.resume(OLD_RUN_ID, { nodeId: 'approved', output: 'yes' })
      await drain(deployment, adapter)

      const { status, context, errors } = await client.get(OLD_RUN_ID)
      expect({ status, errors }).toEqual({ status: 'completed' })
      const branches = Array.from({ length: BRANCHES }, (_, at) => `go ${at} value ${at % 40}`)
      expect(context['join']).toBe([...branches, 2_000, 3, 'yes'].join())
      expect(context).toMatchObject({ started: 'by an older version', k39: { at: 39 }, body: 'round 2' })
    })

    it('is kept in its own format, so that workers of that version can go on with it too', async () => {
      const { pk, sk } = keys.run(OLD_RUN_ID)
      const request = {
        TableName: deployment.tableName,
        Key: { pk: { S: pk }, sk: { S: sk } },
        ConsistentRead: true,
      }
      const { Item = {} } = await aws.clients.dynamoDbClient.send(new GetItemCommand(request))
      expect(Item['a']).toEqual({ M: {} })
      expect(Item['sp']).toEqual({ BOOL: true })
      for (const [name, { S: text = '' }] of Object.entries(Item['r']?.M ?? {}))
        expect([name, text.slice(0, 30)]).toEqual([name, expect.stringMatching(/^[\d.]*[=@u&-]/)])
    })
  })
}
