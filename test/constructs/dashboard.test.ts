import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { Dashboard, RunMetrics } from '../../lib/constructs/index.ts'
import { entry, newParts, newStack, readable, resourceOf, synthesise } from './support.ts'

interface Widget {
  readonly properties: {
    readonly title: string
    readonly metrics: readonly (readonly unknown[])[]
  }
}

function widgetsOf(template: Template, id: string): Widget['properties'][] {
  const { DashboardBody } = resourceOf(template, 'AWS::CloudWatch::Dashboard', id)
  const { widgets } = JSON.parse(readable(DashboardBody)) as { widgets: Widget[] }
  return widgets.map(({ properties }) => properties)
}

function metricNames({ metrics }: Widget['properties']): string[] {
  return metrics.map(([, name, ...rest]) => {
    const options = rest.at(-1) as { label?: string; expression?: string; stat?: string }
    return name === undefined ? '' : `${String(name)} ${options.stat ?? ''} (${options.label ?? ''})`
  })
}

describe('Dashboard', () => {
  const { template } = synthesise({ entry, serviceName: 'shop', pools: { heavy: { nodes: ['a'] } } })
  const widgets = widgetsOf(template, 'FlowsDashboard')

  it('shows runs, nodes, queues and what is paid for', () => {
    expect(widgets.map(({ title }) => title)).toEqual([
      'Runs',
      'Nodes',
      'Node latency (ms)',
      'Jobs waiting',
      'Jobs being worked on',
      'Age of the oldest job (s)',
      'Cost of runs that ended ($)',
      'DynamoDB units',
      'SQS messages sent',
      'Lambda invocations, and their time (ms)',
    ])
  })

  it('shows the runs of this service', () => {
    const [runs, , latency] = widgets
    expect(runs?.metrics.map((metric) => metric.slice(0, 4))).toEqual([
      ['Flowcraft', 'RunsStarted', 'service', 'shop'],
      ['Flowcraft', 'RunsCompleted', 'service', 'shop'],
      ['Flowcraft', 'RunsFailed', 'service', 'shop'],
      ['Flowcraft', 'RunsCancelled', 'service', 'shop'],
    ])
    expect(latency && metricNames(latency)).toEqual(['NodeDuration p50 (p50)', 'NodeDuration p99 (p99)'])
  })

  it('shows each pool', () => {
    const sent = widgets.find(({ title }) => title === 'SQS messages sent')
    expect(sent && metricNames(sent)).toEqual([
      'NumberOfMessagesSent Sum (default)',
      'NumberOfMessagesSent Sum (heavy)',
    ])
  })

  it('stays within the 50 metrics of a free one', () => {
    const metrics = widgets.flatMap((widget) => widget.metrics)
    expect(metrics.length).toBeLessThan(50)
  })

  it('takes a name', () => {
    const stack = newStack()
    new Dashboard(stack, 'Page', { ...newParts(stack), serviceName: 'shop', dashboardName: 'shop' })
    expect(resourceOf(Template.fromStack(stack), 'AWS::CloudWatch::Dashboard', 'Page')).toMatchObject({
      DashboardName: 'shop',
    })
  })
})

describe('RunMetrics', () => {
  it('count, and average durations, in the namespace that is asked for', () => {
    const metrics = new RunMetrics({ serviceName: 'shop', metricsNamespace: 'Shop' })
    expect(metrics.metric('runsFailed')).toMatchObject({
      namespace: 'Shop',
      metricName: 'RunsFailed',
      statistic: 'Sum',
      dimensions: { service: 'shop' },
    })
    expect(new RunMetrics({ serviceName: 'shop', metricsNamespace: '' }).metric('runsFailed').namespace).toBe(
      'Flowcraft',
    )
    expect(metrics.metric('nodeDuration').statistic).toBe('Average')
    expect(metrics.metric('nodeDuration', { statistic: 'p90' }).statistic).toBe('p90')
  })
})
