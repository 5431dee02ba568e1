import { Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Function } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { mayStartOrders } from '../../examples/deployment/another-stack.ts'
import { ordersToApprove } from '../../examples/deployment/ask-people.ts'
import { deployRole } from '../../examples/deployment/deploy-role.ts'
import { invoices } from '../../examples/deployment/more-of-the-cdk.ts'
import { smallService } from '../../examples/deployment/own-parts.ts'
import { videoService } from '../../examples/deployment/pools.ts'
import { tellEnds } from '../../examples/deployment/run-alerts.ts'
import { carefulService } from '../../examples/deployment/safe-deploys.ts'
import { entry, environmentOf, newStack, permissionsOf, resourceOf, synthesise } from './support.ts'

describe('the examples of the docs', () => {
  it('make a service of pools', () => {
    const stack = newStack()
    const { pools } = videoService(stack, entry, new Vpc(stack, 'Vpc'))
    expect(Object.keys(pools)).toEqual(['heavy', 'long'])
    Template.fromStack(stack).resourceCountIs('AWS::ECS::Service', 1)
  })

  it('make rules for the ends of runs', () => {
    const { template } = synthesise({ entry }, (flows, stack) => {
      const mailer = Function.fromFunctionName(stack, 'Mailer', 'mailer')
      tellEnds(flows, new Topic(stack, 'People'), mailer)
    })
    expect(resourceOf(template, 'AWS::Events::Rule', 'FlowsOrderFailed')).toMatchObject({
      EventPattern: { detail: { status: ['failed'], blueprintId: ['order-fulfilment'] } },
      Targets: [
        { InputTransformer: { InputTemplate: '"Run <detail-runId> failed, at <detail-errors> nodes"' } },
      ],
    })
    expect(resourceOf(template, 'AWS::Events::Rule', 'FlowsOrderFulfilled')).toMatchObject({
      EventPattern: { detail: { status: ['completed'] } },
      Targets: [{ InputTransformer: { InputTemplate: '{"order":<detail-runId>}' } }],
    })
  })

  it('ask people when a run waits for them', () => {
    const stack = newStack()
    ordersToApprove(stack, entry, Function.fromFunctionName(stack, 'Asker', 'asker'))
    const template = Template.fromStack(stack)
    const pattern = {
      'detail-type': ['Flowcraft Run Waiting'],
      detail: { blueprintId: ['order-fulfilment'], nodeId: ['approve'] },
    }
    const asked = '{"runId":<detail-runId>,"nodeId":<detail-nodeId>,"actions":<detail-actions>}'
    expect(resourceOf(template, 'AWS::Events::Rule', 'OrdersAsk')).toMatchObject({
      EventPattern: pattern,
      Targets: [{ InputTransformer: { InputTemplate: asked } }],
    })
    expect(resourceOf(template, 'AWS::Events::Rule', 'OrdersRemind')).toMatchObject({
      EventPattern: pattern,
      Targets: [{ InputTransformer: { InputTemplate: expect.stringContaining('"runId":<detail-id>') } }],
    })
    expect(environmentOf(template, 'OrdersWorker')).toMatchObject({ FLOWCRAFT_RUN_EVENTS: 'ended,waiting' })
  })

  it('make a service that is deployed step by step', () => {
    const stack = newStack()
    carefulService(stack, entry)
    const { AlarmConfiguration } = resourceOf(
      Template.fromStack(stack),
      'AWS::CodeDeploy::DeploymentGroup',
      'CarefulWorkerDeploymentGroup',
    )
    expect((AlarmConfiguration as { Alarms: unknown[] }).Alarms).toHaveLength(2)
  })

  it('make a service by hand', () => {
    const stack = newStack()
    smallService(stack, entry, Table.fromTableName(stack, 'Table', 'table'))
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::Lambda::Function', 3)
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
  })

  it('make a service with props of the CDK, a network and grants', () => {
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc')
    const db = new SecurityGroup(stack, 'Database', { vpc })
    invoices(stack, entry, vpc, new Bucket(stack, 'Uploads'), db)
    const worker = resourceOf(Template.fromStack(stack), 'AWS::Lambda::Function', 'InvoicesWorker')
    expect(worker['Layers']).toHaveLength(2)
  })

  it('let a function of another app start runs', () => {
    const stack = newStack()
    mayStartOrders(
      stack,
      new Role(stack, 'Caller', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
    )
    expect(permissionsOf(Template.fromStack(stack))).toEqual([
      'Caller: lambda:InvokeFunction on arn:aws:lambda:eu-central-1:111122223333:function:orders-start-run',
    ])
  })

  it('let one environment of one repository deploy, by the roles of the bootstrap alone', () => {
    const stack = newStack()
    deployRole(stack, 'someone/shop')
    const template = Template.fromStack(stack)
    expect(permissionsOf(template)).toEqual([
      'Deploy: sts:AssumeRole on arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cdk-*',
    ])
    const trust = resourceOf(template, 'AWS::IAM::Role', 'Deploy')['AssumeRolePolicyDocument']
    expect(trust).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
              'token.actions.githubusercontent.com:sub': 'repo:someone/shop:environment:production',
            },
          },
          Principal: { Federated: { Ref: expect.stringMatching(/^GitHub/) } },
        },
      ],
    })
  })
})
