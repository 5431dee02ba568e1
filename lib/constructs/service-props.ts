/** The props of a service, and their impossible combinations. */
import { type Duration, type RemovalPolicy, Token } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { IEventBus } from 'aws-cdk-lib/aws-events'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { type AlarmOptions, alarmProblems } from './alarms.ts'
import type { DashboardOptions } from './dashboard.ts'
import type { FunctionOptions, FunctionSize } from './function-options.ts'
import { jobQueueProblems } from './job-queue.ts'
import { type PoolOptions, poolProblems } from './pool-options.ts'
import { existingOrNew, givenOf } from './problems.ts'
import { stateTableProblems } from './state-table.ts'
import { intervalProblems } from './sweep-function.ts'
import type { UserCode } from './user-code.ts'
import { type ValueBucketOptions, valueBucketProblems } from './value-bucket.ts'
import { type WebhookOptions, webhookProblems } from './webhook-endpoint.ts'
import { type ExistingFunction, type FeedOptions, timeoutOf, workerProblems } from './worker-function.ts'

/** Settings of the events that tell of status changes of runs. */
export interface RunEventOptions {
  /** An existing event bus that receives the events. @default - a new event bus */
  readonly eventBus?: IEventBus
}

export interface FlowcraftServiceProps
  extends UserCode, FunctionOptions, FunctionSize, FeedOptions, ExistingFunction {
  /**
   * The export of the user's code that `createStartRunHandler({ flows })` made: then a start that no worker could run
   * is refused at once.
   * @default - the package's own StartRun handler, which leaves that to the workers
   */
  readonly startRunHandler?: string
  /**
   * The endpoint by which webhooks resume runs, a public URL; `{}` for one with defaults.
   * @default false
   */
  readonly webhook?: false | WebhookOptions
  /** Worker pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, PoolOptions>>
  /**
   * Names the service in logs and metrics; two services of one account and region must differ.
   * @default - made of the construct's path
   */
  readonly serviceName?: string
  /** Namespace of the metrics; an empty one turns them off. @default 'Flowcraft' */
  readonly metricsNamespace?: string

  /**
   * A table of one's own with the schema of `stateTable`; several services may use one. Their timers are told apart by the
   * construct's path, and their runs by their ids: a run id means one run of the table. @default - a new table
   */
  readonly existingTable?: ITable
  /** A standard queue of one's own for the default pool's jobs. @default - a new queue */
  readonly existingQueue?: IQueue
  /** A dead-letter queue of one's own, for all pools. @default - a new queue */
  readonly existingDeadLetterQueue?: IQueue

  /**
   * The S3 bucket for values larger than 400 KB; with false they become several items of the table.
   * @default - a new bucket with defaults
   */
  readonly valueBucket?: false | ValueBucketOptions
  /**
   * EventBridge events that tell of the ends of runs, for a write unit and an event each.
   * @default - events on a new event bus
   */
  readonly events?: false | RunEventOptions
  /** @default - six times `timeout` */
  readonly visibilityTimeout?: Duration
  /** Receives, not attempts, before a message goes to the dead-letter queue. @default 20 */
  readonly maxReceiveCount?: number
  /** How often the sweep looks for timers, 1 to 15 minutes. @default Duration.minutes(1) */
  readonly sweepInterval?: Duration
  /** @default true */
  readonly pointInTimeRecovery?: boolean
  /** Whether deleting the table is refused. @default true, false with RemovalPolicy.DESTROY */
  readonly deletionProtection?: boolean
  /** What becomes of table, bucket and logs when their stack is deleted. @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy

  /**
   * CloudWatch alarms: about nine, ten cents a month for each metric in them beyond an account's first ten.
   * @default - alarms without actions
   */
  readonly alarms?: false | AlarmOptions
  /**
   * A CloudWatch dashboard: three of an account are free, each more is $3 a month.
   * @default - a dashboard with a generated name
   */
  readonly dashboard?: false | DashboardOptions
}

/** Goes into logs, metrics and their dimension. */
const SERVICE_NAME = /^[\w.-]{1,100}$/

/** All that is wrong, of every part. */
export function serviceProblems(scope: Construct, props: FlowcraftServiceProps): string[] {
  const { startRunHandler, existingFunction, visibilityTimeout, maxReceiveCount } = props
  const { existingQueue, existingDeadLetterQueue, existingTable, encryptionKey } = props
  const problems = [
    ...workerProblems({ ...props, pools: undefined }),
    ...jobQueueProblems({
      existingQueue,
      existingDeadLetterQueue,
      visibilityTimeout,
      maxReceiveCount,
      functionTimeout: existingQueue ? undefined : timeoutOf(props),
    }),
    ...poolProblems(props.pools, props),
    ...(props.alarms ? alarmProblems(props.alarms, 'alarms.') : []),
    ...(props.webhook ? webhookProblems(props.webhook, 'webhook.') : []),
    ...intervalProblems('sweepInterval', props.sweepInterval),
    ...existingProblems(props),
    ...(existingTable ? [] : stateTableProblems(scope, { encryptionKey })),
  ]
  const { serviceName = 'default' } = props
  if (!Token.isUnresolved(serviceName) && !SERVICE_NAME.test(serviceName)) {
    problems.push(`serviceName must be 1 to 100 letters, digits, '.', '_' and '-', got '${serviceName}'`)
  }
  if (startRunHandler?.includes('.')) {
    problems.push(`startRunHandler must be the name of an export, got ${startRunHandler}`)
  }
  if (startRunHandler !== undefined && existingFunction) {
    problems.push('startRunHandler needs entry or code, got existingFunction')
  }
  if (existingQueue && !existingDeadLetterQueue && Object.keys(props.pools ?? {}).length > 0) {
    problems.push('pools share a dead-letter queue: give existingDeadLetterQueue beside existingQueue')
  }
  const functions = Object.entries(props.pools ?? {}).filter(([, { image }]) => !image)
  if (existingFunction && functions.length > 0) {
    const names = functions.map(([name]) => name).join(', ')
    problems.push(`pools of functions need entry or code, got existingFunction and ${names}`)
  }
  return problems
}

/** `existingX` excludes the props of a new X. */
function existingProblems(props: FlowcraftServiceProps): string[] {
  const given = givenOf(props, ['pointInTimeRecovery', 'deletionProtection'])
  const problems = props.existingTable ? existingOrNew('existingTable', 'table', given) : []
  const ofBucket = props.valueBucket ? valueBucketProblems(props.valueBucket) : []
  return [...problems, ...ofBucket.map((problem) => `valueBucket: ${problem}`)]
}
