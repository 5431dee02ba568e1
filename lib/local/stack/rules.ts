// Rules of EventBridge: by a pattern, by the clock, or both.

import { randomUUID } from 'node:crypto'
import { compilePattern } from '../event-bridge/pattern.ts'
import { scheduledEvent } from '../event-bridge/rules.ts'
import { busNameOf } from '../event-buses.ts'
import { textOf } from './kind.ts'
import type { Kind } from './kind.ts'
import { scheduleProblems, startClock } from './schedules.ts'
import { deliveriesOf, type Target } from './targets.ts'

export const rule: Kind = {
  starts: true,
  problems: scheduleProblems,
  async make(making) {
    const { accountId, region } = making.aws
    const ruleName = (await textOf(making, 'Name')) ?? making.name(64)
    const eventBusName = busNameOf((await textOf(making, 'EventBusName')) ?? 'default')
    const isDefault = eventBusName === 'default'
    const ruleArn = `arn:aws:events:${region}:${accountId}:rule/${isDefault ? '' : `${eventBusName}/`}${ruleName}`
    const made = { ref: isDefault ? ruleName : `${eventBusName}|${ruleName}`, attributes: { Arn: ruleArn } }
    const pattern = await making.property('EventPattern')
    const matches = pattern === undefined ? undefined : compilePattern(pattern)
    const targets = ((await making.property('Targets')) ?? []) as Target[]
    const deliveries = await deliveriesOf(making, targets, { ruleName, ruleArn })
    if ((await textOf(making, 'State')) === 'DISABLED') return made
    const byPattern = matches ? [making.addRule({ eventBusName, matches, targets: deliveries })] : []
    const byClock = await startClock(making, async (time) => {
      const event = scheduledEvent(randomUUID(), ruleArn, making.aws, time)
      await Promise.all(deliveries.map((deliver) => deliver(event, new Date())))
    })
    return { ...made, sources: [...byPattern, ...byClock] }
  },
}
