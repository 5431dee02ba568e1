import { Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Function } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { smallService } from '../../examples/deployment/own-parts.ts'
import { videoService } from '../../examples/deployment/pools.ts'
import { tellEnds } from '../../examples/deployment/run-alerts.ts'
import { entry, newStack, resourceOf, synthesise } from './support.ts'
import { carefulService } from '../../examples/deployment/safe-deploys.ts'

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
})
