/**
 * What one run asks of each partition of the table: those take 1,000 write units a second each, so this is how fast a wide
 * run can go. On dynoxide, as all that is exact to the unit.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createFlow, type FlowBuilder, NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain } from './driver.ts'
import { hasDynoxide } from './engines.ts'

const PARTITION_WRITE_UNITS = 1_000

function fan(width: number): FlowBuilder {
  const flow = createFlow('fan').node('first', async () => ({ output: 'ok' }))
  for (let at = 0; at < width; at++) flow.node(`m${at}`, async () => ({ output: at })).edge('first', `m${at}`)
  flow.node('last', async () => ({ output: 'ok' }))
  for (let at = 0; at < width; at++) flow.edge(`m${at}`, 'last')
  return flow
}

/** Write units by partition key, as DynamoDB tells them; a refused write, which tells none, counts two. */
function unitsByPartition(client: DynamoDBClient): Map<string, number> {
  const units = new Map<string, number>()
  const add = (pk: string, n: number) => units.set(pk, (units.get(pk) ?? 0) + n)
  client.middlewareStack.add(
    (next) => async (args) => {
      const input = args.input as { Key?: Item; Item?: Item; UpdateExpression?: string }
      const key = (input.Key ?? input.Item)?.['pk']
      // As the document client has it, or the plain one.
      const pk = typeof key === 'string' ? key : key?.S
      if (pk === undefined || (!input.Item && input.UpdateExpression === undefined)) return next(args)
      try {
        const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } })
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } }
        add(pk, ConsumedCapacity?.CapacityUnits ?? Number.NaN)
        return result
      } catch (error) {
        add(pk, 2)
        throw error
      }
    },
    { step: 'initialize', name: 'unitsByPartition' },
  )
  return units
}
type Item = Readonly<Record<string, string | { readonly S?: string }>>

describe.skipIf(!hasDynoxide)('the partitions of a run', () => {
  let aws: LocalAws
  let deployment: TestDeployment
  beforeAll(async () => {
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
    deployment = await deployOn(aws)
  })
  afterAll(() => aws.stop())

  it('bear 800 nodes a second of a fan of 50, since no lease lies beside the header', async () => {
    const flow = fan(50)
    const nodes = 52
    const units = unitsByPartition(aws.clients.dynamoDbClient)
    const adapter = adapterOf(deployment, { flows: [flow], logger: new NullLogger() })
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'fan', input: {} })
    await drain(deployment, adapter)
    expect(await client.get(runId)).toMatchObject({ status: 'completed' })

    const ofRun = [...units].filter(([pk]) => pk.startsWith('R#'))
    const hottest = ofRun.reduce((a, b) => (b[1] > a[1] ? b : a))
    expect(hottest[0]).toBe(`R#${runId}`)
    expect(hottest[1] / nodes).toBeLessThanOrEqual(1.25)
    expect((PARTITION_WRITE_UNITS * nodes) / hottest[1]).toBeGreaterThanOrEqual(800)
    // Each strand's lease, that of the first and those of the branches.
    const others = ofRun.filter(([pk]) => pk !== hottest[0])
    expect(others).toHaveLength(51)
    expect(new Set(others.map(([, n]) => n))).toEqual(new Set([1]))
  })
})
