/** Several services on one table: each looks after its own timers, and after none of another's. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { createFlow } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DynamoDbRunStore } from '../../lib/core/store/dynamodb-run-store.ts'
import { keys } from '../../lib/core/store/schema.ts'
import { RunClient, SqsAdapter, stateTable } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { awsOptions, type TestDeployment } from '../support/service.ts'
import { deployOn, drain } from './driver.ts'

let aws: LocalAws

beforeAll(async () => {
  aws = await startLocalAws()
})
afterAll(() => aws.stop())

/** The sweep sends such a timer as soon as it is due in 15 minutes. */
const SLEEP_MS = 900_000 + 1_000

interface Service {
  readonly deployment: TestDeployment
  readonly adapter: SqsAdapter
  readonly client: RunClient
}

async function serviceOn(tableName: string, blueprintId: string, serviceName?: string): Promise<Service> {
  const deployment = { ...(await deployOn(aws)), tableName }
  const flow = createFlow(blueprintId)
    .sleep('nap', { duration: SLEEP_MS as unknown as string })
    .node('end', async () => ({ output: blueprintId }))
    .edge('nap', 'end')
  const options = { ...awsOptions(deployment), flows: [flow], serviceName }
  return {
    deployment,
    adapter: new SqsAdapter({ ...options, deployGraceMs: 0 }),
    client: new RunClient(options),
  }
}

async function startIn({ client, deployment, adapter }: Service, blueprintId: string): Promise<string> {
  const { runId } = await client.start({ blueprintId })
  await drain(deployment, adapter)
  return runId
}

const newTable = () => aws.createTable(stateTable.createInput(`state-${randomUUID()}`))

describe('two services on one table', () => {
  for (const names of [
    [undefined, 'bank'],
    ['shop', 'bank'],
  ] as const) {
    it(`named ${names.join(' and ') || 'nothing'} send the timers of their own runs only`, async () => {
      const table = await newTable()
      const [shop, bank] = [
        await serviceOn(table, 'shop', names[0]),
        await serviceOn(table, 'bank', names[1]),
      ]
      await startIn(shop, 'shop')
      await startIn(shop, 'shop')
      await startIn(bank, 'bank')
      await sleep(1_500)

      expect(await bank.adapter.sweep()).toMatchObject({ runs: 1, jobs: 1 })
      expect(await bank.adapter.sweep()).toMatchObject({ runs: 0, jobs: 0 })
      expect(await shop.adapter.sweep()).toMatchObject({ runs: 2, jobs: 2 })
    })
  }
})

describe('what an earlier version wrote, which knew no services', () => {
  it('is taken at once by a service without a name, and after two hours by one with a name', async () => {
    const table = await newTable()
    const { client, deployment, adapter } = await serviceOn(table, 'shop', 'shop')
    const runId = await startIn({ client, deployment, adapter }, 'shop')
    const now = Date.now() + 60_000
    const { pk, sk } = keys.run(runId)
    await aws.clients.dynamoDbClient.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { pk: { S: pk }, sk: { S: sk } },
        UpdateExpression: 'SET y = :old',
        ExpressionAttributeValues: { ':old': { S: 'due#7' } },
      }),
    )
    const storeOf = (serviceName?: string) =>
      new DynamoDbRunStore({ client: aws.clients.dynamoDbClient, tableName: table, serviceName })

    expect(await storeOf().due(now)).toEqual([runId])
    expect(await storeOf('shop').due(now)).toEqual([])
    const named = storeOf('shop')
    expect(await named.due(now + 2 * 3_600_000)).toEqual([runId])
    // Not each time: it would double the cost of a sweep.
    const later = Array.from({ length: 10 }, () => now + 2 * 3_600_000)
    const found: string[][] = []
    for (const at of later) found.push(await named.due(at))
    expect(found).toEqual([...Array.from({ length: 9 }, () => []), [runId]])
  })
})
