// What goes by the clock: schedules of EventBridge Scheduler, and what rules with a rate share with them.

import { LONGEST_RATE_MINUTES, rateMinutesOf } from '../lambda/schedule.ts'
import { textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'
import { sendTo, type Target } from './targets.ts'
import type { Properties } from './template.ts'

export const schedule: Kind = {
  starts: true,
  problems: rateProblems,
  async make(making) {
    const name = (await textOf(making, 'Name')) ?? making.name(64)
    const arn = `arn:aws:scheduler:${making.aws.region}:${making.aws.accountId}:schedule/default/${name}`
    const { Arn, Input = '{}' } = (await making.property('Target')) as Target
    const send = await sendTo(making, Arn)
    if (send && (await textOf(making, 'State')) !== 'DISABLED')
      await startRate(making, () => send(() => Input))
    return { ref: name, attributes: { Arn: arn } }
  },
}

/** Only rates are played: a time of the day would hardly come while somebody watches. */
export function rateProblems({ ScheduleExpression }: Properties): string[] {
  if (typeof ScheduleExpression !== 'string' || rateMinutesOf(ScheduleExpression) !== undefined) return []
  return [`has the schedule ${ScheduleExpression}`]
}

/** Fires at the rate that a resource has; never without one. */
export async function startRate(making: Making, fire: () => Promise<void>): Promise<void> {
  const rateMinutes = rateMinutesOf((await textOf(making, 'ScheduleExpression')) ?? '')
  if (rateMinutes === undefined) return
  // No local AWS lives for so many weeks.
  if (rateMinutes <= LONGEST_RATE_MINUTES) making.every(rateMinutes, fire)
}
