import { Template } from 'aws-cdk-lib/assertions'
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Architecture } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import {
  ContainerWorker,
  type ContainerWorkerProps,
  JobQueue,
  ValueBucket,
} from '../../lib/constructs/index.ts'
import { newParts, newStack, permissionsOf, problemsOf, readable, resourceOf } from './support.ts'

type OwnProps = Partial<Omit<ContainerWorkerProps, 'state' | 'jobs'>>

const image = ContainerImage.fromRegistry('example/worker')

function synthesise(props: OwnProps = {}) {
  const stack = newStack()
  const vpc = props.cluster ? undefined : new Vpc(stack, 'Vpc', { natGateways: 0 })
  const pools = { video: { jobs: new JobQueue(stack, 'Video'), nodes: ['render'] } }
  const worker = new ContainerWorker(stack, 'Worker', {
    ...newParts(stack),
    image,
    vpc,
    values: new ValueBucket(stack, 'Values'),
    pools,
    pool: 'video',
    vpcSubnets: { subnets: vpc?.isolatedSubnets },
    ...props,
  })
  return { stack, worker, template: Template.fromStack(stack) }
}

function problems(props: OwnProps): string[] {
  return problemsOf((stack) => new ContainerWorker(stack, 'Worker', { ...newParts(stack), image, ...props }))
}

interface Container {
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[]
}

describe('ContainerWorker', () => {
  const { template } = synthesise()
  const service = resourceOf(template, 'AWS::ECS::Service', 'WorkerService')
  const task = resourceOf(template, 'AWS::ECS::TaskDefinition', 'WorkerTask')
  const [container] = task['ContainerDefinitions'] as Container[]

  it('is one small task on arm64, which is rolled back where it does not start', () => {
    expect(task).toMatchObject({
      Cpu: '256',
      Memory: '512',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    })
    expect(service).toMatchObject({
      DesiredCount: 1,
      LaunchType: 'FARGATE',
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
      },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    })
  })

  it('is told to stop two minutes before it must, and logs to a group of its own', () => {
    expect(container).toMatchObject({
      StopTimeout: 120,
      LinuxParameters: { InitProcessEnabled: true },
      LogConfiguration: { LogDriver: 'awslogs', Options: { 'awslogs-stream-prefix': 'worker' } },
    })
    expect(resourceOf(template, 'AWS::Logs::LogGroup', 'WorkerLogs')).toMatchObject({ RetentionInDays: 30 })
  })

  it('finds its service and its pool', () => {
    const environment = Object.fromEntries(
      container?.Environment.map(({ Name, Value }) => [Name, readable(Value)]) ?? [],
    )
    expect(environment).toMatchObject({
      FLOWCRAFT_QUEUE_URL: '<Jobs>',
      FLOWCRAFT_DEAD_LETTER_QUEUE_URL: '<VideoDeadLetters>',
      FLOWCRAFT_TABLE_NAME: '<State>',
      FLOWCRAFT_POOL: 'video',
      FLOWCRAFT_POOLS: '{"video":{"queueUrl":"<Video>","nodes":["render"]}}',
    })
  })

  it('may do what a worker does on the queue of its pool, and no more', () => {
    expect(permissionsOf(template, /TaskRole/)).toEqual([
      'WorkerTaskTaskRole: dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on <State.Arn>',
      'WorkerTaskTaskRole: s3:GetObject on <Values.Arn>/runs/*',
      'WorkerTaskTaskRole: s3:ListBucket on <Values.Arn>',
      'WorkerTaskTaskRole: s3:PutObject on <Values.Arn>/runs/*',
      'WorkerTaskTaskRole: sqs:SendMessage on <Jobs.Arn>',
      'WorkerTaskTaskRole: sqs:SendMessage on <Video.Arn>',
      'WorkerTaskTaskRole: sqs:SendMessage on <VideoDeadLetters.Arn>',
      'WorkerTaskTaskRole: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage on <Video.Arn>',
    ])
    expect(permissionsOf(template, /ExecutionRole/)).toEqual([
      'WorkerTaskExecutionRole: logs:CreateLogStream logs:PutLogEvents on <WorkerLogs.Arn>',
    ])
  })

  it('takes its size, its number, its environment and its architecture', () => {
    const { template } = synthesise({
      cpu: 1_024,
      memoryLimitMiB: 4_096,
      desiredCount: 3,
      assignPublicIp: true,
      architecture: Architecture.X86_64,
      environment: { STAGE: 'test' },
    })
    expect(resourceOf(template, 'AWS::ECS::TaskDefinition', 'WorkerTask')).toMatchObject({
      Cpu: '1024',
      Memory: '4096',
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
      ContainerDefinitions: [{ Environment: expect.arrayContaining([{ Name: 'STAGE', Value: 'test' }]) }],
    })
    expect(resourceOf(template, 'AWS::ECS::Service', 'WorkerService')).toMatchObject({
      DesiredCount: 3,
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
    })
  })

  it('grows with the jobs that wait, and shrinks only when none is worked on', () => {
    const { template } = synthesise({ maxCapacity: 10 })
    expect(resourceOf(template, 'AWS::ECS::Service', 'WorkerService')).not.toHaveProperty('DesiredCount')
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      MinCapacity: 0,
      MaxCapacity: 10,
    })
    const policies = Object.values(
      template.findResources('AWS::ApplicationAutoScaling::ScalingPolicy') as Record<
        string,
        { Properties: { StepScalingPolicyConfiguration: { StepAdjustments: unknown } } }
      >,
    ).map(({ Properties }) => Properties.StepScalingPolicyConfiguration.StepAdjustments)
    expect(policies).toEqual([
      [{ MetricIntervalUpperBound: 0, ScalingAdjustment: -10 }],
      [
        { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 99, ScalingAdjustment: 1 },
        { MetricIntervalLowerBound: 99, ScalingAdjustment: 5 },
      ],
    ])
    const thresholds = Object.values(
      template.findResources('AWS::CloudWatch::Alarm') as Record<
        string,
        { Properties: { Threshold: number; ComparisonOperator: string; Metrics: { Expression?: string }[] } }
      >,
    ).map(({ Properties }) => `${Properties.ComparisonOperator} ${Properties.Threshold}`)
    expect(thresholds).toEqual(['LessThanOrEqualToThreshold 0', 'GreaterThanOrEqualToThreshold 1'])
  })

  it("runs in a cluster of one's own, by the security groups that it is given", () => {
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc', { natGateways: 0 })
    const cluster = new Cluster(stack, 'Mine', { vpc })
    const securityGroups = [new SecurityGroup(stack, 'Group', { vpc })]
    const vpcSubnets = { subnets: vpc.isolatedSubnets }
    const worker = new ContainerWorker(stack, 'Worker', {
      ...newParts(stack),
      image,
      cluster,
      securityGroups,
      vpcSubnets,
    })
    const template = Template.fromStack(stack)
    expect(worker.cluster).toBe(cluster)
    template.resourceCountIs('AWS::ECS::Cluster', 1)
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1)
  })

  it('lists all impossible combinations at once', () => {
    expect(problems({ cpu: 300, desiredCount: 2, minCapacity: 5, maxCapacity: 3, pool: 'video' })).toEqual([
      'cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, got 300',
      'image needs vpc or cluster, got neither',
      'give either desiredCount or minCapacity and maxCapacity, got both',
      'minCapacity must be at most maxCapacity (3), got 5',
      'pool must be a key of pools (none), got video',
    ])
    expect(problems({ minCapacity: 1 })).toContain('minCapacity needs maxCapacity')
  })

  it.each([
    [256, 1_536],
    [256, 4_096],
    [512, 512],
    [4_096, 8_193],
  ])('refuses %d CPU units with %d MiB', (cpu, memoryLimitMiB) => {
    expect(problems({ cpu, memoryLimitMiB })[0]).toMatch(/^memoryLimitMiB must be from \d+ to \d+ in steps/)
  })
})
