/** How the event source mapping feeds a function from its job queue. */
import { Duration } from 'aws-cdk-lib'
import type { ProvisionedPollerConfig } from 'aws-cdk-lib/aws-lambda'
import { durationProblems, numberProblems, reservedProblems } from './problems.ts'

/** How a job queue feeds its workers. */
export interface FeedOptions {
  /** Maximum number of messages per invocation: 1 to 10, or to 10,000 with `maxBatchingWindow`. @default 10 */
  readonly batchSize?: number
  /** Maximum time to wait for a full batch, up to 5 minutes; it delays each step of a run. @default - no window */
  readonly maxBatchingWindow?: Duration
  /**
   * Maximum concurrent executions that the queue causes, from 2 to 1,000. Excludes `provisionedPollers`. Without one, a run
   * that fans out into 10,000 nodes takes all of the account's concurrency, 1,000 by default, from its other functions.
   * @default - no maximum
   */
  readonly maxConcurrency?: number
  /** Provisioned event pollers, from 2 to 2,000, at a price by the hour. Excludes `maxConcurrency`. @default - none */
  readonly provisionedPollers?: ProvisionedPollerConfig
  /**
   * Concurrent executions reserved for the function, at least 1 and at least `maxConcurrency`; also their maximum.
   * @default - none: the account's unreserved concurrency
   */
  readonly reservedConcurrency?: number
  /**
   * Whether CloudWatch has metrics of the mapping: events polled, invoked, failed, and deleted, each at $0.30 a month.
   * @default false
   */
  readonly mappingMetrics?: boolean
}

export function feedProblems(props: FeedOptions): string[] {
  const { batchSize, maxBatchingWindow, maxConcurrency, provisionedPollers, reservedConcurrency } = props
  const problems = [
    ...numberProblems('batchSize', batchSize, { min: 1, max: maxBatchingWindow ? 10_000 : 10 }),
    ...durationProblems('maxBatchingWindow', maxBatchingWindow, {
      min: Duration.seconds(1),
      max: Duration.minutes(5),
    }),
    ...numberProblems('maxConcurrency', maxConcurrency, { min: 2, max: 1_000 }),
    ...reservedProblems('reservedConcurrency', reservedConcurrency),
  ]
  if (Number(reservedConcurrency) >= 1 && Number(reservedConcurrency) < Number(maxConcurrency)) {
    problems.push(
      `reservedConcurrency must be at least maxConcurrency (${maxConcurrency}), got ${reservedConcurrency}: messages that Lambda throttles use up their receives`,
    )
  }
  if (maxConcurrency !== undefined && provisionedPollers) {
    problems.push('give either maxConcurrency or provisionedPollers, got both')
  }
  const { minimumPollers: least = 2, maximumPollers: most = 200 } = provisionedPollers ?? {}
  problems.push(
    ...numberProblems('provisionedPollers.minimumPollers', least, { min: 2, max: 200 }),
    ...numberProblems('provisionedPollers.maximumPollers', most, { min: 2, max: 2_000 }),
  )
  if (least > most) {
    problems.push(`provisionedPollers.minimumPollers must be at most maximumPollers (${most}), got ${least}`)
  }
  return problems
}
