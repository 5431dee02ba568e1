import { Duration } from 'aws-cdk-lib'
import { Match, type Template } from 'aws-cdk-lib/assertions'
import { Ec2Action, Ec2InstanceAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, it } from 'vitest'
import { Alarms } from '../../lib/constructs/index.ts'
import { entry, newParts, newStack, problemsOf, synthesise } from './support.ts'

interface AlarmProperties {
  readonly MetricName?: string
  readonly Metrics?: readonly { readonly Expression?: string }[]
  readonly Threshold: number
  readonly EvaluationPeriods: number
  readonly Period?: number
  readonly ComparisonOperator: string
  readonly TreatMissingData: string
  readonly AlarmActions?: readonly unknown[]
  readonly OKActions?: readonly unknown[]
  readonly AlarmDescription: string
}

function alarmsOf(template: Template): [id: string, alarm: AlarmProperties][] {
  const found = template.findResources('AWS::CloudWatch::Alarm') as Record<
    string,
    { Properties: AlarmProperties }
  >
  return Object.entries(found).map(([id, { Properties }]) => [id.slice('FlowsAlarms'.length, -8), Properties])
}

function asText([id, alarm]: [string, AlarmProperties]): string {
  const what = alarm.MetricName ?? alarm.Metrics?.map(({ Expression }) => Expression).join('')
  const sign = alarm.ComparisonOperator === 'LessThanThreshold' ? '<' : '>='
  const missing = alarm.TreatMissingData === 'breaching' ? ', missing counts' : ''
  const period = alarm.Period ?? 300
  return `${id}: ${what} ${sign} ${alarm.Threshold}, ${alarm.EvaluationPeriods} x ${period} s${missing}`
}

describe('Alarms', () => {
  it('watch each part of a service', () => {
    const alarms = alarmsOf(synthesise().template)
    expect(alarms.map(asText)).toEqual([
      'DeadLetters: ApproximateNumberOfMessagesVisible >= 1, 1 x 300 s',
      'WorkerAge: ApproximateAgeOfOldestMessage >= 1800, 1 x 300 s',
      'WorkerErrors: Errors >= 1, 1 x 300 s',
      'WorkerThrottles: Throttles >= 1, 3 x 300 s',
      'TableThrottles: SUM([reads, writes, indexWrites, listWrites]) >= 1, 1 x 300 s',
      'SweepErrors: Errors >= 1, 2 x 300 s',
      'SweepMissing: Invocations < 1, 5 x 60 s, missing counts',
      'StartRunErrors: Errors >= 1, 1 x 300 s',
    ])
    for (const [id, { AlarmDescription, AlarmActions }] of alarms) {
      expect(AlarmDescription.length, id).toBeGreaterThan(30)
      expect(AlarmActions, id).toBeUndefined()
    }
  })

  it('watch pools and the webhook, notify a topic, do what else is asked, and take another age', () => {
    const { service, template } = synthesise((stack) => ({
      entry,
      webhook: {},
      sweepInterval: Duration.minutes(3),
      pools: { heavy: { nodes: ['transcode'] } },
      alarms: {
        topic: new Topic(stack, 'Topic'),
        actions: [new Ec2Action(Ec2InstanceAction.REBOOT)],
        maxJobAge: Duration.hours(2),
      },
    }))
    const alarms = alarmsOf(template)
    expect(alarms.map(asText)).toEqual(
      expect.arrayContaining([
        'PoolsheavyAge: ApproximateAgeOfOldestMessage >= 7200, 1 x 300 s',
        'PoolsheavyErrors: Errors >= 1, 1 x 300 s',
        'PoolsheavyThrottles: Throttles >= 1, 3 x 300 s',
        'WebhookErrors: Errors >= 1, 1 x 300 s',
        'WorkerAge: ApproximateAgeOfOldestMessage >= 7200, 1 x 300 s',
        'SweepMissing: Invocations < 1, 5 x 180 s, missing counts',
      ]),
    )
    expect(service.alarms?.all).toHaveLength(alarms.length)
    for (const [id, { AlarmActions }] of alarms) {
      expect(AlarmActions, id).toEqual([{ Ref: expect.stringMatching('^Topic') }, expect.anything()])
    }
  })

  it('do not take a job that a container works on for one that waits', () => {
    const image = ContainerImage.fromRegistry('example/worker')
    const { template } = synthesise((stack) => ({
      entry,
      vpc: new Vpc(stack, 'Vpc'),
      pools: { long: { nodes: ['train'], image } },
    }))
    expect(alarmsOf(template).map(asText)).toContain(
      'PoolslongAge: IF(waiting > 0, age, 0) >= 1800, 1 x 300 s',
    )
  })

  it('are usable for a queue alone', () => {
    const stack = newStack()
    const { jobs } = newParts(stack)
    const ids = new Alarms(stack, 'Alarms', { jobs }).all.map(({ node }) => node.id)
    expect(ids).toEqual(['DeadLetters', 'Age'])
  })

  it('are only of what stands still, where only the essential ones are wanted', () => {
    const { template } = synthesise({
      entry,
      webhook: {},
      pools: { heavy: { nodes: ['transcode'] } },
      alarms: { level: 'essential' },
    })
    expect(alarmsOf(template).map(([id]) => id)).toEqual([
      'DeadLetters',
      'WorkerAge',
      'PoolsheavyAge',
      'SweepMissing',
    ])
  })

  it('can be one that acts, and tell that it is over', () => {
    const { template, service } = synthesise((stack) => ({
      entry,
      alarms: {
        topic: new Topic(stack, 'Topic'),
        okActions: [new Ec2Action(Ec2InstanceAction.REBOOT)],
        composite: true,
      },
    }))
    for (const [id, { AlarmActions, OKActions }] of alarmsOf(template)) {
      expect([AlarmActions, OKActions], id).toEqual([undefined, undefined])
    }
    template.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }],
      OKActions: [Match.anyValue()],
    })
    const [composite] = Object.values(template.findResources('AWS::CloudWatch::CompositeAlarm'))
    expect(JSON.stringify(composite).match(/ALARM\(/g)).toHaveLength(service.alarms?.all.length ?? 0)
  })

  it('tell each by itself that it is over', () => {
    const okActions = [new Ec2Action(Ec2InstanceAction.REBOOT)]
    const { template } = synthesise({ entry, alarms: { okActions } })
    for (const [id, { AlarmActions, OKActions }] of alarmsOf(template)) {
      expect([AlarmActions, OKActions], id).toEqual([undefined, [expect.anything()]])
    }
  })

  it('are of a level that there is', () => {
    const level = 'few' as 'all'
    expect(problemsOf((stack) => new Alarms(stack, 'Alarms', { ...newParts(stack), level }))).toEqual([
      'level must be one of all, essential, got few',
    ])
  })

  it('refuse an age that no message reaches', () => {
    const maxJobAge = Duration.days(15)
    expect(problemsOf((stack) => new Alarms(stack, 'Alarms', { ...newParts(stack), maxJobAge }))).toEqual([
      'maxJobAge must be from 1 minute to 14 days in whole seconds, got 15 days',
    ])
  })
})
