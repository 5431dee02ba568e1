/** What a run cost, as `get` and the event of its end tell it: counts at prices. Pure. */
import { NANO_PER_DOLLAR } from './add-cost.ts'
import type { Prices } from './prices.ts'
import { type Counts, entriesOf, isNothing } from './run-counts.ts'

/**
 * What a run used and what that costs, its child runs included once they have ended. Counted by the workers: see
 * docs/costs.md for what is in it, and how exact it is.
 */
export interface RunCost {
  /** US dollars: what AWS is paid for, and `other`. */
  readonly usd: number
  /** US dollars by service of AWS. */
  readonly byService: {
    readonly dynamodb: number
    readonly sqs: number
    readonly s3: number
    readonly eventbridge: number
    readonly lambda: number
  }
  /** US dollars that nodes added by `addCost`, by name. */
  readonly other: Readonly<Record<string, number>>
  readonly writeUnits: number
  readonly readUnits: number
  /** Requests by service; parts of one where it was for several messages. */
  readonly requests: {
    readonly dynamodb: number
    readonly sqs: number
    readonly s3: number
    readonly eventbridge: number
    /** Invocations of worker functions. */
    readonly lambda: number
  }
  /** Milliseconds that workers spent on it: of those worked on side by side each has its part. */
  readonly computeMs: number
  /** Of functions: memory in GB times seconds. */
  readonly gbSeconds: number
}

/** Undefined where nothing was counted. */
export function runCostOf(counts: Counts | undefined, prices: Prices): RunCost | undefined {
  if (!counts || isNothing(counts)) return undefined
  const { $w = 0, $r = 0, $d = 0, $q = 0, $p = 0, $o = 0, $e = 0, $i = 0, $m = 0, $b = 0 } = counts
  const requests = { dynamodb: $d, sqs: $q / 100, s3: $p + $o, eventbridge: $e, lambda: $i / 100 }
  const gbSeconds = $b / 1024 / 1000
  const { dynamodb, sqs, s3, eventbridge, lambda } = prices
  const byService = {
    dynamodb: $w * dynamodb.writeUnit + $r * dynamodb.readUnit,
    sqs: requests.sqs * sqs.request,
    s3: $p * s3.write + $o * s3.read,
    eventbridge: $e * eventbridge.event,
    lambda: requests.lambda * lambda.request + gbSeconds * lambda.gbSecond,
  }
  const other = Object.fromEntries(
    entriesOf(counts).flatMap(([name, nano]) =>
      name.startsWith('$.') ? [[name.slice(2), nano / NANO_PER_DOLLAR]] : [],
    ),
  )
  const usd = [...Object.values(byService), ...Object.values(other)].reduce((sum, part) => sum + part, 0)
  return { usd, byService, other, writeUnits: $w, readUnits: $r, requests, computeMs: $m, gbSeconds }
}
