/** Random blueprints end by the protocol as they do in memory, where the order of nodes makes no difference there. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { problemsOf } from './fuzz.ts'
import { plans } from './plan.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150)
/** Always the same blueprints, unless asked: which of them depend on order is found by trying some, not all orders. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

it(
  'random blueprints end as in memory',
  async () => {
    let compared = 0
    const property = fc.asyncProperty(plans, fc.nat(1_000_000), async (plan, seed) => {
      const result = await problemsOf(plan, seed)
      if (result.compared) compared++
      expect(result.problems).toEqual([])
    })
    await fc.assert(property, { numRuns: RUNS, seed: SEED })
    // Else the test would say nothing.
    expect(compared).toBeGreaterThan(RUNS / 5)
  },
  Math.max(30_000, RUNS * 200),
)
