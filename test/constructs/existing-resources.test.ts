import { Duration, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import {
  AttributeType,
  type GlobalSecondaryIndexProps,
  ProjectionType,
  Table,
  type TableProps,
  type TablePropsV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb'
import { Code, Function, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda'
import { Bucket, type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3'
import { Queue, type QueueProps, RedrivePermission } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import {
  FlowcraftService,
  type FlowcraftServiceProps,
  JobQueue,
  StateTable,
} from '../../lib/constructs/index.ts'
import { stateTable } from '../../lib/core/store/schema.ts'
import { entry, newStack, problemsOf, readable, resourceOf, synthesise, warningsOf } from './support.ts'

const PK = { name: 'pk', type: AttributeType.STRING }
const SK = { name: 'sk', type: AttributeType.STRING }
const DUE = {
  indexName: stateTable.dueIndex.name,
  partitionKey: { name: 'y', type: AttributeType.STRING },
  sortKey: { name: 'u', type: AttributeType.NUMBER },
  projectionType: ProjectionType.KEYS_ONLY,
}
const RUNS = {
  indexName: 'runs',
  partitionKey: { name: 'k', type: AttributeType.STRING },
  sortKey: { name: 't', type: AttributeType.NUMBER },
  projectionType: ProjectionType.INCLUDE,
  nonKeyAttributes: [...stateTable.runIndex.projected],
}
const RIGHT = { partitionKey: PK, sortKey: SK, timeToLiveAttribute: 'expiresAt' }

/** What the synthesis says of a stack. */
function synthProblems(make: (stack: Stack) => void): string[] {
  const stack = newStack()
  make(stack)
  try {
    Template.fromStack(stack)
  } catch (error) {
    return [...(error as Error).message.matchAll(/\[Stack\/[\w/]+\] (.*)/g)].map(([, text]) => String(text))
  }
  return []
}

function tableProblems(
  props: TableProps,
  index?: GlobalSecondaryIndexProps,
  runs: GlobalSecondaryIndexProps | undefined = RUNS,
  runIndex?: boolean,
): string[] {
  return synthProblems((stack) => {
    const table = new Table(stack, 'Table', props)
    new StateTable(stack, 'State', { existingTable: table, runIndex })
    // After the service: only the synthesis knows all.
    for (const one of [index, runs]) if (one) table.addGlobalSecondaryIndex(one)
  })
}

function globalTableProblems(more: Partial<TablePropsV2>): string[] {
  return synthProblems((stack) => {
    const existingTable = new TableV2(stack, 'Table', { ...RIGHT, ...more })
    new StateTable(stack, 'State', { existingTable })
  })
}

function index(got: string): string {
  return `existingTable must have a global secondary index 'due' with partition key y (S) and sort key u (N), got ${got}`
}

function runs(got: string): string {
  return `existingTable must have a global secondary index 'runs' with partition key k (S) and sort key t (N) that projects ${stateTable.runIndex.projected.join(', ')}, or give runIndex: false, got ${got}`
}

function key(got: string): string {
  return `existingTable must have partition key pk (S) and sort key sk (S), got ${got}`
}

/** Of a table that an earlier version of this package made. */
function warningsWithout(runIndex?: boolean): string[] {
  const stack = newStack()
  const existingTable = new Table(stack, 'Table', RIGHT)
  existingTable.addGlobalSecondaryIndex(DUE)
  new StateTable(stack, 'State', { existingTable, runIndex })
  Template.fromStack(stack)
  return warningsOf(stack)
}

describe('an existing table', () => {
  it.each<[string, string[], TableProps, GlobalSecondaryIndexProps | undefined]>([
    ['that fits', [], RIGHT, DUE],
    ['whose index projects all', [], RIGHT, { ...DUE, projectionType: ProjectionType.ALL }],
    [
      'of another key, without index and time to live',
      [
        key('partition key id (N)'),
        index('none'),
        'existingTable must have time to live on expiresAt, got none',
      ],
      { partitionKey: { name: 'id', type: AttributeType.NUMBER } },
      undefined,
    ],
    [
      'without a sort key',
      [key('partition key pk (S)')],
      { ...RIGHT, sortKey: undefined } as TableProps,
      DUE,
    ],
    [
      'whose index has another sort key',
      [index("a global secondary index 'due' with partition key y (S) and sort key u (S)")],
      RIGHT,
      { ...DUE, sortKey: { name: 'u', type: AttributeType.STRING } },
    ],
    ['whose index has another name', [index('none')], RIGHT, { ...DUE, indexName: 'dues' }],
    [
      'whose items expire by another attribute',
      ['existingTable must have time to live on expiresAt, got ttl'],
      { ...RIGHT, timeToLiveAttribute: 'ttl' },
      DUE,
    ],
  ])('%s', (_, problems, props, withIndex) => {
    expect(tableProblems(props, withIndex)).toEqual(problems)
  })

  it('has the index of runs, with what a list shows, unless runs are not listed', () => {
    const keys = "a global secondary index 'runs' with partition key k (S) and sort key t (N)"
    const named = { ...RUNS, indexName: 'lists' }
    expect(tableProblems(RIGHT, DUE, named)).toEqual([])
    expect(tableProblems(RIGHT, DUE, named, false)).toEqual([])
    expect(tableProblems(RIGHT, DUE, { ...RUNS, nonKeyAttributes: ['b', 's'] })).toEqual([
      runs(`${keys} that projects b, s`),
    ])
    const keysOnly = { ...RUNS, projectionType: ProjectionType.KEYS_ONLY, nonKeyAttributes: undefined }
    expect(tableProblems(RIGHT, DUE, keysOnly)).toEqual([runs(`${keys} that projects keys only`)])
    const all = { ...keysOnly, projectionType: ProjectionType.ALL }
    expect(tableProblems(RIGHT, DUE, all)).toEqual([])
    expect(tableProblems(RIGHT, DUE, { ...RUNS, nonKeyAttributes: [...RUNS.nonKeyAttributes, 'x'] })).toEqual(
      [],
    )
    const other = { ...all, sortKey: { name: 'at', type: AttributeType.NUMBER } }
    expect(tableProblems(RIGHT, DUE, other)).toEqual([
      runs(`${keys.replace('key t', 'key at')} that projects ${stateTable.runIndex.projected.join(', ')}`),
    ])
  })

  it('may be a global one', () => {
    expect(globalTableProblems({ globalSecondaryIndexes: [DUE, RUNS] })).toEqual([])
    expect(globalTableProblems({})).toEqual([index('none')])
  })

  it('of an earlier version goes on, and a warning says that it has no list', () => {
    expect(warningsWithout()).toEqual([
      expect.stringMatching(
        /^existingTable should have a global secondary index 'runs'.*or give runIndex: false, got none: runs cannot be listed \(RUN_INDEX_MISSING\)/,
      ),
    ])
    expect(warningsWithout(false)).toEqual([])
  })

  it('that is imported is not judged, and a warning says what to check', () => {
    const stack = newStack()
    new Queue(stack, 'Something')
    new StateTable(stack, 'State', { existingTable: Table.fromTableName(stack, 'Table', 'flows') })
    expect(warningsOf(stack)).toEqual([
      expect.stringMatching(
        /^existingTable is imported.*partition key pk \(S\).*'due'.*'runs'.*or give runIndex: false.*expiresAt/,
      ),
    ])
  })
})

function bucketProblems(...lifecycleRules: LifecycleRule[]): string[] {
  return synthProblems((stack) => {
    const existingBucket = new Bucket(stack, 'Bucket', { lifecycleRules })
    new FlowcraftService(stack, 'Flows', { entry, valueBucket: { existingBucket } })
  })
}

function transitions(storageClass: StorageClass): LifecycleRule['transitions'] {
  return [{ storageClass, transitionAfter: Duration.days(90) }]
}

describe('an existing bucket', () => {
  it.each<[string, string[], LifecycleRule[]]>([
    ['without rules', [], []],
    ['whose rules are for other objects', [], [{ prefix: 'logs/', expiration: Duration.days(1) }]],
    ['whose rules are for tagged objects', [], [{ tagFilters: { a: 'b' }, expiration: Duration.days(1) }]],
    ['whose rule is off', [], [{ enabled: false, expiration: Duration.days(1) }]],
    ['that keeps them long', [], [{ expiration: Duration.days(400) }]],
    ['that makes them cheaper', [], [{ transitions: transitions(StorageClass.INFREQUENT_ACCESS) }]],
    [
      'that expires them soon',
      ['existingBucket must keep objects under runs/ for 400 days, got 30 days (lifecycle rule all)'],
      [{ id: 'all', expiration: Duration.days(30) }],
    ],
    [
      'that expires and archives them',
      [
        'existingBucket must keep objects under runs/ for 400 days, got 90 days (lifecycle rule runs)',
        'existingBucket must keep objects under runs/ readable, got a transition to GLACIER (lifecycle rule old)',
      ],
      [
        { id: 'runs', prefix: 'runs/', expiration: Duration.days(90) },
        { id: 'old', prefix: 'ru', transitions: transitions(StorageClass.GLACIER) },
      ],
    ],
  ])('%s', (_, expected, rules) => {
    expect(bucketProblems(...rules)).toEqual(expected)
  })

  it('that is imported comes with a warning', () => {
    const { stack } = synthesise((scope) => ({
      entry,
      valueBucket: { existingBucket: Bucket.fromBucketName(scope, 'Bucket', 'values') },
    }))
    expect(warningsOf(stack)).toEqual([
      expect.stringMatching(/^existingBucket is imported.*under runs\/ before 400 days/),
    ])
  })
})

/** A service of a queue that is made in the same app. */
function withQueue(queueProps: QueueProps, more: Partial<FlowcraftServiceProps> = {}) {
  return (stack: Stack) => {
    const deadLetterQueue = { queue: new Queue(stack, 'Dead'), maxReceiveCount: 20 }
    const existingQueue = new Queue(stack, 'Jobs', { deadLetterQueue, ...queueProps })
    return new FlowcraftService(stack, 'Flows', { entry, existingQueue, ...more })
  }
}

describe('an existing queue', () => {
  const sixMinutes = { visibilityTimeout: Duration.minutes(6) }

  it('that AWS would refuse beside the timeout is refused, with all else that is wrong', () => {
    expect(problemsOf(withQueue({ deadLetterQueue: undefined }, { batchSize: 0 }))).toEqual([
      'batchSize must be a whole number from 1 to 10, got 0',
      'existingQueue must have a dead-letter queue (deadLetterQueue), got none',
      "visibilityTimeout must be at least the function's timeout, 1 minute, got 30 seconds",
    ])
    expect(problemsOf(withQueue(sixMinutes))).toEqual([])
  })

  it('is judged by each part that takes one', () => {
    expect(
      problemsOf((stack) => new JobQueue(stack, 'Part', { existingQueue: new Queue(stack, 'Q') })),
    ).toEqual(['existingQueue must have a dead-letter queue (deadLetterQueue), got none'])
  })

  it('whose messages come back early, or that gives up early, comes with warnings', () => {
    const stack = newStack()
    const queue = new Queue(stack, 'Dead', { retentionPeriod: Duration.days(14) })
    const deadLetterQueue = { queue, maxReceiveCount: 3 }
    const existingQueue = new Queue(stack, 'Jobs', {
      deadLetterQueue,
      visibilityTimeout: Duration.minutes(2),
    })
    new FlowcraftService(stack, 'Flows', { entry, existingQueue, maxBatchingWindow: Duration.minutes(1) })
    expect(warningsOf(stack)).toEqual([
      expect.stringContaining('maxReceiveCount of existingQueue should be at least 5, got 3'),
      expect.stringContaining('visibilityTimeout should be at least 2 minutes 10 seconds'),
    ])
  })

  it("brings its dead-letter queue along, also for pools' workers", () => {
    const { template } = synthesise((stack) => {
      const queue = new Queue(stack, 'Dead')
      const deadLetterQueue = { queue, maxReceiveCount: 20 }
      const existingQueue = new Queue(stack, 'Own', { deadLetterQueue, ...sixMinutes })
      return { entry, existingQueue, pools: { heavy: { nodes: ['transcode'] } } }
    })
    const { Variables } = resourceOf(template, 'AWS::Lambda::Function', 'FlowsSweep')['Environment'] as {
      Variables: Record<string, unknown>
    }
    expect(readable(Variables['FLOWCRAFT_DEAD_LETTER_QUEUE_URL'])).toBe('<Dead>')
  })

  it('has no other dead-letter queue than its own', () => {
    const problems = problemsOf((stack) =>
      withQueue(sixMinutes, { existingDeadLetterQueue: new Queue(stack, 'Other') })(stack),
    )
    expect(problems).toEqual(["existingDeadLetterQueue must be the existingQueue's own, got another queue"])
  })

  it('that is imported comes with a warning', () => {
    const { stack } = synthesise((scope) => ({
      entry,
      existingQueue: Queue.fromQueueArn(scope, 'Jobs', 'arn:aws:sqs:eu-central-1:111122223333:jobs'),
    }))
    expect(warningsOf(stack)).toEqual([
      expect.stringMatching(
        /^existingQueue is imported.*visibility timeout.*which you give as existingDeadLetterQueue/,
      ),
    ])
  })
})

describe('an existing function', () => {
  it('that has less concurrency than the queue may ask of it is refused', () => {
    const problems = problemsOf((stack) => {
      const existingFunction = new Function(stack, 'Function', {
        code: Code.fromInline('//'),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
        recursiveLoop: RecursiveLoop.ALLOW,
        timeout: Duration.seconds(60),
        reservedConcurrentExecutions: 5,
      })
      return new FlowcraftService(stack, 'Flows', { existingFunction, maxConcurrency: 10 })
    })
    expect(problems).toEqual([
      'reservedConcurrency must be at least maxConcurrency (10), got 5: messages that Lambda throttles use up their receives',
    ])
  })
})

describe('an existing dead-letter queue', () => {
  it('that allows no source is refused', () => {
    const problems = problemsOf((stack) => {
      const redriveAllowPolicy = { redrivePermission: RedrivePermission.DENY_ALL }
      const existingDeadLetterQueue = new Queue(stack, 'Dead', { redriveAllowPolicy })
      return new FlowcraftService(stack, 'Flows', { entry, existingDeadLetterQueue })
    })
    expect(problems).toEqual([
      'existingDeadLetterQueue must allow source queues, got redriveAllowPolicy denyAll',
    ])
  })

  it('that forgets sooner than the queue comes with a warning', () => {
    const { stack } = synthesise((scope) => ({ entry, existingDeadLetterQueue: new Queue(scope, 'Dead') }))
    expect(warningsOf(stack)).toEqual([expect.stringMatching(/as long as the queue \(14 days\), got 4/)])
  })
})
