// What invokes functions of a stack by the clock: rules of EventBridge, schedules of EventBridge Scheduler.

import { randomUUID } from 'node:crypto'
import { LONGEST_RATE_MINUTES, rateMinutesOf } from '../lambda/schedule.ts'
import { functionOf, refuses, textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'
import type { Properties } from './template.ts'

interface Target {
  readonly Arn: string
  /** JSON. */
  readonly Input?: string
}

export const rule: Kind = {
  starts: true,
  problems: (properties) => [...refuses(['EventPattern'])(properties), ...rateProblems(properties)],
  async make(making) {
    const name = (await textOf(making, 'Name')) ?? making.name(64)
    const arn = `arn:aws:events:${making.aws.region}:${making.aws.accountId}:rule/${name}`
    const targets = ((await making.property('Targets')) ?? []) as Target[]
    for (const { Arn, Input } of targets) await start(making, Arn, () => eventOf(making, arn, Input))
    return { ref: name, attributes: { Arn: arn } }
  },
}

export const schedule: Kind = {
  starts: true,
  problems: rateProblems,
  async make(making) {
    const name = (await textOf(making, 'Name')) ?? making.name(64)
    const arn = `arn:aws:scheduler:${making.aws.region}:${making.aws.accountId}:schedule/default/${name}`
    const { Arn, Input } = (await making.property('Target')) as Target
    await start(making, Arn, () => (Input === undefined ? {} : JSON.parse(Input)))
    return { ref: name, attributes: { Arn: arn } }
  },
}

/** Only rates are played: a time of the day would hardly come while somebody watches. */
function rateProblems({ ScheduleExpression }: Properties): string[] {
  if (typeof ScheduleExpression !== 'string' || rateMinutesOf(ScheduleExpression) !== undefined) return []
  return [`has the schedule ${ScheduleExpression}`]
}

async function start(making: Making, target: string, event: () => unknown): Promise<void> {
  const fn = functionOf(making, target)
  const rateMinutes = rateMinutesOf((await textOf(making, 'ScheduleExpression')) ?? '')
  if (rateMinutes === undefined || (await textOf(making, 'State')) === 'DISABLED') return
  // No local AWS lives for so many weeks.
  if (rateMinutes <= LONGEST_RATE_MINUTES) making.aws.schedule({ function: fn, rateMinutes, event })
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
function eventOf({ aws }: Making, ruleArn: string, input: string | undefined): unknown {
  if (input !== undefined) return JSON.parse(input) as unknown
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: aws.accountId,
    time: new Date().toISOString().replace(/\.\d+/, ''),
    region: aws.region,
    resources: [ruleArn],
    detail: {},
  }
}
