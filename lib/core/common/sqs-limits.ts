/** What SQS allows; constants only. */

/** SQS's longest delay, `DelaySeconds` 900. */
export const LONGEST_DELAY_MS = 900_000

/** Seconds between the receive of a message and the start of the invocation that works on it, and between two clocks. */
const VISIBILITY_MARGIN_SECONDS = 10

/**
 * How long a queue must hide messages, in seconds, of a function with this timeout and this batching window. With less they come
 * back while they are worked on, which takes requests and receives, and no more.
 */
export function leastVisibilitySeconds(timeoutSeconds: number, windowSeconds = 0): number {
  return timeoutSeconds + windowSeconds + VISIBILITY_MARGIN_SECONDS
}
