// The public types of the local AWS. Types only; nothing here may name an optional peer dependency,
// so that a project without fauxqs, dynalite or esbuild still type-checks.

import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { LocalClientConfigs, LocalClients } from './connection.ts'
import type { LocalEvent } from './event-buses.ts'
import type { EventSourceMappingOptions, LocalEventSourceMapping } from './event-source/types.ts'
import type { LocalSchedule, ScheduleOptions } from './lambda/schedule.ts'
import type { LocalFunction, LocalFunctionOptions } from './lambda/types.ts'
import type { Meter } from './meter.ts'
import type { LocalPermissions, LocalRole, LocalRoleOptions } from './iam/types.ts'
import type { LambdaUsage } from './prices.ts'
import type { BatchLimits } from './proxy/dynamodb-batches.ts'
import type { TableLimits } from './proxy/dynamodb-ramp.ts'
import type { PrefixLimits } from './proxy/s3-slow-down.ts'
import type { PartitionLimits } from './proxy/dynamodb-throttle.ts'
import type { InterceptFunction } from './proxy/intercept.ts'
import type { DeployOptions, LocalStack } from './stack/types.ts'

/** Options of {@link startLocalAws}. */
export interface LocalAwsOptions {
  /** The region that ARNs and clients name. @default 'us-east-1' */
  region?: string
  /**
   * Which engine plays DynamoDB. `dynoxide` is a binary (the optional dependency `@dynoxide/linux-x64`, or
   * the file that the environment variable `DYNOXIDE_BIN` names), `dynalite` runs in this process and lacks
   * transactions, streams, time to live and the old item of a refused condition.
   * @default - the environment variable `FLOWCRAFT_LOCAL_DYNAMODB`, else dynoxide where its binary is found,
   * else dynalite
   */
  dynamodb?: 'dynoxide' | 'dynalite'
  /**
   * Use servers that already run, in place of starting one. They see the requests through the meter's proxy,
   * so they must not check signatures (no emulator does; AWS itself does).
   * @default - the environment variables `FLOWCRAFT_LOCAL_SQS_ENDPOINT`, `FLOWCRAFT_LOCAL_DYNAMODB_ENDPOINT`
   * and `FLOWCRAFT_LOCAL_S3_ENDPOINT`
   */
  endpoints?: Partial<Endpoints>
  /**
   * Refuse reads of tables that may be stale, which AWS takes: no emulator is ever stale, so a test would not tell. Reads
   * of indexes are taken. @default - whether the environment variable `FLOWCRAFT_LOCAL_CONSISTENT_READS` is `true`
   */
  consistentReads?: boolean
  /**
   * Refuse what AWS refuses and the engines take, by the limits that AWS documents: sizes, characters, keys, numbers,
   * expressions, payloads, and what the roles of a stack's functions may not do. docs/local.md lists them. @default true
   */
  strict?: boolean
  /**
   * What each partition key of DynamoDB bears in a second: what comes beyond is refused with ThrottlingException, as on AWS,
   * whose partitions bear `{ readUnits: 3000, writeUnits: 1000 }`. @default - all that comes
   */
  partitionLimits?: PartitionLimits
  /**
   * What each table of DynamoDB bears in a second when it is new, with ThrottlingException beyond; it grows to double the peak of
   * the last half hour, as a table on demand does. `{}` is AWS's: `{ readUnits: 12000, writeUnits: 4000 }`. @default - all that comes
   */
  tableLimits?: TableLimits
  /**
   * What a batch of DynamoDB's leaves undone: `{ items: 1 }` does one item of each, and says that the others are unprocessed, as
   * AWS does under load. @default - all that are asked for; of reads 16 MB
   */
  batchLimits?: BatchLimits
  /**
   * Milliseconds until Lambda tries an asynchronous invocation again that failed, once for each. What waits for it when the local AWS stops is
   * given up. @default [60000, 120000], AWS's
   */
  asyncRetryAfterMs?: readonly number[]
  /**
   * Messages of a queue that may be in flight, with OverLimit for who receives more; a long poll gets nothing then. A lower number makes tests
   * quick. @default 120000, AWS's
   */
  inFlightLimit?: number
  /**
   * Requests a second for each prefix of a bucket, with 503 SlowDown beyond, as S3 answers while it scales; it bears
   * `{ reads: 5500, writes: 3500 }` at least. @default - all that come
   */
  prefixLimits?: PrefixLimits
  /**
   * A folder that keeps tables, messages and objects between two starts; made where it is not there. One local AWS uses it
   * at a time. Names of a stack's resources are the same at each start then, where CloudFormation would make new ones, and so
   * are the addresses of function URLs, unless somebody else listens there. Event buses and functions are made anew. What was kept is lost if the engine of DynamoDB is
   * another. Messages in flight are received again. Not for `endpoints` of your own. @default - everything is in memory
   */
  dataFolder?: string
  /** Accept endpoints that are not on this computer. @default false */
  allowRemote?: boolean
}

/** One address per service that has an engine, such as `http://127.0.0.1:40123`. */
export interface Endpoints {
  readonly sqs: string
  readonly dynamodb: string
  readonly s3: string
}

/** One address per service: those with an engine, and those that are played here. */
export interface LocalEndpoints extends Endpoints {
  /** Knows Invoke only. */
  readonly lambda: string
  /** Knows PutEvents only. */
  readonly eventbridge: string
}

/** What plays each service. */
export interface Engines {
  readonly sqs: 'fauxqs' | 'external'
  readonly dynamodb: 'dynoxide' | 'dynalite' | 'external'
  readonly s3: 'fauxqs' | 'external'
}

/** Options of {@link LocalAws.createQueue}. */
export interface LocalQueueOptions {
  /** @default - a name that is not taken */
  name?: string
  /**
   * How long a received message stays hidden, 0 to 43,200 seconds. An event source mapping needs at least the
   * function's timeout; the constructs make it 10 seconds longer than that.
   * @default 30
   */
  visibilityTimeoutSeconds?: number
  /** Receives before a message goes to the dead-letter queue, 1 to 1,000. @default 20 */
  maxReceiveCount?: number
  /** How long each new message stays hidden, 0 to 900 seconds. @default 0 */
  delaySeconds?: number
}

/** A queue and the dead-letter queue behind it. */
export interface LocalQueue {
  readonly queueName: string
  readonly queueUrl: string
  readonly queueArn: string
  readonly deadLetterQueueUrl: string
  readonly deadLetterQueueArn: string
}

/** Options of {@link LocalAws.stop}. */
export interface StopOptions {
  /**
   * Let invocations in flight finish, for as long as their timeout allows. Without it they are killed and
   * their messages stay in the queue, as when a host fails.
   * @default true
   */
  drain?: boolean
  /** The longest that invocations in flight may take to finish, milliseconds; they are killed then. @default - their timeout */
  drainMs?: number
}

/** SQS, DynamoDB, S3, Lambda and EventBridge on this computer. Listens on 127.0.0.1 only. */
export interface LocalAws {
  /** The addresses that clients use: the meter's proxies, not the engines behind them. */
  readonly endpoints: LocalEndpoints
  /** The addresses of the engines themselves: what goes there is neither counted nor intercepted. */
  readonly unmetered: Endpoints
  readonly region: string
  readonly accountId: string
  /** What plays each service. */
  readonly engine: Engines
  readonly clients: LocalClients
  readonly clientConfig: LocalClientConfigs
  /** The environment variables that bring the AWS SDK of a child process here. Holds no other variable. */
  readonly env: Readonly<Record<string, string>>
  /** Counts what SQS, DynamoDB, S3 and EventBridge are asked, wherever the request comes from. */
  readonly meter: Meter
  /** What was put on event buses, the oldest first; the last 10,000. Grows while you look. */
  readonly events: readonly LocalEvent[]
  /** What roles may do, what of it was needed, and what was refused. */
  readonly permissions: LocalPermissions
  /** What all functions made here have used so far. */
  lambdaUsage(): LambdaUsage
  /** Decides the fate of each request until it is called again; `undefined` lets all pass. For tests. */
  intercept(fn: InterceptFunction | undefined): void
  /** Makes a standard queue and its dead-letter queue, which keeps messages for 14 days. */
  createQueue(options?: LocalQueueOptions): Promise<LocalQueue>
  /** Makes a table, waits until it is ACTIVE and returns its name. */
  createTable(input: CreateTableCommandInput): Promise<string>
  /** Makes a bucket and returns its name. @param name - by default a name that is not taken */
  createBucket(name?: string): Promise<string>
  /** Makes an event bus and returns its name; the bus `default` is there. @param name - by default one not taken */
  createEventBus(name?: string): string
  /**
   * Makes a role, or adds policies to the one of this name. The functions of a stack have the roles of their template.
   *
   * @throws FlowcraftAwsError LOCAL_AWS where a policy has a condition operator that is not played
   * @example
   * const role = aws.createRole({ policies: [{ Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queueArn }] }] })
   * const client = new RunClient({ ...role.clients, queueUrl, tableName })
   */
  createRole(options?: LocalRoleOptions): LocalRole
  /** Makes a Lambda function whose execution environments are child processes. */
  createFunction(options: LocalFunctionOptions): Promise<LocalFunction>
  /** Gives a function a URL of its own, without authentication: an HTTP server on 127.0.0.1. */
  createFunctionUrl(fn: LocalFunction): Promise<string>
  /** Invokes a function every so many minutes. */
  schedule(options: ScheduleOptions): LocalSchedule
  /**
   * Feeds a queue's messages to a function, as the Lambda service does.
   *
   * An idle mapping is not free: it long-polls, which is 3 ReceiveMessage requests a minute here. AWS keeps
   * five pollers for that and so asks some 15 times a minute.
   */
  mapEventSource(options: EventSourceMappingOptions): Promise<LocalEventSourceMapping>
  /**
   * Makes what a stack of a CDK app describes, from what `cdk synth` wrote. See docs/local.md for what is played.
   *
   * @throws FlowcraftAwsError LOCAL_AWS that lists all resources which are not emulated
   * @example
   * const stack = await aws.deploy({ assembly: 'cdk.out' })
   * const client = new RunClient(stack.connection())
   */
  deploy(options: DeployOptions): Promise<LocalStack>
  /**
   * As `deploy`, all stacks of the app, each after those that it needs; gives them by name.
   *
   * @example
   * const { Shop } = await aws.deployAll({ assembly: 'cdk.out' })
   */
  deployAll(options: Omit<DeployOptions, 'stackName'>): Promise<Record<string, LocalStack>>
  /** Stops everything that was made here: mappings, schedules, functions, clients, servers. May be called again. */
  stop(options?: StopOptions): Promise<void>
  /** `stop()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
