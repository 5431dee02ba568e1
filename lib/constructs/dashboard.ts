/** A CloudWatch dashboard of a service: runs, queues and costs. */
import { Dashboard as Page, GraphWidget, type IMetric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { WatchedPool } from './alarms.ts'
import { RunMetrics, type RunMetricsProps } from './run-metrics.ts'
import type { StateTable } from './state-table.ts'

/** Settings of the dashboard. */
export interface DashboardOptions {
  /** Name of the dashboard. @default - a name made by CloudFormation */
  readonly dashboardName?: string
}

export interface DashboardProps extends RunMetricsProps, WatchedPool, DashboardOptions {
  readonly state: StateTable
  /** Pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, WatchedPool>>
}

/**
 * Runs, nodes, queues, and what the bill depends on. Three dashboards of an account are free, more cost $3 a month.
 *
 * @example
 * new Dashboard(this, 'Dashboard', { serviceName: 'shop', jobs, worker, state })
 */
export class Dashboard extends Construct {
  readonly dashboard: Page

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id)
    this.dashboard = new Page(this, 'Resource', {
      dashboardName: props.dashboardName,
      widgets: [runWidgets(props), queueWidgets(props), costWidgets(props)],
    })
  }
}

function runWidgets(props: DashboardProps) {
  const metrics = new RunMetrics(props)
  const latency = (statistic: string) => metrics.metric('nodeDuration', { statistic, label: statistic })
  return [
    graph('Runs', [
      metrics.metric('runsStarted', { label: 'started' }),
      metrics.metric('runsCompleted', { label: 'completed' }),
      metrics.metric('runsFailed', { label: 'failed' }),
      metrics.metric('runsCancelled', { label: 'cancelled' }),
    ]),
    graph('Nodes', [
      metrics.metric('nodesCompleted', { label: 'completed' }),
      metrics.metric('nodesFailed', { label: 'failed' }),
      metrics.metric('jobsRetried', { label: 'jobs retried' }),
      metrics.metric('messagesRejected', { label: 'messages rejected' }),
    ]),
    graph('Node latency (ms)', [latency('p50'), latency('p99')]),
  ]
}

function queueWidgets(props: DashboardProps) {
  const deadLetters = props.jobs.metricDeadLetters({ label: 'dead letters' })
  return [
    graph('Jobs waiting', [
      ...perPool(props, ({ jobs }, options) => [jobs.metricDepth(options)]),
      ...(deadLetters ? [deadLetters] : []),
    ]),
    graph(
      'Jobs being worked on',
      perPool(props, ({ jobs }, options) => [jobs.metricInFlight(options)]),
    ),
    graph(
      'Age of the oldest job (s)',
      perPool(props, ({ jobs }, options) => [jobs.metricAge(options)]),
    ),
  ]
}

/** Requests and units, each with a price. */
function costWidgets(props: DashboardProps) {
  const { state } = props
  return [
    graph('Cost of runs that ended ($)', [new RunMetrics(props).runCost({ label: 'all' })]),
    graph('DynamoDB units', [
      state.metricConsumedWriteUnits({ label: 'write' }),
      state.metricConsumedReadUnits({ label: 'read' }),
      state.metricThrottles({ label: 'throttled requests' }),
    ]),
    graph(
      'SQS messages sent',
      perPool(props, ({ jobs }, options) => [jobs.metricSent(options)]),
    ),
    graph(
      'Lambda invocations, and their time (ms)',
      perPool(props, ({ worker }, options) => (worker ? [worker.metricInvocations(options)] : [])),
      perPool(props, ({ worker }, { label }) =>
        worker ? [worker.metricDuration({ statistic: 'Sum', label: `${label}: time` })] : [],
      ),
    ),
  ]
}

function perPool(
  { jobs, worker, pools = {} }: DashboardProps,
  metricsOf: (pool: WatchedPool, options: MetricOptions) => IMetric[],
): IMetric[] {
  const all: [string, WatchedPool][] = [['default', { jobs, worker }], ...Object.entries(pools)]
  return all.flatMap(([label, pool]) => metricsOf(pool, { label }))
}

function graph(title: string, left: IMetric[], right: IMetric[] = []): GraphWidget {
  return new GraphWidget({ title, left, right, width: 8 })
}
