import { Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { describe, expect, it } from 'vitest'
import { smallService } from '../../examples/deployment/own-parts.ts'
import { videoService } from '../../examples/deployment/pools.ts'
import { entry, newStack } from './support.ts'

describe('the examples of the docs', () => {
  it('make a service of pools', () => {
    const stack = newStack()
    const { pools } = videoService(stack, entry, new Vpc(stack, 'Vpc'))
    expect(Object.keys(pools)).toEqual(['heavy', 'long'])
    Template.fromStack(stack).resourceCountIs('AWS::ECS::Service', 1)
  })

  it('make a service by hand', () => {
    const stack = newStack()
    smallService(stack, entry, Table.fromTableName(stack, 'Table', 'table'))
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::Lambda::Function', 3)
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
  })
})
