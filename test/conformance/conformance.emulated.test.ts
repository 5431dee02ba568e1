/**
 * Each case ends on the APIs of SQS, DynamoDB and S3 as it does in memory. Those of scale, which take a minute on a busy
 * machine, are left to `npm run conformance -- --aws`.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { runOnAws } from './aws.ts'
import { cases, groups } from './cases.ts'
import { comparedOf, expectedOf } from './check.ts'

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
  for (const one of cases.filter((each) => !groups['Scale']?.includes(each))) {
    it(one.name, { timeout: 120_000 }, async () => {
      const expected = await expectedOf(one)
      expect(comparedOf(one, await runOnAws(aws, one.make()))).toEqual(expected)
    })
  }
})
