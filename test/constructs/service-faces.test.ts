import { Duration, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { AccountPrincipal, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { describe, expect, it } from 'vitest'
import { FlowcraftService, type FlowcraftServiceAttributes } from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  newStack,
  permissionsOf,
  readable,
  resourceOf,
  synthesise,
  warningsOf,
} from './support.ts'

const ROLES = ['FlowsWorkerRole', 'FlowsPoolsheavyWorkerRole', 'FlowsPoolslongWorkerTaskTaskRole']

function withPools(stack: Stack) {
  const vpc = new Vpc(stack, 'Vpc')
  const image = ContainerImage.fromRegistry('example/trainer')
  return { entry, vpc, pools: { heavy: { nodes: ['transcode'] }, long: { nodes: ['train'], image } } }
}

function newFunction(stack: Stack, id = 'Caller'): Function {
  const code = Code.fromInline('exports.handler = async () => {}')
  return new Function(stack, id, { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X })
}

describe('a service as a grantee', () => {
  it('gives what is granted to the workers of every pool, and to no other function', () => {
    const { template } = synthesise(withPools, (service, stack) => {
      new Bucket(stack, 'Uploads').grantRead(service)
    })
    const found = permissionsOf(template).filter((line) => line.includes('<Uploads.Arn>'))
    expect(found.map((line) => line.split(':')[0]).toSorted()).toEqual(ROLES.toSorted())
    expect(found[0]).toMatch(/s3:GetObject\*.* on <Uploads\.Arn> <Uploads\.Arn>\/\*$/)
  })

  it('is named role by role in the policy of a resource', () => {
    const { template } = synthesise(withPools, (service, stack) => {
      const statement = new PolicyStatement({ actions: ['s3:GetObjectTagging'], resources: ['*'] })
      statement.addPrincipals(service.grantPrincipal)
      new Bucket(stack, 'Uploads').addToResourcePolicy(statement)
    })
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 's3:GetObjectTagging',
            Principal: { AWS: ROLES.map(() => ({ 'Fn::GetAtt': [Match.anyValue(), 'Arn'] })) },
          }),
        ],
      },
    })
  })
})

describe('the network of a service', () => {
  it('is that of its workers, containers included', () => {
    const { template } = synthesise(withPools, (service, stack) => {
      const vpc = stack.node.findChild('Vpc') as Vpc
      service.connections.allowTo(new SecurityGroup(stack, 'Database', { vpc }), Port.POSTGRES)
    })
    const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress'))
    const from = rules.map(({ Properties }) =>
      readable((Properties as Record<string, unknown>)['SourceSecurityGroupId']),
    )
    expect(from.toSorted()).toEqual([
      '<FlowsPoolsheavyWorkerSecurityGroup.GroupId>',
      '<FlowsPoolslongWorkerSecurityGroup.GroupId>',
      '<FlowsWorkerSecurityGroup.GroupId>',
    ])
  })

  it('is none without a VPC', () => {
    const { service } = synthesise()
    expect(() => service.connections).toThrow(
      'invalid props of Stack/Flows: connections need workers in a VPC: give vpc, got none',
    )
  })
})

describe('addEnvironment', () => {
  const bundled = { code: Code.fromInline('//'), handler: 'index.handler' }

  it('reaches the workers of every pool, and StartRun with code of the user', () => {
    const { template } = synthesise(
      (stack) => ({ ...withPools(stack), entry: undefined, ...bundled, startRunHandler: 'startRun' }),
      (service) => service.addEnvironment('DATABASE_URL', 'postgres://db'),
    )
    for (const id of ['FlowsWorker', 'FlowsPoolsheavyWorker', 'FlowsStartRun']) {
      expect(environmentOf(template, id)).toMatchObject({ DATABASE_URL: 'postgres://db' })
    }
    expect(environmentOf(template, 'FlowsSweep')).not.toHaveProperty('DATABASE_URL')
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([{ Name: 'DATABASE_URL', Value: 'postgres://db' }]),
        }),
      ],
    })
  })

  it("leaves the package's own StartRun alone", () => {
    const { template } = synthesise({ entry }, (service) => service.addEnvironment('STAGE', 'b'))
    expect(environmentOf(template, 'FlowsStartRun')).not.toHaveProperty('STAGE')
  })

  it('refuses what the constructs set, and imported functions', () => {
    const { service } = synthesise()
    expect(() => service.addEnvironment('FLOWCRAFT_TABLE_NAME', 'x')).toThrow(
      'environment must not have variables that the construct sets',
    )
    const stack = newStack()
    const existingFunction = Function.fromFunctionName(stack, 'Theirs', 'theirs')
    const theirs = new FlowcraftService(stack, 'Flows', { existingFunction, timeout: undefined })
    expect(() => theirs.addEnvironment('STAGE', 'b')).toThrow(
      'the environment of an imported function cannot be set: Stack/Theirs',
    )
  })

  it('never makes the workers of one service those of another', () => {
    const stack = newStack()
    const [one, two] = [
      new FlowcraftService(stack, 'One', { entry }),
      new FlowcraftService(stack, 'Two', { entry }),
    ]
    expect(() => one.grantManageRuns(two)).toThrow(/FLOWCRAFT_QUEUE_URL/)
  })
})

function arn(service: string, name: string): string {
  return `arn:aws:${service}:eu-central-1:111122223333:${name}`
}

const all: FlowcraftServiceAttributes = {
  startRunFunctionArn: arn('lambda', 'function:start'),
  tableArn: arn('dynamodb', 'table/state'),
  queueArn: arn('sqs', 'jobs'),
  valueBucketArn: 'arn:aws:s3:::values',
  eventBusArn: arn('events', 'event-bus/runs'),
  encryptionKeyArn: arn('kms', 'key/1'),
  pools: { heavy: { queueArn: arn('sqs', 'heavy'), nodes: ['transcode'] } },
  serviceName: 'shop',
  stateServiceName: 'shared',
}

function callerOf(attributes: FlowcraftServiceAttributes, account = '111122223333') {
  const stack = newStack({ env: { account, region: 'eu-central-1' } })
  const flows = FlowcraftService.fromAttributes(stack, 'Flows', attributes)
  return { stack, flows, caller: newFunction(stack) }
}

describe('an imported service', () => {
  it('lets a function start runs by the ARN alone', () => {
    const { stack, flows, caller } = callerOf({ startRunFunctionArn: all.startRunFunctionArn })
    flows.grantStartRun(caller)
    const template = Template.fromStack(stack)
    expect(permissionsOf(template)).toEqual([
      `CallerServiceRole: lambda:InvokeFunction on ${all.startRunFunctionArn}`,
    ])
    expect(environmentOf(template, 'Caller')).toEqual({
      FLOWCRAFT_START_RUN_FUNCTION_NAME: all.startRunFunctionArn,
    })
    expect(flows.environment).toEqual({ FLOWCRAFT_START_RUN_FUNCTION_NAME: all.startRunFunctionArn })
  })

  it('lets a function manage runs, with the environment that a service here would set', () => {
    const { stack, flows, caller } = callerOf(all)
    flows.grantManageRuns(caller)
    const template = Template.fromStack(stack)
    const lines = permissionsOf(template).map((line) => line.replace('CallerServiceRole: ', ''))
    expect(lines).toEqual(
      expect.arrayContaining([
        `sqs:SendMessage on ${all.queueArn}`,
        `sqs:SendMessage on ${all.pools?.['heavy']?.queueArn}`,
        `dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on ${all.tableArn}`,
        's3:GetObject on arn:aws:s3:::values/runs/*',
        's3:ListBucket on arn:aws:s3:::values',
        `kms:Decrypt kms:GenerateDataKey on ${all.encryptionKeyArn}`,
      ]),
    )
    const environment = environmentOf(template, 'Caller')
    expect(Object.keys(environment).toSorted()).toEqual([
      'FLOWCRAFT_BUCKET_NAME',
      'FLOWCRAFT_POOLS',
      'FLOWCRAFT_QUEUE_URL',
      'FLOWCRAFT_SERVICE_NAME',
      'FLOWCRAFT_TABLE_NAME',
    ])
    expect(environment).toMatchObject({ FLOWCRAFT_TABLE_NAME: 'state', FLOWCRAFT_SERVICE_NAME: 'shared' })
    expect(warningsOf(stack)).toEqual([])
  })

  it('lets a function read runs, with metrics and a bus', () => {
    const { stack, flows, caller } = callerOf({
      ...all,
      encryptionKeyArn: undefined,
    } as FlowcraftServiceAttributes)
    flows.grantReadRuns(caller)
    const template = Template.fromStack(stack)
    expect(permissionsOf(template)).toEqual([
      `CallerServiceRole: dynamodb:GetItem dynamodb:Query on ${all.tableArn}`,
      `CallerServiceRole: dynamodb:BatchGetItem on ${all.tableArn}`,
      `CallerServiceRole: dynamodb:Query on ${all.tableArn}/index/due ${all.tableArn}/index/runs`,
      'CallerServiceRole: s3:GetObject on arn:aws:s3:::values/runs/*',
      'CallerServiceRole: s3:ListBucket on arn:aws:s3:::values',
    ])
    expect(flows.metricRunsFailed()).toMatchObject({ dimensions: { service: 'shop' } })
    expect(flows.eventBus?.eventBusName).toBe('runs')
  })

  it('says which attribute a grant lacks, and that another account can only start', () => {
    const { flows, caller } = callerOf({ startRunFunctionArn: all.startRunFunctionArn })
    expect(() => flows.grantReadRuns(caller)).toThrow(
      'grantReadRuns of Stack/Flows needs the attributes tableArn and queueArn, got no tableArn, queueArn',
    )
    const elsewhere = callerOf(all, '444455556666')
    elsewhere.flows.grantReadRuns(elsewhere.caller)
    expect(warningsOf(elsewhere.stack)).toEqual([
      expect.stringContaining('from the account of the service (111122223333), got 444455556666'),
    ])
  })

  it('lists what is no ARN', () => {
    expect(() => callerOf({ startRunFunctionArn: 'start', queueArn: 'arn:aws:sns:x:y:z' })).toThrow(
      'invalid props of Stack/Flows:\n- startRunFunctionArn must be an ARN of lambda, got start\n- queueArn must be an ARN of sqs, got arn:aws:sns:x:y:z',
    )
  })
})

describe('the mapping', () => {
  it('has metrics where they are wanted, and a named queue a dead-letter queue of its own', () => {
    const { template } = synthesise({
      entry,
      queueName: 'jobs',
      mappingMetrics: true,
      pools: { heavy: { nodes: ['a'], queueName: 'heavy' } },
    })
    const metrics = resourceOf(template, 'AWS::Lambda::EventSourceMapping', 'FlowsWorkerJobs')[
      'MetricsConfig'
    ]
    expect(metrics).toEqual({ Metrics: ['EventCount'] })
    const heavy = resourceOf(template, 'AWS::Lambda::EventSourceMapping', 'FlowsPoolsheavyWorkerJobs')
    expect(heavy).not.toHaveProperty('MetricsConfig')
    expect(
      resourceOf(template, 'AWS::SQS::Queue', 'FlowsJobsDeadLetters')['RedriveAllowPolicy'],
    ).toMatchObject({
      redrivePermission: 'byQueue',
      sourceQueueArns: [expect.anything(), expect.anything()],
    })
  })
})

describe('how long runs are kept', () => {
  it('is told to every function and to who reads, and is the same in the bucket', () => {
    const { template } = synthesise(
      { entry, webhook: {}, runRetention: Duration.days(7) },
      (service, stack) => {
        service.grantReadRuns(newFunction(stack))
      },
    )
    for (const id of ['FlowsWorker', 'FlowsStartRun', 'FlowsSweep', 'FlowsWebhook', 'Caller']) {
      expect(environmentOf(template, id), id).toMatchObject({ FLOWCRAFT_RUN_RETENTION_DAYS: '7' })
    }
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 7 })] },
    })
  })
})

describe('a start from another account', () => {
  it("is allowed by the function's own policy, once", () => {
    const { template } = synthesise({ entry }, (service) => {
      service.grantStartRun(new AccountPrincipal('444455556666'))
      service.grantStartRun(new AccountPrincipal('444455556666'))
      service.grantStartRun(new AccountPrincipal('777788889999'))
    })
    const found = Object.values(template.findResources('AWS::Lambda::Permission'))
      .map(({ Properties }) => Properties as Record<string, unknown>)
      .filter(({ Principal }) => Principal !== 'events.amazonaws.com')
    expect(found.map(({ Action, Principal }) => [Action, readable(Principal)])).toEqual([
      ['lambda:InvokeFunction', expect.stringContaining('444455556666')],
      ['lambda:InvokeFunction', expect.stringContaining('777788889999')],
    ])
  })

  it('is one of an identity where the account is the same', () => {
    const { template } = synthesise({ entry }, (service, stack) => {
      service.grantStartRun(
        new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
      )
    })
    expect(permissionsOf(template, /^Role$/)).toEqual(['Role: lambda:InvokeFunction on <FlowsStartRun.Arn>'])
    template.resourceCountIs('AWS::Lambda::Permission', 1)
  })
})
