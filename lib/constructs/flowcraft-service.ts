/** A whole service: table, queues, bucket, workers, StartRun, sweep, webhook, alarms and dashboard. */
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { Connections, IConnectable } from 'aws-cdk-lib/aws-ec2'
import type { IEventBus } from 'aws-cdk-lib/aws-events'
import type { Grant, IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import { defaultRunEvents, type RunEventName } from '../core/telemetry/names.ts'
import { Alarms } from './alarms.ts'
import { Dashboard } from './dashboard.ts'
import { DEFAULT_TIMEOUT, type FunctionOptions } from './function-options.ts'
import { mergedOverrides, sharedOverrides } from './function-overrides.ts'
import { type FlowcraftServiceAttributes, ImportedService } from './imported-service.ts'
import { JobQueue } from './job-queue.ts'
import { throwProblems } from './problems.ts'
import { createEventBus } from './run-events.ts'
import { deployAfter, type SafeDeployment } from './safe-deployment.ts'
import { type IFlowcraftService, FlowcraftServiceBase } from './service-base.ts'
import { defined, environmentOf, type PoolRoute, routesOf, type ServiceParts } from './service-parts.ts'
import { type FlowcraftServiceProps, serviceProblems, sharedOptions } from './service-props.ts'
import { StartRunFunction } from './start-run-function.ts'
import { StateTable } from './state-table.ts'
import { SweepFunction } from './sweep-function.ts'
import { uniqueName } from './unique-name.ts'
import { userCodeOf, withExport } from './user-code.ts'
import { ValueBucket } from './value-bucket.ts'
import { WebhookEndpoint } from './webhook-endpoint.ts'
import { timeoutOf, WorkerFunction } from './worker-function.ts'
import type { WorkerLinks } from './worker-links.ts'
import { addEnvironmentTo, type AnyWorker, asWorker, connectionsOf, workersOf } from './service-workers.ts'
import { WorkersPrincipal } from './workers-principal.ts'
import { addPoolWorkers, createPoolQueues, deploymentsOf, type WorkerPool } from './worker-pool.ts'

/**
 * Runs Flowcraft workflows, with defaults for production.
 *
 * @example
 * const flows = new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts' })
 * flows.grantStartRun(orderApi)
 */
export class FlowcraftService extends FlowcraftServiceBase implements IGrantable, IConnectable {
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
  readonly runEvents: readonly RunEventName[]
  /** The pools beside the default one, by name. */
  readonly pools: Readonly<Record<string, WorkerPool>>
  /** Those of the functions of all pools, for alarms of your own; none without `deployment`. */
  readonly deployments: readonly SafeDeployment[]
  /** Undefined with `alarms: false`. */
  readonly alarms?: Alarms
  /** Undefined with `dashboard: false`. */
  readonly dashboard?: Dashboard
  readonly environment: Readonly<Record<string, string>>
  protected readonly metricsNamespace: string | undefined
  readonly #parts: ServiceParts & { readonly pools: Readonly<Record<string, PoolRoute>> }
  readonly #workers: readonly AnyWorker[]
  readonly #hasOwnStartRun: boolean

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: FlowcraftServiceProps) {
    super(scope, id)
    throwProblems(this, serviceProblems(this, props))
    this.serviceName = props.serviceName ?? uniqueName(this)
    this.metricsNamespace = props.metricsNamespace
    this.state = this.#createState(props)
    this.values = this.#createValues(props)
    this.jobs = this.#createJobs(props)
    this.eventBus = createEventBus(this, props)
    this.runEvents = this.eventBus ? (props.runEvents ?? defaultRunEvents) : []
    const queues = createPoolQueues(this, props, this.jobs)
    const { state, jobs, values, serviceName } = this
    this.#parts = {
      state,
      jobs,
      values,
      serviceName,
      tracing: props.tracing,
      runRetention: props.runRetention,
      runCosts: props.runCosts,
      prices: props.prices,
      pools: routesOf(queues),
    }
    const functionOptions = sharedOptions(props)
    if (props.webhook) {
      const all = { ...this.#parts, ...functionOptions, ...props.webhook, functionProps: props.webhookProps }
      this.webhook = new WebhookEndpoint(this, 'Webhook', all)
    }
    const { eventBus, runEvents } = this
    const links: WorkerLinks = { eventBus, runEvents, webhookUrl: this.webhook?.url }
    const functionProps = props.workerProps
    this.worker = new WorkerFunction(this, 'Worker', { ...props, ...this.#parts, ...links, functionProps })
    this.pools = addPoolWorkers(queues, props, { ...this.#parts, ...links })
    this.deployments = deploymentsOf(this.worker, this.pools)
    this.#workers = workersOf(this.worker, this.pools)
    this.#hasOwnStartRun = props.startRunHandler !== undefined
    this.startRun = this.#createStartRun(props, functionOptions)
    if (props.startRunHandler !== undefined) deployAfter(this.startRun.function, this.deployments)
    this.sweep = new SweepFunction(this, 'Sweep', {
      ...this.#parts,
      ...functionOptions,
      interval: props.sweepInterval,
      functionProps: props.sweepProps,
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
   * A service that another app or stack deployed, by its names: to start, read and manage its runs from here.
   * @throws Error that lists all attributes that are no ARNs
   */
  static fromAttributes(
    scope: Construct,
    id: string,
    attributes: FlowcraftServiceAttributes,
  ): IFlowcraftService {
    return new ImportedService(scope, id, attributes)
  }

  /** The workers, of all pools, as one grantee: `bucket.grantRead(flows)`. */
  get grantPrincipal(): IPrincipal {
    return new WorkersPrincipal(this.#workers.map(({ grantee }) => grantee))
  }

  get startRunFunction(): IFunction {
    return this.startRun.function
  }

  /** The network of the workers, of all pools: `flows.connections.allowTo(db, Port.POSTGRES)`. @throws Error without a VPC */
  get connections(): Connections {
    return connectionsOf(this, this.#workers)
  }

  /**
   * Adds an environment variable to the workers of all pools, and to StartRun where it runs code of yours.
   * @throws Error for a variable that the constructs set, and where a function is imported
   */
  addEnvironment(name: string, value: string): this {
    const startRun = this.#hasOwnStartRun ? [asWorker(this.startRun.function)] : []
    addEnvironmentTo(this, [...this.#workers, ...startRun], name, value)
    return this
  }

  grantStartRun(grantee: IGrantable): Grant {
    return this.startRun.grantStartRun(grantee)
  }

  /** Messages in the dead-letter queue; undefined where there is none. @default - the maximum over 5 minutes */
  metricDeadLetters(options?: MetricOptions): Metric | undefined {
    return this.jobs.metricDeadLetters(options)
  }

  #createState(props: FlowcraftServiceProps): StateTable {
    const { existingTable, runIndex, encryptionKey } = props
    const { pointInTimeRecovery, deletionProtection, removalPolicy } = props
    const own = { encryptionKey, pointInTimeRecovery, deletionProtection, removalPolicy, runIndex }
    if (!existingTable) return new StateTable(this, 'State', own)
    // By stack and path, not by the name in metrics, which may change while runs sleep.
    return new StateTable(this, 'State', { existingTable, runIndex, serviceName: uniqueName(this) })
  }

  #createValues(props: FlowcraftServiceProps): ValueBucket | undefined {
    const { valueBucket, encryptionKey, removalPolicy, runRetention } = props
    if (valueBucket === false) return undefined
    const ofNew = valueBucket?.existingBucket ? {} : { encryptionKey, removalPolicy }
    return new ValueBucket(this, 'Values', { ...ofNew, runRetention, ...valueBucket })
  }

  #createJobs(props: FlowcraftServiceProps): JobQueue {
    const { existingQueue, existingDeadLetterQueue, queueName } = props
    const { visibilityTimeout, maxBatchingWindow, maxReceiveCount, encryptionKey } = props
    const functionTimeout = timeoutOf(props) ?? DEFAULT_TIMEOUT
    const hidden = { functionTimeout, maxBatchingWindow, visibilityTimeout }
    const own = { queueName, ...hidden, maxReceiveCount, encryptionKey }
    return new JobQueue(this, 'Jobs', {
      existingDeadLetterQueue,
      ...(existingQueue ? { existingQueue } : own),
    })
  }

  #createStartRun(props: FlowcraftServiceProps, options: FunctionOptions): StartRunFunction {
    const { startRunHandler, environment, workerProps, startRunProps } = props
    if (startRunHandler === undefined) {
      return new StartRunFunction(this, 'StartRun', {
        ...this.#parts,
        ...options,
        functionProps: startRunProps,
      })
    }
    // The same module as the worker's, which reads the same variables, and finds the same layers, when it is loaded.
    const functionProps = mergedOverrides(sharedOverrides(workerProps), startRunProps)
    const users = { ...userCodeOf(withExport(props, startRunHandler)), environment, functionProps }
    return new StartRunFunction(this, 'StartRun', { ...this.#parts, ...options, ...users })
  }

  protected partsFor(): ServiceParts {
    return this.#parts
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
