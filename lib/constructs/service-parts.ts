/** What the functions of one service share: where its state, its jobs and its large values are. */
import { type Duration, Stack } from 'aws-cdk-lib'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import type { PriceOverrides } from '../core/common/prices.ts'
import type { JobQueue } from './job-queue.ts'
import type { StateTable } from './state-table.ts'
import type { ValueBucket } from './value-bucket.ts'

/** Which nodes go to a pool of workers, and by which queue. */
export interface PoolRoute {
  readonly jobs: JobQueue
  /** Node ids, of any blueprint, or `blueprintId:nodeId`. */
  readonly nodes: readonly string[]
}

/** Props of parts that may be traced. */
export interface Traced {
  /**
   * Whether AWS X-Ray traces the functions, at its price, and the trace of a run goes with its jobs: see docs/tracing.md.
   * The same for all parts of a service.
   * @default false
   */
  readonly tracing?: boolean
}

/** Props of parts that count what runs use. */
export interface Costed {
  /**
   * Whether workers count what runs use, in the write of their commits: for `get`, the event of a run's end, its metric and
   * `maxUsd`. The same for all parts of a service. See docs/costs.md.
   * @default true
   */
  readonly runCosts?: boolean
  /** US dollars in place of list prices of us-east-1: see `PRICES`. @default - the list prices */
  readonly prices?: PriceOverrides
}

/** The parts of a service that its functions share. */
export interface ServiceParts extends Traced, Costed {
  readonly state: StateTable
  /** The default pool's jobs. */
  readonly jobs: JobQueue
  /** Bucket for values larger than 400 KB. @default - none: they become several items of the table */
  readonly values?: ValueBucket
  /** Worker pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, PoolRoute>>
  /** How long a run may take, and is kept after its end: 1 to 400 whole days. @default Duration.days(400) */
  readonly runRetention?: Duration
  /** Name of the service in logs and metrics (POWERTOOLS_SERVICE_NAME). @default - Powertools' 'service_undefined' */
  readonly serviceName?: string
}

/** Without the workers. */
export function routesOf(pools: Readonly<Record<string, PoolRoute>>): Record<string, PoolRoute> {
  return Object.fromEntries(Object.entries(pools).map(([name, { jobs, nodes }]) => [name, { jobs, nodes }]))
}

/** Props of workers that serve a pool. */
export interface PoolChoice {
  /** Pool of these workers, a key of `pools`. @default - the default pool */
  readonly pool?: string
}

/** The environment by which a program finds the service. */
export function environmentOf(scope: Construct, parts: ServiceParts): Record<string, string> {
  const { state, jobs, values, pools = {}, serviceName, tracing, runRetention } = parts
  const environment: Record<string, string | undefined> = {
    [environmentVariables.queueUrl]: jobs.queue.queueUrl,
    [environmentVariables.tableName]: state.table.tableName,
    [environmentVariables.serviceName]: state.serviceName,
    [environmentVariables.bucketName]: values?.bucket.bucketName,
    [environmentVariables.pools]: poolsAsText(scope, pools),
    [environmentVariables.runIndex]: state.runIndex ? undefined : 'false',
    [environmentVariables.runCosts]: parts.runCosts === false ? 'false' : undefined,
    [environmentVariables.prices]: parts.prices && JSON.stringify(parts.prices),
    [environmentVariables.runRetentionDays]: runRetention?.toDays().toString(),
    [environmentVariables.tracing]: tracing ? 'true' : undefined,
    POWERTOOLS_SERVICE_NAME: serviceName,
  }
  return defined(environment)
}

/** The queue that workers take jobs from: their pool's. */
export function ownQueueOf({
  jobs,
  pools,
  pool,
}: Pick<ServiceParts, 'jobs' | 'pools'> & PoolChoice): JobQueue {
  return (pool === undefined ? undefined : pools?.[pool]?.jobs) ?? jobs
}

export function poolChoiceProblems({ pool, pools }: Pick<ServiceParts, 'pools'> & PoolChoice): string[] {
  if (pool === undefined || pools?.[pool]) return []
  const known = Object.keys(pools ?? {}).join(', ') || 'none'
  return [`pool must be a key of pools (${known}), got ${pool}`]
}

/** Allows sending jobs to the workers of every pool: any function may schedule any node. */
export function grantSendJobs(
  { jobs, pools = {} }: Pick<ServiceParts, 'jobs' | 'pools'>,
  grantee: IGrantable,
): Grant {
  let grant = jobs.grantSend(grantee)
  for (const pool of Object.values(pools)) grant = grant.combine(pool.jobs.grantSend(grantee))
  return grant
}

export function defined(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** URLs of queues are tokens: the JSON is made by CloudFormation. */
function poolsAsText(scope: Construct, pools: Readonly<Record<string, PoolRoute>>): string | undefined {
  const entries = Object.entries(pools).map(([name, { jobs, nodes }]) => [
    name,
    { queueUrl: jobs.queue.queueUrl, nodes },
  ])
  return entries.length > 0 ? Stack.of(scope).toJsonString(Object.fromEntries(entries)) : undefined
}
