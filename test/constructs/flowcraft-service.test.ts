import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { EventBus } from 'aws-cdk-lib/aws-events'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Architecture, Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  IN_REGION,
  newStack,
  permissionsOf,
  readable,
  resourceOf,
  synthesise,
  warningsOf,
} from './support.ts'

const FUNCTION = 'AWS::Lambda::Function'
const NAME = expect.stringMatching(/^Stack-Flows-[0-9a-f]{8}$/)
const HOLDS_DATA = ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::Logs::LogGroup']

function newFunction(stack: Stack, id: string): Function {
  const code = Code.fromInline('exports.handler = async () => {}')
  return new Function(stack, id, { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X })
}

function readableEnvironment(template: Template, id: string): Record<string, string> {
  const variables = Object.entries(environmentOf(template, id))
  return Object.fromEntries(variables.map(([name, value]) => [name, readable(value)]))
}

function managing(role: string): string[] {
  return [
    `${role}: sqs:SendMessage on <FlowsJobs.Arn>`,
    `${role}: sqs:SendMessage on <FlowsPoolsheavyJobs.Arn>`,
    `${role}: dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on <FlowsState.Arn>`,
    `${role}: dynamodb:BatchGetItem on <FlowsState.Arn>`,
    `${role}: dynamodb:Query on <FlowsState.Arn>/index/due <FlowsState.Arn>/index/runs`,
    `${role}: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage on <FlowsJobsDeadLetters.Arn>`,
    `${role}: s3:GetObject on <FlowsValues.Arn>/runs/*`,
    `${role}: s3:ListBucket on <FlowsValues.Arn>`,
    `${role}: s3:PutObject on <FlowsValues.Arn>/runs/*`,
  ]
}

describe('a service with an entry and nothing else', () => {
  const { template, service } = synthesise()

  it('is made of these resources', () => {
    const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string }> }
    const counts: Record<string, number> = {}
    for (const { Type } of Object.values(Resources)) counts[Type] = (counts[Type] ?? 0) + 1
    expect(counts).toEqual({
      'AWS::CloudWatch::Alarm': 8,
      'AWS::CloudWatch::Dashboard': 1,
      'AWS::DynamoDB::GlobalTable': 1,
      'AWS::Events::EventBus': 1,
      'AWS::Events::Rule': 1,
      'AWS::IAM::Policy': 3,
      'AWS::IAM::Role': 3,
      'AWS::Lambda::EventInvokeConfig': 1,
      'AWS::Lambda::EventSourceMapping': 1,
      'AWS::Lambda::Function': 3,
      'AWS::Lambda::Permission': 1,
      'AWS::Logs::LogGroup': 3,
      'AWS::S3::Bucket': 1,
      'AWS::S3::BucketPolicy': 1,
      'AWS::SQS::Queue': 2,
      'AWS::SQS::QueuePolicy': 2,
    })
  })

  it('keeps the logical ids of what holds data, or a deployment would replace it', () => {
    const ids = HOLDS_DATA.flatMap((type) => Object.keys(template.findResources(type)))
    expect(ids).toEqual([
      'FlowsState19B8D8A5',
      'FlowsValuesAF50E1EA',
      'FlowsJobsDeadLettersCFC16CE3',
      'FlowsJobs4170C73D',
      'FlowsWorkerLogsED2C887A',
      'FlowsStartRunLogsE6FC3A07',
      'FlowsSweepLogsC54B6727',
    ])
  })

  it('keeps table, bucket and logs when it is deleted', () => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup']) {
      const onDelete = type === 'AWS::DynamoDB::GlobalTable' ? 'Retain' : 'RetainExceptOnCreate'
      template.allResources(type, { DeletionPolicy: onDelete, UpdateReplacePolicy: 'Retain' })
    }
  })

  it('names nothing but the service in its logs and metrics', () => {
    const text = JSON.stringify(template.toJSON())
    for (const name of ['TableName', 'QueueName', 'BucketName', 'FunctionName', 'RoleName', 'AlarmName']) {
      expect(text, name).not.toMatch(new RegExp(`"${name}":"`))
    }
    expect(service.serviceName).toEqual(NAME)
  })

  it('has functions on arm64, with Node 24, JSON logs of their own for a month, and no trace', () => {
    for (const id of ['FlowsWorker', 'FlowsStartRun', 'FlowsSweep']) {
      const properties = resourceOf(template, FUNCTION, id)
      expect(properties, id).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        MemorySize: 512,
        Timeout: 60,
        LoggingConfig: { LogFormat: 'JSON' },
      })
      expect(properties, id).not.toHaveProperty('TracingConfig')
      expect(environmentOf(template, id), id).not.toHaveProperty('FLOWCRAFT_TRACING')
      expect(properties, id).not.toHaveProperty('VpcConfig')
      expect(properties, id).not.toHaveProperty('ReservedConcurrentExecutions')
      expect(readable((properties['LoggingConfig'] as { LogGroup: unknown }).LogGroup)).toBe(`<${id}Logs>`)
    }
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 })
  })

  it('tells its functions where it is', () => {
    const where = {
      FLOWCRAFT_QUEUE_URL: '<FlowsJobs>',
      FLOWCRAFT_TABLE_NAME: '<FlowsState>',
      FLOWCRAFT_BUCKET_NAME: '<FlowsValues>',
      POWERTOOLS_SERVICE_NAME: NAME,
    }
    const deadLetters = { FLOWCRAFT_DEAD_LETTER_QUEUE_URL: '<FlowsJobsDeadLetters>' }
    expect(readableEnvironment(template, 'FlowsStartRun')).toEqual(where)
    expect(readableEnvironment(template, 'FlowsSweep')).toEqual({ ...where, ...deadLetters })
    expect(readableEnvironment(template, 'FlowsWorker')).toEqual({
      ...where,
      ...deadLetters,
      FLOWCRAFT_EVENT_BUS_NAME: '<FlowsEvents>',
      FLOWCRAFT_HISTORY: 'timings',
      FLOWCRAFT_METRICS_NAMESPACE: 'Flowcraft',
      NODE_OPTIONS: '--enable-source-maps',
    })
  })

  it('says by which variables programs find it', () => {
    const found = Object.entries(service.environment).map(([name, value]) => {
      return `${name} ${readable(Stack.of(service).resolve(value))}`
    })
    expect(found.toSorted()).toEqual([
      'FLOWCRAFT_BUCKET_NAME <FlowsValues>',
      'FLOWCRAFT_DEAD_LETTER_QUEUE_URL <FlowsJobsDeadLetters>',
      'FLOWCRAFT_QUEUE_URL <FlowsJobs>',
      'FLOWCRAFT_START_RUN_FUNCTION_NAME <FlowsStartRun>',
      'FLOWCRAFT_TABLE_NAME <FlowsState>',
    ])
  })

  it('has no role with a managed policy', () => {
    template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() })
  })

  it('warns of nothing', () => {
    expect(warningsOf(synthesise().stack)).toEqual([])
  })
})

describe('a service with every prop', () => {
  const { template, service } = synthesise(
    (stack) => ({
      entry,
      startRunHandler: 'startRun',
      webhook: { reservedConcurrency: 3 },
      serviceName: 'shop',
      metricsNamespace: 'Shop',
      architecture: Architecture.X86_64,
      memorySize: 1_024,
      timeout: Duration.minutes(2),
      environment: { STAGE: 'test' },
      tracing: true,
      logRetention: RetentionDays.ONE_WEEK,
      encryptionKey: new Key(stack, 'Key'),
      vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }),
      vpcSubnets: { subnets: new Vpc(stack, 'Other').privateSubnets },
      batchSize: 5,
      maxConcurrency: 7,
      reservedConcurrency: 8,
      maxReceiveCount: 30,
      visibilityTimeout: Duration.minutes(20),
      sweepInterval: Duration.minutes(5),
      pointInTimeRecovery: false,
      removalPolicy: RemovalPolicy.DESTROY,
      alarms: false,
      dashboard: false,
      events: false,
    }),
    undefined,
    IN_REGION,
  )

  it('has workers as asked', () => {
    expect(resourceOf(template, FUNCTION, 'FlowsWorker')).toMatchObject({
      Architectures: ['x86_64'],
      MemorySize: 1_024,
      Timeout: 120,
      ReservedConcurrentExecutions: 8,
      TracingConfig: { Mode: 'Active' },
      Environment: {
        Variables: {
          STAGE: 'test',
          POWERTOOLS_SERVICE_NAME: 'shop',
          FLOWCRAFT_METRICS_NAMESPACE: 'Shop',
          FLOWCRAFT_TRACING: 'true',
        },
      },
    })
    expect(resourceOf(template, 'AWS::Lambda::EventSourceMapping', 'FlowsWorkerJobs')).toMatchObject({
      BatchSize: 5,
      ScalingConfig: { MaximumConcurrency: 7 },
    })
  })

  it('has functions of the service of their own size, elsewhere as asked', () => {
    for (const id of ['FlowsStartRun', 'FlowsSweep', 'FlowsWebhook']) {
      const properties = resourceOf(template, FUNCTION, id)
      expect(properties, id).toMatchObject({
        Architectures: ['x86_64'],
        MemorySize: 512,
        Timeout: 60,
        TracingConfig: { Mode: 'Active' },
        Environment: { Variables: { FLOWCRAFT_TRACING: 'true' } },
      })
      // StartRun runs the user's module, which reads the user's variables.
      const stage = id === 'FlowsStartRun' ? 'test' : undefined
      expect(environmentOf(template, id)['STAGE'], id).toBe(stage)
    }
    expect(resourceOf(template, FUNCTION, 'FlowsWebhook')).toMatchObject({ ReservedConcurrentExecutions: 3 })
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 })
  })

  it("starts runs by the user's own handler", () => {
    const worker = resourceOf(template, FUNCTION, 'FlowsWorker')
    expect(resourceOf(template, FUNCTION, 'FlowsStartRun')).toMatchObject({
      Handler: 'index.startRun',
      Code: worker['Code'],
    })
  })

  it('tells the workers, and only them, where webhooks are received', () => {
    expect(readable(environmentOf(template, 'FlowsWorker')['FLOWCRAFT_WEBHOOK_URL'])).toBe(
      '<FlowsWebhookFunctionUrl.FunctionUrl>',
    )
    expect(environmentOf(template, 'FlowsStartRun')).not.toHaveProperty('FLOWCRAFT_WEBHOOK_URL')
  })

  it('deletes table, bucket and logs with the stack', () => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup']) {
      template.allResources(type, { DeletionPolicy: 'Delete' })
    }
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })],
    })
  })

  it("encrypts all that it keeps with the customer's key", () => {
    const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] }
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key } })],
    })
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { KMSMasterKeyID: key } },
        ],
      },
    })
    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: key })
    template.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: key })
    for (const id of ['FlowsWorker', 'FlowsStartRun', 'FlowsSweep', 'FlowsWebhook']) {
      expect(resourceOf(template, FUNCTION, id), id).toHaveProperty('KmsKeyArn')
    }
  })

  it('lets CloudWatch Logs use the key for log groups of this account and region', () => {
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'logs.eu-central-1.amazonaws.com' },
            Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': Match.anyValue() } },
          }),
        ]),
      },
    })
  })

  it('warns that an imported key must let CloudWatch Logs use it', () => {
    const arn = 'arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f'
    const { stack } = synthesise(
      (stack) => ({ entry, encryptionKey: Key.fromKeyArn(stack, 'Key', arn) }),
      undefined,
      IN_REGION,
    )
    expect(warningsOf(stack).join()).toContain(
      'the policy of the imported encryptionKey must let logs.eu-central-1.amazonaws.com encrypt and decrypt',
    )
  })

  it('puts every function into the network, and allows Lambda to', () => {
    for (const id of ['FlowsWorker', 'FlowsStartRun', 'FlowsSweep', 'FlowsWebhook']) {
      expect(resourceOf(template, FUNCTION, id), id).toMatchObject({
        VpcConfig: { SubnetIds: [{ Ref: expect.stringMatching('^OtherPrivate') }, expect.anything()] },
      })
    }
    expect(permissionsOf(template, /Worker/)).toContain(
      'FlowsWorkerRole: ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses on *',
    )
  })

  it('leaves out what is turned off', () => {
    expect([service.alarms, service.dashboard, service.eventBus]).toEqual([undefined, undefined, undefined])
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0)
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0)
    template.resourceCountIs('AWS::Events::EventBus', 0)
    expect(environmentOf(template, 'FlowsWorker')).not.toHaveProperty('FLOWCRAFT_EVENT_BUS_NAME')
  })

  it('passes on what queue, table and sweep are told', () => {
    expect(resourceOf(template, 'AWS::SQS::Queue', 'FlowsJobs')).toMatchObject({
      VisibilityTimeout: 1_200,
      RedrivePolicy: { maxReceiveCount: 30 },
    })
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' })
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [
        Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false } }),
      ],
    })
  })
})

describe('a service of existing parts', () => {
  const { template, service } = synthesise((stack) => ({
    existingFunction: newFunction(stack, 'Mine'),
    existingTable: Table.fromTableName(stack, 'Table', 'table'),
    existingQueue: Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-central-1:123456789012:queue'),
    existingDeadLetterQueue: Queue.fromQueueArn(stack, 'Dead', 'arn:aws:sqs:eu-central-1:123456789012:dead'),
    valueBucket: { existingBucket: Bucket.fromBucketName(stack, 'Bucket', 'bucket') },
    events: { eventBus: EventBus.fromEventBusName(stack, 'Bus', 'bus') },
  }))

  it('creates none of them', () => {
    for (const type of [
      'AWS::DynamoDB::GlobalTable',
      'AWS::SQS::Queue',
      'AWS::S3::Bucket',
      'AWS::Events::EventBus',
    ]) {
      template.resourceCountIs(type, 0)
    }
    expect(service.worker.logGroup).toBeUndefined()
  })

  it('is told from others on the table, in each function, by its path', () => {
    const name = { FLOWCRAFT_SERVICE_NAME: NAME }
    for (const id of ['Mine', 'FlowsSweep', 'FlowsStartRun']) {
      expect(environmentOf(template, id), id).toMatchObject(name)
    }
    expect(service.environment).toMatchObject(name)
    const alone = synthesise().template
    expect(environmentOf(alone, 'FlowsWorker')).not.toHaveProperty('FLOWCRAFT_SERVICE_NAME')
  })

  it('uses them', () => {
    expect(environmentOf(template, 'Mine')).toMatchObject({
      FLOWCRAFT_QUEUE_URL: expect.anything(),
      FLOWCRAFT_TABLE_NAME: 'table',
      FLOWCRAFT_BUCKET_NAME: 'bucket',
      FLOWCRAFT_EVENT_BUS_NAME: 'bus',
    })
    expect(resourceOf(template, 'AWS::Lambda::EventSourceMapping', 'FlowsWorkerJobs')).toMatchObject({
      EventSourceArn: 'arn:aws:sqs:eu-central-1:123456789012:queue',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
    expect(permissionsOf(template, /^MineServiceRole/)).toContain(
      'MineServiceRole: sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:dead',
    )
  })
})

describe("the functions of the user's module", () => {
  it("have the user's environment and network, and the others have not the environment", () => {
    const { template } = synthesise((stack) => ({
      entry,
      startRunHandler: 'startRun',
      environment: { DATABASE_URL: 'postgres://' },
      vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }),
      vpcSubnets: { subnets: new Vpc(stack, 'Other').privateSubnets },
      pools: { heavy: { nodes: ['transcode'] } },
    }))
    const worker = resourceOf(template, FUNCTION, 'FlowsWorker')
    for (const id of ['FlowsWorker', 'FlowsPoolsheavyWorker', 'FlowsStartRun']) {
      expect(environmentOf(template, id), id).toHaveProperty('DATABASE_URL', 'postgres://')
      const { VpcConfig } = resourceOf(template, FUNCTION, id) as { VpcConfig: { SubnetIds: unknown } }
      expect(VpcConfig.SubnetIds, id).toEqual((worker as { VpcConfig: typeof VpcConfig }).VpcConfig.SubnetIds)
      expect(resourceOf(template, FUNCTION, id)['Code'], id).toEqual(worker['Code'])
    }
    expect(environmentOf(template, 'FlowsSweep')).not.toHaveProperty('DATABASE_URL')
  })

  it("give StartRun no variables where it is the package's own", () => {
    const { template } = synthesise({ entry, environment: { DATABASE_URL: 'postgres://' } })
    expect(environmentOf(template, 'FlowsStartRun')).not.toHaveProperty('DATABASE_URL')
  })
})

describe('a service without a bucket', () => {
  it('keeps large values in the table', () => {
    const { template, service } = synthesise({ entry, valueBucket: false })
    expect(service.values).toBeUndefined()
    template.resourceCountIs('AWS::S3::Bucket', 0)
    expect(environmentOf(template, 'FlowsWorker')).not.toHaveProperty('FLOWCRAFT_BUCKET_NAME')
  })
})

describe('two services in one stack', () => {
  const stack = newStack()
  const shop = new FlowcraftService(stack, 'Shop', { entry })
  const bank = new FlowcraftService(stack, 'Bank', { entry })

  it('do not meet', () => {
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 2)
    expect(shop.serviceName).not.toBe(bank.serviceName)
    for (const line of permissionsOf(template, /^Shop/)) expect(line).not.toContain('Bank')
  })

  it('are not granted to one function, whose environment has room for one', () => {
    const caller = newFunction(stack, 'Caller')
    shop.grantStartRun(caller)
    expect(() => bank.grantStartRun(caller)).toThrow(
      'cannot grant Stack/Bank/StartRun to Stack/Caller: its FLOWCRAFT_START_RUN_FUNCTION_NAME is another',
    )
    expect(() => shop.grantStartRun(caller)).not.toThrow()
    expect(() => bank.startRun.grantInvoke(caller)).not.toThrow()
  })
})

describe('grants', () => {
  const { template } = synthesise({ entry, pools: { heavy: { nodes: ['transcode'] } } }, (service, stack) => {
    service.grantStartRun(newFunction(stack, 'Starter'))
    service.grantReadRuns(newFunction(stack, 'Reader'))
    service.grantManageRuns(newFunction(stack, 'Manager'))
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
    service.grantManageRuns(role)
    service.grantStartRun(Function.fromFunctionName(stack, 'Imported', 'imported'))
  })
  const told = (id: string) => Object.keys(environmentOf(template, id)).toSorted()

  it('grantStartRun allows invoking StartRun, exactly, and tells its name', () => {
    expect(permissionsOf(template, /^Starter/)).toEqual([
      'StarterServiceRole: lambda:InvokeFunction on <FlowsStartRun.Arn>',
    ])
    expect(readable(environmentOf(template, 'Starter')['FLOWCRAFT_START_RUN_FUNCTION_NAME'])).toBe(
      '<FlowsStartRun>',
    )
  })

  it('grantReadRuns allows reading, exactly', () => {
    expect(permissionsOf(template, /^Reader/)).toEqual([
      'ReaderServiceRole: dynamodb:GetItem dynamodb:Query on <FlowsState.Arn>',
      'ReaderServiceRole: dynamodb:BatchGetItem on <FlowsState.Arn>',
      'ReaderServiceRole: dynamodb:Query on <FlowsState.Arn>/index/due <FlowsState.Arn>/index/runs',
      'ReaderServiceRole: s3:GetObject on <FlowsValues.Arn>/runs/*',
      'ReaderServiceRole: s3:ListBucket on <FlowsValues.Arn>',
    ])
    expect(told('Reader')).toEqual([
      'FLOWCRAFT_BUCKET_NAME',
      'FLOWCRAFT_POOLS',
      'FLOWCRAFT_QUEUE_URL',
      'FLOWCRAFT_TABLE_NAME',
    ])
  })

  it('grantManageRuns allows what RunClient does, exactly, also to a role', () => {
    expect(permissionsOf(template, /^Manager/)).toEqual(managing('ManagerServiceRole'))
    expect(permissionsOf(template, /^Role$/)).toEqual(managing('Role'))
    expect(told('Manager').filter((name) => name !== 'FLOWCRAFT_DEAD_LETTER_QUEUE_URL')).toEqual(
      told('Reader'),
    )
  })

  it('saves the index of runs with runIndex: false, and all functions know', () => {
    const without = synthesise({ entry, runIndex: false, webhook: {} }, (service, stack) =>
      service.grantReadRuns(newFunction(stack, 'Reader')),
    )
    expect(permissionsOf(without.template, /^Reader/)).toContain(
      'ReaderServiceRole: dynamodb:Query on <FlowsState.Arn>/index/due',
    )
    for (const id of ['Reader', 'FlowsWorker', 'FlowsStartRun', 'FlowsSweep', 'FlowsWebhook'])
      expect(environmentOf(without.template, id)).toMatchObject({ FLOWCRAFT_RUN_INDEX: 'false' })
    expect(without.service.environment).toMatchObject({ FLOWCRAFT_RUN_INDEX: 'false' })
    expect(told('FlowsWorker')).not.toContain('FLOWCRAFT_RUN_INDEX')
  })

  it('counts no costs with runCosts: false, or at other prices, and all functions know', () => {
    const prices = { dynamodb: { writeUnit: 0.0000007 } }
    const { template } = synthesise({ entry, runCosts: false, prices, webhook: {} }, (service, stack) =>
      service.grantReadRuns(newFunction(stack, 'Reader')),
    )
    for (const id of ['Reader', 'FlowsWorker', 'FlowsStartRun', 'FlowsSweep', 'FlowsWebhook'])
      expect(environmentOf(template, id)).toMatchObject({
        FLOWCRAFT_RUN_COSTS: 'false',
        FLOWCRAFT_PRICES: JSON.stringify(prices),
      })
    expect(told('FlowsWorker')).not.toContain('FLOWCRAFT_RUN_COSTS')
  })

  it('grantManageRuns gives one grant of all that it allows', () => {
    const { service, stack } = synthesise({ entry, pools: { heavy: { nodes: ['transcode'] } } })
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })
    const { principalStatements } = service.grantManageRuns(role)
    expect(principalStatements.map(({ actions }) => actions.join(' '))).toEqual([
      'sqs:SendMessage',
      'sqs:SendMessage',
      'dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:Query',
      'dynamodb:BatchGetItem',
      'dynamodb:Query',
      'sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ])
  })

  it('says what the owner of an imported function must do', () => {
    const { stack } = synthesise({ entry }, (service, stack) => {
      service.grantStartRun(Function.fromFunctionName(stack, 'Imported', 'imported'))
    })
    expect(warningsOf(stack).join()).toContain('its owner must set FLOWCRAFT_START_RUN_FUNCTION_NAME')
  })
})

describe('metrics', () => {
  it('are those of the workers, told apart by the name of the service', () => {
    const { service } = synthesise({ entry, serviceName: 'shop' })
    const all = [
      service.metricRunsStarted(),
      service.metricRunsCompleted(),
      service.metricRunsFailed(),
      service.metricRunsCancelled(),
      service.metricRunsPaused(),
      service.metricNodesFailed(),
      service.metricNodeDuration({ statistic: 'p99' }),
      service.metricRunCost(),
    ]
    expect(
      all.map(({ namespace, metricName, statistic }) => `${namespace} ${metricName} ${statistic}`),
    ).toEqual([
      'Flowcraft RunsStarted Sum',
      'Flowcraft RunsCompleted Sum',
      'Flowcraft RunsFailed Sum',
      'Flowcraft RunsCancelled Sum',
      'Flowcraft RunsPaused Sum',
      'Flowcraft NodesFailed Sum',
      'Flowcraft NodeDuration p99',
      'Flowcraft RunCost Sum',
    ])
    for (const { dimensions } of all) expect(dimensions).toEqual({ service: 'shop' })
    const { dimensions, statistic } = service.metricRunCost({ blueprintId: 'café', statistic: 'p50' })
    expect([dimensions, statistic]).toEqual([{ service: 'shop', blueprint: 'caf_' }, 'p50'])
    expect(service.metricDeadLetters()?.metricName).toBe('ApproximateNumberOfMessagesVisible')
  })
})
