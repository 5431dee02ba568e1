/** The job queue of a pool of workers, with its dead-letter queue. */
import { Duration, Lazy, Tags } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { type CfnQueue, type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { leastVisibilitySeconds } from '../core/common/sqs-limits.ts'
import {
  deadLetterQueueOf,
  existingQueueProblems,
  visibilityOf,
  warnOfExistingQueue,
} from './existing-queue.ts'
import { grantKey, keyActions } from './keys.ts'
import { durationProblems, existingOrNew, givenOf, numberProblems, throwProblems } from './problems.ts'

/** Props of `JobQueue`. */
export interface JobQueueProps {
  /**
   * An existing standard queue to use; excludes all other props but `existingDeadLetterQueue`. It must have a
   * dead-letter queue.
   * @default - a new queue
   */
  readonly existingQueue?: IQueue
  /**
   * An existing dead-letter queue to use; several job queues may share one.
   * @default - a new queue; beside an existingQueue that is made in this app, its own
   */
  readonly existingDeadLetterQueue?: IQueue
  /**
   * Name of the queue. Where all queues that share a dead-letter queue of ours have names, no other queue can move messages
   * to it (`redriveAllowPolicy`).
   * @default - a name made by CloudFormation
   */
  readonly queueName?: string
  /** Name of the dead-letter queue. @default - a name made by CloudFormation */
  readonly deadLetterQueueName?: string
  /** Timeout of the function that processes the queue. @default Duration.seconds(60) */
  readonly functionTimeout?: Duration
  /** The batching window of the mapping that feeds the function: messages are hidden while they wait in it. @default - none */
  readonly maxBatchingWindow?: Duration
  /**
   * How long a message is invisible while it is processed; afterwards it is delivered again. At most 12 hours. A dead
   * worker's node runs again after that.
   * @default - the function's timeout, its batching window, and 10 seconds
   */
  readonly visibilityTimeout?: Duration
  /**
   * Receives after which a message moves to the dead-letter queue, from 1 to 1,000. Receives are not attempts: a message
   * is also delivered again because another worker processes its run, or because the function was throttled.
   * @default 100: with a function of a minute that is throttled all the time, two hours
   */
  readonly maxReceiveCount?: number
  /**
   * How long a message is kept, from 60 seconds to 14 days. A job that expires is a run that stands still, so longer
   * is never worse: SQS counts the days in the dead-letter queue from the first sending, but a message that fails gets
   * there within hours.
   * @default Duration.days(14)
   */
  readonly retentionPeriod?: Duration
  /** How long a message is kept in the dead-letter queue, counted from its first sending. @default Duration.days(14) */
  readonly deadLetterRetentionPeriod?: Duration
  /** KMS key that encrypts both queues. @default - keys that SQS owns, at no cost (SSE-SQS) */
  readonly encryptionKey?: IKey
}

/**
 * AWS says six times the function's timeout, so that Lambda has time to try a throttled invocation again before a message
 * is visible, and thereby uses up one of its receives. What comes too early does no harm here: whoever finds a live lease
 * puts the message back until that is over. So the rest of AWS's rule is in the receives: as many as make it the same time.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (read November 2026)
 */
const MAX_RECEIVES = 100
/** SQS's longest visibility timeout and retention. */
const LONGEST_VISIBILITY = Duration.hours(12)
const LONGEST_RETENTION = Duration.days(14)
const RECEIVE = ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'] as const

/**
 * A queue of jobs: encrypted, by TLS only, and with a dead-letter queue.
 *
 * @example
 * const jobs = new JobQueue(this, 'Jobs', { functionTimeout: Duration.minutes(5) })
 * jobs.grantSend(producer)
 */
export class JobQueue extends Construct {
  readonly queue: IQueue
  /** Undefined beside an imported queue without an existingDeadLetterQueue. */
  readonly deadLetterQueue?: IQueue
  /** Undefined where the queue is imported. */
  readonly visibilityTimeout?: Duration

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: JobQueueProps = {}) {
    super(scope, id)
    throwProblems(this, jobQueueProblems(props))
    const { existingQueue, existingDeadLetterQueue, functionTimeout = Duration.seconds(60) } = props
    const { maxBatchingWindow } = props
    warnOfExistingQueue(this, props)
    if (existingQueue) {
      this.queue = existingQueue
      this.deadLetterQueue = deadLetterQueueOf(props)
      this.visibilityTimeout = visibilityOf(existingQueue)
      return
    }
    const deadLetterQueue = existingDeadLetterQueue ?? this.#createDeadLetterQueue(props)
    this.deadLetterQueue = deadLetterQueue
    this.visibilityTimeout = props.visibilityTimeout ?? leastVisibility(functionTimeout, maxBatchingWindow)
    this.queue = new Queue(this, 'Resource', {
      queueName: props.queueName,
      visibilityTimeout: this.visibilityTimeout,
      retentionPeriod: props.retentionPeriod ?? LONGEST_RETENTION,
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: props.maxReceiveCount ?? MAX_RECEIVES },
      ...safe(props),
    })
    Tags.of(this.queue).add('flowcraft-aws', 'jobs')
    sourcesOf.get(deadLetterQueue)?.push(props.queueName)
  }

  /** Grants sending jobs. */
  grantSend(grantee: IGrantable): Grant {
    grantKey(this.queue.encryptionMasterKey, grantee, keyActions.write)
    return grantOn(this.queue, grantee, ['SendMessage'])
  }

  /** Grants what a polling worker needs: receive, delete and change the visibility of messages. */
  grantReceive(grantee: IGrantable): Grant {
    grantKey(this.queue.encryptionMasterKey, grantee, keyActions.read)
    return grantOn(this.queue, grantee, RECEIVE)
  }

  /** Grants what the event source mapping of a function needs. */
  grantFeed(grantee: IGrantable): Grant {
    grantKey(this.queue.encryptionMasterKey, grantee, keyActions.read)
    return grantOn(this.queue, grantee, [...RECEIVE, 'GetQueueAttributes'])
  }

  /** Grants sending invalid messages to the dead-letter queue. */
  grantReject(grantee: IGrantable): Grant {
    if (!this.deadLetterQueue) return Grant.drop(grantee, 'there is no dead-letter queue')
    grantKey(this.deadLetterQueue.encryptionMasterKey, grantee, keyActions.write)
    return grantOn(this.deadLetterQueue, grantee, ['SendMessage'])
  }

  /** Grants looking at dead letters and removing them, as `client.deadLetters` does. */
  grantReceiveDeadLetters(grantee: IGrantable): Grant {
    if (!this.deadLetterQueue) return Grant.drop(grantee, 'there is no dead-letter queue')
    grantKey(this.deadLetterQueue.encryptionMasterKey, grantee, keyActions.read)
    return grantOn(this.deadLetterQueue, grantee, RECEIVE)
  }

  /** Grants receiving messages from the dead-letter queue, and sending them back. */
  grantRedrive(grantee: IGrantable): Grant {
    if (!this.deadLetterQueue) return Grant.drop(grantee, 'there is no dead-letter queue')
    grantKey(this.deadLetterQueue.encryptionMasterKey, grantee, keyActions.write)
    return grantOn(this.deadLetterQueue, grantee, [...RECEIVE, 'SendMessage'])
  }

  /** Visible messages. @default - the maximum over 5 minutes */
  metricDepth(options?: MetricOptions): Metric {
    return this.queue.metricApproximateNumberOfMessagesVisible(options)
  }

  /** In-flight messages. @default - the maximum over 5 minutes */
  metricInFlight(options?: MetricOptions): Metric {
    return this.queue.metricApproximateNumberOfMessagesNotVisible(options)
  }

  /** Age of the oldest message in seconds. @default - the maximum over 5 minutes */
  metricAge(options?: MetricOptions): Metric {
    return this.queue.metricApproximateAgeOfOldestMessage(options)
  }

  /** Messages sent. @default - the sum over 5 minutes */
  metricSent(options?: MetricOptions): Metric {
    return this.queue.metricNumberOfMessagesSent(options)
  }

  /** Messages in the dead-letter queue. @default - the maximum over 5 minutes */
  metricDeadLetters(options?: MetricOptions): Metric | undefined {
    return this.deadLetterQueue?.metricApproximateNumberOfMessagesVisible(options)
  }

  #createDeadLetterQueue(props: JobQueueProps): Queue {
    const queue = new Queue(this, 'DeadLetters', {
      queueName: props.deadLetterQueueName,
      retentionPeriod: props.deadLetterRetentionPeriod ?? LONGEST_RETENTION,
      ...safe(props),
    })
    Tags.of(queue).add('flowcraft-aws', 'dead-letters')
    allowSources(queue)
    return queue
  }
}

/** The names of the queues that move messages to a dead-letter queue of ours; undefined for a name of CloudFormation's. */
const sourcesOf = new WeakMap<IQueue, (string | undefined)[]>()
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (RedriveAllowPolicy) */
const MOST_SOURCES = 10

/**
 * Only the queues that use it, where all of them have names: the queues refer to it, so it cannot refer to them, but for
 * their names.
 */
function allowSources(deadLetterQueue: Queue): void {
  const names: (string | undefined)[] = []
  sourcesOf.set(deadLetterQueue, names)
  const known = deadLetterQueue.node.defaultChild as CfnQueue
  known.redriveAllowPolicy = Lazy.any({
    produce() {
      const named = names.filter((name) => name !== undefined)
      if (named.length < names.length || named.length > MOST_SOURCES) return undefined
      const arns = named.map((resource) => deadLetterQueue.stack.formatArn({ service: 'sqs', resource }))
      return { redrivePermission: 'byQueue', sourceQueueArns: arns }
    },
  })
}

function safe({ encryptionKey }: JobQueueProps) {
  return encryptionKey
    ? { enforceSSL: true, encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
    : { enforceSSL: true, encryption: QueueEncryption.SQS_MANAGED }
}

function grantOn(queue: IQueue, grantee: IGrantable, operations: readonly string[]): Grant {
  const actions = operations.map((operation) => `sqs:${operation}`)
  return Grant.addToPrincipal({ grantee, actions, resourceArns: [queue.queueArn] })
}

export function jobQueueProblems(props: JobQueueProps): string[] {
  const { existingQueue, existingDeadLetterQueue, ...own } = props
  const problems = existingQueue ? existingOrNew('existingQueue', 'queue', givenOf(own)) : []
  if (existingDeadLetterQueue) {
    const given = givenOf(own, ['deadLetterQueueName', 'deadLetterRetentionPeriod'])
    problems.push(...existingOrNew('existingDeadLetterQueue', 'dead-letter queue', given))
  }
  problems.push(...existingQueueProblems(props))
  const retention = { min: Duration.seconds(60), max: LONGEST_RETENTION }
  if (!existingQueue && own.functionTimeout?.isUnresolved() && !own.visibilityTimeout) {
    problems.push('visibilityTimeout must be given where the timeout of the function is a token')
  }
  return [
    ...problems,
    ...durationProblems('visibilityTimeout', own.visibilityTimeout, {
      min: Duration.seconds(1),
      max: LONGEST_VISIBILITY,
    }),
    ...durationProblems('retentionPeriod', own.retentionPeriod, retention),
    ...durationProblems('deadLetterRetentionPeriod', own.deadLetterRetentionPeriod, retention),
    ...numberProblems('maxReceiveCount', own.maxReceiveCount, { min: 1, max: 1_000 }),
    ...visibilityProblems(own.visibilityTimeout, own.functionTimeout),
  ]
}

export function leastVisibility(timeout: Duration, window?: Duration): Duration {
  return Duration.seconds(leastVisibilitySeconds(timeout.toSeconds(), window?.toSeconds()))
}

/** SQS would hand a message to a second worker while the first may still be at it; Lambda refuses such a mapping. */
export function visibilityProblems(visibility?: Duration, timeout?: Duration): string[] {
  if (!visibility || !timeout || visibility.isUnresolved() || timeout.isUnresolved()) return []
  if (visibility.toMilliseconds() >= timeout.toMilliseconds()) return []
  const [got, least] = [visibility.toHumanString(), timeout.toHumanString()]
  return [`visibilityTimeout must be at least the function's timeout, ${least}, got ${got}`]
}
