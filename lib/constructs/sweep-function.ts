/** The sweep: sends timers that come due, and redrives messages from the dead-letter queue. */
import { Duration } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Function } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import {
  functionDefaults,
  type FunctionOptions,
  functionProblems,
  type FunctionSize,
  type OverridableFunction,
} from './function-options.ts'
import { ownHandler } from './own-handler.ts'
import { throwProblems } from './problems.ts'
import { defined, environmentOf, grantSendJobs, type ServiceParts } from './service-parts.ts'

export interface SweepFunctionProps extends ServiceParts, FunctionOptions, FunctionSize, OverridableFunction {
  /**
   * Interval of the sweep, 1 to 15 whole minutes: SQS delays a message by at most 15 minutes, so a longer interval would
   * delay timers.
   * @default Duration.minutes(1)
   */
  readonly interval?: Duration
}

const DEFAULT_SWEEP_INTERVAL = Duration.minutes(1)

/**
 * A scheduled function that sends timers that come due soon, and redrives messages from the dead-letter queue.
 * A failed sweep is not retried: the next one is at hand.
 *
 * @example
 * new SweepFunction(this, 'Sweep', { state, jobs })
 */
export class SweepFunction extends Construct {
  readonly function: Function
  readonly rule: Rule
  readonly logGroup: ILogGroup
  readonly interval: Duration

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: SweepFunctionProps) {
    super(scope, id)
    throwProblems(this, [...functionProblems(props), ...intervalProblems('interval', props.interval)])
    const { state, jobs } = props
    const defaults = functionDefaults(this, props, {
      ...environmentOf(this, props),
      ...defined({ [environmentVariables.deadLetterQueueUrl]: jobs.deadLetterQueue?.queueUrl }),
    })
    this.logGroup = defaults.logGroup
    this.interval = props.interval ?? DEFAULT_SWEEP_INTERVAL
    this.function = new Function(this, 'Resource', {
      retryAttempts: 0,
      ...defaults,
      code: ownHandler('sweep'),
      handler: 'index.handler',
    })
    state.grantSweep(this.function)
    grantSendJobs(props, this.function)
    if (jobs.deadLetterQueue) jobs.grantRedrive(this.function)
    // A rule, not a schedule of EventBridge Scheduler: it needs no role.
    this.rule = new Rule(this, 'Schedule', {
      schedule: Schedule.rate(this.interval),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    })
  }

  /** @default - the sum over 5 minutes */
  metricErrors(options?: MetricOptions): Metric {
    return this.function.metricErrors(options)
  }

  /** @default - the sum over 5 minutes */
  metricInvocations(options?: MetricOptions): Metric {
    return this.function.metricInvocations(options)
  }
}

export function intervalProblems(name: string, interval: Duration | undefined): string[] {
  if (!interval || interval.isUnresolved()) return []
  const minutes = interval.toMilliseconds() / 60_000
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 15) return []
  return [`${name} must be from 1 to 15 minutes in whole ones, got ${interval.toHumanString()}`]
}
