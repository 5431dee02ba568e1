/** What `doctor` finds of a project, and of a service in an account. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch'
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { type AwsClientStub, mockClient } from 'aws-sdk-client-mock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Check, looked } from '../../lib/cli/doctor/check.ts'
import { nodeCheck } from '../../lib/cli/doctor/project.ts'
import { serviceProbes } from '../../lib/cli/doctor/service.ts'
import { main } from '../../lib/cli/main.ts'
import { stateTable } from '../../lib/index.ts'
import { ioOf } from './io.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-cli-'))
  vi.stubEnv('AWS_REGION', 'eu-north-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function put(file: string, value: unknown): Promise<void> {
  const path = join(folder, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value))
}

const install = (name: string, version: string, more: object = {}) =>
  put(`node_modules/${name}/package.json`, { version, ...more })

async function project(): Promise<{ code: number; checks: Record<string, Check> }> {
  const { io, out } = ioOf({ cwd: folder })
  const code = await main(['doctor', '--json'], io)
  const checks = JSON.parse(out[0] as string) as Check[]
  return { code, checks: Object.fromEntries(checks.map((check) => [check.name, check])) }
}

const ranges = { 'aws-cdk-lib': '^2.257.0', flowcraft: '^2.10.1', dynalite: '^4.0.0', esbuild: '>=0.25' }

describe('of a project', () => {
  it('all is well where its parts go together', async () => {
    await put('package.json', {})
    await put('cdk.json', { app: 'npx tsx src/app.ts' })
    await install('flowcraft-aws', '0.1.0', { peerDependencies: ranges })
    await install('flowcraft', '2.10.3')
    await install('aws-cdk-lib', '2.276.0')
    await install('constructs', '10.8.1')
    await install('esbuild', '0.28.2')
    await install('fauxqs', '1.9.2')
    await install('dynalite', '4.0.0')
    const { code, checks } = await project()
    expect(code).toBe(0)
    expect(Object.values(checks).filter(({ state }) => state !== 'ok')).toEqual([])
    expect(checks['cdk.json']?.message).toBe('npx tsx src/app.ts')
    expect(checks['dynamodb']?.message).toBe('by dynalite 4.0.0')
    expect(checks['region']?.message).toBe('eu-north-1')
  })

  it('each part that is missing or of another version says what to do', async () => {
    await put('package.json', {})
    await put('cdk.json', '{}')
    await install('flowcraft-aws', '0.1.0', { peerDependencies: ranges })
    await install('flowcraft', '2.9.0')
    await install('esbuild', '0.24.0')
    await install('dynalite', '3.2.2')
    const { code, checks } = await project()
    expect(code).toBe(1)
    expect(checks['flowcraft']).toEqual({
      name: 'flowcraft',
      state: 'fail',
      message: '2.9.0 is not ^2.10.1, which flowcraft-aws is made for',
      fix: "npm install 'flowcraft@^2.10.1'",
    })
    expect(checks['aws-cdk-lib']).toMatchObject({
      state: 'warn',
      fix: "npm install --save-dev 'aws-cdk-lib@^2.257.0'",
    })
    expect(checks['esbuild']).toMatchObject({ state: 'fail' })
    expect(checks['dynamodb']).toMatchObject({ state: 'fail', message: 'dynalite 3.2.2 is not ^4.0.0' })
    expect(checks['cdk.json']).toMatchObject({ state: 'warn', message: expect.stringContaining('no app') })
  })

  it('says what is not there at all', async () => {
    await put('package.json', {})
    const { checks } = await project()
    expect(checks['flowcraft-aws']).toMatchObject({ state: 'fail', message: 'it is not installed' })
    expect(checks['dynamodb']).toMatchObject({ state: 'warn' })
    expect(checks['cdk.json']).toMatchObject({ state: 'warn' })
    expect(nodeCheck('18.20.0')).toMatchObject({ state: 'fail', message: 'Node 18.20.0 is not >=20.19' })
  })

  it('is none where there is neither project nor service', async () => {
    const { io, err } = ioOf({ cwd: folder })
    expect(await main(['doctor'], io)).toBe(2)
    expect(err[0]).toContain('no service is named')
  })
})

const indexes = (...names: string[]) =>
  names.map((IndexName) => ({ IndexName, IndexStatus: 'ACTIVE' as const }))

describe('of a service in an account', () => {
  let mocks: AwsClientStub<
    CloudWatchClient | DynamoDBClient | DynamoDBDocumentClient | LambdaClient | SQSClient
  >[]
  let cloudWatch: AwsClientStub<CloudWatchClient>
  let dynamodb: AwsClientStub<DynamoDBClient>
  let documents: AwsClientStub<DynamoDBDocumentClient>
  let lambda: AwsClientStub<LambdaClient>
  let sqs: AwsClientStub<SQSClient>

  beforeEach(() => {
    cloudWatch = mockClient(CloudWatchClient)
    dynamodb = mockClient(DynamoDBClient)
    documents = mockClient(DynamoDBDocumentClient)
    lambda = mockClient(LambdaClient)
    sqs = mockClient(SQSClient)
    mocks = [cloudWatch, dynamodb, documents, lambda, sqs] as typeof mocks
    healthy()
  })
  afterEach(() => {
    for (const mock of mocks) mock.restore()
  })

  const now = Date.parse('2026-11-27T09:00:00Z')
  const service = {
    name: 'Shop/Flows',
    environment: {
      FLOWCRAFT_QUEUE_URL: 'https://sqs.test/1/jobs',
      FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.test/1/dead',
      FLOWCRAFT_TABLE_NAME: 'state',
      FLOWCRAFT_POOLS: '{"heavy":{"queueUrl":"https://sqs.test/1/heavy","nodes":["a"]}}',
    },
    functions: ['Shop-FlowsWorker', 'Shop-FlowsSweep'],
  }
  function describeTable(...names: string[]): void {
    const { KeySchema } = stateTable.createInput('state')
    const Table = { TableStatus: 'ACTIVE' as const, KeySchema, GlobalSecondaryIndexes: indexes(...names) }
    dynamodb.on(DescribeTableCommand).resolves({ Table })
  }

  function healthy(): void {
    describeTable('due', 'runs')
    documents.on(QueryCommand).resolves({ Count: 0 })
    sqs.on(GetQueueAttributesCommand).resolves({
      Attributes: { ApproximateNumberOfMessages: '0', RedrivePolicy: '{}', QueueArn: 'arn' },
    })
    lambda.on(GetFunctionConfigurationCommand).resolves({ State: 'Active', Runtime: 'nodejs22.x' })
    lambda.on(GetFunctionConcurrencyCommand).resolves({})
    lambda.on(ListEventSourceMappingsCommand).resolves({
      EventSourceMappings: [
        { FunctionArn: 'arn:aws:lambda:r:1:function:worker:live', State: 'Enabled', UUID: 'u' },
      ],
    })
    cloudWatch.on(DescribeAlarmsCommand).resolves({
      MetricAlarms: [
        { AlarmName: 'Age', StateValue: 'OK', Dimensions: [{ Name: 'QueueName', Value: 'jobs' }] },
      ],
    })
    const point = { Timestamp: new Date(now - 60_000), Maximum: 12, Sum: 1 }
    cloudWatch.on(GetMetricStatisticsCommand).resolves({ Datapoints: [point] })
  }

  function hides(VisibilityTimeout: string): void {
    sqs.on(GetQueueAttributesCommand).resolves({
      Attributes: {
        ApproximateNumberOfMessages: '0',
        RedrivePolicy: '{}',
        QueueArn: 'a',
        VisibilityTimeout,
      },
    })
  }

  async function checks(): Promise<readonly Check[]> {
    return (await Promise.all(serviceProbes(service, now, true).map(looked))).flat()
  }
  const bad = async () => (await checks()).filter(({ state }) => state !== 'ok')

  it('all is well', async () => {
    const all = await checks()
    expect(all.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(all.map(({ name, message }) => `${name}: ${message}`)).toEqual(
      expect.arrayContaining([
        'queue: 0 jobs wait, 0 are worked on, 0 are delayed',
        'event source of pool heavy: worker:live takes jobs',
        'oldest job: waits 12 s',
        "sweep's last visit: 2026-11-27T08:59:00.000Z",
        'alarms: none of 1 is raised',
      ]),
    )
  })

  it.each<[string, () => unknown, Partial<Check>]>([
    [
      'a missing index',
      () => describeTable('due'),
      { state: 'fail', message: expect.stringContaining("'runs'") },
    ],
    [
      'late timers',
      () => documents.on(QueryCommand).resolvesOnce({ Count: 3 }).resolves({ Count: 0 }),
      { name: 'sweep', state: 'fail', message: '3 runs have been due for more than 10 minutes' },
    ],
    [
      'dead letters',
      () =>
        sqs
          .on(GetQueueAttributesCommand, { QueueUrl: 'https://sqs.test/1/dead' })
          .resolves({ Attributes: { ApproximateNumberOfMessages: '2' } }),
      { name: 'dead letters', state: 'warn', message: '2 messages that no worker could be done with' },
    ],
    [
      'a queue without dead letters',
      () =>
        sqs
          .on(GetQueueAttributesCommand, { QueueUrl: 'https://sqs.test/1/heavy', AttributeNames: ['All'] })
          .resolves({ Attributes: {} }),
      { name: 'queue of pool heavy', state: 'warn' },
    ],
    [
      'no concurrency',
      () =>
        lambda
          .on(GetFunctionConcurrencyCommand, { FunctionName: 'Shop-FlowsWorker' })
          .resolves({ ReservedConcurrentExecutions: 0 }),
      { name: 'Shop-FlowsWorker', state: 'fail', message: expect.stringContaining('never invoked') },
    ],
    [
      'a failed update',
      () =>
        lambda
          .on(GetFunctionConfigurationCommand, { FunctionName: 'Shop-FlowsSweep' })
          .resolves({ State: 'Active', LastUpdateStatus: 'Failed', LastUpdateStatusReason: 'no image' }),
      { name: 'Shop-FlowsSweep', state: 'fail', message: 'its last update failed: no image' },
    ],
    [
      'an alarm',
      () =>
        cloudWatch.on(DescribeAlarmsCommand).resolves({
          MetricAlarms: [
            {
              AlarmName: 'Errors',
              StateValue: 'ALARM',
              AlarmDescription: 'A worker crashed.',
              Dimensions: [{ Name: 'FunctionName', Value: 'Shop-FlowsWorker' }],
            },
            { AlarmName: 'Other', StateValue: 'ALARM', Dimensions: [{ Name: 'QueueName', Value: 'other' }] },
          ],
        }),
      { name: 'alarms', state: 'fail', message: 'Errors is raised', fix: 'A worker crashed.' },
    ],
  ])('%s is told', async (_, break_, found) => {
    break_()
    expect(await bad()).toEqual([expect.objectContaining(found)])
  })

  it('a mapping that is off, and a queue that nobody reads', async () => {
    const FunctionArn = 'arn:aws:lambda:r:1:function:worker'
    lambda
      .on(ListEventSourceMappingsCommand)
      .resolvesOnce({ EventSourceMappings: [{ FunctionArn, State: 'Disabled', UUID: 'u' }] })
      .resolves({ EventSourceMappings: [] })
    expect(await bad()).toEqual([
      expect.objectContaining({ state: 'fail', message: 'worker takes no jobs: its mapping is Disabled' }),
      expect.objectContaining({ state: 'warn', message: 'no function takes jobs from the queue' }),
    ])
  })

  it('a queue that hides messages for less than its function takes', async () => {
    const FunctionArn = 'arn:aws:lambda:r:1:function:worker'
    const MaximumBatchingWindowInSeconds = 20
    lambda.on(ListEventSourceMappingsCommand).resolves({
      EventSourceMappings: [{ FunctionArn, State: 'Enabled', UUID: 'u', MaximumBatchingWindowInSeconds }],
    })
    lambda.on(GetFunctionConfigurationCommand).resolves({ State: 'Active', Timeout: 60 })
    hides('89')
    expect((await bad()).map(({ state, message }) => `${state} ${message}`)).toEqual(
      Array(2).fill(
        'warn the queue hides messages for 89 s, but worker may take 80 s: each that comes back before uses up a receive',
      ),
    )
    hides('90')
    expect(await bad()).toEqual([])
    expect((await checks()).map(({ message }) => message)).toContain(
      'worker takes jobs; those of a dead worker come back 90 s after they were received',
    )
  })

  it('a sweep that has not come, and jobs that wait long', async () => {
    const Timestamp = new Date(now - 60_000)
    cloudWatch
      .on(GetMetricStatisticsCommand)
      .resolves({ Datapoints: [{ Timestamp, Sum: 0, Maximum: 3_600 }] })
    expect((await bad()).map(({ name, state }) => `${state} ${name}`)).toEqual([
      'warn oldest job',
      'warn oldest job of pool heavy',
      "fail sweep's last visit",
    ])
  })

  it('what one may not read keeps none of the others', async () => {
    const denied = Object.assign(new Error('not authorized to perform: cloudwatch:DescribeAlarms'), {
      name: 'AccessDenied',
    })
    cloudWatch.on(DescribeAlarmsCommand).rejects(denied)
    expect(await bad()).toEqual([
      {
        name: 'alarms',
        state: 'unknown',
        message: 'could not be read: not authorized to perform: cloudwatch:DescribeAlarms',
      },
    ])
  })
})
