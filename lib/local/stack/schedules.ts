// What goes by the clock: schedules of EventBridge Scheduler, and what rules with a schedule share with them.

import { randomUUID } from 'node:crypto'
import { minutesOf } from '../event-bridge/cron.ts'
import { LONGEST_RATE_MINUTES, rateMinutesOf } from '../lambda/schedule.ts'
import type { Stoppable } from '../stopping.ts'
import { textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'
import { sendTo, type Target } from './targets.ts'
import type { Properties } from './template.ts'

export const schedule: Kind = {
  starts: true,
  problems: scheduleProblems,
  async make(making) {
    const name = (await textOf(making, 'Name')) ?? making.name(64)
    const group = (await textOf(making, 'GroupName')) ?? 'default'
    const arn = `arn:aws:scheduler:${making.aws.region}:${making.aws.accountId}:schedule/${group}/${name}`
    const { Arn, Input = '{}', RoleArn: roleArn = '' } = (await making.property('Target')) as Target
    const send = await sendTo(making, Arn, { roleArn })
    const isOver = await boundsOf(making)
    const made = { ref: name, attributes: { Arn: arn } }
    if (!send || (await textOf(making, 'State')) === 'DISABLED') return made
    const sources = await startClock(making, async (time) => {
      if (!isOver(time)) await send(() => occurrence(Input, arn, time))
    })
    return { ...made, sources }
  },
}

/** The input with what Scheduler puts for its keywords: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
export function occurrence(input: string, arn: string, time: Date): string {
  const attributes: Readonly<Record<string, string>> = {
    'schedule-arn': arn,
    'scheduled-time': time.toISOString().replace(/\.\d+/, ''),
    'execution-id': randomUUID(),
    'attempt-number': '1',
  }
  return input.replaceAll(/<aws\.scheduler\.([a-z-]+)>/g, (all, name: string) => attributes[name] ?? all)
}

/** Whether a time is before the schedule's start or after its end. */
async function boundsOf(making: Making): Promise<(time: Date) => boolean> {
  const [start, end] = [await textOf(making, 'StartDate'), await textOf(making, 'EndDate')]
  return (time) =>
    (start !== undefined && time < new Date(start)) || (end !== undefined && time > new Date(end))
}

export function scheduleProblems({
  ScheduleExpression: expression,
  ScheduleExpressionTimezone: timeZone,
}: Properties): string[] {
  if (typeof expression !== 'string' || rateMinutesOf(expression) !== undefined) return []
  if (minutesOf(expression, typeof timeZone === 'string' ? timeZone : undefined)) return []
  return [`has the schedule ${expression}${typeof timeZone === 'string' ? ` in ${timeZone}` : ''}`]
}

/** Fires at the times of a resource's schedule, with the time; never without one. */
export async function startClock(making: Making, fire: (time: Date) => Promise<void>): Promise<Stoppable[]> {
  const expression = (await textOf(making, 'ScheduleExpression')) ?? ''
  const rateMinutes = rateMinutesOf(expression)
  if (rateMinutes !== undefined) {
    // No local AWS lives for so many weeks.
    if (rateMinutes > LONGEST_RATE_MINUTES) return []
    return [making.every(rateMinutes, () => fire(new Date()))]
  }
  const isOne = minutesOf(expression, await textOf(making, 'ScheduleExpressionTimezone'))
  if (!isOne) return []
  return [making.eachMinute(async (time) => (isOne(time) ? fire(time) : undefined))]
}
