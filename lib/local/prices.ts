// What a usage would cost on AWS. Pure arithmetic on list prices.

import type { Usage } from './meter.ts'

const PER_MILLION = 1 / 1_000_000

/**
 * List prices in US dollars, us-east-1, as published in November 2026, without free tier, storage, data
 * transfer or logs.
 */
export const PRICES = {
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ (Standard table class) */
  dynamodb: { readUnit: 0.125 * PER_MILLION, writeUnit: 0.625 * PER_MILLION },
  /** https://aws.amazon.com/sqs/pricing/ (standard queues, first 100 billion requests; 64 KB are one request) */
  sqs: { request: 0.4 * PER_MILLION },
  /** https://aws.amazon.com/s3/pricing/ (S3 Standard; deletes are free) */
  s3: { write: 5 * PER_MILLION, read: 0.4 * PER_MILLION },
  /** https://aws.amazon.com/eventbridge/pricing/ (custom events; 64 KB are one event) */
  eventbridge: { event: 1 * PER_MILLION },
  /** https://aws.amazon.com/lambda/pricing/ (arm64, first 7.5 billion GB-seconds) */
  lambda: { request: 0.2 * PER_MILLION, gbSecond: 0.0000133334 },
} as const

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
