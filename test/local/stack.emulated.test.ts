// Stacks by their templates, written by hand here: what is made, in which order, and what is refused.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { DeployOptions, LocalAws, LocalStack } from '../../lib/local/index.ts'
import { eventually } from './helpers.ts'
import { arnOf, assemblyOf, inline, opened, type Written } from './templates.ts'

let local: LocalAws
let folder: string
beforeAll(async () => {
  local = await startLocalAws()
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-stack-test-'))
})
afterEach(() => vi.useRealTimers())
afterAll(async () => {
  await local.stop()
  await rm(folder, { recursive: true })
})

async function deploy(template: Written, options: Omit<DeployOptions, 'assembly'> = {}): Promise<LocalStack> {
  return local.deploy({ assembly: await assemblyOf({ Stack: template }), ...options })
}

const rule = (Properties: object) => ({ Type: 'AWS::Events::Rule', Properties })
/** A function that needs to know of something else. */
const needs = (Ref: string) => inline('', { Environment: { Variables: { OTHER: { Ref } } } })

describe('what is made', () => {
  it('queues with their times and their dead letters', async () => {
    const { resources } = await deploy({
      Resources: {
        Jobs: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            VisibilityTimeout: 360,
            MessageRetentionPeriod: '120',
            DelaySeconds: 5,
            RedrivePolicy: { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 7 },
            SqsManagedSseEnabled: true,
          },
        },
        Dead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'the-dead' } },
      },
    })
    const command = new GetQueueAttributesCommand({
      QueueUrl: resources['Jobs']?.ref,
      AttributeNames: ['All'],
    })

    expect((await local.clients.sqsClient.send(command)).Attributes).toMatchObject({
      VisibilityTimeout: '360',
      MessageRetentionPeriod: '120',
      DelaySeconds: '5',
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:the-dead',
        maxReceiveCount: 7,
      }),
    })
    expect(resources['Dead']?.attributes).toMatchObject({ QueueName: 'the-dead' })
    expect(resources['Jobs']?.attributes['QueueName']).toMatch(/^Stack-Jobs-[0-9a-f]{12}$/)
  })

  it.each(['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'])('an %s with its index', async (Type) => {
    const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }]
    const Projection = { ProjectionType: 'KEYS_ONLY' }
    const { outputs } = await deploy({
      Resources: {
        State: {
          Type,
          Properties: {
            AttributeDefinitions: [
              { AttributeName: 'pk', AttributeType: 'S' },
              { AttributeName: 'due', AttributeType: 'N' },
            ],
            KeySchema,
            GlobalSecondaryIndexes: [
              {
                IndexName: 'byTime',
                KeySchema: [{ AttributeName: 'due', KeyType: 'HASH' }],
                Projection,
                ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
              },
            ],
            Replicas: [{ Region: { Ref: 'AWS::Region' } }],
          },
        },
      },
      Outputs: { Name: { Value: { Ref: 'State' } }, Arn: { Value: arnOf('State') } },
    })
    const { Table } = await local.clients.dynamoDbClient.send(
      new DescribeTableCommand({ TableName: outputs['Name'] }),
    )

    expect(Table).toMatchObject({ KeySchema, GlobalSecondaryIndexes: [{ IndexName: 'byTime', Projection }] })
    expect(outputs['Arn']).toBe(`arn:aws:dynamodb:us-east-1:000000000000:table/${outputs['Name']}`)
  })

  it('buckets and buses', async () => {
    const { resources } = await deploy({
      Resources: {
        Values: { Type: 'AWS::S3::Bucket' },
        Events: { Type: 'AWS::Events::EventBus', Properties: { Name: 'of-the-shop' } },
      },
    })
    const { Buckets = [] } = await local.clients.s3Client.send(new ListBucketsCommand({}))

    expect(Buckets.map(({ Name }) => Name)).toContain(resources['Values']?.ref)
    expect(resources['Events']).toEqual({
      type: 'AWS::Events::EventBus',
      ref: 'of-the-shop',
      attributes: { Arn: 'arn:aws:events:us-east-1:000000000000:event-bus/of-the-shop', Name: 'of-the-shop' },
    })
  })

  it('functions from assets, with their settings', async () => {
    const source = 'export const run = async (_, context) => ({ ...process.env, ...context })'
    const assembly = await assemblyOf(
      {
        Stack: {
          Resources: {
            Fn: {
              Type: 'AWS::Lambda::Function',
              Properties: {
                FunctionName: 'from-asset',
                Runtime: 'nodejs24.x',
                Handler: 'src/worker.run',
                Code: { S3Bucket: { 'Fn::Sub': 'assets-${AWS::AccountId}' }, S3Key: 'abc.zip' },
                MemorySize: 256,
                Timeout: 7,
                Environment: { Variables: { QUEUE: { Ref: 'Jobs' }, COUNT: 3 } },
                Role: arnOf('Role'),
              },
            },
            Jobs: { Type: 'AWS::SQS::Queue' },
            Role: { Type: 'AWS::IAM::Role' },
          },
        },
      },
      { 'abc.zip': { 'src/worker.mjs': source } },
    )

    const stack = await local.deploy({ assembly })

    const fn = stack.function('Fn')
    expect(fn).toMatchObject({ name: 'from-asset', timeoutSeconds: 7, memoryMb: 256 })
    expect(await fn.invoke({})).toMatchObject({
      QUEUE: stack.resources['Jobs']?.ref,
      COUNT: '3',
      _HANDLER: 'src/worker.run',
      functionName: 'from-asset',
    })
  })

  it('functions as AWS has them by default, found by each of their names, whose lines are told', async () => {
    const lines: string[] = []
    const stack = await deploy(
      {
        Resources: { Fn: inline("console.log('hello'); return 'ok'") },
        Outputs: { Name: { Value: { Ref: 'Fn' } }, Arn: { Value: arnOf('Fn') } },
      },
      { onLog: (line, logicalId) => lines.push(`${logicalId}: ${line}`) },
    )

    const fn = stack.function('Fn')

    expect(fn).toMatchObject({ timeoutSeconds: 3, memoryMb: 128 })
    for (const name of ['Name', 'Arn', fn.name, fn.arn]) expect(stack.function(name)).toBe(fn)
    expect(await fn.invoke({})).toBe('ok')
    await eventually(() => expect(lines).toEqual(['Fn: hello']))
    expect(() => stack.function('Nope')).toThrow('stack Stack has no function Nope; it has Fn, by logical id')
    expect(() => stack.output('Nope')).toThrow('stack Stack has no output Nope; it has Name, Arn')
  })

  it('a function that may not run at all', async () => {
    const stack = await deploy({ Resources: { Fn: inline('', { ReservedConcurrentExecutions: 0 }) } })
    await expect(stack.function('Fn').invoke({})).rejects.toThrow('already runs 0 invocations')
  })
})

describe('what starts functions', () => {
  it('a queue, by its mapping', async () => {
    const stack = await deploy({
      Resources: {
        // Stands before what it needs.
        Mapping: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: {
            EventSourceArn: arnOf('Jobs'),
            FunctionName: { Ref: 'Fn' },
            BatchSize: 2,
            MaximumBatchingWindowInSeconds: 1,
            ScalingConfig: { MaximumConcurrency: 2 },
            FunctionResponseTypes: ['ReportBatchItemFailures'],
          },
        },
        Fn: inline(`
          console.log(event.Records.length)
          const failed = event.Records.filter(({ body }) => body === 'bad')
          return { batchItemFailures: failed.map(({ messageId: itemIdentifier }) => ({ itemIdentifier })) }`),
        Jobs: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            RedrivePolicy: { deadLetterTargetArn: arnOf('Dead'), maxReceiveCount: 1 },
            VisibilityTimeout: 3,
          },
        },
        Dead: { Type: 'AWS::SQS::Queue' },
      },
    })
    expect(Object.keys(stack.resources)).toEqual(['Fn', 'Dead', 'Jobs', 'Mapping'])
    const QueueUrl = stack.resources['Jobs']?.ref
    for (const MessageBody of ['good', 'bad']) {
      await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    }

    const fn = stack.function('Fn')
    await eventually(() => expect(fn.logs).toEqual(['2']))
    const dead = new GetQueueAttributesCommand({
      QueueUrl: stack.resources['Dead']?.ref,
      AttributeNames: ['ApproximateNumberOfMessages'],
    })
    await eventually(async () => {
      const { Attributes } = await local.clients.sqsClient.send(dead)
      expect(Attributes).toEqual({ ApproximateNumberOfMessages: '1' })
    })
  })

  it('a queue, by a mapping of an alias, to the version that it goes to', async () => {
    const stack = await deploy({
      Resources: {
        Mapping: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { EventSourceArn: arnOf('Jobs'), FunctionName: { Ref: 'Live' } },
        },
        Live: {
          Type: 'AWS::Lambda::Alias',
          Properties: {
            FunctionName: { Ref: 'Fn' },
            FunctionVersion: { 'Fn::GetAtt': ['First', 'Version'] },
            Name: 'live',
            RoutingConfig: { AdditionalVersionWeights: [{ FunctionVersion: '1', FunctionWeight: 0.25 }] },
          },
        },
        First: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Fn' } } },
        Fn: inline('console.log(context.functionVersion, context.invokedFunctionArn.split(":").at(-1))'),
        Jobs: { Type: 'AWS::SQS::Queue' },
        Shop: { Type: 'AWS::CodeDeploy::Application' },
      },
    })
    const fn = stack.function('Fn')
    expect(stack.resources).toMatchObject({
      First: { ref: `${fn.arn}:1`, attributes: { Version: '1', FunctionArn: `${fn.arn}:1` } },
      Live: { ref: `${fn.arn}:live`, attributes: { AliasArn: `${fn.arn}:live` } },
    })
    expect(fn.alias('live')?.routing).toEqual({ version: '1', additionalVersionWeights: { '1': 0.25 } })
    const QueueUrl = stack.resources['Jobs']?.ref
    await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: 'job' }))
    await eventually(() => expect(fn.logs).toEqual(['1 live']))
  })

  it('a URL, known to functions that are not behind it', async () => {
    const stack = await deploy({
      Resources: opened({
        Caller: inline('return (await fetch(process.env.URL + "a")).text()', {
          Environment: { Variables: { URL: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } } },
        }),
        Url: {
          Type: 'AWS::Lambda::Url',
          Properties: { AuthType: 'NONE', TargetFunctionArn: arnOf('Behind') },
        },
        Behind: inline('return { statusCode: 200, body: event.rawPath }'),
      }),
    })

    expect(await stack.function('Caller').invoke({})).toBe('/a')
  })

  it('rules and schedules, each at its rate and unless they are disabled', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using own = await startLocalAws()
    const target = { Arn: arnOf('Fn'), Id: 'Target0' }
    const template = {
      Resources: opened({
        Rule: rule({ ScheduleExpression: 'rate(1 minute)', State: 'ENABLED', Targets: [target] }),
        Off: rule({ ScheduleExpression: 'rate(1 minute)', State: 'DISABLED', Targets: [target] }),
        Schedule: {
          Type: 'AWS::Scheduler::Schedule',
          Properties: {
            ScheduleExpression: 'rate(1 hour)',
            FlexibleTimeWindow: { Mode: 'OFF' },
            Target: { Arn: arnOf('Fn'), Input: '{"source":"scheduler"}' },
          },
        },
        Fn: inline('console.log(event.source)'),
      }),
    }
    const stack = await own.deploy({ assembly: await assemblyOf({ Stack: template }) })
    const { logs, stats } = stack.function('Fn')
    expect(stats.invocations).toBe(0)

    vi.advanceTimersByTime(60_000)
    await eventually(() => expect(logs).toEqual(['aws.events']))
    vi.advanceTimersByTime(3_540_000)
    await eventually(() => expect(logs).toHaveLength(61))
    expect(logs.filter((line) => line === 'scheduler')).toHaveLength(1)

    await own.stop()
    vi.advanceTimersByTime(3_600_000)
    expect(logs).toHaveLength(61)
  })
})

/** What a value of a template becomes. */
async function valueOf(Value: unknown, more: Partial<Written> = {}, options = {}): Promise<string> {
  const Resources = { Jobs: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'jobs' } } }
  const template = { Resources, ...more, Outputs: { Value: { Value } } }
  await using own = await startLocalAws()
  return (await own.deploy({ assembly: await assemblyOf({ Stack: template }), ...options })).output('Value')
}

describe('names in a template', () => {
  it.each([
    [{ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }, { Ref: 'AWS::NoValue' }]] }, 'a-us-east-1'],
    [{ 'Fn::Sub': '${AWS::StackName}/${Jobs.QueueName}/${!Jobs}' }, 'Stack/jobs/${Jobs}'],
    [{ 'Fn::Sub': ['${Own}${AWS::Partition}', { Own: { Ref: 'AWS::AccountId' } }] }, '000000000000aws'],
    [{ 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::GetAtt': 'Jobs.Arn' }] }] }, 'jobs'],
    [{ 'Fn::If': ['Yes', 'then', { Ref: 'Nothing' }] }, 'then'],
    [{ 'Fn::If': ['No', { Ref: 'Nothing' }, 'else'] }, 'else'],
    [{ Ref: 'Size' }, '3'],
  ])('%j is %s', async (value, expected) => {
    const Conditions = {
      Here: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
      Yes: {
        'Fn::And': [{ Condition: 'Here' }, { 'Fn::Or': [{ 'Fn::Equals': ['1', 2] }, { Condition: 'Here' }] }],
      },
      No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    }
    expect(await valueOf(value, { Conditions, Parameters: { Size: { Default: 3 } } })).toBe(expected)
  })

  it('parameters may be given', async () => {
    const Parameters = { Size: { Type: 'Number' } }
    expect(await valueOf({ Ref: 'Size' }, { Parameters }, { parameters: { Size: '9' } })).toBe('9')
    await expect(valueOf({ Ref: 'Size' }, { Parameters })).rejects.toThrow(
      "parameter Size of stack Stack has no default: give it in parameters: { Size: '...' }",
    )
  })

  it.each([
    [{ 'Fn::FindInMap': ['A', 'B', 'C'] }, 'mapping A has no B.C'],
    [{ Ref: 'Nothing' }, 'the template has neither a resource nor a parameter Nothing'],
    [
      { 'Fn::GetAtt': ['Jobs', 'Colour'] },
      'Jobs, an AWS::SQS::Queue, has no Colour here, only Arn, QueueName',
    ],
    [{ 'Fn::If': ['Maybe', 1, 2] }, 'the template has no condition Maybe'],
  ])('%j is an error', async (value, message) => {
    await expect(valueOf(value)).rejects.toThrow(message)
  })

  it('resources whose condition is false are not made', async () => {
    const { resources, outputs } = await deploy({
      Conditions: { No: { 'Fn::Equals': ['a', 'b'] } },
      Resources: { Jobs: { Type: 'AWS::SQS::Queue', Condition: 'No' } },
      Outputs: { Url: { Value: { Ref: 'Jobs' }, Condition: 'No' } },
    })
    expect({ resources, outputs }).toEqual({ resources: {}, outputs: {} })
  })

  it('a circle is an error that shows it', async () => {
    await expect(deploy({ Resources: { A: needs('B'), B: needs('A') } })).rejects.toThrow(
      'resources need each other: A -> B -> A',
    )
  })
})

describe('what is not played', () => {
  const odd: Written = {
    Resources: {
      Cluster: { Type: 'AWS::ECS::Cluster' },
      Fifo: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
      Python: inline('', { Runtime: 'python3.14' }),
      Image: { Type: 'AWS::Lambda::Function', Properties: { PackageType: 'Image' } },
      Nightly: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 3 * * * *)' } },
      Role: { Type: 'AWS::IAM::Role' },
      Fn: inline('return process.env.CLUSTER', {
        Environment: {
          Variables: { CLUSTER: { 'Fn::Join': ['', [{ Ref: 'Cluster' }, ' ', arnOf('Cluster')]] } },
        },
      }),
    },
  }

  it('is one error, before anything is made', async () => {
    local.meter.reset()
    await expect(deploy(odd)).rejects.toThrow(
      'stack Stack has what is not emulated; what you do not need can be left out by ignore, ' +
        `a list of types and logical ids:
- Cluster is of type AWS::ECS::Cluster
- Fifo, an AWS::SQS::Queue, has FifoQueue
- Python, an AWS::Lambda::Function, runs on python3.14
- Image, an AWS::Lambda::Function, is a container image
- Nightly, an AWS::Events::Rule, has the schedule cron(0 3 * * * *)`,
    )
    expect(local.meter.snapshot().sqs.requests).toBe(0)
  })

  it('can be left out, and leads nowhere then', async () => {
    const ignore = ['AWS::ECS::Cluster', 'AWS::Events::Rule', 'Fifo', 'Python', 'Image']
    const stack = await deploy(odd, { ignore })
    expect(Object.keys(stack.resources)).toEqual(['Role', 'Fn'])
    expect(await stack.function('Fn').invoke({})).toBe('Cluster arn:aws:local:::Cluster.Arn')
  })

  it('names the resource that could not be made', async () => {
    const Properties = { Runtime: 'nodejs24.x', Handler: 'index.handler', Code: { S3Key: 'gone.zip' } }
    await expect(
      deploy({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties } } }),
    ).rejects.toThrow(
      'cannot make Fn, an AWS::Lambda::Function: its code must be an asset of the assembly; got the S3 key gone.zip',
    )
    await expect(deploy({ Resources: { Fn: inline('', { Handler: 'main.handler' }) } })).rejects.toThrow(
      'handler main.handler needs one of main.js, main.mjs, main.cjs',
    )
  })
})

describe('the assembly', () => {
  it('may have several stacks, of which one is named', async () => {
    const empty = { Resources: {} }
    const assembly = await assemblyOf({ One: empty, Two: { ...empty, Outputs: { Which: { Value: 2 } } } })

    expect((await local.deploy({ assembly, stackName: 'Two' })).output('Which')).toBe('2')
    await expect(local.deploy({ assembly })).rejects.toThrow(
      "stackName must be one of the assembly's stacks (One, Two); got none",
    )
    await expect(local.deploy({ assembly, stackName: 'Three' })).rejects.toThrow('(One, Two); got Three')
  })

  it('must be there', async () => {
    await expect(local.deploy({ assembly: folder })).rejects.toThrow(
      `assembly must be the folder that cdk synth wrote; got ${JSON.stringify(folder)}, where no manifest.json is`,
    )
  })
})
