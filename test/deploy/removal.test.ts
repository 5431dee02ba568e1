import {
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation'
import { ListStackResourcesCommand } from '@aws-sdk/client-cloudformation'
import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { clientsOf } from './deployment.ts'
import { removeKept, resourcesOf } from './leftovers.ts'
import { isRefusal } from './ready.ts'
import { cleanly, isAtRest, removeStack } from './removal.ts'

const cloudFormation = mockClient(CloudFormationClient)
const logs = mockClient(CloudWatchLogsClient)
const dynamoDb = mockClient(DynamoDBClient)
const clients = clientsOf({ clientConfig: { region: 'eu-central-1' } })

const unknown = Object.assign(new Error('Stack with id S does not exist'), { name: 'ValidationError' })
const group = { LogicalResourceId: 'G', PhysicalResourceId: '/aws/g', ResourceType: 'AWS::Logs::LogGroup' }
const never = { LogicalResourceId: 'T', ResourceType: 'AWS::DynamoDB::GlobalTable' }

beforeEach(() => {
  for (const mock of [cloudFormation, logs, dynamoDb]) mock.reset()
  logs.on(DescribeLogGroupsCommand).resolves({ logGroups: [{ logGroupName: '/aws/g' }] })
})

const statuses = (...all: readonly (string | undefined)[]) => {
  const describing = cloudFormation.on(DescribeStacksCommand)
  for (const status of all) {
    if (status === undefined) describing.rejectsOnce(unknown)
    else
      describing.resolvesOnce({
        Stacks: [{ StackName: 'S', StackStatus: status, CreationTime: new Date(0) } as never],
      })
  }
}

describe('a stack that is taken away', () => {
  it('is none where nothing was deployed', async () => {
    statuses(undefined)
    await removeStack(clients, 'S')
    expect(cloudFormation.commandCalls(DeleteStackCommand)).toHaveLength(0)
  })

  it('goes without what CloudFormation cannot delete, which is removed besides', async () => {
    statuses('CREATE_COMPLETE', 'DELETE_FAILED', undefined)
    const page = { ...group, ResourceStatus: 'DELETE_FAILED' }
    cloudFormation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: [page, never] as never })

    await removeStack(clients, 'S')

    const asked = cloudFormation.commandCalls(DeleteStackCommand).map(({ args: [{ input }] }) => input)
    expect(asked).toEqual([{ StackName: 'S' }, { StackName: 'S', RetainResources: ['G'] }])
    expect(logs.commandCalls(DeleteLogGroupCommand)).toHaveLength(1)
    // It was never made: nobody looks for a table without a name.
    expect(dynamoDb.calls()).toHaveLength(0)
  })

  it('has what it kept named, where it stays', async () => {
    statuses('ROLLBACK_COMPLETE', 'DELETE_FAILED', 'DELETE_FAILED')
    cloudFormation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: [] })
    await expect(removeStack(clients, 'S')).rejects.toThrow("stack 'S' is DELETE_FAILED")
  })

  it('is waited for while CloudFormation is at work', () => {
    expect(['UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'].map(isAtRest)).toEqual([
      false,
      false,
    ])
    expect(['ROLLBACK_COMPLETE', 'DELETE_FAILED', undefined].map(isAtRest)).toEqual([true, true, true])
  })
})

describe('resources', () => {
  it('are those of all pages, and none of a stack that is not there', async () => {
    cloudFormation
      .on(ListStackResourcesCommand)
      .resolvesOnce({ StackResourceSummaries: [group] as never, NextToken: 'more' })
      .resolvesOnce({ StackResourceSummaries: [never] as never })
      .rejectsOnce(unknown)
    expect((await resourcesOf(clients, 'S')).map(({ logicalId }) => logicalId)).toEqual(['G', 'T'])
    expect(await resourcesOf(clients, 'S')).toEqual([])
  })

  it('that are kept go, the others too where one cannot', async () => {
    const kept = [
      { logicalId: 'T', type: 'AWS::DynamoDB::GlobalTable', id: 't', status: '' },
      { logicalId: 'G', type: 'AWS::Logs::LogGroup', id: '/aws/g', status: '' },
    ]
    dynamoDb
      .on(DescribeTableCommand)
      .resolves({ Table: { DeletionProtectionEnabled: true, TableStatus: 'ACTIVE' } })
      .on(DeleteTableCommand)
      .rejects(new Error('in use'))
    await expect(removeKept(clients, kept)).rejects.toThrow("cannot remove AWS::DynamoDB::GlobalTable 't'")
    expect(dynamoDb.commandCalls(UpdateTableCommand)).toHaveLength(1)
    expect(logs.commandCalls(DeleteLogGroupCommand)).toHaveLength(1)
  })
})

const fails = () => Promise.reject(new Error('the step'))

describe('after a failure', () => {
  it('each stack goes in an account, and the failure is what is told', async () => {
    const told = vi.spyOn(console, 'error').mockReturnValue()
    cloudFormation.on(DescribeStacksCommand).rejectsOnce(new Error('no network')).rejects(unknown)
    await expect(cleanly({ isEmulator: false }, clients, ['S', 'T'], fails)).rejects.toThrow('the step')
    expect(told.mock.calls).toEqual([['still there, remove it by hand: S: no network']])
    expect(cloudFormation.commandCalls(DescribeStacksCommand)).toHaveLength(2)
    told.mockRestore()
  })

  it('nothing is asked of the emulator, which ends', async () => {
    await expect(cleanly({ isEmulator: true }, clients, ['S'], fails)).rejects.toThrow('the step')
    expect(cloudFormation.calls()).toHaveLength(0)
  })
})

describe('a refusal', () => {
  it('is waited out, and nothing else', () => {
    const byFunction =
      'function \'f\' failed: {"errorMessage":"User: x is not authorized to perform: sqs:SendMessage"}'
    expect(isRefusal(new Error(byFunction))).toBe(true)
    expect(isRefusal(Object.assign(new Error(''), { name: 'AccessDeniedException' }))).toBe(true)
    expect(isRefusal(new Error('Table not found'))).toBe(false)
  })
})
