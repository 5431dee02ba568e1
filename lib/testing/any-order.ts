/** Runs one scenario in many orders, and reports whether it ended the same in all of them. */
import { isDeepStrictEqual } from 'node:util'
import { NullLogger } from 'flowcraft'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { WEBHOOK_URL } from './test-adapter.ts'
import type { TestServiceOptions } from './test-service-options.ts'
import { TestService } from './test-service.ts'

/** Options of `inAnyOrder`. */
export interface OrdersOptions extends Omit<TestServiceOptions, 'store' | 'order' | 'newRunId'> {
  /** How many random orders to try. @default 20 */
  readonly orders?: number
  /** The seed of the first random order; the next ones count up. @default 1 */
  readonly seed?: number
}

/** What `inAnyOrder` found: one outcome in all orders, or two that differ. */
export type Orders<T> =
  | { readonly same: true; readonly orders: number; readonly outcome: T }
  | {
      readonly same: false
      /** Gives that order again: `new TestService({ ..., order: 'random', seed })`. */
      readonly seed: number
      /** What came of it in the order in which messages are sent. */
      readonly outcome: T
      /** What came of it in the order of `seed`. */
      readonly other: T
    }

/**
 * Runs a scenario in the order in which messages are sent, and in random ones, each by a service of its own. AWS promises
 * no order, so a flow that ends otherwise in another one ends otherwise now and then on AWS.
 *
 * What the scenario gives is compared as data: ids of runs, times, stacks and the URLs of webhooks aside.
 *
 * @example
 * const orders = await inAnyOrder({ flows: [order] }, (service) => service.run({ blueprintId: 'order' }))
 * expect(orders).toMatchObject({ same: true })
 *
 * @throws FlowcraftAwsError INVALID_INPUT where the scenario ends otherwise in one and the same order
 * @throws whatever the scenario throws
 */
export async function inAnyOrder<T>(
  { orders = 20, seed = 1, ...options }: OrdersOptions,
  scenario: (service: TestService) => Promise<T>,
): Promise<Orders<T>> {
  const attempt = (more: Pick<TestServiceOptions, 'order' | 'seed' | 'logger'>) => {
    let runs = 0
    return scenario(new TestService({ ...options, ...more, newRunId: () => `run-${++runs}` }))
  }
  const outcome = await attempt({ order: 'sent' })
  // Warnings and failing nodes are logged once.
  const logger = new NullLogger()
  for (let other = seed; other < seed + orders; other++) {
    const found = await attempt({ order: 'random', seed: other, logger })
    if (isSame(outcome, found)) continue
    const again = await attempt({ order: 'random', seed: other, logger })
    if (isSame(found, again)) return { same: false, seed: other, outcome, other: found }
    const why = 'it goes by time, chance, or what an earlier run left'
    const what = `the scenario ends otherwise also in one and the same order (seed ${other}): ${why}`
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot compare orders: ${what}`)
  }
  return { same: true, orders: orders + 1, outcome }
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(comparable(one), comparable(other))
}

/** Of a run's description and of its errors: what another order, or another attempt, changes though all is well. */
const NOT_COMPARED = new Set(['startedAt', 'endedAt', 'wakeUpAt', 'timestamp', 'stack'])

function comparable(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(`${WEBHOOK_URL}/`) ? WEBHOOK_URL : value
  if (Array.isArray(value)) return value.map(comparable)
  if (!isPlain(value)) return value
  const entries = Object.entries(value).filter(([key]) => !NOT_COMPARED.has(key))
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, key === 'errors' ? sorted(comparable(inner)) : comparable(inner)]),
  )
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Errors stand in the order in which they came. */
function sorted(errors: unknown): unknown {
  return Array.isArray(errors)
    ? errors.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : errors
}
