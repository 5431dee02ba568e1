/** A whole service: table, queues, bucket, workers, StartRun, sweep, webhook, alarms and dashboard. */
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IEventBus, Rule } from 'aws-cdk-lib/aws-events'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import { Alarms } from './alarms.ts'
import { Dashboard } from './dashboard.ts'
import { DEFAULT_TIMEOUT, type FunctionOptions } from './function-options.ts'
import { setEnvironment } from './grant-environment.ts'
import { JobQueue } from './job-queue.ts'
import { throwProblems } from './problems.ts'
import { createEventBus, onRunEnd, type OnRunEventOptions } from './run-events.ts'
import { RunMetrics } from './run-metrics.ts'
import { deployAfter, type SafeDeployment } from './safe-deployment.ts'
import {
  defined,
  environmentOf,
  grantSendJobs,
  type PoolRoute,
  routesOf,
  type ServiceParts,
} from './service-parts.ts'
import { type FlowcraftServiceProps, serviceProblems, sharedOptions } from './service-props.ts'
import { StartRunFunction } from './start-run-function.ts'
import { StateTable } from './state-table.ts'
import { SweepFunction } from './sweep-function.ts'
import { uniqueName } from './unique-name.ts'
import { userCodeOf, withExport } from './user-code.ts'
import { ValueBucket } from './value-bucket.ts'
import { WebhookEndpoint } from './webhook-endpoint.ts'
import { timeoutOf, WorkerFunction, type WorkerLinks } from './worker-function.ts'
import { addPoolWorkers, createPoolQueues, deploymentsOf, type WorkerPool } from './worker-pool.ts'

/**
 * Runs Flowcraft workflows, with defaults for production.
 *
 * @example
 * const flows = new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts' })
 * flows.grantStartRun(orderApi)
 */
export class FlowcraftService extends Construct {
  /** Name of the service in logs and metrics. */
  readonly serviceName: string
  readonly state: StateTable
  readonly jobs: JobQueue
  readonly worker: WorkerFunction
  readonly startRun: StartRunFunction
  readonly sweep: SweepFunction
  /** Undefined with `valueBucket: false`. */
  readonly values?: ValueBucket
  /** Undefined without `webhook`. */
  readonly webhook?: WebhookEndpoint
  /** Undefined with `events: false`. */
  readonly eventBus?: IEventBus
  /** The pools beside the default one, by name. */
  readonly pools: Readonly<Record<string, WorkerPool>>
  /** Those of the functions of all pools, for alarms of your own; none without `deployment`. */
  readonly deployments: readonly SafeDeployment[]
  /** Undefined with `alarms: false`. */
  readonly alarms?: Alarms
  /** Undefined with `dashboard: false`. */
  readonly dashboard?: Dashboard
  /** Environment variables by which a program finds the service: for stack outputs, a CLI, a program outside AWS. */
  readonly environment: Readonly<Record<string, string>>
  readonly #parts: ServiceParts & { readonly pools: Readonly<Record<string, PoolRoute>> }
  readonly #metrics: RunMetrics

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: FlowcraftServiceProps) {
    super(scope, id)
    throwProblems(this, serviceProblems(this, props))
    this.serviceName = props.serviceName ?? uniqueName(this)
    this.#metrics = new RunMetrics({ ...props, serviceName: this.serviceName })
    this.state = this.#createState(props)
    this.values = this.#createValues(props)
    this.jobs = this.#createJobs(props)
    this.eventBus = createEventBus(this, props)
    const queues = createPoolQueues(this, props, this.jobs)
    const { state, jobs, values, serviceName } = this
    this.#parts = { state, jobs, values, serviceName, tracing: props.tracing, pools: routesOf(queues) }
    const functionOptions = sharedOptions(props)
    if (props.webhook) {
      const all = { ...this.#parts, ...functionOptions, ...props.webhook }
      this.webhook = new WebhookEndpoint(this, 'Webhook', all)
    }
    const links: WorkerLinks = { eventBus: this.eventBus, webhookUrl: this.webhook?.url }
    this.worker = new WorkerFunction(this, 'Worker', { ...props, ...this.#parts, ...links })
    this.pools = addPoolWorkers(queues, props, { ...this.#parts, ...links })
    this.deployments = deploymentsOf(this.worker, this.pools)
    this.startRun = this.#createStartRun(props, functionOptions)
    if (props.startRunHandler !== undefined) deployAfter(this.startRun.function, this.deployments)
    this.sweep = new SweepFunction(this, 'Sweep', {
      ...this.#parts,
      ...functionOptions,
      interval: props.sweepInterval,
    })
    this.environment = this.#environment()
    if (props.alarms !== false) this.alarms = new Alarms(this, 'Alarms', { ...this.#all(), ...props.alarms })
    if (props.dashboard !== false) {
      this.dashboard = new Dashboard(this, 'Dashboard', {
        ...this.#all(),
        ...props.dashboard,
        serviceName: this.serviceName,
        metricsNamespace: props.metricsNamespace,
      })
    }
  }

  /**
   * Grants starting runs, and nothing else. Sets the environment of a function, so that `new StartRunInvoker()` needs no
   * options there.
   *
   * @throws Error if the function has the environment of another service
   */
  grantStartRun(grantee: IGrantable): Grant {
    return this.startRun.grantStartRun(grantee)
  }

  /**
   * Grants reading runs: `RunClient.get` and `waitFor`. Sets the environment of a function.
   * @throws Error if the function has the environment of another service
   */
  grantReadRuns(grantee: IGrantable): Grant {
    setEnvironment(this, grantee, environmentOf(this, { ...this.#parts, serviceName: undefined }))
    const grant = this.state.grantReadData(grantee)
    return this.values ? grant.combine(this.values.grantRead(grantee)) : grant
  }

  /**
   * Grants all of `RunClient`: start, read, resume and cancel runs. Sets the environment of a function.
   * @throws Error if the function has the environment of another service
   */
  grantManageRuns(grantee: IGrantable): Grant {
    setEnvironment(this, grantee, environmentOf(this, { ...this.#parts, serviceName: undefined }))
    const grant = grantSendJobs(this.#parts, grantee).combine(this.state.grantReadWriteData(grantee))
    return this.values ? grant.combine(this.values.grantReadWrite(grantee)) : grant
  }

  /**
   * A rule for runs that completed, on the service's event bus.
   * @throws Error that lists all problems: `events: false`, an `eventPattern` against the rule's own
   */
  onRunCompleted(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEnd(this, id, 'completed', options)
  }

  /** As `onRunCompleted`, for runs that failed. */
  onRunFailed(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEnd(this, id, 'failed', options)
  }

  /** As `onRunCompleted`, for runs that were cancelled. */
  onRunCancelled(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEnd(this, id, 'cancelled', options)
  }

  /** As `onRunCompleted`, for every end; `eventPattern: { detail: { status: [...] } }` says which. */
  onRunStatusChange(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEnd(this, id, undefined, options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsStarted(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsStarted', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsCompleted(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsCompleted', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsFailed(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsFailed', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsCancelled(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsCancelled', options)
  }

  /** @default - the sum over 5 minutes */
  metricNodesFailed(options?: MetricOptions): Metric {
    return this.#metrics.metric('nodesFailed', options)
  }

  /** Milliseconds. @default - the average over 5 minutes */
  metricNodeDuration(options?: MetricOptions): Metric {
    return this.#metrics.metric('nodeDuration', options)
  }

  /** Messages in the dead-letter queue; undefined where there is none. @default - the maximum over 5 minutes */
  metricDeadLetters(options?: MetricOptions): Metric | undefined {
    return this.jobs.metricDeadLetters(options)
  }

  #createState(props: FlowcraftServiceProps): StateTable {
    const { existingTable, encryptionKey, pointInTimeRecovery, deletionProtection, removalPolicy } = props
    const own = { encryptionKey, pointInTimeRecovery, deletionProtection, removalPolicy }
    if (!existingTable) return new StateTable(this, 'State', own)
    // By stack and path, not by the name in metrics, which may change while runs sleep.
    return new StateTable(this, 'State', { existingTable, serviceName: uniqueName(this) })
  }

  #createValues(props: FlowcraftServiceProps): ValueBucket | undefined {
    const { valueBucket, encryptionKey, removalPolicy } = props
    if (valueBucket === false) return undefined
    const ofNew = valueBucket?.existingBucket ? {} : { encryptionKey, removalPolicy }
    return new ValueBucket(this, 'Values', { ...ofNew, ...valueBucket })
  }

  #createJobs(props: FlowcraftServiceProps): JobQueue {
    const { existingQueue, existingDeadLetterQueue, visibilityTimeout, maxReceiveCount, encryptionKey } =
      props
    const functionTimeout = timeoutOf(props) ?? DEFAULT_TIMEOUT
    const own = { functionTimeout, visibilityTimeout, maxReceiveCount, encryptionKey }
    return new JobQueue(this, 'Jobs', {
      existingDeadLetterQueue,
      ...(existingQueue ? { existingQueue } : own),
    })
  }

  #createStartRun(props: FlowcraftServiceProps, options: FunctionOptions): StartRunFunction {
    const { startRunHandler } = props
    // The same module as the worker's, which reads the same variables when it is loaded.
    const users =
      startRunHandler === undefined
        ? {}
        : { ...userCodeOf(withExport(props, startRunHandler)), environment: props.environment }
    return new StartRunFunction(this, 'StartRun', { ...this.#parts, ...options, ...users })
  }

  #environment(): Record<string, string> {
    const deadLetters = this.jobs.deadLetterQueue?.queueUrl
    return {
      ...environmentOf(this, { ...this.#parts, serviceName: undefined }),
      [environmentVariables.startRunFunctionName]: this.startRun.function.functionName,
      ...defined({ [environmentVariables.deadLetterQueueUrl]: deadLetters }),
    }
  }

  #all() {
    const { state, jobs, worker, pools, sweep, startRun, webhook } = this
    return { state, jobs, worker, pools, sweep, startRun, webhook }
  }
}
