import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Table, TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { describe, expect, it } from 'vitest'
import { StateTable, type StateTableProps } from '../../lib/constructs/index.ts'
import { keys, partitions, stateTable } from '../../lib/core/store/schema.ts'
import { IN_REGION, newStack, permissionsOf, problemsOf, readable } from './support.ts'

const TYPE = 'AWS::DynamoDB::GlobalTable'

function newRole(stack: Stack, id = 'Role'): Role {
  return new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
}

function stackWith(props?: StateTableProps): { stack: Stack; state: StateTable } {
  const stack = newStack()
  return { stack, state: new StateTable(stack, 'State', props) }
}

function granted(grant: (state: StateTable, role: Role) => void): string[] {
  const { stack, state } = stackWith()
  grant(state, newRole(stack))
  return permissionsOf(Template.fromStack(stack))
}

function on(operations: string): string[] {
  const actions = operations.split(' ').map((operation) => `dynamodb:${operation}`)
  return [`Role: ${actions.join(' ')} on <State.Arn>`]
}

describe('StateTable', () => {
  it('has the schema that the adapter creates elsewhere', () => {
    const { stack } = stackWith()
    const { KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes } =
      stateTable.createInput('any')
    Template.fromStack(stack).hasResourceProperties(TYPE, {
      KeySchema,
      AttributeDefinitions,
      BillingMode,
      GlobalSecondaryIndexes,
      TimeToLiveSpecification: { AttributeName: stateTable.timeToLiveAttribute, Enabled: true },
    })
  })

  it('has no index of runs where it is told so, nor rights on it', () => {
    const { stack, state } = stackWith({ runIndex: false })
    state.grantReadData(newRole(stack))
    const template = Template.fromStack(stack)
    const { AttributeDefinitions, GlobalSecondaryIndexes } = stateTable.createInput('any', {
      runIndex: false,
    })
    template.hasResourceProperties(TYPE, { AttributeDefinitions, GlobalSecondaryIndexes })
    expect(GlobalSecondaryIndexes).toHaveLength(1)
    expect(permissionsOf(template).at(-1)).toBe('Role: dynamodb:Query on <State.Arn>/index/due')
    expect(state.metricThrottles().expression).toBe('SUM([reads, writes, indexWrites])')
  })

  it('keeps data by default, and is not named', () => {
    const { stack } = stackWith()
    Template.fromStack(stack).hasResource(TYPE, {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: Match.objectLike({
        TableName: Match.absent(),
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          }),
        ],
      }),
    })
  })

  it('leaves nothing behind when a first deployment fails, unless it is protected from deletion', () => {
    const { stack } = stackWith({ deletionProtection: false })
    const policies = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' }
    Template.fromStack(stack).hasResource(TYPE, policies)
    const removalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
    const { stack: isProtected } = stackWith({ removalPolicy })
    Template.fromStack(isProtected).hasResource(TYPE, { ...policies, DeletionPolicy: 'Retain' })
  })

  it('takes every prop', () => {
    const { stack } = stackWith({
      tableName: 'runs',
      pointInTimeRecovery: false,
      deletionProtection: false,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    Template.fromStack(stack).hasResource(TYPE, {
      DeletionPolicy: 'Delete',
      Properties: Match.objectLike({
        TableName: 'runs',
        Replicas: [
          Match.objectLike({
            DeletionProtectionEnabled: false,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
          }),
        ],
      }),
    })
  })

  it('keeps its logical id, or a deployment would replace the data', () => {
    const { stack } = stackWith()
    expect(Object.keys(Template.fromStack(stack).findResources(TYPE))).toEqual(['StateEEDB6EBF'])
  })

  it('takes an existing table, but not together with props of a new one', () => {
    const stack = newStack()
    const existingTable = Table.fromTableName(stack, 'Mine', 'mine')
    expect(new StateTable(stack, 'State', { existingTable }).table).toBe(existingTable)
    expect(new StateTable(stack, 'Ours', { existingTable, serviceName: 'shop' }).serviceName).toBe('shop')
    expect(() => new StateTable(stack, 'Both', { existingTable, tableName: 'new' })).toThrow(
      'give either existingTable or props of a new table, got existingTable and tableName',
    )
  })

  it('grants exactly what each does', () => {
    const due = 'Role: dynamodb:Query on <State.Arn>/index/due'
    expect(granted((state, role) => state.grantReadWriteData(role))).toEqual(
      on('GetItem PutItem Query UpdateItem'),
    )
    const list = [
      ...on('BatchGetItem'),
      'Role: dynamodb:Query on <State.Arn>/index/due <State.Arn>/index/runs',
    ]
    expect(granted((state, role) => state.grantReadData(role))).toEqual([...on('GetItem Query'), ...list])
    expect(granted((state, role) => state.grantListRuns(role))).toEqual(list)
    expect(granted((state, role) => state.grantBackfill(role))).toEqual(on('BatchGetItem Scan UpdateItem'))
    const [put] = on('PutItem')
    expect(granted((state, role) => state.grantPutData(role))).toEqual([
      ...on('GetItem'),
      `${put} if dynamodb:LeadingKeys is R#*`,
    ])
    expect(granted((state, role) => state.grantPutData(role, ['labels', 'graphs']))).toEqual([
      ...on('GetItem'),
      `${put} if dynamodb:LeadingKeys is R#* or L#* or G#*`,
    ])
    const examples = [
      keys.run('1'),
      keys.value('1', '2|x'),
      keys.graph('b', 'f'),
      keys.label('0#a=b', 1, '1'),
    ]
    expect(examples.map(({ pk }) => pk[0])).toEqual([
      partitions.runs[0],
      partitions.runs[0],
      partitions.graphs[0],
      partitions.labels[0],
    ])
    expect(granted((state, role) => state.grantCoordination(role))).toEqual(
      on('DeleteItem GetItem PutItem UpdateItem'),
    )
    expect(granted((state, role) => state.grantQueryDue(role))).toEqual([due])
    expect(granted((state, role) => state.grantSweep(role))).toEqual([
      ...on('GetItem UpdateItem'),
      due,
      'Role: dynamodb:Query on <State.Arn> if dynamodb:LeadingKeys is H#*',
    ])
  })

  it("is encrypted by a customer's key, which it grants to whoever reads or writes", () => {
    const stack = newStack(IN_REGION)
    const state = new StateTable(stack, 'State', { encryptionKey: new Key(stack, 'Key') })
    state.grantReadData(newRole(stack, 'Reader'))
    state.grantReadWriteData(newRole(stack, 'Writer'))
    const template = Template.fromStack(stack)
    template.hasResourceProperties(TYPE, { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } })
    expect(permissionsOf(template).filter((line) => line.includes('kms:'))).toEqual([
      'Reader: kms:Decrypt kms:DescribeKey on <Key.Arn>',
      'Writer: kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo on <Key.Arn>',
    ])
  })

  it('may be deleted with its stack where that is asked for', () => {
    const { stack } = stackWith({ removalPolicy: RemovalPolicy.DESTROY })
    Template.fromStack(stack).hasResourceProperties(TYPE, {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })],
    })
  })

  it('refuses two encryptions, and a key that it could not name', () => {
    const make = problemsOf((stack) => {
      const both = { encryptionKey: new Key(stack, 'Key'), encryption: TableEncryptionV2.awsManagedKey() }
      return new StateTable(stack, 'State', both)
    })
    expect(make).toEqual([
      'give either encryptionKey or encryption, got both',
      'encryptionKey needs a stack of a known region (env.region), as the CDK names a key by region',
    ])
  })

  it('has metrics of units and of throttles', () => {
    const { stack, state } = stackWith()
    const { dimensions, ...metric } = state.metricConsumedWriteUnits()
    expect(metric).toMatchObject({ metricName: 'ConsumedWriteCapacityUnits', statistic: 'Sum' })
    expect(readable(stack.resolve(dimensions?.['TableName']))).toBe('<State>')
    expect(state.metricConsumedReadUnits().metricName).toBe('ConsumedReadCapacityUnits')
    const { usingMetrics } = state.metricThrottles()
    const used = Object.values(usingMetrics) as Metric[]
    expect(
      used.map(({ metricName, dimensions: { GlobalSecondaryIndexName: index } = {} }) => [metricName, index]),
    ).toEqual([
      ['ReadThrottleEvents', undefined],
      ['WriteThrottleEvents', undefined],
      ['WriteThrottleEvents', 'due'],
      ['WriteThrottleEvents', 'runs'],
    ])
  })
})
