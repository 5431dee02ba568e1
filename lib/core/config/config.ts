/** Where a deployment's queue, table and bucket are: from options, or from the environment that the constructs set. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import * as v from 'valibot'
import { environmentVariables } from '../common/environment.ts'
import { type PriceOverrides, type Prices, pricesProblems, pricesWith } from '../common/prices.ts'
import { throwProblems } from '../common/errors.ts'
import { requestTimeouts } from '../common/request-timeouts.ts'
import { problemsOf } from '../common/schema.ts'
import { type HistoryMode, historyProblems } from '../common/history-mode.ts'
import { type LeaseMode, leasesProblems } from '../common/lease-mode.ts'
import { retentionProblems } from '../store/retention.ts'
import { type Pool, poolProblems, Pools } from '../queue/pools.ts'
import { defaultRunEvents, type RunEventName, runEventsProblems } from '../telemetry/names.ts'

export { environmentVariables } from '../common/environment.ts'

/**
 * Where a service is: its queue, table and bucket, and how its parts work. All have a default, most of them
 * from the environment.
 */
export interface AwsOptions {
  /** URL of the job queue. @default - environment variable FLOWCRAFT_QUEUE_URL */
  readonly queueUrl?: string
  /**
   * URL of the queue for messages that are no jobs. Without one they stay where they are until the job queue's own
   * redrive policy moves them. @default - environment variable FLOWCRAFT_DEAD_LETTER_QUEUE_URL
   */
  readonly deadLetterQueueUrl?: string
  /** Name of the state table. @default - environment variable FLOWCRAFT_TABLE_NAME */
  readonly tableName?: string
  /**
   * Names the service where several use one table: its sweep looks after its own timers only. The same for all workers and
   * sweeps of a service; whoever changes it leaves the timers that run.
   * @default - environment variable FLOWCRAFT_SERVICE_NAME, else none
   */
  readonly serviceName?: string
  /**
   * Name of the bucket for values that do not fit into an item (400 KB). Without one they are kept in several items.
   * @default - environment variable FLOWCRAFT_BUCKET_NAME
   */
  readonly bucketName?: string
  /**
   * Worker pools beside the default one, by name. All workers and clients of a service must have the same.
   * @default - environment variable FLOWCRAFT_POOLS (JSON), else none
   */
  readonly pools?: Readonly<Record<string, Pool>>
  /** The pool that this worker serves. @default - environment variable FLOWCRAFT_POOL, else the default pool */
  readonly pool?: string
  /** Where the webhook function is reached. @default - environment variable FLOWCRAFT_WEBHOOK_URL */
  readonly webhookUrl?: string
  /**
   * Name of the EventBridge bus that the end of each run is published on (`RunStatusChange`), at least once; and what else
   * `runEvents` names.
   * @default - environment variable FLOWCRAFT_EVENT_BUS_NAME, else none
   */
  readonly eventBusName?: string
  /**
   * What is published of runs there: that they 'ended', 'started', that a node is 'waiting' for an event from outside, that
   * they were 'redriven'. The same for all workers of a service. Needs `eventBusName`.
   * @default - environment variable FLOWCRAFT_RUN_EVENTS ('ended,waiting'), else ['ended']
   */
  readonly runEvents?: readonly RunEventName[]
  /**
   * Workers write metrics of runs and nodes to this CloudWatch namespace, as lines of their log.
   * @default - environment variable FLOWCRAFT_METRICS_NAMESPACE, else none
   */
  readonly metricsNamespace?: string
  /**
   * Whether the X-Ray trace that a run is started in goes with its jobs, timers and child runs: see docs/tracing.md. The
   * same for all workers, clients and sweeps of a service.
   * @default - environment variable FLOWCRAFT_TRACING ('true'), else false
   */
  readonly tracing?: boolean
  /**
   * How many days a run may take, and is kept after its end: whole ones from 1 to 400. What is older is deleted, of a run
   * under way too. The same for all workers, clients and sweeps of a service; the bucket's lifecycle rule must keep objects
   * as long.
   * @default - environment variable FLOWCRAFT_RUN_RETENTION_DAYS, else 400
   */
  readonly runRetentionDays?: number
  /**
   * Whether runs stand in the index by which `RunClient.list` finds them, for a write unit at their start and one at their
   * end. The same for all workers and clients of a service. Failed runs, and those with labels, are found in any case.
   * @default - environment variable FLOWCRAFT_RUN_INDEX ('false'), else true
   */
  readonly runIndex?: boolean
  /**
   * What workers write down of their runs, for `RunClient.history`: 'none', 'timings' (what happened, and when, for a write
   * unit for each message, or for all of an invocation's that are of one run), or 'full' (also inputs, outputs and the
   * context keys that nodes set, for a unit more for each KB of them, compressed).
   * @default - environment variable FLOWCRAFT_HISTORY, else 'none'
   */
  readonly history?: HistoryMode
  /**
   * Which messages workers lease before they work on them, for a write unit each: 'always', or 'redeliveries', those that SQS
   * has delivered before. Then a node runs twice where two messages for it are there at once, which SQS's rare double is; one
   * of them commits. See docs/costs.md.
   * @default - environment variable FLOWCRAFT_LEASES, else 'always'
   */
  readonly leases?: LeaseMode
  /**
   * Whether what runs use is counted, and added in the write of their commits: for `get`, the event of their end, their
   * metric and `maxUsd`. The same for all workers and clients of a service.
   * @default - environment variable FLOWCRAFT_RUN_COSTS ('false'), else true
   */
  readonly runCosts?: boolean
  /**
   * Prices in US dollars in place of the list prices of us-east-1 (`PRICES`, November 2026): another region's, or what an
   * agreement says. They count where somebody looks, so new ones count for old runs too.
   * @default - environment variable FLOWCRAFT_PRICES (JSON), else the list prices
   */
  readonly prices?: PriceOverrides
  /** @default - a client for the region and credentials of the environment */
  readonly sqsClient?: SQSClient
  /** @default - a client for the region and credentials of the environment */
  readonly dynamoDbClient?: DynamoDBClient
  /** @default - a client for the region and credentials of the environment, made when first needed */
  readonly s3Client?: S3Client
  /** @default - a client for the region and credentials of the environment, made when first needed */
  readonly eventBridgeClient?: EventBridgeClient
}

export interface AwsConfig {
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string | undefined
  readonly tableName: string
  readonly serviceName: string | undefined
  readonly bucketName: string | undefined
  readonly webhookUrl: string | undefined
  readonly pools: Pools
  readonly sqsClient: SQSClient
  readonly dynamoDbClient: DynamoDBClient
  readonly s3Client: S3Client | undefined
  readonly eventBusName: string | undefined
  readonly runEvents: ReadonlySet<RunEventName>
  readonly eventBridgeClient: EventBridgeClient | undefined
  readonly metricsNamespace: string | undefined
  /** Only the environment has it here; as an option it is a worker's. */
  readonly deployGraceMs: number | undefined
  readonly tracing: boolean
  readonly history: HistoryMode
  readonly leases: LeaseMode
  readonly runRetentionDays: number | undefined
  readonly runIndex: boolean
  readonly runCosts: boolean
  readonly prices: Prices
}

type OptionalName =
  | 'deadLetterQueueUrl'
  | 'bucketName'
  | 'serviceName'
  | 'webhookUrl'
  | 'pool'
  | 'eventBusName'
  | 'metricsNamespace'

const missing = (option: 'queueUrl' | 'tableName') =>
  `${option} is missing: give it as an option or set ${environmentVariables[option]}`

const required = v.object({
  queueUrl: v.pipe(
    v.string(),
    v.nonEmpty(missing('queueUrl')),
    v.check(
      (text) => text === '' || URL.canParse(text),
      ({ input }) => `queueUrl must be a URL; got '${input}'`,
    ),
  ),
  tableName: v.pipe(v.string(), v.nonEmpty(missing('tableName'))),
})

/** @throws FlowcraftAwsError INVALID_CONFIGURATION that names everything missing. */
export function resolveConfig(options: AwsOptions, env: NodeJS.ProcessEnv = process.env): AwsConfig {
  const given = (option: 'queueUrl' | 'tableName') => options[option] ?? env[environmentVariables[option]]
  const optional = (option: OptionalName) =>
    options[option] ?? (env[environmentVariables[option]] || undefined)
  const [queueUrl = '', tableName = ''] = [given('queueUrl'), given('tableName')]
  const problems = problemsOf(required, { queueUrl, tableName })
  const pools = options.pools ?? jsonOf(env[environmentVariables.pools]) ?? {}
  problems.push(...poolProblems(pools, optional('pool')))
  const grace = env[environmentVariables.deployGraceMs] || undefined
  if (grace !== undefined && !/^\d+$/.test(grace)) {
    problems.push(
      `${environmentVariables.deployGraceMs} must be milliseconds, a whole number; got '${grace}'`,
    )
  }
  const ofEnvironment = env[environmentVariables.runRetentionDays] || undefined
  const runRetentionDays =
    options.runRetentionDays ?? (ofEnvironment === undefined ? undefined : Number(ofEnvironment))
  problems.push(...retentionProblems('runRetentionDays', runRetentionDays))
  const history = options.history ?? ((env[environmentVariables.history] || 'none') as HistoryMode)
  problems.push(...historyProblems(history))
  const leases = options.leases ?? ((env[environmentVariables.leases] || 'always') as LeaseMode)
  problems.push(...leasesProblems(leases))
  const eventBusName = optional('eventBusName')
  const runEvents =
    options.runEvents ?? (env[environmentVariables.runEvents] || undefined)?.split(',') ?? defaultRunEvents
  problems.push(...runEventsProblems(runEvents))
  if (options.runEvents && !eventBusName) {
    problems.push(
      `runEvents needs eventBusName: give it as an option or set ${environmentVariables.eventBusName}`,
    )
  }
  const prices = options.prices ?? jsonOf(env[environmentVariables.prices])
  problems.push(...pricesProblems(prices))
  throwProblems('INVALID_CONFIGURATION', 'cannot reach the run state', problems)
  return {
    queueUrl,
    deadLetterQueueUrl: optional('deadLetterQueueUrl'),
    tableName,
    serviceName: optional('serviceName'),
    bucketName: optional('bucketName'),
    webhookUrl: optional('webhookUrl'),
    pools: new Pools(queueUrl, pools as Record<string, Pool>, optional('pool')),
    sqsClient: options.sqsClient ?? sqsClientOf(env),
    dynamoDbClient: options.dynamoDbClient ?? new DynamoDBClient({ requestHandler: requestTimeouts(10_000) }),
    s3Client: options.s3Client,
    eventBusName,
    runEvents: new Set(runEvents as readonly RunEventName[]),
    eventBridgeClient: options.eventBridgeClient,
    metricsNamespace: optional('metricsNamespace'),
    deployGraceMs: grace === undefined ? undefined : Number(grace),
    runRetentionDays,
    runIndex: options.runIndex ?? env[environmentVariables.runIndex] !== 'false',
    history,
    leases,
    runCosts: options.runCosts ?? env[environmentVariables.runCosts] !== 'false',
    prices: pricesWith(prices as PriceOverrides | undefined),
    tracing: options.tracing ?? env[environmentVariables.tracing] === 'true',
  }
}

/** What is no JSON is left as it is, to be reported as a problem. */
function jsonOf(text: string | undefined): unknown {
  try {
    return text ? JSON.parse(text) : undefined
  } catch {
    return text
  }
}

/** With an endpoint of its own the SDK would still go to the host in the queue's URL: to AWS, with an emulator. */
function sqsClientOf(env: NodeJS.ProcessEnv): SQSClient {
  const ownEndpoint = env['AWS_ENDPOINT_URL_SQS'] ?? env['AWS_ENDPOINT_URL']
  // A long poll takes 20 seconds.
  const requestHandler = requestTimeouts(30_000)
  const where = ownEndpoint ? { endpoint: ownEndpoint, useQueueUrlAsEndpoint: false } : {}
  return new SQSClient({ ...where, requestHandler })
}
