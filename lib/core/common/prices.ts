/** List prices of AWS: of what a run used, and of what the local AWS was asked. Pure. */
import { show } from './thrown.ts'

/** US dollars. */
export interface Prices {
  readonly dynamodb: { readonly readUnit: number; readonly writeUnit: number }
  readonly sqs: { readonly request: number }
  readonly s3: { readonly write: number; readonly read: number }
  readonly eventbridge: { readonly event: number }
  readonly lambda: { readonly request: number; readonly gbSecond: number }
}

const MILLION = 1_000_000

/**
 * List prices in US dollars, us-east-1, on demand, as published in November 2026, without free tier, storage, data
 * transfer or logs.
 */
export const PRICES = {
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ (Standard table class) */
  dynamodb: { readUnit: 0.125 / MILLION, writeUnit: 0.625 / MILLION },
  /** https://aws.amazon.com/sqs/pricing/ (standard queues, first 100 billion requests; 64 KB are one request) */
  sqs: { request: 0.4 / MILLION },
  /** https://aws.amazon.com/s3/pricing/ (S3 Standard; deletes are free) */
  s3: { write: 5 / MILLION, read: 0.4 / MILLION },
  /** https://aws.amazon.com/eventbridge/pricing/ (custom events; 64 KB are one event) */
  eventbridge: { event: 1 / MILLION },
  /** https://aws.amazon.com/lambda/pricing/ (arm64, first 7.5 billion GB-seconds) */
  lambda: { request: 0.2 / MILLION, gbSecond: 0.0000133334 },
} as const satisfies Prices

/** Some of the prices, in place of those of `PRICES`: another region's, or what an agreement says. */
export type PriceOverrides = { readonly [Service in keyof Prices]?: Partial<Prices[Service]> }

export function pricesWith(overrides: PriceOverrides = {}): Prices {
  return {
    dynamodb: { ...PRICES.dynamodb, ...overrides.dynamodb },
    sqs: { ...PRICES.sqs, ...overrides.sqs },
    s3: { ...PRICES.s3, ...overrides.s3 },
    eventbridge: { ...PRICES.eventbridge, ...overrides.eventbridge },
    lambda: { ...PRICES.lambda, ...overrides.lambda },
  }
}

/** What is wrong with prices that somebody gave; undefined is none. */
export function pricesProblems(given: unknown): string[] {
  if (given === undefined) return []
  const example = 'prices must be such as { dynamodb: { writeUnit: 0.0000007 } }'
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return [`${example}; got ${show(given)}`]
  return Object.entries(given as Record<string, unknown>).flatMap(([service, prices]) => {
    if (prices === undefined) return []
    const known = Object.hasOwn(PRICES, service) ? PRICES[service as keyof Prices] : undefined
    if (!known) return [`prices has no '${service}', only ${Object.keys(PRICES).join(', ')}`]
    if (typeof prices !== 'object' || prices === null || Array.isArray(prices))
      return [`prices.${service} must have some of ${Object.keys(known).join(', ')}; got ${show(prices)}`]
    return Object.entries(prices as Record<string, unknown>).flatMap(([name, price]) => {
      if (!Object.hasOwn(known, name))
        return [`prices.${service} has no '${name}', only ${Object.keys(known).join(', ')}`]
      if (price === undefined || (typeof price === 'number' && price >= 0 && price < Infinity)) return []
      return [
        `prices.${service}.${name} must be US dollars, from 0; got ${typeof price === 'number' ? price : show(price)}`,
      ]
    })
  })
}
