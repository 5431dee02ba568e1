/** Each case ends on the APIs of SQS, DynamoDB and S3 as it does in memory. */
import { describe, expect, it } from 'vitest'
import type { LocalAws } from '../../lib/local/index.ts'
import { quietAws } from '../support/each-deployment.ts'
import { runOnAws } from './aws.ts'
import type { ConformanceCase } from './case.ts'
import { comparedOf, expectedOf } from './check.ts'
import type { SqsAdapterOptions } from '../../lib/index.ts'

export function conformOnAws(
  cases: readonly ConformanceCase[],
  options: Pick<SqsAdapterOptions, 'leases'> = {},
): void {
  let aws: LocalAws

  quietAws((made) => (aws = made))

  describe.concurrent('conformance over the local AWS', () => {
    for (const one of cases) {
      it(one.name, { timeout: 300_000 }, async () => {
        const expected = await expectedOf(one)
        expect(comparedOf(one, await runOnAws(aws, one.make(), options))).toEqual(expected)
        // Of all cases that run at this time: each may only what its roles allow.
        expect(aws.permissions.refusals).toEqual([])
      })
    }
  })
}
