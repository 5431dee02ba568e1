/** The workers of a pool: a function behind a job queue. */
import { Annotations, type Duration } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import {
  type CfnFunction,
  EventSourceMapping,
  type Function,
  type IFunction,
  MetricType,
  RecursiveLoop,
  Tracing,
} from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { knownProperties } from './existing-resources.ts'
import { type FeedOptions, feedProblems } from './feed-options.ts'
import {
  DEFAULT_TIMEOUT,
  functionDefaults,
  type FunctionOptions,
  functionProblems,
  type FunctionSize,
  type OverridableFunction,
} from './function-options.ts'
import { setEnvironment } from './grant-environment.ts'
import { leastVisibility, visibilityProblems } from './job-queue.ts'
import { existingOrNew, givenOf, throwProblems, words } from './problems.ts'
import { ownQueueOf, poolChoiceProblems, type ServiceParts } from './service-parts.ts'
import { givenDeploymentProblems, SafeDeployment } from './safe-deployment.ts'
import { grantWork, linkProblems, workerEnvironment, type WorkerLinks } from './worker-links.ts'
import { USER_CODE, type UserCode, userCodeProblems, userFunction } from './user-code.ts'

/** Props of workers whose function is there already. */
export interface ExistingFunction {
  /**
   * An existing function to use, with the handler of a worker; excludes the props of a new function. Its `recursiveLoop` must be
   * ALLOW, or Lambda stops runs after 16 messages. An imported one must have its environment set by its owner.
   * @default - a new function
   */
  readonly existingFunction?: IFunction
}

export interface WorkerFunctionProps
  extends
    ServiceParts,
    UserCode,
    FunctionOptions,
    FunctionSize,
    FeedOptions,
    WorkerLinks,
    ExistingFunction,
    OverridableFunction {}

/**
 * A function that processes jobs, with an event source mapping that reports partial batch failures.
 *
 * @example
 * new WorkerFunction(this, 'Worker', { entry: 'src/worker.ts', state, jobs })
 */
export class WorkerFunction extends Construct {
  readonly function: IFunction
  readonly eventSourceMapping: EventSourceMapping
  /** Undefined for an existing function. */
  readonly logGroup?: ILogGroup
  /** Undefined without `deployment`. */
  readonly deployment?: SafeDeployment

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: WorkerFunctionProps) {
    super(scope, id)
    const jobs = ownQueueOf(props)
    const timeout = timeoutOf(props)
    throwProblems(this, [
      ...workerProblems(this, props),
      ...linkProblems(props),
      ...visibilityProblems(jobs.visibilityTimeout, timeout),
    ])
    if (props.existingFunction) {
      this.function = props.existingFunction
      setEnvironment(this, this.function, workerEnvironment(this, props))
      this.#warnOfRecursion(this.function)
      if (props.tracing) this.#warnOfNoTrace(this.function)
    } else {
      const options = functionDefaults(this, props, workerEnvironment(this, props))
      this.logGroup = options.logGroup
      const fn = userFunction(this, 'Resource', props, {
        ...options,
        reservedConcurrentExecutions: reservedOf(props),
        // Lambda takes a function that sends to its own queue for a runaway and stops it after 16 rounds.
        // https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
        recursiveLoop: RecursiveLoop.ALLOW,
      })
      this.function = fn
      if (props.deployment) {
        this.deployment = new SafeDeployment(this, 'Deployment', { ...props.deployment, function: fn })
      }
    }
    this.#warn(jobs.visibilityTimeout, timeout ?? DEFAULT_TIMEOUT, props.maxBatchingWindow)
    this.#warnOfThrottles({ ...props, reservedConcurrency: reservedOf(props) })
    grantWork(props, this.function)
    jobs.grantFeed(this.function)
    this.eventSourceMapping = new EventSourceMapping(this, 'Jobs', {
      target: this.deployment?.alias ?? this.function,
      eventSourceArn: jobs.queue.queueArn,
      reportBatchItemFailures: true,
      batchSize: props.batchSize ?? 10,
      maxBatchingWindow: props.maxBatchingWindow,
      maxConcurrency: props.maxConcurrency,
      provisionedPollerConfig: props.provisionedPollers,
      metricsConfig: props.mappingMetrics ? { metrics: [MetricType.EVENT_COUNT] } : undefined,
    })
  }

  /** @default - the sum over 5 minutes */
  metricErrors(options?: MetricOptions): Metric {
    return this.function.metricErrors(options)
  }

  /** @default - the sum over 5 minutes */
  metricThrottles(options?: MetricOptions): Metric {
    return this.function.metricThrottles(options)
  }

  /** @default - the sum over 5 minutes */
  metricInvocations(options?: MetricOptions): Metric {
    return this.function.metricInvocations(options)
  }

  /** Milliseconds. @default - the average over 5 minutes */
  metricDuration(options?: MetricOptions): Metric {
    return this.function.metricDuration(options)
  }

  /** The `recursiveLoop` of an imported function is unknown at synth. */
  #warnOfRecursion({ node }: IFunction): void {
    const { recursiveLoop } = (node.defaultChild ?? {}) as { recursiveLoop?: string }
    if (recursiveLoop === RecursiveLoop.ALLOW) return
    Annotations.of(this).addWarningV2(
      'flowcraft-aws:recursiveLoop',
      `recursiveLoop of existingFunction must be ${RecursiveLoop.ALLOW}, got ${recursiveLoop ?? 'none that is known here'}: it sends to its own queue, and Lambda stops it after 16 rounds`,
    )
  }

  /** Its `tracing` cannot be set from here. */
  #warnOfNoTrace({ node }: IFunction): void {
    const { tracingConfig } = (node.defaultChild ?? {}) as { tracingConfig?: { mode?: string } }
    if (tracingConfig?.mode === Tracing.ACTIVE) return
    Annotations.of(this).addWarningV2(
      'flowcraft-aws:tracing',
      `tracing of existingFunction must be ${Tracing.ACTIVE}, got ${tracingConfig?.mode ?? 'none that is known here'}: else a trace of a run lacks what it works on`,
    )
  }

  #warnOfThrottles({ reservedConcurrency, maxConcurrency, provisionedPollers }: FeedOptions): void {
    if (reservedConcurrency === undefined || maxConcurrency !== undefined || provisionedPollers) return
    Annotations.of(this).addWarningV2(
      'flowcraft-aws:reservedConcurrency',
      `reservedConcurrency should come with a maxConcurrency of at most ${reservedConcurrency}: without it Lambda throttles messages beyond, and each throttle uses up one of their receives`,
    )
  }

  #warn(visibility: Duration | undefined, timeout: Duration, window: Duration | undefined): void {
    if (!visibility || visibility.isUnresolved() || timeout.isUnresolved()) return
    const least = leastVisibility(timeout, window)
    if (visibility.toSeconds() >= least.toSeconds()) return
    Annotations.of(this).addWarningV2(
      'flowcraft-aws:visibilityTimeout',
      `visibilityTimeout should be at least ${words(least)}, got ${words(visibility)}: the function's timeout of ${words(timeout)}, its batching window and 10 seconds; a message that comes back before uses up a receive`,
    )
  }
}

/** The timeout of the function; undefined if an existing one does not tell it. */
export function timeoutOf({
  timeout,
  existingFunction,
}: FunctionSize & ExistingFunction): Duration | undefined {
  return timeout ?? (existingFunction ? (existingFunction as Function).timeout : DEFAULT_TIMEOUT)
}

/** Props that make a new function. */
const ofNewFunction = [
  ...USER_CODE,
  'memorySize',
  'timeout',
  'architecture',
  'environment',
  'vpc',
  'vpcSubnets',
  'securityGroups',
  'reservedConcurrency',
  'functionProps',
] as const

export function workerProblems(
  scope: Construct,
  props: Omit<WorkerFunctionProps, keyof ServiceParts> & Pick<ServiceParts, 'pools' | 'tracing'>,
  overrides = 'functionProps',
): string[] {
  const { existingFunction } = props
  const named = (prop: string) => (prop === 'functionProps' ? overrides : prop)
  const problems = existingFunction
    ? existingOrNew('existingFunction', 'function', givenOf(props, ofNewFunction).map(named))
    : [...userCodeProblems(scope, props), ...functionProblems(props, overrides)]
  problems.push(...givenDeploymentProblems(props))
  const reservedConcurrency = reservedOf(props)
  return [...problems, ...poolChoiceProblems(props), ...feedProblems({ ...props, reservedConcurrency })]
}

/** Concurrency reserved for the function, also for an existing one of this app. */
function reservedOf(props: FeedOptions & ExistingFunction & OverridableFunction): number | undefined {
  const { reservedConcurrency, existingFunction, functionProps } = props
  if (!existingFunction) return functionProps?.reservedConcurrentExecutions ?? reservedConcurrency
  return knownProperties<CfnFunction>(existingFunction)?.reservedConcurrentExecutions
}
