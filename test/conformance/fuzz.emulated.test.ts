/** Some random blueprints on the APIs of SQS, DynamoDB and S3; `fuzz.test.ts` has more, on stores in memory. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LocalAws } from '../../lib/local/index.ts'
import { quietAws } from '../support/each-deployment.ts'
import { runOnAws } from './aws.ts'
import { orderlessOutcome } from './fuzz.ts'
import { plans } from './plan.ts'
import { setupOf, shown } from './planned.ts'

const PLANS = 40
const SEED = 4

let aws: LocalAws

quietAws((made) => (aws = made))

describe.concurrent('random blueprints over the local AWS', () => {
  for (const [at, plan] of fc.sample(plans, { numRuns: PLANS, seed: SEED }).entries()) {
    it(`number ${at} ends as in memory`, { timeout: 120_000 }, async ({ skip }) => {
      const expected = await orderlessOutcome(plan, at)
      if (!expected) return skip('its outcome depends on order, in memory too')
      expect(shown(await runOnAws(aws, setupOf(plan)))).toEqual(expected)
    })
  }
})
