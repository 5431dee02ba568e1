import { Stack } from 'aws-cdk-lib'
import { EventBus, type EventPattern, Match, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SnsTopic, SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService, type OnRunEventOptions, RunStatusEvent } from '../../lib/constructs/index.ts'
import type { RunStatusChange } from '../../lib/index.ts'
import { entry, environmentOf, IN_REGION, newStack, problemsOf, resourceOf, synthesise } from './support.ts'

const RULE = 'AWS::Events::Rule'
/** What each event of the service has. */
const OWN = { source: ['flowcraft'], 'detail-type': ['Flowcraft Run Status Change'] }
const service = ['Stack-Flows-2fcc5dce']

type Method = 'onRunCompleted' | 'onRunFailed' | 'onRunCancelled' | 'onRunStatusChange'

function ruleOf(method: Method, options?: OnRunEventOptions) {
  const { template } = synthesise({ entry }, (flows) => flows[method]('Told', options))
  return resourceOf(template, RULE, 'FlowsTold')
}

describe('a rule for the ends of runs', () => {
  it.each([
    ['onRunCompleted', { service, status: ['completed'] }],
    ['onRunFailed', { service, status: ['failed'] }],
    ['onRunCancelled', { service, status: ['cancelled'] }],
    ['onRunStatusChange', { service }],
  ] as const)('%s has the pattern of what workers publish', (method, detail) => {
    expect(ruleOf(method)).toEqual({
      EventBusName: { Ref: expect.stringMatching(/^FlowsEvents/) },
      EventPattern: { ...OWN, detail },
      State: 'ENABLED',
    })
  })

  it('is of one blueprint, if asked', () => {
    expect(ruleOf('onRunFailed', { blueprintId: 'order' })).toMatchObject({
      EventPattern: { detail: { service, status: ['failed'], blueprintId: ['order'] } },
    })
  })

  it('names the service as its workers do', () => {
    const { template } = synthesise({ entry }, (flows) => flows.onRunFailed('Told'))
    const { EventPattern } = resourceOf(template, RULE, 'FlowsTold')
    const { POWERTOOLS_SERVICE_NAME: name } = environmentOf(template, 'FlowsWorker')
    expect(EventPattern).toMatchObject({ detail: { service: [name] } })
  })

  it('has a target, a name and a description, and takes more targets', () => {
    const { template } = synthesise({ entry }, (flows, stack) => {
      const target = new SqsQueue(new Queue(stack, 'Ends'))
      const rule = flows.onRunFailed('Told', { target, ruleName: 'failures', description: 'tells' })
      rule.addTarget(new SqsQueue(new Queue(stack, 'More')))
    })
    expect(resourceOf(template, RULE, 'FlowsTold')).toMatchObject({
      Name: 'failures',
      Description: 'tells',
      Targets: [{ Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Ends/), 'Arn'] } }, { Id: 'Target1' }],
    })
  })

  it('stands in the stack of its target, if asked', () => {
    const { stack, service: flows } = synthesise()
    const other = new Stack(stack.node.root, 'Other')
    const target = new SqsQueue(new Queue(other, 'Ends'))
    expect(Stack.of(flows.onRunFailed('Told', { target, crossStackScope: other }))).toBe(other)
  })
})

describe("a user's pattern", () => {
  it('is merged', () => {
    const eventPattern: EventPattern = {
      time: Match.prefix('2026'),
      detail: { status: ['failed', 'cancelled'], errors: [{ numeric: ['>', 1] }] },
    }
    const before = JSON.stringify(eventPattern)
    expect(ruleOf('onRunStatusChange', { eventPattern })).toMatchObject({
      EventPattern: {
        ...OWN,
        time: [{ prefix: '2026' }],
        detail: { service, status: ['failed', 'cancelled'], errors: [{ numeric: ['>', 1] }] },
      },
    })
    expect(JSON.stringify(eventPattern)).toBe(before)
  })

  it('may repeat what the rule has', () => {
    const eventPattern = { source: ['flowcraft'], detail: { status: ['failed'] } }
    expect(ruleOf('onRunFailed', { eventPattern })).toMatchObject({
      EventPattern: { ...OWN, detail: { service, status: ['failed'] } },
    })
  })

  it('must not let others in, as values that the CDK merges would', () => {
    const eventPattern = {
      source: ['aws.s3'],
      detail: { status: ['completed'], blueprintId: ['b'], service: ['other'] },
    }
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', { entry }).onRunFailed('Told', { blueprintId: 'a', eventPattern }),
    )
    const left = 'must be left to onRunFailed, which sets'
    expect(problems).toEqual([
      `eventPattern.source ${left} ["flowcraft"], got ["aws.s3"]`,
      `eventPattern.detail.service ${left} ["Stack-Flows-2fcc5dce"], got ["other"]`,
      `eventPattern.detail.status ${left} ["failed"], got ["completed"]`,
      `eventPattern.detail.blueprintId ${left} ["a"], got ["b"]`,
    ])
  })
})

describe('a service without events of its own', () => {
  it('has no rules, and says so with all else that is wrong', () => {
    const problems = problemsOf((stack) =>
      new FlowcraftService(stack, 'Flows', { entry, events: false }).onRunCompleted('Told', {
        blueprintId: '',
      }),
    )
    expect(problems).toEqual([
      'onRunCompleted needs the events that workers publish, got events: false',
      "blueprintId of onRunCompleted must not be empty, got ''",
    ])
  })

  it('has rules on a shared bus, for its own events only', () => {
    const stack = newStack()
    const eventBus = EventBus.fromEventBusName(stack, 'Bus', 'shared')
    const patterns = ['One', 'Two'].map((id) => {
      const rule = new FlowcraftService(stack, id, { entry, events: { eventBus } }).onRunFailed('Told')
      return stack.resolve((rule.node.defaultChild as unknown as { eventPattern: object }).eventPattern)
    })
    expect(patterns).toEqual([
      { ...OWN, detail: { service: [expect.stringMatching(/^Stack-One-/)], status: ['failed'] } },
      { ...OWN, detail: { service: [expect.stringMatching(/^Stack-Two-/)], status: ['failed'] } },
    ])
  })

  it('has no rules on a bus elsewhere, as on AWS', () => {
    const stack = newStack(IN_REGION)
    const eventBusArn = 'arn:aws:events:us-east-1:123456789012:event-bus/far'
    const eventBus = EventBus.fromEventBusArn(stack, 'Bus', eventBusArn)
    const flows = new FlowcraftService(stack, 'Flows', { entry, events: { eventBus } })
    expect(() => flows.onRunFailed('Told')).toThrow(
      "onRunFailed needs an event bus in the stack's region, eu-central-1, got one in us-east-1",
    )
  })
})

describe('the fields of an event', () => {
  it('fill the input of a target', () => {
    const { template } = synthesise({ entry }, (flows, stack) => {
      const message = RuleTargetInput.fromText(`Run ${RunStatusEvent.runId} ${RunStatusEvent.status}`)
      flows.onRunStatusChange('Told', { target: new SnsTopic(new Topic(stack, 'Topic'), { message }) })
    })
    expect(resourceOf(template, RULE, 'FlowsTold')['Targets']).toMatchObject([
      {
        InputTransformer: {
          InputPathsMap: { 'detail-runId': '$.detail.runId', 'detail-status': '$.detail.status' },
          InputTemplate: '"Run <detail-runId> <detail-status>"',
        },
      },
    ])
  })

  it('are all that workers publish', () => {
    const fields: Record<keyof RunStatusChange, string> = RunStatusEvent
    const published: Required<RunStatusChange> = {
      id: 'r:failed',
      runId: 'r',
      blueprintId: 'b',
      status: 'failed',
      errors: 1,
      reason: 'late',
      startedAt: '',
      endedAt: '',
      parentRunId: 'p',
      service: 's',
    }
    const stack = newStack()
    for (const name of Object.keys(published) as (keyof RunStatusChange)[]) {
      expect(stack.resolve(fields[name])).toBe(`$.detail.${name}`)
    }
  })
})
