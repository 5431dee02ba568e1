import { Duration } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { EventBus } from 'aws-cdk-lib/aws-events'
import { Code, Function, RecursiveLoop, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import {
  JobQueue,
  type JobQueueProps,
  ValueBucket,
  WorkerFunction,
  type WorkerFunctionProps,
} from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  newParts,
  newStack,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
  warningsOf,
} from './support.ts'

const MAPPING = 'AWS::Lambda::EventSourceMapping'

type OwnProps = Omit<WorkerFunctionProps, 'state' | 'jobs'>

function synthesise(props: OwnProps, jobs?: JobQueueProps) {
  const stack = newStack()
  const worker = new WorkerFunction(stack, 'Worker', { ...newParts(stack, jobs), ...props })
  return { stack, worker, template: Template.fromStack(stack) }
}

function problems(props: OwnProps, jobs?: JobQueueProps): string[] {
  return problemsOf((stack) => new WorkerFunction(stack, 'Worker', { ...newParts(stack, jobs), ...props }))
}

/** What is warned of an existing function that says this of loops. */
function warned(recursiveLoop?: RecursiveLoop): string[] {
  const stack = newStack()
  const code = Code.fromInline('//')
  const props = { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X, recursiveLoop }
  const existingFunction = new Function(stack, 'Mine', props)
  new WorkerFunction(stack, 'Worker', { ...newParts(stack), existingFunction })
  return warningsOf(stack).filter((warning) => warning.includes('recursiveLoop'))
}

/** What is warned of an existing function of a service with traces that traces so. */
function warnedOfTraces(tracing?: Tracing): string[] {
  const stack = newStack()
  const code = Code.fromInline('//')
  const props = { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X, tracing }
  const existingFunction = new Function(stack, 'Mine', props)
  new WorkerFunction(stack, 'Worker', { ...newParts(stack), existingFunction, tracing: true })
  expect(environmentOf(Template.fromStack(stack), 'Mine')).toMatchObject({ FLOWCRAFT_TRACING: 'true' })
  return warningsOf(stack).filter((warning) => warning.includes('tracing'))
}

describe('WorkerFunction', () => {
  it('is fed ten messages at a time, at once, and gives failed ones back alone', () => {
    const { template } = synthesise({ entry })
    const mapping = resourceOf(template, MAPPING, 'WorkerJobs')
    expect({ ...mapping, EventSourceArn: readable(mapping['EventSourceArn']) }).toEqual({
      BatchSize: 10,
      EventSourceArn: '<Jobs.Arn>',
      FunctionName: expect.anything(),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
  })

  it('may send to the queue that feeds it as often as a run needs, where Lambda would stop it after 16 rounds', () => {
    const { template } = synthesise({ entry })
    expect(resourceOf(template, 'AWS::Lambda::Function', 'Worker')).toMatchObject({ RecursiveLoop: 'Allow' })
  })

  it('may do what a worker does, and no more', () => {
    const stack = newStack()
    const parts = { ...newParts(stack), values: new ValueBucket(stack, 'Values') }
    new WorkerFunction(stack, 'Worker', { entry, ...parts, eventBus: new EventBus(stack, 'Bus') })
    expect(permissionsOf(Template.fromStack(stack))).toEqual([
      'WorkerRole: logs:CreateLogStream logs:PutLogEvents on <WorkerLogs.Arn>',
      'WorkerRole: dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on <State.Arn>',
      'WorkerRole: s3:GetObject on <Values.Arn>/runs/*',
      'WorkerRole: s3:ListBucket on <Values.Arn>',
      'WorkerRole: s3:PutObject on <Values.Arn>/runs/*',
      'WorkerRole: sqs:SendMessage on <Jobs.Arn>',
      'WorkerRole: sqs:SendMessage on <JobsDeadLetters.Arn>',
      'WorkerRole: events:PutEvents on <Bus.Arn>',
      'WorkerRole: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage on <Jobs.Arn>',
    ])
  })

  it('passes on how it is fed', () => {
    const { template } = synthesise({
      entry,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(2),
      maxConcurrency: 4,
    })
    expect(resourceOf(template, MAPPING, 'WorkerJobs')).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 2,
      ScalingConfig: { MaximumConcurrency: 4 },
    })
    const provisionedPollers = { minimumPollers: 3, maximumPollers: 9 }
    const polled = synthesise({ entry, provisionedPollers })
    expect(resourceOf(polled.template, MAPPING, 'WorkerJobs')).toMatchObject({
      ProvisionedPollerConfig: { MinimumPollers: 3, MaximumPollers: 9 },
    })
  })

  it('takes code that is bundled already', () => {
    const { template } = synthesise({ code: Code.fromInline('//'), handler: 'worker.handler' })
    expect(resourceOf(template, 'AWS::Lambda::Function', 'Worker')).toMatchObject({
      Handler: 'worker.handler',
      Code: { ZipFile: '//' },
    })
  })

  it('runs the export that it is told', () => {
    const { template } = synthesise({ entry, handler: 'other' })
    expect(resourceOf(template, 'AWS::Lambda::Function', 'Worker')).toMatchObject({ Handler: 'index.other' })
  })

  it("writes no metrics where the namespace is empty, and keeps the user's environment", () => {
    const { template } = synthesise({ entry, metricsNamespace: '', environment: { STAGE: 'test' } })
    const environment = environmentOf(template, 'Worker')
    expect(environment).not.toHaveProperty('FLOWCRAFT_METRICS_NAMESPACE')
    expect(environment).toMatchObject({ STAGE: 'test' })
  })

  it('may trace where it is asked to', () => {
    const { template } = synthesise({ entry, tracing: true })
    expect(permissionsOf(template)).toContain(
      'WorkerRole: xray:PutTelemetryRecords xray:PutTraceSegments on *',
    )
  })

  it('uses the security groups that it is given', () => {
    const stack = newStack()
    const vpc = new Vpc(stack, 'Vpc', { natGateways: 0 })
    const securityGroups = [new SecurityGroup(stack, 'Group', { vpc })]
    const vpcSubnets = { subnets: vpc.isolatedSubnets }
    new WorkerFunction(stack, 'Worker', { ...newParts(stack), entry, vpc, vpcSubnets, securityGroups })
    const { VpcConfig } = resourceOf(Template.fromStack(stack), 'AWS::Lambda::Function', 'Worker')
    expect((VpcConfig as { SecurityGroupIds: unknown[] }).SecurityGroupIds.map(readable)).toEqual([
      '<Group.GroupId>',
    ])
  })

  it('warns where the visibility timeout is less than its own, its window and ten seconds', () => {
    const less = { visibilityTimeout: Duration.seconds(69) }
    expect(warningsOf(synthesise({ entry }, less).stack).join()).toContain(
      "visibilityTimeout should be at least 1 minute 10 seconds, got 1 minute 9 seconds: the function's timeout of 1 minute",
    )
    expect(warningsOf(synthesise({ entry }, { visibilityTimeout: Duration.seconds(70) }).stack)).toEqual([])
  })

  it('refuses a queue whose messages come back while it works', () => {
    expect(problems({ entry, timeout: Duration.minutes(15) })).toEqual([
      "visibilityTimeout must be at least the function's timeout, 15 minutes, got 1 minute 10 seconds",
    ])
  })

  it('serves a pool by the queue of the pool, and tells every function of all pools', () => {
    const stack = newStack()
    const { state, jobs } = newParts(stack)
    const heavy = new JobQueue(stack, 'Heavy')
    const pools = { heavy: { jobs: heavy, nodes: ['transcode', 'video:render'] } }
    new WorkerFunction(stack, 'Worker', { entry, state, jobs, pools, pool: 'heavy' })
    const template = Template.fromStack(stack)
    const environment = environmentOf(template, 'Worker')
    expect(readable(environment['FLOWCRAFT_QUEUE_URL'])).toBe('<Jobs>')
    expect(environment['FLOWCRAFT_POOL']).toBe('heavy')
    expect(readable(environment['FLOWCRAFT_DEAD_LETTER_QUEUE_URL'])).toBe('<HeavyDeadLetters>')
    expect(JSON.parse(readable(environment['FLOWCRAFT_POOLS']))).toEqual({
      heavy: { queueUrl: '<Heavy>', nodes: ['transcode', 'video:render'] },
    })
    expect(readable(resourceOf(template, MAPPING, 'WorkerJobs')['EventSourceArn'])).toBe('<Heavy.Arn>')
    expect(permissionsOf(template)).toContain('WorkerRole: sqs:SendMessage on <Jobs.Arn>')
    expect(permissionsOf(template)).toContain('WorkerRole: sqs:SendMessage on <Heavy.Arn>')
  })

  it('takes an existing function, tells it where its service is, and grants it the same', () => {
    const stack = newStack()
    const code = Code.fromInline('//')
    const mine = new Function(stack, 'Mine', { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X })
    const worker = new WorkerFunction(stack, 'Worker', { ...newParts(stack), existingFunction: mine })
    const template = Template.fromStack(stack)
    expect([worker.function, worker.logGroup]).toEqual([mine, undefined])
    expect(readable(environmentOf(template, 'Mine')['FLOWCRAFT_TABLE_NAME'])).toBe('<State>')
    expect(permissionsOf(template)).toContain(
      'MineServiceRole: dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on <State.Arn>',
    )
    template.hasResourceProperties(MAPPING, { FunctionName: { Ref: Match.stringLikeRegexp('^Mine') } })
  })

  it('warns of an existing function that Lambda would stop after 16 rounds', () => {
    expect(warned()).toEqual([expect.stringContaining('must be Allow, got none that is known here')])
    expect(warned(RecursiveLoop.TERMINATE)).toEqual([expect.stringContaining('must be Allow, got Terminate')])
    expect(warned(RecursiveLoop.ALLOW)).toEqual([])
  })

  it('hands traces on in an existing function, and warns of one that has none', () => {
    expect(warnedOfTraces()).toEqual([expect.stringContaining('must be Active, got none that is known here')])
    expect(warnedOfTraces(Tracing.PASS_THROUGH)).toEqual([
      expect.stringContaining('must be Active, got PassThrough'),
    ])
    expect(warnedOfTraces(Tracing.ACTIVE)).toEqual([])
  })

  it('has metrics of its function', () => {
    const { worker } = synthesise({ entry })
    const all = [
      worker.metricErrors(),
      worker.metricThrottles(),
      worker.metricInvocations(),
      worker.metricDuration(),
    ]
    expect(all.map(({ metricName }) => metricName)).toEqual([
      'Errors',
      'Throttles',
      'Invocations',
      'Duration',
    ])
  })

  it('lists all impossible combinations at once', () => {
    expect(
      problems({
        entry,
        code: Code.fromInline('//'),
        pool: 'heavy',
        memorySize: 64,
        timeout: Duration.minutes(16),
        batchSize: 11,
        maxBatchingWindow: Duration.minutes(6),
        maxConcurrency: 1,
        provisionedPollers: { minimumPollers: 100, maximumPollers: 50 },
        reservedConcurrency: -1,
        vpcSubnets: {},
        securityGroups: [],
      }),
    ).toEqual([
      'give either entry or code with handler, got both',
      'memorySize must be a whole number from 128 to 10240, got 64',
      'timeout must be from 1 second to 15 minutes in whole seconds, got 16 minutes',
      'vpcSubnets needs vpc',
      'securityGroups needs vpc',
      'pool must be a key of pools (none), got heavy',
      'maxBatchingWindow must be from 1 second to 5 minutes in whole seconds, got 6 minutes',
      'maxConcurrency must be a whole number from 2 to 1000, got 1',
      'reservedConcurrency must be a whole number from 1 to 1000000, got -1',
      'give either maxConcurrency or provisionedPollers, got both',
      'provisionedPollers.minimumPollers must be at most maximumPollers (50), got 100',
      "visibilityTimeout must be at least the function's timeout, 16 minutes, got 1 minute 10 seconds",
    ])
  })

  it.each<[string, OwnProps, string]>([
    [
      'a batch beyond ten without a window',
      { batchSize: 11 },
      'batchSize must be a whole number from 1 to 10, got 11',
    ],
    ['a fraction of a message', { batchSize: 1.5 }, 'batchSize must be a whole number from 1 to 10, got 1.5'],
    [
      'too few pollers',
      { provisionedPollers: { minimumPollers: 1 } },
      'provisionedPollers.minimumPollers must be a whole number from 2 to 200, got 1',
    ],
    [
      'too many pollers',
      { provisionedPollers: { maximumPollers: 2_001 } },
      'provisionedPollers.maximumPollers must be a whole number from 2 to 2000, got 2001',
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(problems({ entry, ...props })).toEqual([problem])
  })

  it('refuses props of a new function beside an existing one', () => {
    const found = problemsOf((stack) => {
      const existingFunction = Function.fromFunctionName(stack, 'Mine', 'mine')
      const given = { entry, memorySize: 256, reservedConcurrency: 3 }
      return new WorkerFunction(stack, 'Worker', { ...newParts(stack), existingFunction, ...given })
    })
    expect(found).toEqual([
      'give either existingFunction or props of a new function, got existingFunction and entry, memorySize, reservedConcurrency',
    ])
  })
})
