/** Each case ends on the APIs of SQS, DynamoDB and S3 as it does in memory. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { runOnAws } from './aws.ts'
import type { ConformanceCase } from './case.ts'
import { comparedOf, expectedOf } from './check.ts'

export function conformOnAws(cases: readonly ConformanceCase[]): void {
  let aws: LocalAws

  beforeAll(async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    aws = await startLocalAws()
  })
  afterAll(async () => {
    vi.restoreAllMocks()
    await aws.stop()
  })

  describe.concurrent('conformance over the local AWS', () => {
    for (const one of cases) {
      it(one.name, { timeout: 300_000 }, async () => {
        const expected = await expectedOf(one)
        expect(comparedOf(one, await runOnAws(aws, one.make()))).toEqual(expected)
      })
    }
  })
}
