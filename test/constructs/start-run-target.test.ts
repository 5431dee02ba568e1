import { Duration } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { startByEvents } from '../../examples/deployment/start-by-events.ts'
import {
  FlowcraftService,
  StartRunFunction,
  StartRunTarget,
  type StartRunTargetProps,
} from '../../lib/constructs/index.ts'
import { newParts, newStack, readable, resourceOf, synthesise } from './support.ts'

const eventPattern = { source: ['shop'] }
const ARN = 'arn:aws:lambda:eu-central-1:111122223333:function:orders-start-run'

/** A rule with a target on a StartRun function alone, as a template. */
function ruleOf(props: StartRunTargetProps): Template {
  const stack = newStack()
  const startRun = new StartRunFunction(stack, 'StartRun', newParts(stack))
  new Rule(stack, 'Rule', { eventPattern, targets: [new StartRunTarget(startRun, props)] })
  return Template.fromStack(stack)
}

type Target = Record<string, unknown> & {
  InputTransformer?: { InputTemplate: unknown; InputPathsMap: unknown }
}

function targetOf(template: Template, rule = 'Rule'): Target {
  return (resourceOf(template, 'AWS::Events::Rule', rule)['Targets'] as [Target])[0]
}

describe('StartRunTarget', () => {
  it("starts a run for each event, by the event's id, with its detail", () => {
    expect(targetOf(ruleOf({ blueprintId: 'order' })).InputTransformer).toEqual({
      InputTemplate: '{"blueprintId":"order","runId":"order:<id>","input":<flowcraft-run-input>}',
      InputPathsMap: { id: '$.id', 'flowcraft-run-input': '$.detail' },
    })
  })

  it('takes fields of the event for everything', () => {
    const input = RuleTargetInput.fromObject({ key: EventField.fromPath('$.detail.key'), size: 1 })
    const props = {
      blueprintId: EventField.fromPath('$.detail.flow'),
      runId: `paid-${EventField.fromPath('$.detail.id')}`,
      labels: { order: EventField.fromPath('$.detail.key') },
      input,
    }
    expect(targetOf(ruleOf(props)).InputTransformer).toEqual({
      InputTemplate:
        '{"blueprintId":<detail-flow>,"runId":"paid-<detail-id>","input":{"key":<detail-key>,"size":1},"labels":{"order":<detail-key>}}',
      InputPathsMap: {
        'detail-flow': '$.detail.flow',
        'detail-id': '$.detail.id',
        'detail-key': '$.detail.key',
      },
    })
  })

  it('takes the whole event', () => {
    const whole = ruleOf({ blueprintId: 'order', input: RuleTargetInput.fromEventPath('$') })
    expect(targetOf(whole).InputTransformer?.InputTemplate).toBe(
      '{"blueprintId":"order","runId":"order:<id>","input":<aws.events.event.json>}',
    )
    const constant = ruleOf({
      blueprintId: 'order',
      runId: 'once',
      input: RuleTargetInput.fromEventPath('$'),
    })
    expect(targetOf(constant).InputTransformer?.InputTemplate).toContain('<aws.events.event.json>')
  })

  it('takes what is constant, where words in angle brackets are no fields', () => {
    const input = RuleTargetInput.fromObject({ a: '<b>' })
    const target = targetOf(ruleOf({ blueprintId: 'order', runId: 'once', input }))
    expect(target).not.toHaveProperty('InputTransformer')
    expect(target['Input']).toBe('{"blueprintId":"order","runId":"once","input":{"a":"<b>"}}')
  })

  it('gives a blueprint whose id no run can have a name of its own', () => {
    const [a, b] = ['zahl ü', 'zahl ö'].map((blueprintId) => targetOf(ruleOf({ blueprintId })))
    const template = a?.InputTransformer?.InputTemplate
    expect(template).toMatch(/"runId":"[0-9a-f]{16}:<id>"/)
    expect(template).not.toBe(b?.InputTransformer?.InputTemplate)
  })

  it('lets the rule alone invoke StartRun, and keeps what is not delivered', () => {
    const stack = newStack()
    const startRun = new StartRunFunction(stack, 'StartRun', newParts(stack))
    const deadLetterQueue = new Queue(stack, 'Dead')
    const target = new StartRunTarget(startRun, {
      blueprintId: 'order',
      deadLetterQueue,
      maxEventAge: Duration.hours(2),
      retryAttempts: 3,
    })
    new Rule(stack, 'Rule', { eventPattern, targets: [target] })
    const template = Template.fromStack(stack)
    const [permission, ...others] = Object.values(template.findResources('AWS::Lambda::Permission'))
    expect(others).toEqual([])
    expect(permission?.['Properties']).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
    })
    expect(readable(permission?.['Properties'].SourceArn)).toBe('<Rule.Arn>')
    expect(targetOf(template)).toMatchObject({
      RetryPolicy: { MaximumEventAgeInSeconds: 7_200, MaximumRetryAttempts: 3 },
    })
    expect(targetOf(template)['DeadLetterConfig']).toBeDefined()
    expect(JSON.stringify(template.findResources('AWS::SQS::QueuePolicy'))).toContain('events.amazonaws.com')
  })

  it('starts runs of an imported service, whose function lets the rule in', () => {
    const stack = newStack()
    const flows = FlowcraftService.fromAttributes(stack, 'Flows', { startRunFunctionArn: ARN })
    for (const id of ['One', 'Two']) {
      new Rule(stack, id, { eventPattern, targets: [new StartRunTarget(flows, { blueprintId: 'order' })] })
    }
    const template = Template.fromStack(stack)
    expect(targetOf(template, 'One')['Arn']).toBe(ARN)
    template.resourceCountIs('AWS::Lambda::Permission', 2)
  })

  it('starts none of a service that is elsewhere', () => {
    const stack = newStack({ env: { account: '444455556666', region: 'us-east-1' } })
    const flows = FlowcraftService.fromAttributes(stack, 'Flows', { startRunFunctionArn: ARN })
    const rule = new Rule(stack, 'Rule', { eventPattern })
    expect(() => rule.addTarget(new StartRunTarget(flows, { blueprintId: 'order' }))).toThrow(
      [
        'invalid props of Stack/Flows:',
        '- rules and schedules must be in the account of the StartRun function, 111122223333; got 444455556666',
        '- rules and schedules must be in the region of the StartRun function, eu-central-1; got us-east-1',
      ].join('\n'),
    )
  })

  it('lists all problems at once', () => {
    const props = {
      blueprintId: '',
      runId: 'two words',
      labels: { 'no name': 'x' },
      input: RuleTargetInput.fromText(`Hello <b> ${EventField.fromPath('$.detail.name')}`),
      maxEventAge: Duration.seconds(1),
      retryAttempts: 186,
    }
    expect(() => ruleOf(props)).toThrow(
      /^invalid props of Stack\/Rule:\n- blueprintId must .*\n- runId must .*\n- labels: a name .*\n- maxEventAge must .*\n- retryAttempts must .*\n- input must become an object.*got "Hello <b> <detail-name>"\n- input must not hold words in angle brackets.*got <b>$/,
    )
    const input = RuleTargetInput.fromObject({ one: EventField.fromPath('$.detail.a-b') })
    expect(() => ruleOf({ blueprintId: 'order', runId: EventField.fromPath('$.detail.a.b'), input })).toThrow(
      'other names than $.detail.a.b and $.detail.a-b',
    )
  })

  it('is what the docs show', () => {
    const { template } = synthesise(undefined, (flows, stack) =>
      startByEvents(
        flows,
        new Bucket(stack, 'Uploads'),
        'aws.partner/stripe.com/x',
        new Queue(stack, 'Dead'),
      ),
    )
    expect(targetOf(template, 'FlowsUploaded').InputTransformer?.InputTemplate).toBe(
      '{"blueprintId":"import-file","runId":"import-file:<id>","input":{"key":<detail-object-key>}}',
    )
    expect(targetOf(template, 'FlowsPaid').InputTransformer).toEqual({
      InputTemplate: '{"blueprintId":"order-fulfilment","runId":<detail-id>,"input":<flowcraft-run-input>}',
      InputPathsMap: { 'detail-id': '$.detail.id', 'flowcraft-run-input': '$.detail.data.object' },
    })
  })
})
