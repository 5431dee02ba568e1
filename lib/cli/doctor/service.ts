/** Whether a service is healthy, by what the APIs of its resources tell. */
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { environmentVariables } from '../../core/common/environment.ts'
import { dueShardsOf, stateTable } from '../../core/store/schema.ts'
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import type { Service } from '../service.ts'
import { type Check, fail, ok, type Probe, warn } from './check.ts'
import { alarmProbe, metricsProbe } from './cloudwatch.ts'
import { functionProbes, mappingProbe } from './functions.ts'
import { nameOf, type Queue, queuesOf } from './queues.ts'

/** `inAccount`: whether there is more than the data plane, which is all that is played on this computer. */
export function serviceProbes(service: Service, now: number, inAccount: boolean): Probe[] {
  const queues = queuesOf(service)
  const { functions = [] } = service
  return [
    { name: 'table', look: () => tableChecks(service) },
    { name: 'sweep', look: () => sweepChecks(service, now) },
    ...queues.map((queue) => ({ name: nameOf(queue), look: () => queueChecks(queue) })),
    { name: 'dead letters', look: () => deadLetterChecks(service) },
    ...(inAccount
      ? [
          ...queues.map(mappingProbe),
          ...functionProbes(functions),
          metricsProbe({ queues, functions, now }),
          alarmProbe({ queues, functions, service }),
        ]
      : []),
  ]
}

async function tableChecks({ environment }: Service): Promise<Check[]> {
  const TableName = environment[environmentVariables.tableName]
  const { Table: table } = await new DynamoDBClient({}).send(new DescribeTableCommand({ TableName }))
  const key = (table?.KeySchema ?? []).map(({ AttributeName }) => AttributeName).join(', ')
  const wanted = `${stateTable.partitionKey}, ${stateTable.sortKey}`
  if (key !== wanted)
    return [
      fail('table', `its key is ${key}, not ${wanted}`, 'it is no state table: see stateTable.createInput'),
    ]
  const found = new Map(
    (table?.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName, index.IndexStatus]),
  )
  const { dueIndex, runIndex } = stateTable
  const listed = environment[environmentVariables.runIndex] !== 'false'
  const checks = [
    indexCheck(found, dueIndex.name, 'timers stand still, and failed runs are not found'),
    ...(listed ? [indexCheck(found, runIndex.name, 'runs cannot be listed')] : []),
  ]
  if (table?.TableStatus !== 'ACTIVE')
    checks.unshift(warn('table', `it is ${table?.TableStatus}`, 'wait until it is ACTIVE'))
  const bad = checks.filter((check) => check !== undefined)
  return bad.length > 0 ? bad : [ok('table', `${TableName}: keys and indexes are as this version needs them`)]
}

function indexCheck(
  found: ReadonlyMap<string | undefined, string | undefined>,
  name: string,
  without: string,
): Check | undefined {
  if (!found.has(name))
    return fail('table', `it has no index '${name}': ${without}`, 'deploy the constructs of this version')
  const status = found.get(name)
  // An emulator need not say.
  if (status === undefined || status === 'ACTIVE') return undefined
  return warn('table', `its index '${name}' is ${status}: ${without}`, 'wait until it is ACTIVE')
}

/** A run is looked at within some minutes of its time, unless the sweep does not come. */
const OVERDUE_MS = 10 * 60_000

async function sweepChecks({ environment }: Service, now: number): Promise<Check[]> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}))
  const overdue = await Promise.all(
    dueShardsOf(environment[environmentVariables.serviceName] ?? '').map(async (shard) => {
      const { Count = 0 } = await client.send(
        new QueryCommand({
          TableName: environment[environmentVariables.tableName],
          IndexName: stateTable.dueIndex.name,
          KeyConditionExpression: 'y = :shard AND u < :time',
          ExpressionAttributeValues: { ':shard': shard, ':time': now - OVERDUE_MS },
          Select: 'COUNT',
          Limit: 100,
        }),
      )
      return Count
    }),
  )
  const count = overdue.reduce((sum, each) => sum + each, 0)
  if (count === 0) return [ok('sweep', 'no timer is late')]
  return [
    fail(
      'sweep',
      `${count} runs have been due for more than 10 minutes`,
      "look at the sweep function's log and its rule: it is to be invoked every minute",
    ),
  ]
}

async function attributesOf(QueueUrl: string): Promise<Readonly<Record<string, string>>> {
  const { Attributes = {} } = await new SQSClient({ useQueueUrlAsEndpoint: false }).send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  )
  return Attributes
}

async function queueChecks(queue: Queue): Promise<Check[]> {
  const name = nameOf(queue)
  const attributes = await attributesOf(queue.url)
  const count = (attribute: string) => Number(attributes[attribute] ?? 0)
  const [waiting, taken, delayed] = [
    count('ApproximateNumberOfMessages'),
    count('ApproximateNumberOfMessagesNotVisible'),
    count('ApproximateNumberOfMessagesDelayed'),
  ]
  const counts = `${waiting} jobs wait, ${taken} are worked on, ${delayed} are delayed`
  if (attributes['RedrivePolicy']) return [ok(name, counts)]
  return [
    warn(
      name,
      `${counts}; it has no dead-letter queue, so that a job which fails for good comes again for days`,
      'give it a redrive policy',
    ),
  ]
}

async function deadLetterChecks({ environment }: Service): Promise<Check[]> {
  const url = environment[environmentVariables.deadLetterQueueUrl]
  if (url === undefined) return []
  const { ApproximateNumberOfMessages: count = '0' } = await attributesOf(url)
  if (count === '0') return [ok('dead letters', 'there are none')]
  return [
    warn(
      'dead letters',
      `${count} messages that no worker could be done with`,
      'flowcraft-aws dlq list says why',
    ),
  ]
}
