import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { PRICES } from '../../../lib/core/common/prices.ts'
import { environmentVariables, resolveConfig } from '../../../lib/core/config/config.ts'
import { type Pool, Pools } from '../../../lib/core/queue/pools.ts'

const env = {
  FLOWCRAFT_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/jobs',
  FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/jobs-dlq',
  FLOWCRAFT_TABLE_NAME: 'state',
  FLOWCRAFT_BUCKET_NAME: 'values',
  FLOWCRAFT_WEBHOOK_URL: 'https://hooks.test/',
  FLOWCRAFT_POOLS: '{"heavy":{"queueUrl":"https://sqs.test/1/heavy","nodes":["transcode"]}}',
  FLOWCRAFT_POOL: 'heavy',
  FLOWCRAFT_SERVICE_NAME: 'shop',
  FLOWCRAFT_EVENT_BUS_NAME: 'runs',
  FLOWCRAFT_RUN_EVENTS: 'ended,waiting',
  FLOWCRAFT_METRICS_NAMESPACE: 'Flowcraft',
  FLOWCRAFT_DEPLOY_GRACE_MS: '420000',
  FLOWCRAFT_TRACING: 'true',
  FLOWCRAFT_RUN_RETENTION_DAYS: '30',
  FLOWCRAFT_RUN_INDEX: 'false',
  FLOWCRAFT_HISTORY: 'full',
  FLOWCRAFT_LEASES: 'redeliveries',
  FLOWCRAFT_RUN_COSTS: 'false',
  FLOWCRAFT_PRICES: '{"dynamodb":{"writeUnit":0.0000007}}',
  AWS_REGION: 'eu-central-1',
}
const clients = {
  sqsClient: new SQSClient({ region: 'eu-central-1' }),
  dynamoDbClient: new DynamoDBClient({ region: 'eu-central-1' }),
}

describe('the configuration', () => {
  it('comes from the environment that the constructs set', () => {
    expect(resolveConfig(clients, env)).toEqual({
      ...clients,
      queueUrl: env.FLOWCRAFT_QUEUE_URL,
      deadLetterQueueUrl: env.FLOWCRAFT_DEAD_LETTER_QUEUE_URL,
      tableName: 'state',
      serviceName: 'shop',
      bucketName: 'values',
      webhookUrl: 'https://hooks.test/',
      pools: new Pools(
        env.FLOWCRAFT_QUEUE_URL,
        JSON.parse(env.FLOWCRAFT_POOLS) as Record<string, Pool>,
        'heavy',
      ),
      eventBusName: 'runs',
      runEvents: new Set(['ended', 'waiting']),
      metricsNamespace: 'Flowcraft',
      deployGraceMs: 420_000,
      tracing: true,
      runRetentionDays: 30,
      runIndex: false,
      history: 'full',
      leases: 'redeliveries',
      runCosts: false,
      prices: { ...PRICES, dynamodb: { ...PRICES.dynamodb, writeUnit: 0.0000007 } },
      s3Client: undefined,
      eventBridgeClient: undefined,
    })
    const { startRunFunctionName, ...ofWorkers } = environmentVariables
    expect(startRunFunctionName).toBe('FLOWCRAFT_START_RUN_FUNCTION_NAME')
    expect(Object.values(ofWorkers).toSorted()).toEqual(
      Object.keys(env)
        .filter((name) => name.startsWith('FLOWCRAFT_'))
        .toSorted(),
    )
  })

  it('writes no history unless it is told to', () => {
    const { FLOWCRAFT_HISTORY: _, ...rest } = env
    expect(resolveConfig(clients, rest).history).toBe('none')
    expect(resolveConfig({ ...clients, history: 'timings' }, env).history).toBe('timings')
    const wrong = { ...clients, history: 'all' as 'full' }
    expect(() => resolveConfig(wrong, env)).toThrow("history must be 'none', 'timings' or 'full'; got 'all'")
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_HISTORY: 'yes' })).toThrow("got 'yes'")
  })

  it('leases each message unless it is told otherwise', () => {
    const { FLOWCRAFT_LEASES: _, ...rest } = env
    expect(resolveConfig(clients, rest).leases).toBe('always')
    expect(resolveConfig({ ...clients, leases: 'always' }, env).leases).toBe('always')
    const wrong = { ...clients, leases: 'never' as 'always' }
    expect(() => resolveConfig(wrong, env)).toThrow("leases must be 'always' or 'redeliveries'; got 'never'")
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_LEASES: 'no' })).toThrow("got 'no'")
  })

  it('has the index of runs unless it is told otherwise', () => {
    const { FLOWCRAFT_RUN_INDEX: _, ...rest } = env
    expect(resolveConfig(clients, rest).runIndex).toBe(true)
    expect(resolveConfig({ ...clients, runIndex: false }, rest).runIndex).toBe(false)
    expect(resolveConfig({ ...clients, runIndex: true }, env).runIndex).toBe(true)
  })

  it('publishes ends of runs unless it is told otherwise, and what it is told on a bus', () => {
    const { FLOWCRAFT_RUN_EVENTS: _, ...rest } = env
    expect(resolveConfig(clients, rest).runEvents).toEqual(new Set(['ended']))
    const runEvents = ['started', 'redriven'] as const
    expect(resolveConfig({ ...clients, runEvents }, env).runEvents).toEqual(new Set(runEvents))
    const { FLOWCRAFT_EVENT_BUS_NAME: _bus, ...without } = env
    expect(() => resolveConfig({ ...clients, runEvents }, without)).toThrow(
      'runEvents needs eventBusName: give it as an option or set FLOWCRAFT_EVENT_BUS_NAME',
    )
  })

  it.each([
    ['ended,waitng', '["ended","waitng"]'],
    ['ended,', '["ended",""]'],
  ])('refuses events that it does not know: %j', (FLOWCRAFT_RUN_EVENTS, got) => {
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_RUN_EVENTS })).toThrow(
      `runEvents must be a list of some of 'ended', 'started', 'waiting', 'redriven'; got ${got}`,
    )
  })

  it('refuses to publish nothing, which is what no bus is for', () => {
    expect(() => resolveConfig({ ...clients, runEvents: [] }, env)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    )
  })

  it('comes from the options first', () => {
    const options = {
      ...clients,
      queueUrl: 'http://localhost:1/q',
      deadLetterQueueUrl: 'http://localhost:1/d',
      tableName: 't',
      serviceName: 's',
      bucketName: 'b',
      webhookUrl: 'http://localhost:2/',
      pools: { gpu: { queueUrl: 'http://localhost:1/gpu', nodes: ['faces'] } },
      pool: 'gpu',
      eventBusName: 'b',
      metricsNamespace: 'n',
    }
    const { pools, pool, ...rest } = options

    const config = resolveConfig(options, env)

    expect(config).toMatchObject(rest)
    expect(config.pools).toEqual(new Pools(options.queueUrl, pools, pool))
    expect(config.pools.ownQueueUrl).toBe('http://localhost:1/gpu')
  })

  it('needs a queue and a table, and names both with their variables', () => {
    const none = {}
    const resolve = () => resolveConfig(clients, none)

    expect(resolve).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' }))
    expect(resolve).toThrow(
      [
        'cannot reach the run state:',
        '- queueUrl is missing: give it as an option or set FLOWCRAFT_QUEUE_URL',
        '- tableName is missing: give it as an option or set FLOWCRAFT_TABLE_NAME',
      ].join('\n'),
    )
  })

  it('takes an empty variable for a missing one', () => {
    const empty = { FLOWCRAFT_QUEUE_URL: '', FLOWCRAFT_TABLE_NAME: 'state', FLOWCRAFT_BUCKET_NAME: '' }

    expect(() => resolveConfig(clients, empty)).toThrow(
      'cannot reach the run state: queueUrl is missing: give it as an option or set FLOWCRAFT_QUEUE_URL',
    )
    const { bucketName, deadLetterQueueUrl } = resolveConfig(clients, {
      ...env,
      FLOWCRAFT_BUCKET_NAME: '',
      FLOWCRAFT_DEAD_LETTER_QUEUE_URL: '',
    })
    expect([bucketName, deadLetterQueueUrl]).toEqual([undefined, undefined])
  })

  it('wants milliseconds for the grace of a deploy', () => {
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_DEPLOY_GRACE_MS: '7m' })).toThrow(
      "cannot reach the run state: FLOWCRAFT_DEPLOY_GRACE_MS must be milliseconds, a whole number; got '7m'",
    )
  })

  it.each(['0', '401', '1.5', 'a month'])('keeps runs for whole days, not for %s', (days) => {
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_RUN_RETENTION_DAYS: days })).toThrow(
      /^cannot reach the run state: runRetentionDays must be whole days from 1 to 400, got /,
    )
    expect(resolveConfig({ ...clients, runRetentionDays: 7 }, env).runRetentionDays).toBe(7)
  })

  it("wants the queue's URL, not its name", () => {
    expect(() => resolveConfig({ ...clients, queueUrl: 'jobs', tableName: 'state' }, {})).toThrow(
      "cannot reach the run state: queueUrl must be a URL; got 'jobs'",
    )
  })

  for (const variable of ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL']) {
    it(`sends jobs where ${variable} says, whatever host the queue's URL names`, async () => {
      const { sqsClient } = resolveConfig(
        { dynamoDbClient: clients.dynamoDbClient },
        { ...env, [variable]: 'http://127.0.0.1:4566' },
      )

      expect(sqsClient.config.useQueueUrlAsEndpoint).toBe(false)
      expect(await sqsClient.config.endpoint?.()).toMatchObject({ hostname: '127.0.0.1', port: 4566 })
    })
  }

  it('leaves the endpoint to the SDK otherwise', () => {
    const { sqsClient } = resolveConfig({ dynamoDbClient: clients.dynamoDbClient }, env)

    expect(sqsClient.config.useQueueUrlAsEndpoint).toBe(true)
  })
})

describe('the pools of the environment', () => {
  it.each([
    ['{', /pools must be an object of pools by name; got '\{'/],
    ['{"a":{"nodes":["x"]}}', /pools\.a\.queueUrl must be a URL; got undefined/],
  ])('are refused where they are %s', (text, message) => {
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_POOLS: text, FLOWCRAFT_POOL: '' })).toThrow(
      message,
    )
  })

  it('must have the one that the worker serves', () => {
    expect(() => resolveConfig(clients, { ...env, FLOWCRAFT_POOL: 'gpu' })).toThrow(
      "pool must be one of 'heavy'; got 'gpu'",
    )
  })
})

describe('the clients that are made here', () => {
  it('give up a request that nobody answers, later than a long poll takes', async () => {
    const { sqsClient, dynamoDbClient } = resolveConfig({}, env)
    const timeouts = await Promise.all(
      [dynamoDbClient, sqsClient].map(async ({ config }) => {
        const handler = config.requestHandler as unknown as {
          configProvider: Promise<{ requestTimeout: number }>
        }
        return (await handler.configProvider).requestTimeout
      }),
    )
    expect(timeouts).toEqual([10_000, 30_000])
  })
})
