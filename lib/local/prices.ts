// What a usage would cost on AWS. Pure arithmetic on list prices.

import { PRICES } from '../core/common/prices.ts'
import type { Usage } from './meter.ts'

export { PRICES }

/** What functions used. */
export interface LambdaUsage {
  readonly invocations: number
  /** Memory in GB times seconds. */
  readonly gbSeconds: number
}

/** A price in US dollars and its parts. */
export interface Price {
  readonly usd: number
  readonly byService: {
    readonly dynamodb: number
    readonly sqs: number
    readonly s3: number
    readonly eventbridge: number
    readonly lambda: number
  }
}

/**
 * What AWS would ask for `usage`, at {@link PRICES}.
 *
 * @param lambda - what the functions used. Local run times are not those of AWS, so neither is this part.
 * @example
 * const { usd } = priceOf(local.meter.snapshot(), local.lambdaUsage())
 */
export function priceOf(usage: Usage, lambda: LambdaUsage = { invocations: 0, gbSeconds: 0 }): Price {
  const { dynamodb, sqs, eventbridge } = usage
  const byService = {
    dynamodb: dynamodb.readUnits * PRICES.dynamodb.readUnit + dynamodb.writeUnits * PRICES.dynamodb.writeUnit,
    sqs: sqs.billedRequests * PRICES.sqs.request,
    s3: sum(Object.entries(usage.s3.byOperation).map(([operation, count]) => count * s3Price(operation))),
    eventbridge: eventbridge.billedEvents * PRICES.eventbridge.event,
    lambda: lambda.invocations * PRICES.lambda.request + lambda.gbSeconds * PRICES.lambda.gbSecond,
  }
  return { usd: sum(Object.values(byService)), byService }
}

/** S3 prices PUT, COPY, POST and LIST alike, GET and all others alike, and takes nothing for deletes. */
function s3Price(operation: string): number {
  if (/^(Delete|Abort)(?!Objects$)/.test(operation)) return 0
  return /^(Get|Head)/.test(operation) ? PRICES.s3.read : PRICES.s3.write
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
