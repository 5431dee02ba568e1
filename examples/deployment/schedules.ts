import { Duration, TimeZone } from 'aws-cdk-lib'
import { ContextAttribute, ScheduleExpression, TimeWindow } from 'aws-cdk-lib/aws-scheduler'
import type { FlowcraftService } from 'flowcraft-aws/constructs'

/** A report each working day at half past six in Berlin, and a look at the stock each hour, some time in it. */
export function scheduled(flows: FlowcraftService): void {
  flows.schedule('DailyReport', {
    schedule: ScheduleExpression.cron({ weekDay: 'MON-FRI', hour: '6', minute: '30' }),
    timeZone: TimeZone.EUROPE_BERLIN,
    blueprintId: 'report',
    input: { kind: 'daily', until: ContextAttribute.scheduledTime },
  })

  flows.schedule('Stock', {
    schedule: ScheduleExpression.rate(Duration.hours(1)),
    timeWindow: TimeWindow.flexible(Duration.minutes(45)),
    blueprintId: 'count-stock',
    labels: { by: 'schedule' },
  })
}
