import { NestedStack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import { uniqueName } from '../../lib/constructs/unique-name.ts'
import { entry, environmentOf, newStack } from './support.ts'

/** Names within their owner (a role, a target of scaling), and names of what is measured. */
const NOT_GLOBAL = new Set(['PolicyName', 'MetricName'])

function shop(stackName: string) {
  const stack = newStack({ stackName })
  const service = new FlowcraftService(stack, 'Flows', {
    entry,
    webhook: {},
    existingTable: Table.fromTableName(stack, 'Table', 'table'),
    vpc: new Vpc(stack, 'Vpc'),
    pools: {
      long: { nodes: ['train'], image: ContainerImage.fromRegistry('example/worker'), maxCapacity: 2 },
    },
  })
  return { service, template: Template.fromStack(stack) }
}

/** What the template itself names, by resource and property. */
function physicalNames(template: Template): Map<string, string> {
  const { Resources } = template.toJSON() as { Resources: Record<string, { Properties?: object }> }
  const all = Object.entries(Resources).flatMap(([id, { Properties = {} }]) =>
    Object.entries(Properties)
      .filter(
        ([name, value]) => /Name$|^Family$/.test(name) && !NOT_GLOBAL.has(name) && typeof value === 'string',
      )
      .map(([name, value]): [string, string] => [`${id}.${name}`, value as string]),
  )
  return new Map(all)
}

describe('two stacks of one app that differ in stackName', () => {
  const [dev, prod] = [shop('Shop-dev'), shop('Shop-prod')]

  it('share no physical name', () => {
    const [ofDev, ofProd] = [physicalNames(dev.template), physicalNames(prod.template)]
    expect([...ofDev.keys()].map((id) => id.replace(/[0-9A-F]{8}\./, '.'))).toEqual(
      expect.arrayContaining(['FlowsEvents.Name', 'FlowsPoolslongWorkerTask.Family']),
    )
    for (const [id, name] of ofDev) expect(ofProd.get(id), id).not.toBe(name)
  })

  it('share no name in metrics, and no timers of one table', () => {
    expect(dev.service.serviceName).not.toBe(prod.service.serviceName)
    for (const id of ['FlowsWorker', 'FlowsSweep']) {
      const names = [dev, prod].map(({ template }) => environmentOf(template, id)['FLOWCRAFT_SERVICE_NAME'])
      expect(names[0], id).not.toBe(names[1])
    }
  })
})

const nameOf = (id: string, stackName: string) =>
  uniqueName(new FlowcraftService(newStack({ stackName }), id, { entry }))

describe('a unique name', () => {
  it('begins with the stack and the path, and stays the same', () => {
    expect(nameOf('Flows', 'Shop')).toMatch(/^Shop-Flows-[0-9a-f]{8}$/)
    expect(nameOf('Flows', 'Shop')).toBe(nameOf('Flows', 'Shop'))
  })

  it('is short enough, and differs where only the end of a long one does', () => {
    const [one, two] = [nameOf('Flows', `${'x'.repeat(120)}1`), nameOf('Flows', `${'x'.repeat(120)}2`)]
    expect(one.length).toBeLessThanOrEqual(100)
    expect(one).not.toBe(two)
  })

  it('of a service in a nested stack has the name that CloudFormation gives that stack', () => {
    const nested = new NestedStack(newStack(), 'Nested')
    const { serviceName } = new FlowcraftService(nested, 'Flows', { entry, alarms: false, dashboard: false })
    expect(JSON.stringify(nested.resolve(serviceName))).toContain('"Ref":"AWS::StackName"')
  })
})
