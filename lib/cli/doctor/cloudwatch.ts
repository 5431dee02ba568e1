/** What CloudWatch knows of a service: alarms, how long jobs wait, when the sweep last came. */
import type { CloudWatchClient, MetricAlarm } from '@aws-sdk/client-cloudwatch'
import { environmentVariables } from '../../core/common/environment.ts'
import type { Service } from '../service.ts'
import { type Check, fail, ok, type Probe, warn } from './check.ts'
import type { Queue } from './queues.ts'

export interface Watched {
  readonly queues: readonly Queue[]
  readonly functions: readonly string[]
}

const queueNameOf = ({ url }: Queue) => url.slice(url.lastIndexOf('/') + 1)

export function alarmProbe(watched: Watched & { readonly service: Service }): Probe {
  return { name: 'alarms', look: () => alarmChecks(watched) }
}

/** Alarms on metrics of the service's own resources, and of its name. */
async function alarmChecks({
  queues,
  functions,
  service,
}: Watched & { readonly service: Service }): Promise<Check[]> {
  const { CloudWatchClient: Client, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch')
  const { environment, name } = service
  const deadLetters = environment[environmentVariables.deadLetterQueueUrl] ?? ''
  const own = new Set([
    ...queues.map(queueNameOf),
    ...functions,
    deadLetters.slice(deadLetters.lastIndexOf('/') + 1),
    environment[environmentVariables.tableName] ?? '',
    name.slice(name.indexOf('/') + 1),
  ])
  const alarms: MetricAlarm[] = []
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms(
    { client: new Client({}) },
    { AlarmTypes: ['MetricAlarm'] },
  ))
    alarms.push(...MetricAlarms.filter((alarm) => dimensionsOf(alarm).some((value) => own.has(value))))
  const raised = alarms.filter(({ StateValue }) => StateValue === 'ALARM')
  if (raised.length > 0)
    return raised.map(({ AlarmName = '', AlarmDescription = '', StateReason = '' }) =>
      fail('alarms', `${AlarmName} is raised`, AlarmDescription || StateReason),
    )
  if (alarms.length > 0) return [ok('alarms', `none of ${alarms.length} is raised`)]
  return [warn('alarms', 'there are none', 'alarms: {} of FlowcraftService, in docs/deployment.md')]
}

function dimensionsOf({ Dimensions = [], Metrics = [] }: MetricAlarm): string[] {
  const ofMath = Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric?.Dimensions ?? [])
  return [...Dimensions, ...ofMath].flatMap(({ Value }) => (Value ? [Value] : []))
}

export function metricsProbe(watched: Watched & { readonly now: number }): Probe {
  return { name: 'metrics', look: () => metricChecks(watched) }
}

const MINUTE_MS = 60_000
/** As the alarm of the constructs has it, unless `maxJobAge` says otherwise. */
const OLD_JOB_SECONDS = 30 * 60
const SWEEP_WITHIN_MS = 20 * MINUTE_MS

async function metricChecks({
  queues,
  functions,
  now,
}: Watched & { readonly now: number }): Promise<Check[]> {
  const { CloudWatchClient: Client } = await import('@aws-sdk/client-cloudwatch')
  const client = new Client({})
  const ages = await Promise.all(
    queues.map(async (queue) => {
      const name = queue.pool === 'default' ? 'oldest job' : `oldest job of pool ${queue.pool}`
      const metric = {
        namespace: 'AWS/SQS',
        name: 'ApproximateAgeOfOldestMessage',
        dimension: { Name: 'QueueName', Value: queueNameOf(queue) },
      }
      const last = (await pointsOf(client, metric, 'Maximum', now)).at(-1)
      const seconds = last?.value ?? 0
      if (seconds < OLD_JOB_SECONDS) return ok(name, `waits ${Math.round(seconds)} s`)
      return warn(
        name,
        `waits ${Math.round(seconds / 60)} minutes`,
        'its worker fails, is throttled, or there are too few',
      )
    }),
  )
  // The sweep of the constructs is called so, unless somebody gave it another name.
  const sweep = functions.find((name) => /sweep/i.test(name))
  return sweep === undefined ? ages : [...ages, await visitCheck(client, sweep, now)]
}

async function visitCheck(client: CloudWatchClient, sweep: string, now: number): Promise<Check> {
  const metric = {
    namespace: 'AWS/Lambda',
    name: 'Invocations',
    dimension: { Name: 'FunctionName', Value: sweep },
  }
  const visits = (await pointsOf(client, metric, 'Sum', now)).filter(({ value }) => value > 0)
  const last = visits.at(-1)
  if (last) return ok("sweep's last visit", new Date(last.time).toISOString())
  return fail(
    "sweep's last visit",
    'it has not come for 20 minutes',
    'enable the rule that invokes it every minute',
  )
}

interface MetricName {
  readonly namespace: string
  readonly name: string
  readonly dimension: { readonly Name: string; readonly Value: string }
}

async function pointsOf(
  client: CloudWatchClient,
  { namespace, name, dimension }: MetricName,
  statistic: 'Maximum' | 'Sum',
  now: number,
): Promise<{ readonly time: number; readonly value: number }[]> {
  const { GetMetricStatisticsCommand } = await import('@aws-sdk/client-cloudwatch')
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      Namespace: namespace,
      MetricName: name,
      Dimensions: [dimension],
      StartTime: new Date(now - SWEEP_WITHIN_MS),
      EndTime: new Date(now),
      Period: 60,
      Statistics: [statistic],
    }),
  )
  return Datapoints.map((point) => ({
    time: point.Timestamp?.getTime() ?? 0,
    value: point[statistic] ?? 0,
  })).toSorted((a, b) => a.time - b.time)
}
