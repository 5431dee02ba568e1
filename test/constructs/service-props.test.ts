import { Duration, Lazy } from 'aws-cdk-lib'
import { Table } from 'aws-cdk-lib/aws-dynamodb'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Function } from 'aws-cdk-lib/aws-lambda'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService, type FlowcraftServiceProps } from '../../lib/constructs/index.ts'
import { entry, problemsOf, synthesise, warningsOf } from './support.ts'

function problems(props: (stack: Parameters<Parameters<typeof problemsOf>[0]>[0]) => FlowcraftServiceProps) {
  return problemsOf((stack) => new FlowcraftService(stack, 'Flows', props(stack)))
}

describe('the props of a service', () => {
  it('are checked all at once, before anything is made', () => {
    expect(
      problems((stack) => ({
        entry: 'none.ts',
        serviceName: 'my shop',
        startRunHandler: 'flows.startRun',
        maxConcurrency: 2,
        provisionedPollers: {},
        timeout: Duration.minutes(5),
        visibilityTimeout: Duration.minutes(4),
        sweepInterval: Duration.minutes(20),
        runRetention: Duration.hours(12),
        leases: 'never' as 'always',
        prices: { sqs: { request: -1 } },
        pools: { heavy: { nodes: [] } },
        encryptionKey: new Key(stack, 'Key'),
        valueBucket: {
          existingBucket: Bucket.fromBucketName(stack, 'Bucket', 'bucket'),
          serverAccessLogsBucket: Bucket.fromBucketName(stack, 'Logs', 'logs'),
        },
        alarms: { maxJobAge: Duration.days(20) },
        webhook: { reservedConcurrency: 0 },
      })),
    ).toEqual([
      'entry must be a file, got none.ts, which is not there',
      'give either maxConcurrency or provisionedPollers, got both',
      "visibilityTimeout must be at least the function's timeout, 5 minutes, got 4 minutes",
      'pools.heavy.nodes must be a list of node ids; got []',
      'alarms.maxJobAge must be from 1 minute to 14 days in whole seconds, got 20 days',
      'webhook.reservedConcurrency must be a whole number from 1 to 1000000, got 0',
      'sweepInterval must be from 1 to 15 minutes in whole ones, got 20 minutes',
      'valueBucket: give either existingBucket or props of a new bucket, got existingBucket and serverAccessLogsBucket',
      "leases must be 'always' or 'redeliveries'; got 'never'",
      'runRetention must be whole days from 1 to 400, got 0.5',
      'prices.sqs.request must be US dollars, from 0; got -1',
      'encryptionKey needs a stack of a known region (env.region), as the CDK names a key by region',
      "serviceName must be 1 to 100 letters, digits, '.', '_' and '-', got 'my shop'",
      'startRunHandler must be the name of an export, got flows.startRun',
    ])
  })

  it('are checked for what describes new parts beside existing ones', () => {
    expect(
      problems((stack) => ({
        existingFunction: Function.fromFunctionName(stack, 'Mine', 'mine'),
        entry,
        startRunHandler: 'startRun',
        existingTable: Table.fromTableName(stack, 'Table', 'table'),
        pointInTimeRecovery: true,
        deletionProtection: true,
        existingQueue: Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-central-1:123456789012:queue'),
        maxReceiveCount: 5,
        pools: { heavy: { nodes: ['transcode'] } },
      })),
    ).toEqual([
      'give either existingFunction or props of a new function, got existingFunction and entry',
      'give either existingQueue or props of a new queue, got existingQueue and maxReceiveCount',
      'give either existingTable or props of a new table, got existingTable and pointInTimeRecovery, deletionProtection',
      'startRunHandler needs entry or code, got existingFunction',
      'pools share a dead-letter queue: give existingDeadLetterQueue beside existingQueue',
      'pools of functions need entry or code, got existingFunction and heavy',
    ])
  })

  it('are checked together where one has a default', () => {
    const visibilityTimeout = Duration.seconds(30)
    const pools = { heavy: { nodes: ['n'], visibilityTimeout, batchSize: 0 } }
    expect(problems(() => ({ entry, visibilityTimeout, batchSize: 0, pools }))).toEqual([
      'batchSize must be a whole number from 1 to 10, got 0',
      "visibilityTimeout must be at least the function's timeout, 1 minute, got 30 seconds",
      "pools.heavy: visibilityTimeout must be at least the function's timeout, 1 minute, got 30 seconds",
      'pools.heavy: batchSize must be a whole number from 1 to 10, got 0',
    ])
  })

  it('reserve no less concurrency than the queue takes', () => {
    const pools = { heavy: { nodes: ['n'], maxConcurrency: 9, reservedConcurrency: 8 } }
    const props = { entry, pools, maxConcurrency: 10, reservedConcurrency: 5 }
    const more = 'messages that Lambda throttles use up their receives'
    expect(problems(() => props)).toEqual([
      `reservedConcurrency must be at least maxConcurrency (10), got 5: ${more}`,
      `pools.heavy: reservedConcurrency must be at least maxConcurrency (9), got 8: ${more}`,
    ])
    expect(problems(() => ({ entry, reservedConcurrency: 0 }))).toEqual([
      'reservedConcurrency must be a whole number from 1 to 1000000, got 0',
    ])
    expect(warningsOf(synthesise({ entry, reservedConcurrency: 5, maxConcurrency: 5 }).stack)).toEqual([])
    expect(warningsOf(synthesise({ entry, reservedConcurrency: 5 }).stack)).toEqual([
      expect.stringContaining('reservedConcurrency should come with a maxConcurrency of at most 5'),
    ])
  })

  it('set no variables of ours, and no more than Lambda takes', () => {
    const ours =
      'environment must not have variables that the construct sets (FLOWCRAFT_..., POWERTOOLS_SERVICE_NAME), got'
    const image = ContainerImage.fromRegistry('example/worker')
    expect(
      problems((stack) => ({
        entry,
        environment: {
          FLOWCRAFT_TABLE_NAME: 'mine',
          POWERTOOLS_SERVICE_NAME: 'shop',
          TEXT: 'x'.repeat(4_000),
        },
        vpc: new Vpc(stack, 'Vpc'),
        pools: {
          heavy: { nodes: ['a'], environment: { FLOWCRAFT_POOL: 'b' } },
          long: { nodes: ['b'], image, environment: { FLOWCRAFT_X: 'y' } },
        },
      })),
    ).toEqual([
      `${ours} FLOWCRAFT_TABLE_NAME, POWERTOOLS_SERVICE_NAME`,
      "environment must have at most 3596 bytes of names and values, since Lambda takes 4 KB with the construct's own, got 4055",
      `pools.heavy: ${ours} FLOWCRAFT_POOL`,
      `pools.long: ${ours} FLOWCRAFT_X`,
    ])
    const pools = { heavy: { nodes: Array.from({ length: 100 }, (_, n) => `node-${n}`) } }
    expect(problems(() => ({ entry, pools, environment: { TEXT: 'x'.repeat(3_000) } }))).toEqual([
      expect.stringMatching(
        /^environment and pools must have at most 3596 bytes together, got 3004 and \d+$/,
      ),
    ])
  })

  it('are an error with no code at all', () => {
    expect(problems(() => ({}))).toEqual(['give either entry or code with handler, got neither'])
  })

  it('may be tokens, which nobody knows yet', () => {
    const memorySize = Lazy.number({ produce: () => 512 })
    const timeout = Duration.seconds(Lazy.number({ produce: () => 30 }))
    const visibilityTimeout = Duration.minutes(3)
    expect(() => synthesise({ entry, memorySize, timeout, visibilityTimeout })).not.toThrow()
    expect(problems(() => ({ entry, timeout }))).toEqual([
      'visibilityTimeout must be given where the timeout of the function is a token',
    ])
  })
})
