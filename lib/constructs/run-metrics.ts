/** The metrics that the workers of a service write, as CloudWatch knows them. */
import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { dimensionOf, metricNames } from '../core/telemetry/names.ts'

/** A metric of runs, by its name in `metricNames.metrics`. */
export type RunMetricName = keyof typeof metricNames.metrics

/** Props of `RunMetrics`. */
export interface RunMetricsProps {
  /** Name of the service, the dimension of its metrics. */
  readonly serviceName: string
  /** CloudWatch namespace of the metrics. @default 'Flowcraft' */
  readonly metricsNamespace?: string
}

/** Options of `metricRunCost`. */
export interface RunCostMetricOptions extends MetricOptions {
  /** The blueprint of the runs. @default - all of the service */
  readonly blueprintId?: string
}

/**
 * @example
 * new RunMetrics({ serviceName: 'shop' }).metric('runsFailed')
 */
export class RunMetrics {
  readonly #props: RunMetricsProps

  constructor(props: RunMetricsProps) {
    this.#props = props
  }

  /**
   * US dollars of runs that ended, those of one blueprint or all of them.
   * @default - the sum over 5 minutes
   */
  runCost({ blueprintId, ...options }: RunCostMetricOptions = {}): Metric {
    const all = this.metric('runCost', options)
    if (blueprintId === undefined) return all
    const { blueprintDimension: name } = metricNames
    return all.with({ dimensionsMap: { ...all.dimensions, [name]: dimensionOf(blueprintId) } })
  }

  /** @default - the sum over 5 minutes; the average of a duration */
  metric(name: RunMetricName, options: MetricOptions = {}): Metric {
    const { serviceName, metricsNamespace } = this.#props
    return new Metric({
      // A service whose workers write none has metrics that stay empty.
      namespace: metricsNamespace || metricNames.namespace,
      metricName: metricNames.metrics[name],
      dimensionsMap: { [metricNames.serviceDimension]: serviceName },
      statistic: name === 'nodeDuration' ? 'Average' : 'Sum',
      ...options,
    })
  }
}
