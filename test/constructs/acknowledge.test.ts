/** cdk-nag's AwsSolutions pack, in both versions that apps have. */
import { type App, Aspects, NestedStack, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { type CfnPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IConstruct } from 'constructs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import { everything } from './everything.ts'
import {
  acknowledged2,
  acknowledged3,
  Findings2,
  nag3,
  watchWithNag2,
  withoutAcknowledgements2,
} from './nag.ts'
import { entry, IN_REGION, newStack } from './support.ts'

function judge(stack: Stack, make: (stack: Stack) => void) {
  // First of all, as in an app that adds it before its stacks.
  const nag2 = watchWithNag2(stack.node.root)
  make(stack)
  const template = Template.fromStack(stack)
  const acknowledged = { by2: acknowledged2(stack), by3: acknowledged3(stack) }
  return {
    template,
    acknowledged,
    found: { by2: nag2.take(), by3: nag3(stack) },
    foundWithout: nag2.visit(withoutAcknowledgements2(stack)),
  }
}

const NOTHING = { by2: [], by3: [] }
const OBJECTS = 'IAM5[Resource::<FlowsValuesAF50E1EA.Arn>/runs/*]'

describe('the AwsSolutions pack', () => {
  it('finds nothing but what is acknowledged, with a reason, where it is', () => {
    const { template, found, foundWithout, acknowledged } = judge(newStack(), (stack) => {
      const flows = new FlowcraftService(stack, 'Flows', { entry, webhook: {} })
      const reader = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
      flows.grantReadRuns(reader)
      const other = new FlowcraftService(stack, 'Other', { entry, valueBucket: false })
      flows.values?.grantRead(other)
    })
    expect(found).toEqual(NOTHING)
    expect(acknowledged.by2).toEqual([
      `Other/Worker/Role/DefaultPolicy/Resource: ${OBJECTS}`,
      `Reader/DefaultPolicy/Resource: ${OBJECTS}`,
      `StartRun/Role/DefaultPolicy/Resource: ${OBJECTS}`,
      'Values/Resource/Resource: S1',
      `Webhook/Role/DefaultPolicy/Resource: ${OBJECTS}`,
      `Worker/Role/DefaultPolicy/Resource: ${OBJECTS}`,
    ])
    // No more and no less.
    expect(foundWithout).toEqual(acknowledged.by2)
    expect(acknowledged.by3).toEqual(
      acknowledged.by2.map((line) =>
        line.replace('/DefaultPolicy/Resource:', ':').replace('/Resource:', ':'),
      ),
    )
    expect(metadataOf(template, 'AWS::S3::Bucket')).toEqual([
      [{ id: 'AwsSolutions-S1', reason: expect.stringMatching(/serverAccessLogsBucket/) as string }],
    ])
    expect(metadataOf(template, 'AWS::IAM::Policy')[0]).toEqual([
      {
        id: 'AwsSolutions-IAM5',
        reason: expect.stringMatching(/^The names of objects/) as string,
        applies_to: [expect.stringMatching(/^Resource::<FlowsValues.*\/runs\/\*$/)],
      },
    ])
  })

  it('finds nothing but what is acknowledged in a service with all that there is', () => {
    const stack = newStack(IN_REGION, { '@aws-cdk/core:aspectStabilization': true })
    const { found, foundWithout, acknowledged } = judge(stack, (stack) => {
      const flows = new FlowcraftService(stack, 'Flows', everything(stack))
      flows.onRunFailed('Failed')
    })
    expect(found).toEqual(NOTHING)
    expect(foundWithout).toEqual(acknowledged.by2)
    expect(acknowledged.by2).toEqual(
      expect.arrayContaining([
        'Worker/Deployment/Role/DefaultPolicy/Resource: IAM5[Resource::*]',
        'Pools/heavy/Worker/Role/DefaultPolicy/Resource: IAM5[Resource::*]',
        expect.stringMatching(/^Full\/OverflowPolicy1\/Resource: IAM5\[Resource::\*/),
        expect.stringMatching(/^Full\/OverflowPolicy1\/Resource: IAM5\[Resource::<FlowsValues/),
        'Pools/long/Worker/Cluster/Resource: ECS4',
        'Pools/long/Worker/Task/Resource: ECS2',
        'Pools/long/Worker/Task/ExecutionRole/DefaultPolicy/Resource: IAM5[Resource::*]',
      ]),
    )
    // Of each for cdk-nag 3 there is a finding.
    const found2 = new Set(foundWithout.map((line) => line.replace(/(\/\w+Policy\d*)?\/Resource:/, ':')))
    expect(acknowledged.by3).toEqual([...found2].toSorted())
  })

  it('finds nothing in what a service grants in other stacks', () => {
    const stack = newStack()
    const nag2 = watchWithNag2(stack.node.root)
    const flows = new FlowcraftService(stack, 'Flows', { entry })
    for (const scope of [new NestedStack(stack, 'Nested'), new Stack(stack.node.root as App, 'Caller')]) {
      const assumedBy = new ServicePrincipal('lambda.amazonaws.com')
      flows.grantReadRuns(new Role(scope, 'Reader', { assumedBy }))
    }
    Template.fromStack(stack)
    expect({ by2: nag2.take(), by3: nag3(stack.node.root) }).toEqual(NOTHING)
    withoutAcknowledgements2(stack.node.root)
    expect(nag2.visit(stack.node.root)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Caller\/Reader.*Stack:ExportsOutput/),
        expect.stringMatching(/^Nested\/Reader.*<referencetoStack/),
      ]),
    )
  })

  it('lets an aspect grant, which has visited the grantee before', () => {
    const stack = newStack({}, { '@aws-cdk/core:aspectStabilization': true })
    const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    const flows = new FlowcraftService(stack, 'Flows', { entry })
    const isOwnResource = (node: IConstruct) => node === role.node.defaultChild
    Aspects.of(stack).add({ visit: (node) => isOwnResource(node) && flows.grantReadRuns(role) })
    Template.fromStack(stack)
    expect(acknowledged2(stack)).toContain(`Reader/DefaultPolicy/Resource: ${OBJECTS}`)
  })

  it("leaves an app's own suppressions, and its other resources", () => {
    const stack = newStack()
    const flows = new FlowcraftService(stack, 'Flows', { entry })
    const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] }))
    const policy = role.node.findChild('DefaultPolicy').node.defaultChild as CfnPolicy
    const own = { id: 'AwsSolutions-IAM5', reason: 'It reads everything.', applies_to: ['Resource::*'] }
    policy.addMetadata('cdk_nag', { rules_to_suppress: [own] })
    flows.grantReadRuns(role)
    flows.grantReadRuns(role)
    const nag2 = new Findings2()
    expect(nag2.visit(role)).toEqual([])
    expect(policy.getMetadata('cdk_nag')).toEqual({
      rules_to_suppress: [own, expect.objectContaining({ applies_to: [OBJECTS.slice(5, -1)] })],
    })
    // A wildcard of the app's that nobody acknowledged.
    role.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::mine/*'] }))
    expect(nag2.visit(role)).toEqual(['Reader/DefaultPolicy/Resource: IAM5[Resource::arn:aws:s3:::mine/*]'])
  })
})

function metadataOf(template: Template, type: string): unknown[] {
  type Resource = { readonly Metadata?: { readonly cdk_nag?: { readonly rules_to_suppress: unknown } } }
  const resources = Object.values(template.findResources(type) as Record<string, Resource>)
  return resources.map(({ Metadata }) => Metadata?.cdk_nag?.rules_to_suppress)
}
