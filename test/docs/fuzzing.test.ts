/** The page of what fuzzing draws is the one that test/conformance/features.ts makes, and each line of it is drawn. */
import { readFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { DOCS, docsOf, features } from '../conformance/features.ts'
import { plans } from '../conformance/plan.ts'
import { setupOf } from '../conformance/planned.ts'

/** Enough for the rarest to be seen several times. */
const PLANS = 1_500

it('docs/fuzzing.md shows what is drawn', async () => {
  expect(await readFile(DOCS, 'utf8')).toBe(docsOf())
})

it('each feature is drawn', { timeout: 60_000 }, () => {
  const missing = new Set(features)
  for (const plan of fc.sample(plans, { numRuns: PLANS, seed: 1 })) {
    if (missing.size === 0) break
    const setup = setupOf(plan)
    for (const feature of missing) if (feature.isIn({ plan, setup })) missing.delete(feature)
  }
  expect([...missing].map(({ what }) => what)).toEqual([])
})
