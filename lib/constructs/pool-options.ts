/** Worker pools of a service: which nodes go where, and what works on them. */
import type { Duration } from 'aws-cdk-lib'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Architecture } from 'aws-cdk-lib/aws-lambda'
import { type LeaseMode, leasesProblems } from '../core/common/lease-mode.ts'
import { poolNodesProblems } from '../core/queue/pool-rules.ts'
import { type ContainerOptions, containerProblems } from './container-worker.ts'
import { type FeedOptions, feedProblems } from './feed-options.ts'
import {
  DEFAULT_TIMEOUT,
  type FunctionOptions,
  functionProblems,
  type FunctionSettings,
  type FunctionSize,
} from './function-options.ts'
import type { FunctionOverrides } from './function-overrides.ts'
import { jobQueueProblems } from './job-queue.ts'
import { givenOf } from './problems.ts'
import { environmentBytes, USER_BYTES } from './user-environment.ts'

/** A worker pool: functions with the service's code, or containers if `image` is given. */
export interface PoolOptions extends FunctionSize, FeedOptions, ContainerOptions {
  /** Nodes that run in this pool: node ids, of any blueprint, or `blueprintId:nodeId`. */
  readonly nodes: readonly string[]
  /** Architecture of the functions, or of the image. @default - the service's `architecture` */
  readonly architecture?: Architecture
  /** Environment variables, in place of the service's `environment`. @default - the service's `environment` */
  readonly environment?: Readonly<Record<string, string>>
  /** Which messages of this pool are leased. @default - the service's `leases` */
  readonly leases?: LeaseMode
  /** Props of the CDK's function for these workers, merged over the service's `workerProps`. @default - none */
  readonly workerProps?: FunctionOverrides
  /** Name of the pool's queue. @default - a name made by CloudFormation */
  readonly queueName?: string
  /** Visibility timeout of the pool's queue. @default - the function's timeout, `maxBatchingWindow` and 10 seconds; containers prolong it themselves */
  readonly visibilityTimeout?: Duration
  /**
   * Makes the pool an ECS Fargate service, for nodes that take longer than 15 minutes. The image's command runs
   * `new SqsAdapter({ … }).start()`.
   * @default - a function
   */
  readonly image?: ContainerImage
  /** VPC of the containers. @default - the service's `vpc` */
  readonly vpc?: IVpc
}

const OF_FUNCTIONS = [
  'memorySize',
  'timeout',
  'batchSize',
  'maxBatchingWindow',
  'maxConcurrency',
  'provisionedPollers',
  'reservedConcurrency',
  'mappingMetrics',
  'workerProps',
] as const satisfies readonly (keyof FunctionSize | keyof FeedOptions | 'workerProps')[]

const OF_CONTAINERS = [
  'cpu',
  'memoryLimitMiB',
  'desiredCount',
  'minCapacity',
  'maxCapacity',
  'cluster',
  'assignPublicIp',
  'vpc',
] as const satisfies readonly (keyof ContainerOptions | 'vpc')[]

/** Pool routes go into the environment of each function, which has 4 KB in all; other variables take about 1 KB. */
const ROUTE_BYTES = 2_800
/** The longest URL of a queue with a generated name; the URL itself is unknown at synth. */
const LONGEST_URL = `https://sqs.ap-southeast-1.amazonaws.com/123456789012/${'q'.repeat(80)}`
/** A pool's name is a construct id, and part of logical ids. */
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

export function poolProblems(
  pools: Readonly<Record<string, PoolOptions>> = {},
  service: Pick<FunctionOptions, 'vpc' | 'environment'> = {},
): string[] {
  const problems = Object.entries(pools).flatMap(([name, pool]) => [
    ...(NAME.test(name)
      ? []
      : [
          `pools must be named by at most 32 letters, digits and hyphens, beginning with a letter, got ${name}`,
        ]),
    ...[...onePoolProblems(pool, service), ...leasesProblems(pool.leases ?? 'always')].map(
      (problem) => `pools.${name}: ${problem}`,
    ),
  ])
  problems.push(...roomProblems(pools, service.environment))
  return [...problems, ...poolNodesProblems(pools)]
}

/** The routes and the variables of the user share one environment. */
function roomProblems(
  pools: Readonly<Record<string, PoolOptions>>,
  shared: Readonly<Record<string, string>> = {},
): string[] {
  const routes = Object.entries(pools).map(([name, { nodes }]) => [name, { queueUrl: LONGEST_URL, nodes }])
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(routes)))
  if (bytes > ROUTE_BYTES) {
    const limit = `${ROUTE_BYTES} bytes of names, nodes and queue URLs, since they go into the environment of each function`
    return [`pools must have at most ${limit}, got ${bytes}`]
  }
  const environments = [
    shared,
    ...Object.values(pools).map(({ environment = {}, image }) => (image ? {} : environment)),
  ]
  const largest = Math.max(...environments.map(environmentBytes))
  if (routes.length === 0 || largest > USER_BYTES || largest + bytes <= USER_BYTES) return []
  return [`environment and pools must have at most ${USER_BYTES} bytes together, got ${largest} and ${bytes}`]
}

function onePoolProblems(pool: PoolOptions, service: { readonly vpc?: IVpc }): string[] {
  const { image, cluster } = pool
  const problems: string[] = []
  const foreign = givenOf(pool, image ? OF_FUNCTIONS : OF_CONTAINERS)
  if (foreign.length > 0) {
    const [of, list] = image ? ['functions', 'without image'] : ['containers', 'with image']
    problems.push(`${foreign.join(', ')} are for pools of ${of}, ${list}`)
  }
  const functionTimeout = pool.timeout ?? (image ? undefined : DEFAULT_TIMEOUT)
  const vpc = pool.vpc ?? (cluster ? undefined : service.vpc)
  return [
    ...problems,
    ...jobQueueProblems({ visibilityTimeout: pool.visibilityTimeout, functionTimeout }),
    ...(image
      ? containerProblems({ ...pool, vpc })
      : [...functionProblems(withoutNetwork(pool), 'workerProps'), ...feedProblems(ownReserved(pool))]),
  ]
}

function ownReserved(pool: PoolOptions): FeedOptions {
  const reservedConcurrency = pool.workerProps?.reservedConcurrentExecutions ?? pool.reservedConcurrency
  return { ...pool, reservedConcurrency }
}

/** A function's network is the service's. */
function withoutNetwork({ memorySize, timeout, environment, workerProps }: PoolOptions): FunctionSettings {
  return { memorySize, timeout, environment, functionProps: workerProps }
}
