import { Duration } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { JobQueue, SweepFunction } from '../../lib/constructs/index.ts'
import {
  environmentOf,
  newParts,
  newStack,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
} from './support.ts'

describe('SweepFunction', () => {
  const stack = newStack()
  const parts = newParts(stack)
  const pools = { heavy: { jobs: new JobQueue(stack, 'Heavy'), nodes: ['transcode'] } }
  const sweep = new SweepFunction(stack, 'Sweep', { ...parts, pools })
  const template = Template.fromStack(stack)

  it('is invoked every minute, and not again for a failed one', () => {
    const rule = resourceOf(template, 'AWS::Events::Rule', 'SweepSchedule')
    expect(rule).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0 } }],
    })
    expect(resourceOf(template, 'AWS::Lambda::EventInvokeConfig', 'SweepEventInvokeConfig')).toMatchObject({
      MaximumRetryAttempts: 0,
    })
  })

  it('may look for due runs, send jobs to every pool, and empty the dead-letter queue, and no more', () => {
    expect(permissionsOf(template)).toEqual([
      'SweepRole: logs:CreateLogStream logs:PutLogEvents on <SweepLogs.Arn>',
      'SweepRole: dynamodb:GetItem dynamodb:UpdateItem on <State.Arn>',
      'SweepRole: dynamodb:Query on <State.Arn>/index/due',
      'SweepRole: dynamodb:Query on <State.Arn> if dynamodb:LeadingKeys is H#*',
      'SweepRole: sqs:SendMessage on <Jobs.Arn>',
      'SweepRole: sqs:SendMessage on <Heavy.Arn>',
      'SweepRole: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage sqs:SendMessage on <JobsDeadLetters.Arn>',
    ])
  })

  it('is told of all queues', () => {
    const environment = environmentOf(template, 'Sweep')
    expect(readable(environment['FLOWCRAFT_DEAD_LETTER_QUEUE_URL'])).toBe('<JobsDeadLetters>')
    expect(readable(environment['FLOWCRAFT_POOLS'])).toContain('<Heavy>')
  })

  it('takes another interval', () => {
    const stack = newStack()
    new SweepFunction(stack, 'Sweep', { ...newParts(stack), interval: Duration.minutes(15) })
    expect(resourceOf(Template.fromStack(stack), 'AWS::Events::Rule', 'SweepSchedule')).toMatchObject({
      ScheduleExpression: 'rate(15 minutes)',
    })
  })

  it('has metrics of its function', () => {
    expect([sweep.metricErrors(), sweep.metricInvocations()].map(({ metricName }) => metricName)).toEqual([
      'Errors',
      'Invocations',
    ])
  })

  it.each([Duration.seconds(90), Duration.minutes(16), Duration.seconds(30)])('refuses %s', (interval) => {
    const make = problemsOf((stack) => new SweepFunction(stack, 'Sweep', { ...newParts(stack), interval }))
    expect(make).toEqual([
      `interval must be from 1 to 15 minutes in whole ones, got ${interval.toHumanString()}`,
    ])
  })
})
