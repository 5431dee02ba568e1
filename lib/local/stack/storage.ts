// Queues, tables, buckets and buses of a stack.

import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { createBucketOnce, createOrUpdateTable, makeQueue } from '../resources.ts'
import { refuses, textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'
import type { Properties } from './template.ts'

/** Properties that CreateQueue takes as attributes of the same name, but for the visibility timeout's. */
const QUEUE_ATTRIBUTES = [
  'VisibilityTimeout',
  'MessageRetentionPeriod',
  'DelaySeconds',
  'ReceiveMessageWaitTimeSeconds',
  'MaximumMessageSize',
]

export const queue: Kind = {
  problems: refuses(['FifoQueue']),
  async make(making) {
    const name = (await textOf(making, 'QueueName')) ?? making.name(80)
    const attributes: Record<string, string> = {}
    for (const attribute of QUEUE_ATTRIBUTES) {
      const value = await textOf(making, attribute)
      if (value !== undefined) attributes[attribute] = value
    }
    const redrive = await making.property('RedrivePolicy')
    if (redrive !== undefined) {
      attributes['RedrivePolicy'] = typeof redrive === 'string' ? redrive : JSON.stringify(redrive)
    }
    const { url, arn } = await makeQueue(making.aws.clients.sqsClient, name, attributes)
    const key = await textOf(making, 'KmsMasterKeyId')
    if (key !== undefined) making.roles.encrypt(arn, key)
    return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } }
  },
}

/** `AWS::DynamoDB::Table` and `::GlobalTable` alike: keys and indexes, always on demand. */
export const table: Kind = {
  async make(making) {
    const TableName = (await textOf(making, 'TableName')) ?? making.name(255)
    const [AttributeDefinitions, KeySchema, global, local] = [
      await making.property('AttributeDefinitions'),
      await making.property('KeySchema'),
      await indexes(making, 'GlobalSecondaryIndexes'),
      await indexes(making, 'LocalSecondaryIndexes'),
    ]
    await createOrUpdateTable(making.aws.clients.dynamoDbClient, {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions,
      KeySchema,
      GlobalSecondaryIndexes: global,
      LocalSecondaryIndexes: local,
    } as CreateTableCommandInput)
    const { region, accountId } = making.aws
    const arn = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}`
    const key = await keyOfTable(making)
    if (key !== undefined) making.roles.encrypt(arn, key)
    return { ref: TableName, attributes: { Arn: arn } }
  },
}

interface Encryption {
  readonly KMSMasterKeyId?: string
}

/** Of a table, or of a global table's replica. */
async function keyOfTable(making: Making): Promise<string | undefined> {
  const own = (await making.property('SSESpecification')) as Encryption | undefined
  const replicas = (await making.property('Replicas')) as { SSESpecification?: Encryption }[] | undefined
  return (
    own?.KMSMasterKeyId ?? replicas?.find((one) => one.SSESpecification)?.SSESpecification?.KMSMasterKeyId
  )
}

/** Without what indexes have of capacity. */
async function indexes(making: Making, property: string) {
  const found = (await making.property(property)) as Record<string, unknown>[] | undefined
  return found?.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }))
}

/** What of a bucket's notifications is not for EventBridge. */
function notificationProblems({ NotificationConfiguration: configuration }: Properties): string[] {
  if (typeof configuration !== 'object' || configuration === null) return []
  const others = Object.keys(configuration).filter((name) => name !== 'EventBridgeConfiguration')
  return others.length === 0
    ? []
    : [`has NotificationConfiguration.${others.join(', .')}: here a bucket tells EventBridge only`]
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-eventbridgeconfiguration.html */
async function tellsEventBridge(making: Making): Promise<boolean> {
  const configuration = (await making.property('NotificationConfiguration')) as
    | { readonly EventBridgeConfiguration?: { readonly EventBridgeEnabled?: boolean | string } }
    | undefined
  const eventBridge = configuration?.EventBridgeConfiguration
  return eventBridge !== undefined && String(eventBridge.EventBridgeEnabled ?? true) === 'true'
}

export const bucket: Kind = {
  problems: notificationProblems,
  async make(making) {
    const name = (await textOf(making, 'BucketName')) ?? making.name(63).toLowerCase()
    await createBucketOnce(making.aws.clients.s3Client, name)
    const arn = `arn:aws:s3:::${name}`
    const key = await keyOfBucket(making)
    if (key !== undefined) making.roles.encrypt(arn, key)
    const made = { ref: name, attributes: { Arn: arn } }
    return (await tellsEventBridge(making)) ? { ...made, sources: [making.tellOfObjects(name)] } : made
  },
}

async function keyOfBucket(making: Making): Promise<string | undefined> {
  const encryption = (await making.property('BucketEncryption')) as
    | {
        ServerSideEncryptionConfiguration?: { ServerSideEncryptionByDefault?: { KMSMasterKeyID?: string } }[]
      }
    | undefined
  const rules = encryption?.ServerSideEncryptionConfiguration ?? []
  return rules[0]?.ServerSideEncryptionByDefault?.KMSMasterKeyID
}

export const eventBus: Kind = {
  async make(making) {
    const name = making.aws.createEventBus((await textOf(making, 'Name')) ?? making.name(256))
    const { region, accountId } = making.aws
    const Arn = `arn:aws:events:${region}:${accountId}:event-bus/${name}`
    return { ref: name, attributes: { Arn, Name: name } }
  },
}
