/** Random blueprints whose nodes fail now and then end, redriven, forked or skipped, as they do in memory, where nothing fails. */
import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { plans } from './plan.ts'
import { compareRepaired, repairs } from './repaired.ts'

/** `npm run fuzz` does more. Always the same blueprints. */
const PLANS = 60
const SEED = 1

it.each(repairs)(
  'random blueprints end as in memory after a %s',
  async (repair) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    vi.spyOn(console, 'error').mockImplementation(() => {})
    let compared = 0
    const property = fc.asyncProperty(plans, fc.nat(1_000_000), async (plan, seed) => {
      const result = await compareRepaired(plan, seed, repair)
      compared += result.compared
      expect(result.problems).toEqual([])
    })
    await fc.assert(property, { numRuns: PLANS, seed: SEED })
    // Else the test would say nothing.
    expect(compared).toBeGreaterThan(PLANS / 4)
  },
  180_000,
)
