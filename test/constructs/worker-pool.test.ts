import { Duration } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Architecture, Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import { FlowcraftService, type FlowcraftServiceProps, type PoolOptions } from '../../lib/constructs/index.ts'
import { poolProblems } from '../../lib/constructs/pool-options.ts'
import { entry, environmentOf, newStack, permissionsOf, readable, resourceOf, synthesise } from './support.ts'

const image = ContainerImage.fromRegistry('example/worker')

describe('pools', () => {
  const { template, service } = synthesise((stack) => ({
    entry,
    environment: { STAGE: 'test' },
    leases: 'redeliveries',
    memorySize: 256,
    batchSize: 7,
    webhook: {},
    pools: {
      heavy: {
        nodes: ['transcode', 'video:render'],
        memorySize: 3_008,
        timeout: Duration.minutes(10),
        architecture: Architecture.X86_64,
        maxConcurrency: 3,
        leases: 'always',
      },
      long: {
        nodes: ['train'],
        image,
        vpc: new Vpc(stack, 'Vpc'),
        maxCapacity: 4,
        environment: { GPU: 'no' },
      },
    },
  }))

  it('have a queue and workers each, and share the dead-letter queue', () => {
    for (const id of ['FlowsJobs', 'FlowsPoolsheavyJobs', 'FlowsPoolslongJobs']) {
      const { RedrivePolicy } = resourceOf(template, 'AWS::SQS::Queue', id)
      expect(readable((RedrivePolicy as { deadLetterTargetArn: unknown }).deadLetterTargetArn)).toBe(
        '<FlowsJobsDeadLetters.Arn>',
      )
    }
    expect(Object.keys(service.pools)).toEqual(['heavy', 'long'])
    expect(service.pools['heavy']?.worker).toBeDefined()
    expect(service.pools['long']?.containers).toBeDefined()
  })

  it('have functions of their own size', () => {
    const heavy = resourceOf(template, 'AWS::Lambda::Function', 'FlowsPoolsheavyWorker')
    expect(heavy).toMatchObject({
      MemorySize: 3_008,
      Timeout: 600,
      Architectures: ['x86_64'],
      Environment: { Variables: { STAGE: 'test', FLOWCRAFT_POOL: 'heavy' } },
    })
    expect(resourceOf(template, 'AWS::SQS::Queue', 'FlowsPoolsheavyJobs')).toMatchObject({
      VisibilityTimeout: 610,
    })
    expect(
      resourceOf(template, 'AWS::Lambda::EventSourceMapping', 'FlowsPoolsheavyWorkerJobs'),
    ).toMatchObject({ BatchSize: 10, ScalingConfig: { MaximumConcurrency: 3 } })
  })

  it('have an environment of their own in place of the service where they are given one', () => {
    const task = resourceOf(template, 'AWS::ECS::TaskDefinition', 'FlowsPoolslongWorkerTask')
    const [container] = task['ContainerDefinitions'] as { Environment: { Name: string }[] }[]
    const names = container?.Environment.map(({ Name }) => Name)
    expect(names).toContain('GPU')
    expect(names).not.toContain('STAGE')
  })

  it('lease what they are told to, or as the service does', () => {
    expect(environmentOf(template, 'FlowsWorker')).toMatchObject({ FLOWCRAFT_LEASES: 'redeliveries' })
    expect(environmentOf(template, 'FlowsPoolsheavyWorker')).not.toHaveProperty('FLOWCRAFT_LEASES')
    const tasks = Object.values(template.findResources('AWS::ECS::TaskDefinition'))
    expect(JSON.stringify(tasks)).toContain('{"Name":"FLOWCRAFT_LEASES","Value":"redeliveries"}')
  })

  it('are told to every function of the service, which may send to each', () => {
    const routes = {
      heavy: { queueUrl: '<FlowsPoolsheavyJobs>', nodes: ['transcode', 'video:render'] },
      long: { queueUrl: '<FlowsPoolslongJobs>', nodes: ['train'] },
    }
    const permissions = permissionsOf(template)
    for (const id of [
      'FlowsWorker',
      'FlowsPoolsheavyWorker',
      'FlowsStartRun',
      'FlowsSweep',
      'FlowsWebhook',
    ]) {
      const environment = environmentOf(template, id)
      expect(JSON.parse(readable(environment['FLOWCRAFT_POOLS'])), id).toEqual(routes)
      expect(readable(environment['FLOWCRAFT_QUEUE_URL']), id).toBe('<FlowsJobs>')
      for (const queue of ['FlowsJobs', 'FlowsPoolsheavyJobs', 'FlowsPoolslongJobs']) {
        expect(permissions).toContain(`${id}Role: sqs:SendMessage on <${queue}.Arn>`)
      }
    }
    expect(environmentOf(template, 'FlowsWorker')).not.toHaveProperty('FLOWCRAFT_POOL')
  })

  it("use the service's network for containers", () => {
    const { template } = synthesise((stack) => ({
      entry,
      vpc: new Vpc(stack, 'Vpc'),
      pools: { long: { nodes: ['train'], image } },
    }))
    const { NetworkConfiguration } = resourceOf(template, 'AWS::ECS::Service', 'FlowsPoolslongWorkerService')
    expect(JSON.stringify(NetworkConfiguration)).toContain('VpcPrivateSubnet1')
  })
})

describe('what pools must not be', () => {
  const huge = Array.from({ length: 200 }, (_, n) => `node-number-${n}`)

  it.each<[string, Record<string, PoolOptions>, string]>([
    ['without nodes', { a: { nodes: [] } }, 'pools.a.nodes must be a list of node ids; got []'],
    [
      'without a node in a rule',
      { a: { nodes: ['video:'] } },
      "pools.a.nodes must be node ids or blueprintId:nodeId; got 'video:'",
    ],
    [
      'named by anything',
      { 'a b': { nodes: ['n'] } },
      'pools must be named by at most 32 letters, digits and hyphens, beginning with a letter, got a b',
    ],
    [
      'two for a node',
      { a: { nodes: ['n'] }, b: { nodes: ['n'] } },
      "pools a and b both have 'n'; a node has one pool",
    ],
    [
      'functions with what containers take',
      { a: { nodes: ['n'], cpu: 512, desiredCount: 2 } },
      'pools.a: cpu, desiredCount are for pools of containers, with image',
    ],
    [
      'functions beyond what Lambda has',
      { a: { nodes: ['n'], timeout: Duration.minutes(20) } },
      'pools.a: timeout must be from 1 second to 15 minutes in whole seconds, got 20 minutes',
    ],
    [
      'containers without a network',
      { a: { nodes: ['n'], image } },
      'pools.a: image needs vpc or cluster, got neither',
    ],
    [
      'of too many nodes to tell',
      { a: { nodes: huge } },
      'pools must have at most 2800 bytes of names, nodes and queue URLs, since they go into the environment of each function, got 3655',
    ],
    [
      'too many to tell',
      Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`p${n}`, { nodes: [`n${n}`] }])),
      'pools must have at most 2800 bytes of names, nodes and queue URLs, since they go into the environment of each function, got 2905',
    ],
  ])('%s', (_, pools, problem) => {
    expect(poolProblems(pools)).toEqual([problem])
  })

  it('containers with what functions take', () => {
    const vpc = new Vpc(newStack(), 'Vpc')
    expect(
      poolProblems({ a: { nodes: ['n'], image, vpc, memorySize: 512, timeout: Duration.hours(1) } }),
    ).toEqual(['pools.a: memorySize, timeout are for pools of functions, without image'])
  })

  it('functions beside an existing function, whose code is not known', () => {
    const stack = newStack()
    const code = Code.fromInline('//')
    const existingFunction = new Function(stack, 'Mine', {
      code,
      handler: 'a.b',
      runtime: Runtime.NODEJS_24_X,
    })
    const props: FlowcraftServiceProps = { existingFunction, pools: { a: { nodes: ['n'] } } }
    expect(() => new FlowcraftService(stack, 'Flows', props)).toThrow(
      'invalid props of Stack/Flows: pools of functions need entry or code, got existingFunction and a',
    )
  })
})
