/** Worker pools of a service: which nodes go where, and what works on them. */
import type { Duration } from 'aws-cdk-lib'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Architecture } from 'aws-cdk-lib/aws-lambda'
import { type ContainerOptions, containerProblems } from './container-worker.ts'
import { functionProblems, type FunctionSize } from './function-options.ts'
import { jobQueueProblems } from './job-queue.ts'
import { givenOf } from './problems.ts'
import { type FeedOptions, feedProblems } from './worker-function.ts'

/** A pool: functions with the service's code, or containers where `image` is given. */
export interface PoolOptions extends FunctionSize, FeedOptions, ContainerOptions {
  /** The nodes that go to this pool: node ids, of any blueprint, or `blueprintId:nodeId`. */
  readonly nodes: readonly string[]
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture
  /** Variables beside the service's. @default - the service's `environment` */
  readonly environment?: Readonly<Record<string, string>>
  /** @default - six times the function's timeout; containers prolong it themselves */
  readonly visibilityTimeout?: Duration
  /**
   * Makes the pool an ECS Fargate service, for nodes that take longer than 15 minutes. The image's command runs
   * `new SqsAdapter({ … }).start()`.
   * @default - a function
   */
  readonly image?: ContainerImage
  /** The containers' network. @default - the service's */
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
] as const satisfies readonly (keyof FunctionSize | keyof FeedOptions)[]

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

/** What tells of the pools goes into each function's environment, of 4 KB altogether; the rest takes about one. */
const ROUTE_BYTES = 2_800
/** A queue whose name CloudFormation made, at its longest; what its URL is nobody knows at synth. */
const LONGEST_URL = `https://sqs.ap-southeast-1.amazonaws.com/123456789012/${'q'.repeat(80)}`
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/

export function poolProblems(
  pools: Readonly<Record<string, PoolOptions>> = {},
  service: { readonly vpc?: IVpc } = {},
): string[] {
  const problems = Object.entries(pools).flatMap(([name, pool]) => [
    ...(NAME.test(name)
      ? []
      : [
          `pools must be named by at most 32 letters, digits and hyphens, beginning with a letter, got ${name}`,
        ]),
    ...onePoolProblems(pool, service).map((problem) => `pools.${name}: ${problem}`),
  ])
  const routes = Object.entries(pools).map(([name, { nodes }]) => [name, { queueUrl: LONGEST_URL, nodes }])
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(routes)))
  if (bytes > ROUTE_BYTES) {
    const limit = `${ROUTE_BYTES} bytes of names, nodes and queue URLs, since they go into the environment of each function`
    problems.push(`pools must have at most ${limit}, got ${bytes}`)
  }
  return [...problems, ...sharedRules(pools)]
}

function onePoolProblems(pool: PoolOptions, service: { readonly vpc?: IVpc }): string[] {
  const { nodes, image, cluster } = pool
  const problems = nodes.length === 0 ? ['nodes must name at least one node, got none'] : []
  for (const rule of nodes) {
    if (rule.trim() !== rule || rule === '' || rule.startsWith(':') || rule.endsWith(':')) {
      problems.push(`nodes must be node ids or blueprintId:nodeId, got '${rule}'`)
    }
  }
  const foreign = givenOf(pool, image ? OF_FUNCTIONS : OF_CONTAINERS)
  if (foreign.length > 0) {
    const [of, list] = image ? ['functions', 'without image'] : ['containers', 'with image']
    problems.push(`${foreign.join(', ')} are for pools of ${of}, ${list}`)
  }
  const vpc = pool.vpc ?? (cluster ? undefined : service.vpc)
  return [
    ...problems,
    ...jobQueueProblems({ visibilityTimeout: pool.visibilityTimeout, functionTimeout: pool.timeout }),
    ...(image
      ? containerProblems({ ...pool, vpc })
      : [...functionProblems(withoutNetwork(pool)), ...feedProblems(pool)]),
  ]
}

/** A function's network is the service's. */
function withoutNetwork({ memorySize, timeout }: PoolOptions): FunctionSize {
  return { memorySize, timeout }
}

function sharedRules(pools: Readonly<Record<string, PoolOptions>>): string[] {
  const owners = new Map<string, string>()
  const problems: string[] = []
  for (const [name, { nodes }] of Object.entries(pools)) {
    for (const rule of nodes) {
      const owner = owners.get(rule)
      if (owner !== undefined)
        problems.push(`pools ${owner} and ${name} both have '${rule}'; a node has one pool`)
      owners.set(rule, name)
    }
  }
  return problems
}
