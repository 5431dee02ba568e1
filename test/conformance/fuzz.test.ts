/** Random blueprints end by the protocol as they do in memory, where the order of nodes makes no difference there. */
import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { compare } from './fuzz.ts'
import { plans } from './plan.ts'

/** `npm run fuzz` does more. Always the same blueprints: whether one depends on order is found by trying some orders. */
const PLANS = 100
const SEED = 1

it('random blueprints end as in memory', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  let compared = 0
  const property = fc.asyncProperty(plans, fc.nat(1_000_000), async (plan, seed) => {
    const result = await compare(plan, seed)
    compared += result.compared
    expect(result.problems).toEqual([])
  })
  await fc.assert(property, { numRuns: PLANS, seed: SEED })
  // Else the test would say nothing.
  expect(compared).toBeGreaterThan(PLANS)
}, 180_000)
