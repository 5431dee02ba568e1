import { Duration } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, it } from 'vitest'
import { JobQueue, type JobQueueProps } from '../../lib/constructs/index.ts'
import { newStack, permissionsOf, problemsOf, readable, resourceOf } from './support.ts'

const QUEUE = 'AWS::SQS::Queue'

function synthesise(props?: JobQueueProps, grant: (jobs: JobQueue, role: Role) => void = () => {}) {
  const stack = newStack()
  const jobs = new JobQueue(stack, 'Jobs', props)
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  grant(jobs, role)
  return { jobs, template: Template.fromStack(stack) }
}

type GrantOf = (jobs: JobQueue, role: Role) => void

function granted(grant: GrantOf): string[] {
  return permissionsOf(synthesise({}, grant).template)
}

function grantedKeys(grant: GrantOf): string[] {
  const stack = newStack()
  const jobs = new JobQueue(stack, 'Jobs', { encryptionKey: new Key(stack, 'Key') })
  grant(jobs, new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }))
  return permissionsOf(Template.fromStack(stack)).filter((line) => line.includes('kms:'))
}

/** Problems of this many seconds behind a function of two minutes. */
function visibilityOf(seconds: number): string[] {
  const timeouts = { functionTimeout: Duration.minutes(2), visibilityTimeout: Duration.seconds(seconds) }
  return problemsOf((stack) => new JobQueue(stack, 'Jobs', timeouts))
}

/** Who may use the dead-letter queue that two queues share. */
function allowed(one: JobQueueProps, two: JobQueueProps) {
  const stack = newStack()
  const { deadLetterQueue } = new JobQueue(stack, 'One', one)
  new JobQueue(stack, 'Two', { existingDeadLetterQueue: deadLetterQueue, ...two })
  return resourceOf(Template.fromStack(stack), QUEUE, 'OneDeadLetters')['RedriveAllowPolicy'] as
    | { redrivePermission: string; sourceQueueArns: unknown[] }
    | undefined
}

describe('JobQueue', () => {
  it('keeps jobs for 14 days, hides them for a minute and ten seconds, and gives them up after 100 receives', () => {
    const { template } = synthesise()
    expect(resourceOf(template, QUEUE, 'Jobs')).toMatchObject({
      MessageRetentionPeriod: 14 * 86_400,
      VisibilityTimeout: 70,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 100 },
    })
    expect(resourceOf(template, QUEUE, 'JobsDeadLetters')).toMatchObject({
      MessageRetentionPeriod: 14 * 86_400,
      SqsManagedSseEnabled: true,
    })
  })

  it('is reached by TLS only, as is its dead-letter queue', () => {
    const { template } = synthesise()
    template.resourcePropertiesCountIs(
      'AWS::SQS::QueuePolicy',
      {
        PolicyDocument: {
          Statement: [
            Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          ],
        },
      },
      2,
    )
  })

  it('keeps its logical ids, or a deployment would lose messages', () => {
    const ids = Object.keys(synthesise().template.findResources(QUEUE))
    expect(ids).toEqual(['JobsDeadLetters8D991969', 'Jobs41CEEC0B'])
  })

  it('takes every prop', () => {
    const { template } = synthesise({
      queueName: 'jobs',
      deadLetterQueueName: 'dead',
      functionTimeout: Duration.seconds(30),
      visibilityTimeout: Duration.seconds(200),
      maxReceiveCount: 7,
      retentionPeriod: Duration.days(4),
      deadLetterRetentionPeriod: Duration.days(9),
    })
    expect(resourceOf(template, QUEUE, 'Jobs')).toMatchObject({
      QueueName: 'jobs',
      VisibilityTimeout: 200,
      MessageRetentionPeriod: 4 * 86_400,
      RedrivePolicy: { maxReceiveCount: 7 },
    })
    expect(resourceOf(template, QUEUE, 'JobsDeadLetters')).toMatchObject({
      QueueName: 'dead',
      MessageRetentionPeriod: 9 * 86_400,
    })
  })

  it("computes the visibility timeout from the function's and its batching window", () => {
    const maxBatchingWindow = Duration.seconds(30)
    const windowed = synthesise({ functionTimeout: Duration.minutes(5), maxBatchingWindow }).template
    expect(resourceOf(windowed, QUEUE, 'Jobs')).toMatchObject({ VisibilityTimeout: 340 })
    const { template } = synthesise({ functionTimeout: Duration.minutes(5) })
    expect(resourceOf(template, QUEUE, 'Jobs')).toMatchObject({ VisibilityTimeout: 310 })
  })

  it('shares a dead-letter queue', () => {
    const stack = newStack()
    const { deadLetterQueue } = new JobQueue(stack, 'One')
    new JobQueue(stack, 'Two', { existingDeadLetterQueue: deadLetterQueue })
    const two = resourceOf(Template.fromStack(stack), QUEUE, 'Two')
    const { deadLetterTargetArn } = two['RedrivePolicy'] as { deadLetterTargetArn: unknown }
    expect(readable(deadLetterTargetArn)).toBe('<OneDeadLetters.Arn>')
  })

  it('takes an existing queue, whose dead-letter queue is unknown where it is imported', () => {
    const stack = newStack()
    const existingQueue = Queue.fromQueueArn(stack, 'Mine', 'arn:aws:sqs:eu-central-1:111122223333:jobs')
    const existingDeadLetterQueue = new Queue(stack, 'Dead')
    const alone = new JobQueue(stack, 'Alone', { existingQueue })
    expect([alone.queue, alone.deadLetterQueue, alone.metricDeadLetters()]).toEqual([
      existingQueue,
      undefined,
      undefined,
    ])
    const both = new JobQueue(stack, 'Both', { existingQueue, existingDeadLetterQueue })
    expect(both.deadLetterQueue).toBe(existingDeadLetterQueue)
  })

  it('lets no other queue use its dead-letter queue, where those that do have names', () => {
    const both = allowed({ queueName: 'one' }, { queueName: 'two' })
    expect(both?.redrivePermission).toBe('byQueue')
    expect(both?.sourceQueueArns.map(readable)).toEqual([
      expect.stringMatching(/^arn:<AWS::Partition>:sqs:.*:one$/),
      expect.stringMatching(/:two$/),
    ])
    expect(allowed({ queueName: 'one' }, {})).toBeUndefined()
    expect(allowed({}, { queueName: 'two' })).toBeUndefined()
  })

  it('grants exactly what each does', () => {
    expect(granted((jobs, role) => jobs.grantSend(role))).toEqual(['Role: sqs:SendMessage on <Jobs.Arn>'])
    expect(granted((jobs, role) => jobs.grantReceive(role))).toEqual([
      'Role: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage on <Jobs.Arn>',
    ])
    expect(granted((jobs, role) => jobs.grantFeed(role))).toEqual([
      'Role: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage on <Jobs.Arn>',
    ])
    expect(granted((jobs, role) => jobs.grantReject(role))).toEqual([
      'Role: sqs:SendMessage on <JobsDeadLetters.Arn>',
    ])
    expect(granted((jobs, role) => jobs.grantRedrive(role))).toEqual([
      'Role: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage sqs:SendMessage on <JobsDeadLetters.Arn>',
    ])
  })

  it("grants the customer's key besides, to senders and receivers as each needs it", () => {
    expect(grantedKeys((jobs, role) => jobs.grantSend(role))).toEqual([
      'Role: kms:Decrypt kms:GenerateDataKey on <Key.Arn>',
    ])
    expect(grantedKeys((jobs, role) => jobs.grantReceive(role))).toEqual(['Role: kms:Decrypt on <Key.Arn>'])
    expect(grantedKeys((jobs, role) => jobs.grantReject(role))).toEqual([
      'Role: kms:Decrypt kms:GenerateDataKey on <Key.Arn>',
    ])
  })

  it('has metrics of depth, work, age and cost', () => {
    const { jobs } = synthesise()
    const names = [jobs.metricDepth(), jobs.metricInFlight(), jobs.metricAge(), jobs.metricSent()]
    expect(names.map(({ metricName }) => metricName)).toEqual([
      'ApproximateNumberOfMessagesVisible',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateAgeOfOldestMessage',
      'NumberOfMessagesSent',
    ])
  })

  it('lists all impossible combinations at once', () => {
    const problems = problemsOf((stack) => {
      const existingQueue = Queue.fromQueueArn(
        stack,
        'Mine',
        'arn:aws:sqs:eu-central-1:123456789012:mine.fifo',
      )
      return new JobQueue(stack, 'Jobs', {
        existingQueue,
        existingDeadLetterQueue: existingQueue,
        deadLetterQueueName: 'dead',
        visibilityTimeout: Duration.hours(13),
        functionTimeout: Duration.seconds(10),
        maxReceiveCount: 0,
        retentionPeriod: Duration.days(15),
        deadLetterRetentionPeriod: Duration.seconds(1),
      })
    })
    expect(problems).toEqual([
      'give either existingQueue or props of a new queue, got existingQueue and deadLetterQueueName, visibilityTimeout, functionTimeout, maxReceiveCount, retentionPeriod, deadLetterRetentionPeriod',
      'give either existingDeadLetterQueue or props of a new dead-letter queue, got existingDeadLetterQueue and deadLetterQueueName, deadLetterRetentionPeriod',
      'existingQueue must be a standard queue: jobs are delayed one by one, which FIFO queues cannot',
      'existingDeadLetterQueue must be a standard queue, as that of a standard queue must, got a FIFO one',
      'visibilityTimeout must be from 1 second to 12 hours in whole seconds, got 13 hours',
      'retentionPeriod must be from 1 minute to 14 days in whole seconds, got 15 days',
      'deadLetterRetentionPeriod must be from 1 minute to 14 days in whole seconds, got 1 second',
      'maxReceiveCount must be a whole number from 1 to 1000, got 0',
    ])
  })

  it('refuses a visibility timeout below the timeout of the function', () => {
    expect(visibilityOf(119)).toEqual([
      "visibilityTimeout must be at least the function's timeout, 2 minutes, got 1 minute 59 seconds",
    ])
    expect(visibilityOf(120)).toEqual([])
  })
})
