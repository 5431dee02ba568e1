/** The workers of a pool as containers, for nodes that take longer than Lambda's 15 minutes. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import {
  Cluster,
  type ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Architecture } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledge, acknowledgeLater, acknowledgeWildcard } from './acknowledge.ts'
import type { JobQueue } from './job-queue.ts'
import { allowLogs } from './keys.ts'
import { numberProblems, throwProblems } from './problems.ts'
import { ownQueueOf, poolChoiceProblems, type ServiceParts } from './service-parts.ts'
import { uniqueName } from './unique-name.ts'
import { reservedNameProblems } from './user-environment.ts'
import { grantWork, linkProblems, workerEnvironment, type WorkerLinks } from './worker-links.ts'

/** Size and number of the containers of a pool. */
export interface ContainerOptions {
  /** CPU units, 1,024 a whole one: 256, 512, 1024, 2048, 4096, 8192 or 16384. @default 256 */
  readonly cpu?: number
  /** MiB, within what Fargate has for `cpu`. @default 512 */
  readonly memoryLimitMiB?: number
  /** Fixed number of tasks. Excludes `minCapacity` and `maxCapacity`. @default 1 */
  readonly desiredCount?: number
  /** Minimum number of tasks, while the queue is empty; requires `maxCapacity`. @default 0 with maxCapacity */
  readonly minCapacity?: number
  /**
   * Maximum number of tasks: one is added each minute while jobs wait, five while a hundred do. None is removed while
   * a job is in flight.
   * @default - no scaling: `desiredCount` tasks
   */
  readonly maxCapacity?: number
  /** An existing ECS cluster to use; excludes `vpc`. @default - a new cluster in `vpc` */
  readonly cluster?: ICluster
  /** Whether tasks get public IP addresses, required in subnets without a NAT gateway or VPC endpoints. @default false */
  readonly assignPublicIp?: boolean
}

export interface ContainerWorkerProps extends ServiceParts, WorkerLinks, ContainerOptions {
  /** An image whose command runs `new SqsAdapter({ … }).start()`, and `stop()` at SIGTERM. */
  readonly image: ContainerImage
  /** VPC of a new cluster; required without `cluster`. @default - the VPC of `cluster` */
  readonly vpc?: IVpc
  /** Subnets of the tasks. @default - private subnets with egress */
  readonly vpcSubnets?: SubnetSelection
  /** Security groups of the tasks. @default - a new group that allows all outbound and no inbound traffic */
  readonly securityGroups?: ISecurityGroup[]
  /** CPU architecture of the image. @default Architecture.ARM_64 */
  readonly architecture?: Architecture
  /** Additional environment variables. @default - none */
  readonly environment?: Readonly<Record<string, string>>
  /** How long logs are kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays
  /** KMS key that encrypts the logs. @default - keys that AWS owns */
  readonly encryptionKey?: IKey
  /** What happens to the log group when the stack is deleted. @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE */
  readonly removalPolicy?: RemovalPolicy
}

/** Fargate's longest stop timeout. */
const STOP_TIMEOUT = Duration.seconds(120)

/**
 * An ECS Fargate service that polls the queue of its pool.
 *
 * @example
 * new ContainerWorker(this, 'Video', { image, vpc, state, jobs, pools: { video: { jobs: videoJobs, nodes } }, pool: 'video' })
 */
export class ContainerWorker extends Construct {
  readonly cluster: ICluster
  readonly taskDefinition: FargateTaskDefinition
  readonly service: FargateService
  readonly logGroup: LogGroup

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: ContainerWorkerProps) {
    super(scope, id)
    throwProblems(this, [...containerProblems(props), ...linkProblems(props)])
    const { vpc, cluster, maxCapacity, minCapacity = 0, desiredCount = 1 } = props
    this.cluster = cluster ?? this.#createCluster(vpc)
    allowLogs(this, props.encryptionKey)
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      encryptionKey: props.encryptionKey,
    })
    this.taskDefinition = this.#createTask(props)
    const jobs = ownQueueOf(props)
    grantWork(props, this.taskDefinition.taskRole)
    jobs.grantReceive(this.taskDefinition.taskRole)
    this.service = new FargateService(this, 'Resource', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      assignPublicIp: props.assignPublicIp ?? false,
      // With scaling the number is not the template's: a deployment would set it back.
      desiredCount: maxCapacity === undefined ? desiredCount : undefined,
      circuitBreaker: { rollback: true },
      // Workers may overlap: jobs are leased.
      minHealthyPercent: 100,
    })
    if (maxCapacity !== undefined) this.#scale(jobs, minCapacity, maxCapacity)
  }

  #createCluster(vpc: IVpc | undefined): Cluster {
    const cluster = new Cluster(this, 'Cluster', { vpc })
    acknowledge(cluster, {
      ECS4: "Container Insights costs by the metric; the queue's metrics and the service's own tell what matters. Set `cluster` to a cluster that has it.",
    })
    return cluster
  }

  #createTask(props: ContainerWorkerProps): FargateTaskDefinition {
    const x86 = props.architecture === Architecture.X86_64
    const task = new FargateTaskDefinition(this, 'Task', {
      // The CDK would make the family from the path alone, and two stacks would number their revisions in one.
      family: uniqueName(this),
      cpu: props.cpu ?? 256,
      memoryLimitMiB: props.memoryLimitMiB ?? 512,
      runtimePlatform: {
        cpuArchitecture: x86 ? CpuArchitecture.X86_64 : CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    })
    task.addContainer('Worker', {
      image: props.image,
      environment: { ...workerEnvironment(this, props), ...props.environment },
      logging: LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: 'worker' }),
      // Hands SIGTERM on to a Node process that is not its own init.
      linuxParameters: new LinuxParameters(this, 'Linux', { initProcessEnabled: true }),
      stopTimeout: STOP_TIMEOUT,
    })
    acknowledge(task, { ECS2: 'The variables are names of resources, not secrets.' })
    acknowledgeLater(task.taskRole)
    const ofExecution = task.obtainExecutionRole()
    acknowledgeLater(ofExecution)
    acknowledgeWildcard(this, ofExecution, '*', 'ecr:GetAuthorizationToken has no resource to name.')
    return task
  }

  /** The metric is 0 with nothing to do, 0.5 while jobs are only worked on, else how many wait. */
  #scale(jobs: JobQueue, minCapacity: number, maxCapacity: number): void {
    const period = Duration.minutes(1)
    this.service.autoScaleTaskCount({ minCapacity, maxCapacity }).scaleOnMetric('Jobs', {
      metric: new MathExpression({
        expression: 'IF(waiting > 0, waiting, IF(working > 0, 0.5, 0))',
        usingMetrics: { waiting: jobs.metricDepth({ period }), working: jobs.metricInFlight({ period }) },
        period,
      }),
      scalingSteps: [
        { upper: 0, change: -maxCapacity },
        { lower: 1, change: 1 },
        { lower: 100, change: 5 },
      ],
      cooldown: period,
    })
  }
}

/** What Fargate has, in MiB. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html */
const MEMORY_OF_CPU: Readonly<Record<number, { min: number; max: number; step: number }>> = {
  256: { min: 512, max: 2_048, step: 512 },
  512: { min: 1_024, max: 4_096, step: 1_024 },
  1_024: { min: 2_048, max: 8_192, step: 1_024 },
  2_048: { min: 4_096, max: 16_384, step: 1_024 },
  4_096: { min: 8_192, max: 30_720, step: 1_024 },
  8_192: { min: 16_384, max: 61_440, step: 4_096 },
  16_384: { min: 32_768, max: 122_880, step: 8_192 },
}

export function containerProblems(
  props: ContainerOptions & Pick<ContainerWorkerProps, 'vpc' | 'pool' | 'pools' | 'environment'>,
): string[] {
  const { vpc, cluster, desiredCount, minCapacity, maxCapacity } = props
  const problems = [...sizeProblems(props), ...reservedNameProblems(props.environment)]
  if (!vpc && !cluster) problems.push('image needs vpc or cluster, got neither')
  if (vpc && cluster) problems.push('give either vpc or cluster, got both')
  const limits = { min: 0, max: 5_000 }
  problems.push(
    ...numberProblems('desiredCount', desiredCount, limits),
    ...numberProblems('minCapacity', minCapacity, limits),
    ...numberProblems('maxCapacity', maxCapacity, { min: 1, max: 5_000 }),
  )
  if (desiredCount !== undefined && (minCapacity ?? maxCapacity) !== undefined) {
    problems.push('give either desiredCount or minCapacity and maxCapacity, got both')
  }
  if (minCapacity !== undefined && maxCapacity === undefined) problems.push('minCapacity needs maxCapacity')
  if (minCapacity !== undefined && maxCapacity !== undefined && minCapacity > maxCapacity) {
    problems.push(`minCapacity must be at most maxCapacity (${maxCapacity}), got ${minCapacity}`)
  }
  return [...problems, ...poolChoiceProblems(props)]
}

function sizeProblems({ cpu = 256, memoryLimitMiB = 512 }: ContainerOptions): string[] {
  const memory = MEMORY_OF_CPU[cpu]
  if (!memory) return [`cpu must be one of ${Object.keys(MEMORY_OF_CPU).join(', ')}, got ${cpu}`]
  const { min, max, step } = memory
  // 256 units come with 512, 1,024 or 2,048.
  const fits = memoryLimitMiB >= min && memoryLimitMiB <= max && (memoryLimitMiB - min) % step === 0
  if (fits && !(cpu === 256 && memoryLimitMiB === 1_536)) return []
  return [
    `memoryLimitMiB must be from ${min} to ${max} in steps of ${step} with cpu ${cpu}, got ${memoryLimitMiB}`,
  ]
}
