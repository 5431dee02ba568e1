/** What a stack made, and what is there of it after it was destroyed. */
import { paginateListStackResources } from '@aws-sdk/client-cloudformation'
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
  /** As CloudFormation says it: DELETE_FAILED, and so on. */
  readonly status: string
}

/** All of them, none where there is no such stack: DescribeStackResources would give the first hundred. */
export async function resourcesOf({ cloudFormation }: Clients, StackName: string): Promise<StackResource[]> {
  const found: StackResource[] = []
  try {
    for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName })) {
      for (const one of page.StackResourceSummaries ?? []) {
        const { LogicalResourceId: logicalId = '', PhysicalResourceId: id = '' } = one
        const { ResourceType: type = '', ResourceStatus: status = '' } = one
        found.push({ logicalId, type, id, status })
      }
    }
  } catch (error) {
    if (!isUnknownStack(error)) throw error
  }
  return found
}

/** CloudFormation says of a stack that does not exist that the request is not valid. */
export function isUnknownStack(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message)
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
  // What was never made has no name.
  if (resource.id === '') return false
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

/**
 * What RETAIN kept costs money and belongs to this test only.
 * @throws AggregateError of what could not be removed, after all else was
 */
export async function removeKept(clients: Clients, kept: readonly StackResource[]): Promise<void> {
  const errors: unknown[] = []
  for (const resource of kept) {
    try {
      await removeOne(clients, resource)
    } catch (error) {
      errors.push(new Error(`cannot remove ${resource.type} '${resource.id}'`, { cause: error }))
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join('; '))
}

async function removeOne(clients: Clients, { type, id }: StackResource): Promise<void> {
  if (type === 'AWS::DynamoDB::GlobalTable') await removeTable(clients, id)
  if (type === 'AWS::S3::Bucket') await removeBucket(clients, id)
  if (type === 'AWS::Logs::LogGroup') await clients.logs.send(new DeleteLogGroupCommand({ logGroupName: id }))
}

/** A table that is being changed can be neither changed nor deleted: it is waited for in between. */
async function removeTable({ dynamoDb }: Clients, TableName: string): Promise<void> {
  const { Table: table } = await dynamoDb.send(new DescribeTableCommand({ TableName }))
  if (table?.DeletionProtectionEnabled === true) {
    await dynamoDb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
  }
  await waitUntilTableExists({ client: dynamoDb, maxWaitTime: 120 }, { TableName })
  await dynamoDb.send(new DeleteTableCommand({ TableName }))
}

async function removeBucket({ s3 }: Clients, Bucket: string): Promise<void> {
  for await (const { Contents: objects = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key } of objects) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  await s3.send(new DeleteBucketCommand({ Bucket }))
}
