/** What SQS allows; constants only. */

/** SQS's longest delay, `DelaySeconds` 900. */
export const LONGEST_DELAY_MS = 900_000
