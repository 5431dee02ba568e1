/** An existing queue: what the construct tree knows of it, and what it must have. */
import { Annotations, Duration, Stack } from 'aws-cdk-lib'
import type { CfnQueue, IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { knownProperties, resolved } from './existing-resources.ts'

export interface ExistingQueues {
  readonly existingQueue?: IQueue
  readonly existingDeadLetterQueue?: IQueue
}

/** SQS's defaults. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
const DEFAULT_VISIBILITY = Duration.seconds(30)
const DEFAULT_RETENTION_SECONDS = 345_600
/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html (read November 2026) */
const LEAST_RECEIVES = 5

/** Undefined where only AWS knows it. */
export function visibilityOf(queue: IQueue | undefined): Duration | undefined {
  const known = queue && knownProperties<CfnQueue>(queue)
  if (!known) return undefined
  return known.visibilityTimeout === undefined
    ? DEFAULT_VISIBILITY
    : Duration.seconds(known.visibilityTimeout)
}

/** The given one, or that of the queue if it is made in this app. */
export function deadLetterQueueOf({
  existingQueue,
  existingDeadLetterQueue,
}: ExistingQueues): IQueue | undefined {
  return existingDeadLetterQueue ?? (existingQueue as Queue | undefined)?.deadLetterQueue?.queue
}

export function existingQueueProblems({ existingQueue, existingDeadLetterQueue }: ExistingQueues): string[] {
  const problems: string[] = []
  if (existingQueue?.fifo) {
    problems.push(
      'existingQueue must be a standard queue: jobs are delayed one by one, which FIFO queues cannot',
    )
  }
  if (existingDeadLetterQueue?.fifo) {
    problems.push(
      'existingDeadLetterQueue must be a standard queue, as that of a standard queue must, got a FIFO one',
    )
  }
  const deadLetters = existingDeadLetterQueue && knownProperties<CfnQueue>(existingDeadLetterQueue)
  if (deadLetters?.redriveAllowPolicy?.redrivePermission === 'denyAll') {
    problems.push('existingDeadLetterQueue must allow source queues, got redriveAllowPolicy denyAll')
  }
  const known = existingQueue && knownProperties<CfnQueue>(existingQueue)
  if (known) problems.push(...redriveProblems(known, existingDeadLetterQueue))
  return problems
}

/** Without a dead-letter queue a message that no worker can read comes back until it expires. */
function redriveProblems(known: CfnQueue, given: IQueue | undefined): string[] {
  const target: unknown = resolved(known, known.redrivePolicy)?.deadLetterTargetArn
  if (target === undefined) return ['existingQueue must have a dead-letter queue (deadLetterQueue), got none']
  if (!given) return []
  const wanted: unknown = Stack.of(known).resolve(given.queueArn)
  if (JSON.stringify(wanted) === JSON.stringify(target)) return []
  if (Stack.of(given) !== Stack.of(known)) return []
  return ["existingDeadLetterQueue must be the existingQueue's own, got another queue"]
}

/** What is unwise, and what only AWS knows. */
export function warnOfExistingQueue(scope: Construct, queues: ExistingQueues): void {
  const { existingQueue, existingDeadLetterQueue } = queues
  const known = existingQueue && knownProperties<CfnQueue>(existingQueue)
  if (existingQueue && !known) {
    warn(
      scope,
      'existingQueue',
      `existingQueue is imported, so nothing of it is known at synth. Check that it is a standard queue, that its visibility timeout is the function's timeout, its batching window and 10 seconds, and that its redrive policy has a maxReceiveCount of at least ${LEAST_RECEIVES} and ${existingDeadLetterQueue ? 'existingDeadLetterQueue as its target' : 'a dead-letter queue, which you give as existingDeadLetterQueue'}`,
    )
  }
  const receives: unknown = known && resolved(known, known.redrivePolicy)?.maxReceiveCount
  if (typeof receives === 'number' && receives < LEAST_RECEIVES) {
    warn(
      scope,
      'maxReceiveCount',
      `maxReceiveCount of existingQueue should be at least ${LEAST_RECEIVES}, got ${receives}: receives are not attempts, and a throttled function uses them up`,
    )
  }
  warnOfRetention(scope, queues)
}

/** SQS counts from the first sending: a message that expires sooner in the dead-letter queue may be gone at once. */
function warnOfRetention(scope: Construct, queues: ExistingQueues): void {
  const letters = deadLetterQueueOf(queues)
  const known = letters && knownProperties<CfnQueue>(letters)
  if (!known) return
  const source = queues.existingQueue && knownProperties<CfnQueue>(queues.existingQueue)
  if (queues.existingQueue && !source) return
  const kept = known.messageRetentionPeriod ?? DEFAULT_RETENTION_SECONDS
  // Of a queue of ours: 14 days.
  const least = source
    ? (source.messageRetentionPeriod ?? DEFAULT_RETENTION_SECONDS)
    : LONGEST_RETENTION_SECONDS
  if (kept >= least) return
  warn(
    scope,
    'deadLetterRetention',
    `existingDeadLetterQueue should keep messages as long as the queue (${days(least)} days), got ${days(kept)}: SQS counts from the first sending`,
  )
}

const LONGEST_RETENTION_SECONDS = 1_209_600

function days(seconds: number): number {
  return Math.round((seconds / 86_400) * 10) / 10
}

function warn(scope: Construct, id: string, text: string): void {
  Annotations.of(scope).addWarningV2(`flowcraft-aws:${id}`, text)
}
