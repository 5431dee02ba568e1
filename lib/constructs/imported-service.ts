/** A service that another app deployed, or another stack: by its names, with the grants of one that is made here. */
import { Annotations, Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { EventBus, type IEventBus } from 'aws-cdk-lib/aws-events'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import { Function, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { PriceOverrides } from '../core/common/prices.ts'
import { environmentVariables } from '../core/common/environment.ts'
import { defaultRunEvents, type RunEventName, runEventsProblems } from '../core/telemetry/names.ts'
import { setEnvironment } from './grant-environment.ts'
import { JobQueue } from './job-queue.ts'
import { throwProblems } from './problems.ts'
import { FlowcraftServiceBase } from './service-base.ts'
import { defined, environmentOf, type PoolRoute, type ServiceParts } from './service-parts.ts'
import { StateTable } from './state-table.ts'
import { ValueBucket } from './value-bucket.ts'

/** A pool of an imported service: which nodes go to it, and by which queue. */
export interface ImportedPool {
  /** ARN of the pool's queue, `flows.pools.<name>.jobs.queue.queueArn`. */
  readonly queueArn: string
  /** The nodes of the pool, as the service has them. */
  readonly nodes: readonly string[]
}

/** What is known of a service that is deployed elsewhere. Starting runs needs `startRunFunctionArn` alone. */
export interface FlowcraftServiceAttributes {
  /** ARN of the StartRun function, `flows.startRun.function.functionArn`. */
  readonly startRunFunctionArn: string
  /** ARN of the table, `flows.state.table.tableArn`. @default - none: runs cannot be read or managed */
  readonly tableArn?: string
  /** ARN of the default pool's queue, `flows.jobs.queue.queueArn`. @default - none: runs cannot be read or managed */
  readonly queueArn?: string
  /** ARN of the dead-letter queue, `flows.jobs.deadLetterQueue.queueArn`. @default - none: dead letters are not seen */
  readonly deadLetterQueueArn?: string
  /** ARN of the bucket for large values, `flows.values.bucket.bucketArn`. @default - none, as with `valueBucket: false` */
  readonly valueBucketArn?: string
  /** The pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, ImportedPool>>
  /** ARN of the event bus, `flows.eventBus.eventBusArn`. @default - none */
  readonly eventBusArn?: string
  /** What is published there, as the service has it. @default ['ended'] */
  readonly runEvents?: readonly RunEventName[]
  /** ARN of the KMS key of table, queues and bucket, where the service has one. @default - none */
  readonly encryptionKeyArn?: string
  /** Name of the service in logs and metrics, `flows.serviceName`. @default - none: it has no metrics here */
  readonly serviceName?: string
  /** Name of the service on a table that several share, `flows.state.serviceName`. @default - none: the table is its own */
  readonly stateServiceName?: string
  /** Whether its runs stand in the index by which they are listed, as the service has it. @default true */
  readonly runIndex?: boolean
  /** What its runs cost is priced so, as the service has it. @default - list prices of us-east-1 */
  readonly prices?: PriceOverrides
  /** Whether what its runs use is counted, as the service has it. @default true */
  readonly runCosts?: boolean
  /** CloudWatch namespace of the metrics. @default 'Flowcraft' */
  readonly metricsNamespace?: string
}

export class ImportedService extends FlowcraftServiceBase {
  readonly serviceName: string
  readonly environment: Readonly<Record<string, string>>
  readonly eventBus?: IEventBus
  readonly runEvents: readonly RunEventName[]
  protected readonly metricsNamespace: string | undefined
  readonly #attributes: FlowcraftServiceAttributes
  #parts: ServiceParts | undefined
  #startRun: IFunction | undefined

  /** @throws Error that lists all attributes that are no ARNs */
  constructor(scope: Construct, id: string, attributes: FlowcraftServiceAttributes) {
    super(scope, id)
    throwProblems(this, attributeProblems(attributes))
    this.#attributes = attributes
    const { startRunFunctionArn, eventBusArn, serviceName = '', tableArn, queueArn } = attributes
    this.serviceName = serviceName
    this.metricsNamespace = attributes.metricsNamespace
    if (eventBusArn !== undefined) this.eventBus = EventBus.fromEventBusArn(this, 'Events', eventBusArn)
    this.runEvents = this.eventBus ? (attributes.runEvents ?? defaultRunEvents) : []
    const isKnown = tableArn !== undefined && queueArn !== undefined
    this.environment = {
      ...(isKnown ? environmentOf(this, { ...this.partsFor('environment'), serviceName: undefined }) : {}),
      [environmentVariables.startRunFunctionName]: startRunFunctionArn,
    }
  }

  /** @throws Error where the function is known to be in another account or region, where no rule or schedule of here reaches it */
  get startRunFunction(): IFunction {
    this.#startRun ??= this.#importStartRun()
    return this.#startRun
  }

  grantStartRun(grantee: IGrantable): Grant {
    const { startRunFunctionArn } = this.#attributes
    // The name alone would mean a function of the caller's own account.
    setEnvironment(this, grantee, { [environmentVariables.startRunFunctionName]: startRunFunctionArn })
    const actions = ['lambda:InvokeFunction']
    return Grant.addToPrincipal({ grantee, actions, resourceArns: [startRunFunctionArn] })
  }

  protected partsFor(action: string): ServiceParts {
    this.#parts ??= this.#import(action)
    return this.#parts
  }

  #import(action: string): ServiceParts {
    const { tableArn, queueArn, deadLetterQueueArn, valueBucketArn } = this.#attributes
    const { pools = {}, stateServiceName, runIndex, runCosts, prices } = this.#attributes
    if (tableArn === undefined || queueArn === undefined) {
      const missing = Object.keys(
        defined({ tableArn: tableArn ? undefined : '', queueArn: queueArn ? undefined : '' }),
      )
      throw new Error(
        `${action} of ${this.node.path} needs the attributes tableArn and queueArn, got no ${missing.join(', ')}`,
      )
    }
    this.#warnOfOtherAccount(tableArn)
    const key = this.#key()
    const queue = (id: string, arn: string): IQueue =>
      Queue.fromQueueAttributes(this, id, { queueArn: arn, keyArn: key?.keyArn })
    const existingTable = Table.fromTableAttributes(this, 'Table', { tableArn, encryptionKey: key })
    const routes = Object.entries(pools).map(([name, pool]): [string, PoolRoute] => {
      const existingQueue = queue(`PoolQueue-${name}`, pool.queueArn)
      return [
        name,
        { jobs: this.#quiet(new JobQueue(this, `Pool-${name}`, { existingQueue })), nodes: pool.nodes },
      ]
    })
    return {
      state: this.#quiet(
        new StateTable(this, 'State', { existingTable, serviceName: stateServiceName, runIndex }),
      ),
      jobs: this.#quiet(
        new JobQueue(this, 'Jobs', {
          existingQueue: queue('Queue', queueArn),
          existingDeadLetterQueue:
            deadLetterQueueArn === undefined ? undefined : queue('Dead', deadLetterQueueArn),
        }),
      ),
      values: valueBucketArn === undefined ? undefined : this.#values(valueBucketArn, key),
      pools: Object.fromEntries(routes),
      runCosts,
      prices,
    }
  }

  #importStartRun(): IFunction {
    const { startRunFunctionArn: functionArn } = this.#attributes
    throwProblems(this, placeProblems(this, functionArn))
    // Also where the stack does not say its account: the CDK would leave out the permissions then.
    return Function.fromFunctionAttributes(this, 'StartRun', { functionArn, sameEnvironment: true })
  }

  #values(bucketArn: string, encryptionKey: IKey | undefined): ValueBucket {
    const existingBucket = Bucket.fromBucketAttributes(this, 'Bucket', { bucketArn, encryptionKey })
    return this.#quiet(new ValueBucket(this, 'Values', { existingBucket }))
  }

  #key(): IKey | undefined {
    const { encryptionKeyArn } = this.#attributes
    return encryptionKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', encryptionKeyArn)
  }

  /** The service that owns the resources checks them. */
  #quiet<T extends Construct>(part: T): T {
    for (const prop of ['existingTable', 'existingQueue', 'existingBucket']) {
      Annotations.of(part).acknowledgeWarning(`flowcraft-aws:${prop}`)
    }
    return part
  }

  #warnOfOtherAccount(tableArn: string): void {
    const { account } = Stack.of(this)
    if (Token.isUnresolved(account) || Token.isUnresolved(tableArn)) return
    const owner = Arn.split(tableArn, ArnFormat.SLASH_RESOURCE_NAME).account
    if (owner === account) return
    Annotations.of(this).addWarningV2(
      'flowcraft-aws:otherAccount',
      `runs are read and managed from the account of the service (${owner}), got ${account}: table, queues and bucket have no policies for other accounts. Start runs from there by grantStartRun, and give reading programs a role of ${owner}`,
    )
  }
}

function placeProblems(scope: Construct, arn: string): string[] {
  if (Token.isUnresolved(arn)) return []
  const stack = Stack.of(scope)
  const of = Arn.split(arn, ArnFormat.COLON_RESOURCE_NAME)
  return (['account', 'region'] as const).flatMap((place) => {
    const [here, there] = [stack[place], of[place]]
    if (Token.isUnresolved(here) || here === there) return []
    return [`rules and schedules must be in the ${place} of the StartRun function, ${there}; got ${here}`]
  })
}

function attributeProblems(attributes: FlowcraftServiceAttributes): string[] {
  const {
    startRunFunctionArn,
    tableArn,
    queueArn,
    valueBucketArn,
    eventBusArn,
    encryptionKeyArn,
    pools = {},
  } = attributes
  const ofPools = Object.entries(pools).map(([name, pool]) => [
    `pools.${name}.queueArn`,
    pool.queueArn,
    'sqs',
  ])
  const arns = [
    ['startRunFunctionArn', startRunFunctionArn, 'lambda'],
    ['tableArn', tableArn, 'dynamodb'],
    ['queueArn', queueArn, 'sqs'],
    ['deadLetterQueueArn', attributes.deadLetterQueueArn, 'sqs'],
    ['valueBucketArn', valueBucketArn, 's3'],
    ['eventBusArn', eventBusArn, 'events'],
    ['encryptionKeyArn', encryptionKeyArn, 'kms'],
    ...ofPools,
  ] as readonly [string, string | undefined, string][]
  const problems = attributes.runEvents === undefined ? [] : runEventsProblems(attributes.runEvents)
  const ofArns = arns
    .filter(([, arn]) => arn !== undefined && !Token.isUnresolved(arn))
    .filter(([, arn, service]) => !new RegExp(`^arn:[^:]+:${service}:`).test(arn as string))
    .map(([name, arn, service]) => `${name} must be an ARN of ${service}, got ${arn}`)
  return [...ofArns, ...problems]
}
