/**
 * A run that an older version began is ended by this one: its header, values, pages or packs, and leases as that wrote them,
 * halfway through a loop, branches and a wait (`fixtures`). Workers of both versions exclude each other from its strands.
 */
import { readFile } from 'node:fs/promises'
import {
  type AttributeValue,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keys } from '../../lib/core/store/schema.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain } from './driver.ts'
import { engines } from './engines.ts'
import { BRANCHES, OLD_RUN_ID, oldFlow, RUN_OF_FORMAT_2 } from './old-run.ts'

const fixtures = {
  [OLD_RUN_ID]: new URL('./fixtures/old-run.json', import.meta.url),
  [RUN_OF_FORMAT_2]: new URL('./fixtures/run-of-format-2.json', import.meta.url),
} as const

/** As they stand there; bytes as texts in base 64. */
async function putItems(
  { aws, tableName }: TestDeployment,
  fixture: (typeof fixtures)[keyof typeof fixtures],
): Promise<void> {
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
      await putItems(deployment, fixtures[OLD_RUN_ID])
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

    describe('whose leases lie in its own partition', () => {
      const LEASED = { node: 'b40', key: leaseOf('84.1') }
      let second: TestDeployment
      beforeAll(async () => {
        second = await deployOn(aws)
        await putItems(second, fixtures[RUN_OF_FORMAT_2])
      })

      it('finds that of a worker of that version', async () => {
        const adapter = adapterOf(second, { flows: [oldFlow()], logger: new NullLogger() })
        const answer = await adapter.process(jobOfBranch(LEASED.node), invocation())
        expect(answer).toMatchObject({
          kind: 'retry',
          reason: expect.stringContaining('another worker holds'),
        })
        expect(await adapter.reconcile(RUN_OF_FORMAT_2)).not.toContain(LEASED.node)
      })

      it('takes its own where that version looks for it', async () => {
        const leases: unknown[] = []
        const watched = oldFlow()
        const { dynamoDbClient } = aws.clients
        const adapter = adapterOf(second, {
          flows: [watched],
          logger: new NullLogger(),
          middleware: [
            {
              aroundNode: async (_context, _node, next) => {
                const request = { TableName: second.tableName, Key: leaseOf('86.1'), ConsistentRead: true }
                leases.push((await dynamoDbClient.send(new GetItemCommand(request))).Item?.['u'])
                return next()
              },
            },
          ],
        })
        expect(await adapter.process(jobOfBranch('b42'), invocation())).toEqual({ kind: 'acknowledge' })
        expect(leases).toEqual([{ N: expect.stringMatching(/^\d{13}$/) }])
        expect(Number((leases[0] as { N: string }).N)).toBeGreaterThan(Date.now())
      })

      it('and ends as it would have, in its own format', async () => {
        const flows = [oldFlow()]
        const adapter = adapterOf(second, { flows, logger: new NullLogger() })
        const client = clientOf(second, { flows })
        const { dynamoDbClient } = aws.clients
        // The worker of that version gives its lease back.
        await dynamoDbClient.send(
          new UpdateItemCommand({
            TableName: second.tableName,
            Key: LEASED.key,
            UpdateExpression: 'SET u = :no ADD g :one',
            ExpressionAttributeValues: { ':no': { N: '0' }, ':one': { N: '1' } },
          }),
        )
        await client.resume(RUN_OF_FORMAT_2, { nodeId: 'approved', output: 'yes' })
        await adapter.reconcile(RUN_OF_FORMAT_2)
        await drain(second, adapter)

        const { status, context, errors } = await client.get(RUN_OF_FORMAT_2)
        expect({ status, errors }).toEqual({ status: 'completed' })
        const branches = Array.from({ length: BRANCHES }, (_, at) => `go ${at} value ${at % 40}`)
        expect(context['join']).toBe([...branches, 2_000, 3, 'yes'].join())
        const { Items = [] } = await dynamoDbClient.send(
          new ScanCommand({ TableName: second.tableName, ConsistentRead: true }),
        )
        const places = Items.map(({ pk, sk }) => `${pk?.S} ${sk?.S}`)
        expect(places.filter((place) => place.endsWith('LEASE'))).toEqual([])
        expect(Items.find(({ sk }) => sk?.S === 'RUN')?.['a']).toEqual({ S: 'v2' })
      })

      it('is not what a new run is, which workers of that version leave alone', async () => {
        const flows = [oldFlow()]
        const adapter = adapterOf(second, { flows, logger: new NullLogger() })
        const { runId } = await clientOf(second, { flows }).start({ blueprintId: 'old', input: {} })
        await drain(second, adapter)
        const { Items = [] } = await aws.clients.dynamoDbClient.send(
          new QueryCommand({
            TableName: second.tableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: `R#${runId}` } },
            ConsistentRead: true,
          }),
        )
        expect(Items.filter(({ sk }) => sk?.S?.startsWith('LEASE'))).toEqual([])
        expect(Items.find(({ sk }) => sk?.S === 'RUN')?.['a']).toEqual({ S: 'v3' })
      })
    })
  })
}

function leaseOf(strand: string): Record<string, AttributeValue> {
  return { pk: { S: `R#${RUN_OF_FORMAT_2}` }, sk: { S: `LEASE#${strand}` } }
}

function invocation() {
  const end = Date.now() + 30_000
  return { deadline: () => end, extendsLease: false }
}

function jobOfBranch(nodeId: string) {
  return { runId: RUN_OF_FORMAT_2, blueprintId: 'old', nodeId, iteration: 1 }
}
