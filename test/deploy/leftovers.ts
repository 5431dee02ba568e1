/** What a stack made, and what is there of it after it was destroyed. */
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation'
import { DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  DeleteTableCommand,
  DescribeTableCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge'
import { GetEventSourceMappingCommand, GetFunctionCommand } from '@aws-sdk/client-lambda'
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs'
import type { Clients } from './deployment.ts'
import type { Template } from './templates.ts'

export interface StackResource {
  readonly logicalId: string
  readonly type: string
  /** A name, a URL or an id, as CloudFormation's Ref gives it. */
  readonly id: string
}

export async function resourcesOf({ cloudFormation }: Clients, stackName: string): Promise<StackResource[]> {
  const command = new DescribeStackResourcesCommand({ StackName: stackName })
  const { StackResources: resources = [] } = await cloudFormation.send(command)
  return resources.map(
    ({ LogicalResourceId = '', ResourceType: type = '', PhysicalResourceId: id = '' }) => ({
      logicalId: LogicalResourceId,
      type,
      id,
    }),
  )
}

export function isKept({ Resources: resources }: Template, { logicalId }: StackResource): boolean {
  return resources[logicalId]?.DeletionPolicy?.startsWith('Retain') ?? false
}

/** Asks each service itself; types that hold neither data nor code, policies and alarms say, are not looked at. */
export async function leftOf(
  clients: Clients,
  resources: readonly StackResource[],
): Promise<StackResource[]> {
  const found = await Promise.all(
    resources.map(async (resource) => ((await isThere(clients, resource)) ? [resource] : [])),
  )
  return found.flat()
}

async function isThere(clients: Clients, resource: StackResource): Promise<boolean> {
  try {
    return await look(clients, resource)
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (/NotFound|NonExistentQueue|QueueDoesNotExist|NoSuchBucket/.test(name)) return false
    throw new Error(`cannot look for ${resource.type} '${resource.id}'`, { cause: error })
  }
}

async function look(clients: Clients, { type, id }: StackResource): Promise<boolean> {
  switch (type) {
    case 'AWS::DynamoDB::GlobalTable':
      await clients.dynamoDb.send(new DescribeTableCommand({ TableName: id }))
      return true
    case 'AWS::SQS::Queue':
      await clients.sqs.send(new GetQueueUrlCommand({ QueueName: id.slice(id.lastIndexOf('/') + 1) }))
      return true
    case 'AWS::Lambda::Function':
      await clients.lambda.send(new GetFunctionCommand({ FunctionName: id }))
      return true
    case 'AWS::Lambda::EventSourceMapping':
      await clients.lambda.send(new GetEventSourceMappingCommand({ UUID: id }))
      return true
    case 'AWS::S3::Bucket':
      await clients.s3.send(new HeadBucketCommand({ Bucket: id }))
      return true
    case 'AWS::Events::EventBus':
      await clients.eventBridge.send(new DescribeEventBusCommand({ Name: id }))
      return true
    case 'AWS::Logs::LogGroup': {
      const { logGroups = [] } = await clients.logs.send(
        new DescribeLogGroupsCommand({ logGroupNamePrefix: id }),
      )
      return logGroups.some(({ logGroupName }) => logGroupName === id)
    }
    default:
      return false
  }
}

/** What RETAIN kept costs money and belongs to this test only. */
export async function removeKept(clients: Clients, kept: readonly StackResource[]): Promise<void> {
  for (const { type, id } of kept) {
    if (type === 'AWS::DynamoDB::GlobalTable') {
      const protection = { TableName: id, DeletionProtectionEnabled: false }
      await clients.dynamoDb.send(new UpdateTableCommand(protection))
      await waitUntilTableExists({ client: clients.dynamoDb, maxWaitTime: 120 }, { TableName: id })
      await clients.dynamoDb.send(new DeleteTableCommand({ TableName: id }))
    }
    if (type === 'AWS::S3::Bucket') await removeBucket(clients, id)
    if (type === 'AWS::Logs::LogGroup')
      await clients.logs.send(new DeleteLogGroupCommand({ logGroupName: id }))
  }
}

async function removeBucket({ s3 }: Clients, Bucket: string): Promise<void> {
  for await (const { Contents: objects = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key } of objects) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  await s3.send(new DeleteBucketCommand({ Bucket }))
}
