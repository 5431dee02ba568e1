/** How long the items of a run are kept. DynamoDB deletes them by their time to live, S3 by a lifecycle rule. */

/** A run may take so long, and is kept so long after its end. */
export const RUN_RETENTION = { least: 1, longest: 400 } as const

/**
 * The header of a finished run stays longer than what belongs to it, so that a run id is not used again while something
 * of its first run is left; and longer than any message, which SQS keeps for 14 days, so that a late one starts nothing.
 */
const BEYOND_VALUES = 10
const BEYOND_MESSAGES = 15
/** How long a graph's item may age before the next start of a run writes it anew, which costs its size. */
const REFRESH = 7

export interface Retention {
  /** What belongs to a run is given so many days when it is written: stamping it at the end would cost a unit each. */
  readonly valueDays: number
  /** Days of a header after the end of its run. */
  readonly runDays: number
  /** Days of a graph after it was written. @default - none: it is kept */
  readonly graphDays?: number
}

/** @param days - undefined for the default, with which graphs are kept for ever */
export function retentionOf(days?: number): Retention {
  const valueDays = days ?? RUN_RETENTION.longest
  const runDays = Math.max(valueDays + BEYOND_VALUES, BEYOND_MESSAGES)
  if (days === undefined) return { valueDays, runDays }
  return { valueDays, runDays, graphDays: valueDays + runDays + REFRESH }
}

/** Whether a run that starts now could outlive the graph that it starts with. `expiresAt` in seconds. */
export function isAging({ valueDays, runDays }: Retention, expiresAt: unknown, nowMs: number): boolean {
  return typeof expiresAt === 'number' && expiresAt < expiry(nowMs, valueDays + runDays)
}

export function retentionProblems(name: string, days: number | undefined): string[] {
  const { least, longest } = RUN_RETENTION
  if (days === undefined || (Number.isInteger(days) && days >= least && days <= longest)) return []
  return [`${name} must be whole days from ${least} to ${longest}, got ${days}`]
}

/** Seconds since the epoch, for the time-to-live attribute. */
export function expiry(nowMs: number, days: number): number {
  return Math.floor(nowMs / 1000) + days * 86_400
}
