/** The props of a service, and their impossible combinations. */
import { existsSync } from 'node:fs'
import { type Duration, type RemovalPolicy, Token } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { type HistoryMode, historyProblems } from '../core/common/history-mode.ts'
import { type LeaseMode, leasesProblems } from '../core/common/lease-mode.ts'
import { pricesProblems } from '../core/common/prices.ts'
import type { RunEventName } from '../core/telemetry/names.ts'
import { type AlarmOptions, alarmProblems } from './alarms.ts'
import type { DashboardOptions } from './dashboard.ts'
import { exportProblems } from './entry-exports.ts'
import { deadLetterQueueOf, visibilityOf } from './existing-queue.ts'
import type { FeedOptions } from './feed-options.ts'
import type { FunctionOptions, FunctionSize } from './function-options.ts'
import { aloneProblems, type FunctionOverrides } from './function-overrides.ts'
import { jobQueueProblems, visibilityProblems } from './job-queue.ts'
import { type PoolOptions, poolProblems } from './pool-options.ts'
import { existingOrNew, givenOf, runRetentionProblems } from './problems.ts'
import { type RunEventOptions, runEventsPropProblems } from './run-events.ts'
import type { DeploymentOptions } from './safe-deployment.ts'
import type { Costed } from './service-parts.ts'
import { stateTableProblems } from './state-table.ts'
import { intervalProblems } from './sweep-function.ts'
import type { UserCode } from './user-code.ts'
import { type ValueBucketOptions, valueBucketProblems } from './value-bucket.ts'
import { type WebhookOptions, webhookProblems } from './webhook-endpoint.ts'
import { type ExistingFunction, timeoutOf, workerProblems } from './worker-function.ts'

export interface FlowcraftServiceProps
  extends UserCode, FunctionOptions, FunctionSize, FeedOptions, ExistingFunction, Costed {
  /**
   * Export of `entry` or `code` that `createStartRunHandler({ flows })` returned: it rejects a start that no worker could
   * run.
   * @default - the package's own StartRun handler, which accepts every start
   */
  readonly startRunHandler?: string
  /**
   * The endpoint by which webhooks resume runs, a public URL; `{}` for one with defaults.
   * @default false
   */
  readonly webhook?: false | WebhookOptions
  /**
   * Props of the CDK's functions for the workers, merged last: layers, runtime, a role, insights. Those that only one
   * function can have (`functionName`, `memorySize`, `reservedConcurrentExecutions`, `role`, `logGroup`) are the default
   * pool's alone.
   * @default - none
   */
  readonly workerProps?: FunctionOverrides
  /** The same for StartRun; with `startRunHandler` merged over `workerProps`. @default - none */
  readonly startRunProps?: FunctionOverrides
  /** The same for the webhook. @default - none */
  readonly webhookProps?: FunctionOverrides
  /** The same for the sweep. @default - none */
  readonly sweepProps?: FunctionOverrides
  /** Worker pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, PoolOptions>>
  /**
   * Name of the service in logs and metrics, unique in an account and region.
   * @default - generated from the stack's name and the construct's path
   */
  readonly serviceName?: string
  /** CloudWatch namespace of the metrics; an empty string disables them. @default 'Flowcraft' */
  readonly metricsNamespace?: string
  /**
   * What workers write down of their runs, for `RunClient.history`: 'timings', for a write unit for each message; 'full',
   * also inputs, outputs and context keys; or 'none'.
   * @default 'timings'
   */
  readonly history?: HistoryMode
  /**
   * Which messages workers lease before they work on them, for a write unit each: 'always', or 'redeliveries', those that SQS
   * has delivered before. Then a node runs twice where two messages for it are there at once, which SQS's rare double is; one
   * of them commits. See docs/costs.md.
   * @default 'always'
   */
  readonly leases?: LeaseMode

  /**
   * An existing table to use, with the schema of `stateTable`; several services may share it. Their timers are kept apart
   * by the service's stack and path, their runs by id: run ids are unique in a table. @default - a new table
   */
  readonly existingTable?: ITable
  /** An existing standard queue to use for the default pool, with a dead-letter queue. @default - a new queue */
  readonly existingQueue?: IQueue
  /**
   * Name of the default pool's queue. Where the pools' queues have names too, the dead-letter queue takes messages from no
   * other queue (`redriveAllowPolicy`).
   * @default - a name made by CloudFormation
   */
  readonly queueName?: string
  /**
   * An existing dead-letter queue to use, for all pools.
   * @default - a new queue; that of `existingQueue` where it is made in this app
   */
  readonly existingDeadLetterQueue?: IQueue

  /**
   * The S3 bucket for values larger than 400 KB; with false they become several items of the table.
   * @default - a new bucket with defaults
   */
  readonly valueBucket?: false | ValueBucketOptions
  /**
   * EventBridge events that report what `runEvents` names, the ends of runs unless it names others: for a write unit and an
   * event each.
   * @default - events on a new event bus
   */
  readonly events?: false | RunEventOptions
  /**
   * What is published of runs there: that they 'ended', 'started', that a node is 'waiting' for an event from outside, that
   * they were 'redriven'. Only ends cost write units of their own.
   * @default ['ended']
   */
  readonly runEvents?: readonly RunEventName[]
  /**
   * How long a run may take, and is kept after its end, in table and bucket alike: 1 to 400 whole days. What is older is
   * deleted, of a run under way too: give longer than the longest wait or sleep. Blueprints that no run used so long go too.
   * @default Duration.days(400); blueprints are kept for ever
   */
  readonly runRetention?: Duration
  /**
   * Whether runs stand in an index by which `RunClient.list` finds them, for a write unit at their start and one at their
   * end, $1.25 for a million runs. Failed runs, and those with labels, are found without it.
   * @default true
   */
  readonly runIndex?: boolean
  /** Visibility timeout of the default pool's queue. @default - `timeout`, `maxBatchingWindow` and 10 seconds */
  readonly visibilityTimeout?: Duration
  /** Receives (not attempts) after which a message moves to the dead-letter queue. @default 20 */
  readonly maxReceiveCount?: number
  /** Interval of the sweep, which sends timers that come due, 1 to 15 minutes. @default Duration.minutes(1) */
  readonly sweepInterval?: Duration
  /** Whether point-in-time recovery of the table is enabled. @default true */
  readonly pointInTimeRecovery?: boolean
  /** Whether the table is protected from deletion. @default true, false with RemovalPolicy.DESTROY */
  readonly deletionProtection?: boolean
  /**
   * What happens to table, bucket and log groups when the stack is deleted.
   * @default - RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE: a first deployment that fails leaves nothing behind;
   * RemovalPolicy.RETAIN for a table with deletionProtection
   */
  readonly removalPolicy?: RemovalPolicy

  /**
   * CloudWatch alarms: about nine, ten cents a month for each metric in them beyond an account's first ten.
   * @default - alarms without actions
   */
  readonly alarms?: false | AlarmOptions
  /**
   * Deploys new code of worker functions step by step, by versions and an alias that CodeDeploy shifts; `{}` for 10
   * percent of the messages in the first five minutes. An error of a new version sends all messages back to the old one
   * and rolls the stack back. Ten cents a month for the alarm of each function; pools of containers have a circuit
   * breaker of their own.
   * @default false: new code has all messages at once
   */
  readonly deployment?: false | DeploymentOptions
  /**
   * A CloudWatch dashboard: three of an account are free, each more is $3 a month.
   * @default - a dashboard with a generated name
   */
  readonly dashboard?: false | DashboardOptions
}

/** Options that the service's own functions share with its workers: not the size, nor `environment`. */
export function sharedOptions(props: FlowcraftServiceProps): FunctionOptions {
  const { architecture, tracing, logRetention, encryptionKey, removalPolicy } = props
  const { vpc, vpcSubnets, securityGroups } = props
  return {
    architecture,
    tracing,
    logRetention,
    encryptionKey,
    removalPolicy,
    vpc,
    vpcSubnets,
    securityGroups,
  }
}

/** Goes into logs, metrics, their dimension, and events. */
const SERVICE_NAME = /^[\w.-]{1,100}$/

/** All that is wrong, of every part. */
export function serviceProblems(scope: Construct, props: FlowcraftServiceProps): string[] {
  const { existingFunction, visibilityTimeout, maxReceiveCount } = props
  const { existingQueue, existingDeadLetterQueue, existingTable, encryptionKey } = props
  const problems = [
    ...workerProblems(scope, { ...props, functionProps: props.workerProps, pools: undefined }, 'workerProps'),
    ...jobQueueProblems({
      existingQueue,
      existingDeadLetterQueue,
      queueName: props.queueName,
      visibilityTimeout,
      maxReceiveCount,
      functionTimeout: existingQueue ? undefined : timeoutOf(props),
    }),
    ...visibilityProblems(visibilityOf(existingQueue), timeoutOf(props)),
    ...poolProblems(props.pools, props),
    ...(props.alarms ? alarmProblems(props.alarms, 'alarms.') : []),
    ...(props.webhook ? webhookProblems(props.webhook, 'webhook.') : []),
    ...intervalProblems('sweepInterval', props.sweepInterval),
    ...existingProblems(props),
    ...historyProblems(props.history ?? 'timings'),
    ...leasesProblems(props.leases ?? 'always'),
    ...runRetentionProblems(props.runRetention),
    ...runEventsPropProblems(props),
    ...pricesProblems(props.prices),
    ...(existingTable ? [] : stateTableProblems(scope, { encryptionKey })),
  ]
  const { serviceName = 'default' } = props
  if (!Token.isUnresolved(serviceName) && !SERVICE_NAME.test(serviceName)) {
    problems.push(`serviceName must be 1 to 100 letters, digits, '.', '_' and '-', got '${serviceName}'`)
  }
  problems.push(
    ...startRunProblems(scope, props),
    ...aloneProblems('startRunProps', props.startRunProps),
    ...aloneProblems('webhookProps', props.webhookProps),
    ...aloneProblems('sweepProps', props.sweepProps),
  )
  if (existingQueue && !deadLetterQueueOf(props) && Object.keys(props.pools ?? {}).length > 0) {
    problems.push('pools share a dead-letter queue: give existingDeadLetterQueue beside existingQueue')
  }
  const functions = Object.entries(props.pools ?? {}).filter(([, { image }]) => !image)
  if (existingFunction && functions.length > 0) {
    const names = functions.map(([name]) => name).join(', ')
    problems.push(`pools of functions need entry or code, got existingFunction and ${names}`)
  }
  return problems
}

function startRunProblems(scope: Construct, props: FlowcraftServiceProps): string[] {
  const { startRunHandler, existingFunction, entry, webhook, webhookProps } = props
  const problems = !webhook && webhookProps ? ['webhookProps needs webhook'] : []
  if (startRunHandler === undefined) return problems
  if (existingFunction) return [...problems, 'startRunHandler needs entry or code, got existingFunction']
  if (startRunHandler.includes('.')) {
    return [...problems, `startRunHandler must be the name of an export, got ${startRunHandler}`]
  }
  const isThere = entry !== undefined && existsSync(entry)
  return [
    ...problems,
    ...(isThere ? exportProblems(scope, props, [['startRunHandler', startRunHandler]]) : []),
  ]
}

/** `existingX` excludes the props of a new X. */
function existingProblems(props: FlowcraftServiceProps): string[] {
  const given = givenOf(props, ['pointInTimeRecovery', 'deletionProtection'])
  const problems = props.existingTable ? existingOrNew('existingTable', 'table', given) : []
  const { valueBucket, removalPolicy } = props
  const ofNew = valueBucket && valueBucket.existingBucket ? {} : { removalPolicy }
  const ofBucket = valueBucket ? valueBucketProblems({ ...ofNew, ...valueBucket }) : []
  return [...problems, ...ofBucket.map((problem) => `valueBucket: ${problem}`)]
}
