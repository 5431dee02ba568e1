import { App, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { describe, expect, it } from 'vitest'
import { stateTable } from '../../lib/adapter/store/schema.ts'
import { StateTable, type StateTableProps } from '../../lib/constructs/index.ts'

const TYPE = 'AWS::DynamoDB::GlobalTable'

function stackWith(props?: StateTableProps): { stack: Stack; state: StateTable } {
  const stack = new Stack(new App(), 'Stack')
  return { stack, state: new StateTable(stack, 'State', props) }
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
    const stack = new Stack(new App(), 'Stack')
    const existingTable = Table.fromTableName(stack, 'Mine', 'mine')
    expect(new StateTable(stack, 'State', { existingTable }).table).toBe(existingTable)
    expect(() => new StateTable(stack, 'Both', { existingTable, tableName: 'new' })).toThrow(
      'give either existingTable or props of a new table, got existingTable and tableName',
    )
  })

  it('grants what the adapter does on this table, and no more', () => {
    const { stack, state } = stackWith()
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    state.grantReadWriteData(role)
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          {
            Effect: 'Allow',
            Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^State'), 'Arn'] },
          },
        ],
      }),
    })
  })

  it('grants the sweep its index, and nothing else', () => {
    const { stack, state } = stackWith()
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    state.grantQueryDue(role)
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          {
            Effect: 'Allow',
            Action: 'dynamodb:Query',
            Resource: {
              'Fn::Join': ['', [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^State'), 'Arn'] }, '/index/due']],
            },
          },
        ],
      }),
    })
  })
})
