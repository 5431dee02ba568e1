/** How often a node is tried, how long is waited between its tries, and after which errors: what its config means. Pure. */
import { createHash } from 'node:crypto'
import { FlowcraftError, type NodeConfig } from 'flowcraft'
import { durationMs } from './durations.ts'
import { retryAfterMs, retryAfterOf } from './node-errors.ts'
import { numberOf, numbersOf } from './node-numbers.ts'
import { messageOf, propertyOf } from './thrown.ts'

/**
 * When a node that failed is tried again, as the retriers of Step Functions have it; in place of `maxRetries` and
 * `retryDelay`. An error may ask for a later try by its `retryAfter`, as HTTP's header does: seconds, or a date.
 *
 * @example
 * createFlow('order').node('charge', charge, {
 *   config: { retry: { maxAttempts: 5, delay: '2s', maxDelay: '1m', jitter: 'full', when: ['ThrottlingException'] } },
 * })
 */
export interface RetryPolicy {
  /** Tries, the first one included: a whole number from 1. @default 3 */
  readonly maxAttempts?: number
  /** Before the second try: milliseconds, or a text such as '30s', '5m', '2h', '3d'. @default '1s' */
  readonly delay?: number | string
  /**
   * What the delay is multiplied by before each further try, from 1; 'exponential' is 2, and 'fixed' is 1.
   * @default 'exponential'
   */
  readonly backoff?: 'exponential' | 'fixed' | number
  /** No delay grows longer: as `delay`. @default - as long as it comes to */
  readonly maxDelay?: number | string
  /** 'full': each delay is anything from 0 to what it would be, so that runs that failed together do not come back together. @default 'none' */
  readonly jitter?: 'none' | 'full'
  /** Other errors fail the node at once. @default - all but those that are fatal, such as `NonRetryableError` */
  readonly when?: RetryCondition | readonly RetryCondition[]
}

/**
 * An error's `name` or `code`, or `{ message }`: a regular expression, as text, that its message must match. Causes of the
 * error (`cause`) count as well.
 */
export type RetryCondition = string | { readonly message: string }

declare module 'flowcraft' {
  interface NodeConfig {
    /** When the node is tried again, in place of `maxRetries` and `retryDelay`. @default - by those */
    retry?: RetryPolicy
  }
}

/** What a config comes to, whatever stands in it. */
export interface Tries {
  /** The first one included. */
  readonly atMost: number
  /** Milliseconds: no delay of the config's is longer. */
  readonly longestDelayMs: number
  /**
   * Milliseconds until the next try after so many, the last of which ended by `error`; undefined where there is none.
   * `seed` names the node's execution: the same one has the same delays however often it is worked out.
   */
  delayAfter(tries: number, error: unknown, seed: string): number | undefined
}

const retryDefaults = { maxAttempts: 3, delayMs: 1_000 } as const

export function triesOf(config: NodeConfig | undefined): Tries {
  return config?.retry ? triesByPolicy(config.retry) : triesByNumbers(config)
}

function triesByNumbers(config: NodeConfig | undefined): Tries {
  const { maxRetries, retryDelay } = numbersOf(config)
  return {
    atMost: maxRetries,
    longestDelayMs: retryDelay,
    delayAfter: (tries, error) =>
      tries + 1 > maxRetries || isFinal(error) ? undefined : Math.max(retryDelay, retryAfterMs(error) ?? 0),
  }
}

function triesByPolicy({ maxAttempts, delay, backoff, maxDelay, jitter, when }: RetryPolicy): Tries {
  const atMost = numberOf(maxAttempts) ?? retryDefaults.maxAttempts
  const first = durationMs(delay) ?? retryDefaults.delayMs
  const rate = rateOf(backoff)
  const longest = durationMs(maxDelay) ?? Infinity
  const unjittered = (tries: number) => Math.min(longest, first === 0 ? 0 : first * rate ** (tries - 1))
  return {
    atMost,
    longestDelayMs: atMost < 2 ? 0 : unjittered(atMost - 1),
    delayAfter: (tries, error, seed) => {
      if (tries + 1 > atMost || isFinal(error) || !isMeant(error, when)) return undefined
      const delayMs = unjittered(tries) * (jitter === 'full' ? fractionOf(`${seed} ${tries}`) : 1)
      return Math.max(delayMs, retryAfterMs(error) ?? retryAfterOf(error) ?? 0)
    },
  }
}

/** What is no number counts as if it were not there. */
function rateOf(backoff: unknown): number {
  if (backoff === undefined || backoff === null || backoff === 'exponential') return 2
  if (backoff === 'fixed') return 1
  return Math.max(1, numberOf(backoff) ?? 2)
}

/** From 0 to 1, and as good as random: nobody can draw another one by working it out again. */
function fractionOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUIntBE(0, 6) / 2 ** 48
}

/** The engine tries neither again: what is fatal, and what a node that heeds its signal ends by. */
function isFinal(error: unknown): boolean {
  if (error instanceof DOMException && error.name === 'AbortError') return true
  return error instanceof FlowcraftError && error.isFatal
}

/** Errors that hold each other are followed no further than this. */
const CAUSES = 8

function isMeant(error: unknown, when: RetryPolicy['when']): boolean {
  if (when === undefined || when === null) return true
  const conditions = Array.isArray(when) ? (when as readonly RetryCondition[]) : [when as RetryCondition]
  let at = error
  for (let depth = 0; depth <= CAUSES && at !== undefined && at !== null; depth++) {
    if (conditions.some((condition) => fits(at, condition))) return true
    // The engine keeps what ended a node of a subflow in `originalError`.
    at = propertyOf(at, 'cause') ?? propertyOf(at, 'originalError')
  }
  return false
}

function fits(error: unknown, condition: RetryCondition): boolean {
  if (typeof condition === 'string') {
    return ['name', 'code'].some((property) => {
      const value = propertyOf(error, property)
      return (typeof value === 'string' || typeof value === 'number') && `${value}` === condition
    })
  }
  return patternOf(propertyOf(condition, 'message'))?.test(messageOf(error)) ?? false
}

/** Undefined of what is no regular expression. */
export function patternOf(text: unknown): RegExp | undefined {
  try {
    return typeof text === 'string' ? new RegExp(text) : undefined
  } catch {
    return undefined
  }
}
