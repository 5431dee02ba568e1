/** `npm run test:deploy -- --dry-run`: what the test would make in an account, and about what it would cost. */
import type { Template } from './templates.ts'

export interface PlannedStack {
  readonly stackName: string
  readonly template: Template
}

/**
 * US dollars an hour of what is paid for by the time it is there, of list prices a month, us-east-1, November 2026, by
 * https://aws.amazon.com/cloudwatch/pricing/: an alarm $0.10 for each metric that it looks at, a dashboard $3. All else that the test
 * makes is paid by its use.
 */
const HOURS_OF_A_MONTH = 730
const USD_OF_AN_ALARM = 0.1 / HOURS_OF_A_MONTH
const USD_OF_A_DASHBOARD = 3 / HOURS_OF_A_MONTH

/** How long they stand at most, and what is used meanwhile: some thousand requests, units and invocations, at most. */
const HOURS = 1
const USD_OF_USE = 0.05

export interface Plan {
  /** How many of each type, all stacks together. */
  readonly counts: Readonly<Record<string, number>>
  /** Logical ids of what stays when its stack is deleted, with their stack: the test removes it. */
  readonly kept: readonly string[]
  /** US dollars for an hour. */
  readonly usd: { readonly alarms: number; readonly dashboards: number; readonly use: number }
}

export function planOf(stacks: readonly PlannedStack[]): Plan {
  const counts: Record<string, number> = {}
  const kept: string[] = []
  let metrics = 0
  for (const { stackName, template } of stacks) {
    for (const [id, { Type: type, DeletionPolicy: policy, Properties: properties }] of Object.entries(
      template.Resources,
    )) {
      counts[type] = (counts[type] ?? 0) + 1
      if (policy?.startsWith('Retain')) kept.push(`${stackName} ${type} ${id}`)
      if (type === 'AWS::CloudWatch::Alarm') metrics += metricsOf(properties?.['Metrics'])
    }
  }
  const usd = {
    alarms: metrics * USD_OF_AN_ALARM * HOURS,
    dashboards: (counts['AWS::CloudWatch::Dashboard'] ?? 0) * USD_OF_A_DASHBOARD * HOURS,
    use: USD_OF_USE,
  }
  return { counts, kept, usd }
}

/** An alarm on one metric names it itself; one on metric math lists them. */
function metricsOf(metrics: unknown): number {
  if (!Array.isArray(metrics)) return 1
  return metrics.filter((one: { MetricStat?: object }) => one.MetricStat).length
}

export function planText(stacks: readonly PlannedStack[]): string {
  const { counts, kept, usd } = planOf(stacks)
  const types = Object.entries(counts).toSorted(([one], [other]) => one.localeCompare(other))
  const total = types.reduce((sum, [, count]) => sum + count, 0)
  return [
    `${stacks.length} stacks, one after the other:`,
    ...stacks.map(
      ({ stackName, template }) =>
        `  ${stackName.padEnd(48)} ${Object.keys(template.Resources).length} resources`,
    ),
    '',
    `${total} resources:`,
    ...types.map(([type, count]) => `  ${String(count).padStart(4)}  ${type}`),
    '',
    'kept when a stack is deleted, and then removed by the test:',
    ...kept.map((one) => `  ${one}`),
    '',
    `about ${dollars(usd.alarms + usd.dashboards + usd.use)} if all stand for ${HOURS} hour: alarms ${dollars(usd.alarms)}, dashboards ${dollars(usd.dashboards)} (three are free), use at most ${dollars(usd.use)}`,
    'nothing was deployed',
  ].join('\n')
}

function dollars(amount: number): string {
  return `$${amount.toFixed(3)}`
}
