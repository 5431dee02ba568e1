import { Duration, TimeZone } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Schedule } from 'aws-cdk-lib/aws-events'
import { Key } from 'aws-cdk-lib/aws-kms'
import { ContextAttribute, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { scheduled } from '../../examples/deployment/schedules.ts'
import { FlowcraftService, type StartScheduleOptions } from '../../lib/constructs/index.ts'
import { newStack, permissionsOf, readable, resourceOf, synthesise } from './support.ts'

const SCHEDULE = 'AWS::Scheduler::Schedule'
const ARN = 'arn:aws:lambda:eu-central-1:111122223333:function:orders-start-run'
const nightly: StartScheduleOptions = {
  schedule: Schedule.cron({ hour: '3', minute: '0' }),
  blueprintId: 'report',
}

/** An imported service with schedules: without the resources of one, it is made at once. */
function imported(add: (flows: ReturnType<typeof FlowcraftService.fromAttributes>) => void): Template {
  const stack = newStack()
  add(FlowcraftService.fromAttributes(stack, 'Flows', { startRunFunctionArn: ARN }))
  return Template.fromStack(stack)
}

type Properties = Record<string, unknown> & { Target: { Input: string } & Record<string, unknown> }

const scheduleOf = (template: Template, id = 'FlowsNightly') =>
  resourceOf(template, SCHEDULE, id) as Properties

describe('flows.schedule', () => {
  it('starts a run whose id is the occurrence', () => {
    const { template } = synthesise(undefined, (flows) => flows.schedule('Nightly', nightly))
    const { Target, ...properties } = scheduleOf(template)
    expect(properties).toMatchObject({
      ScheduleExpression: 'cron(0 3 * * ? *)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
    })
    expect(readable(Target['Arn'])).toBe('<FlowsStartRun.Arn>')
    expect(JSON.parse(Target.Input)).toEqual({
      blueprintId: 'report',
      runId: expect.stringMatching(/^Stack-Flows-Nightly-[0-9a-f]{8}:<aws\.scheduler\.scheduled-time>$/),
    })
    expect(Target['RetryPolicy']).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 })
    expect(permissionsOf(template, /ScheduleRole/)).toEqual([
      'FlowsScheduleRole: lambda:InvokeFunction on <FlowsStartRun.Arn>',
    ])
    expect(resourceOf(template, 'AWS::IAM::Role', 'FlowsScheduleRole')).toMatchObject({
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    })
  })

  it('of an imported service has one role for all, and ids of their own', () => {
    const template = imported((flows) => {
      flows.schedule('Nightly', nightly)
      flows.schedule('Daily', nightly)
    })
    const [a, b] = ['FlowsNightly', 'FlowsDaily'].map((id) => scheduleOf(template, id).Target)
    expect(a?.['Arn']).toBe(ARN)
    expect(a?.['RoleArn']).toEqual(b?.['RoleArn'])
    expect(a?.Input).not.toBe(b?.Input)
    expect(permissionsOf(template)).toEqual([`FlowsScheduleRole: lambda:InvokeFunction on ${ARN}`])
  })

  it('takes all that Scheduler has', () => {
    const template = imported((flows) =>
      flows.schedule('Nightly', {
        ...nightly,
        timeZone: TimeZone.EUROPE_BERLIN,
        enabled: false,
        description: 'Each night',
        start: new Date('2027-01-01T00:00:00Z'),
        end: new Date('2028-01-01T00:00:00Z'),
        maxEventAge: Duration.hours(1),
        retryAttempts: 0,
        input: { at: ContextAttribute.scheduledTime, list: [1, null, { a: true }], no: undefined },
        labels: { by: 'schedule' },
      }),
    )
    const { Target, ...properties } = scheduleOf(template)
    expect(properties).toMatchObject({
      ScheduleExpressionTimezone: 'Europe/Berlin',
      State: 'DISABLED',
      Description: 'Each night',
      StartDate: '2027-01-01T00:00:00.000Z',
      EndDate: '2028-01-01T00:00:00.000Z',
    })
    expect(JSON.parse(Target.Input)).toMatchObject({
      input: { at: '<aws.scheduler.scheduled-time>', list: [1, null, { a: true }] },
      labels: { by: 'schedule' },
    })
    expect(Target['RetryPolicy']).toEqual({ MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 0 })
  })

  it('may put what it cannot deliver into a queue, encrypted or not', () => {
    const { template } = synthesise(undefined, (flows, stack) => {
      const deadLetterQueue = new Queue(stack, 'Dead', { encryptionMasterKey: new Key(stack, 'Key') })
      flows.schedule('Nightly', { ...nightly, deadLetterQueue })
    })
    expect(permissionsOf(template, /ScheduleRole/)).toEqual([
      'FlowsScheduleRole: lambda:InvokeFunction on <FlowsStartRun.Arn>',
      'FlowsScheduleRole: sqs:SendMessage on <Dead.Arn>',
      'FlowsScheduleRole: kms:Decrypt kms:GenerateDataKey on <Key.Arn>',
    ])
    expect(JSON.stringify(scheduleOf(template).Target['DeadLetterConfig'])).toContain('Dead')
  })

  it('is what the docs show', () => {
    const { template } = synthesise(undefined, (flows) => scheduled(flows))
    expect(scheduleOf(template, 'FlowsDailyReport')).toMatchObject({
      ScheduleExpression: 'cron(30 6 ? * MON-FRI *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    })
    expect(scheduleOf(template, 'FlowsStock')).toMatchObject({
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 45 },
    })
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle

  it.each([
    [{ blueprintId: '' }, "blueprintId must be a string of 1 to 500 characters; got ''"],
    [{ input: { when: [new Date(0)] } }, 'input.when[0] must be what JSON can carry, got Date'],
    [{ input: { n: Number.NaN } }, 'input.n must be what JSON can carry, got NaN'],
    [{ input: circle }, 'input.self must be what JSON can carry, got an object that holds itself'],
    [
      { input: { id: ContextAttribute.executionId } },
      'input must be the same each time an occurrence is delivered, got <aws.scheduler.execution-id> in it',
    ],
    [
      {
        schedule: ScheduleExpression.cron({ hour: '1', timeZone: TimeZone.ASIA_TOKYO }),
        timeZone: TimeZone.EUROPE_BERLIN,
      },
      'timeZone must be given once, got Europe/Berlin and Asia/Tokyo of schedule',
    ],
  ])('refuses %j', (options: Partial<StartScheduleOptions>, message) => {
    expect(() => imported((flows) => flows.schedule('Nightly', { ...nightly, ...options }))).toThrow(
      `invalid props of Stack/Flows: ${message}`,
    )
  })

  it('lists all problems at once', () => {
    const options = {
      ...nightly,
      blueprintId: '',
      input: new Map() as unknown as Record<string, unknown>,
      labels: { 'no name': 'x' },
      start: new Date(1),
      end: new Date(0),
      maxEventAge: Duration.seconds(1),
      retryAttempts: 186,
    }
    expect(() => imported((flows) => flows.schedule('ScheduleRole', options))).toThrow(
      /- the id of a schedule .*\n- blueprintId .*\n- input must be a plain object.*\n- labels: .*\n- start must be before end.*\n- maxEventAge .*\n- retryAttempts .*$/,
    )
  })
})
