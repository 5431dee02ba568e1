// The public types of event source mappings. Types only.

import type { Invocable } from '../lambda/types.ts'

/** Options of {@link LocalAws.mapEventSource}; the limits are those of AWS. */
export interface EventSourceMappingOptions {
  queueUrl: string
  /** A function, a version or an alias. */
  function: Invocable
  /** Most messages in one event: 1 to 10, or to 10,000 with a batching window. @default 10 */
  batchSize?: number
  /** Longest time to wait for a full batch, 0 to 300 seconds. @default 0 */
  batchingWindowSeconds?: number
  /** Most invocations at a time, 2 to 1,000. @default 5 */
  maximumConcurrency?: number
  /**
   * Whether the function's `batchItemFailures` are heeded (FunctionResponseTypes: ReportBatchItemFailures).
   * AWS itself has this off by default.
   * @default true
   */
  reportBatchItemFailures?: boolean
  /** Gets what goes wrong outside the function (SQS not answering, a delete refused). @default - `console.error` */
  onError?: (error: Error) => void
}

/** What a mapping did so far. */
export interface MappingStats {
  /** ReceiveMessage requests. */
  readonly polls: number
  /** Batches handed to the function. */
  readonly batches: number
  /** Messages that succeeded and were deleted. */
  readonly succeeded: number
  /** Deliveries that failed and were left to their visibility timeout. */
  readonly failed: number
}

/** A running event source mapping. */
export interface LocalEventSourceMapping {
  readonly stats: MappingStats
  /** Stops polling, then waits for the invocations in flight and for their deletes. May be called again. */
  stop(): Promise<void>
}
