/** Each case ends in memory and by the protocol with the same status, outputs, keys, errors and executions. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cases } from './cases.ts'
import { comparedOf, expectedOf } from './check.ts'
import { runOnService } from './outcome.ts'

describe('conformance', () => {
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    // The engine's evaluator tells what it cannot read.
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })

  for (const one of cases) {
    it(one.name, async () => {
      const expected = await expectedOf(one)
      expect(comparedOf(one, await runOnService(one.make(), true))).toEqual(expected)
      expect(comparedOf(one, await runOnService(one.make(), false))).toEqual(expected)
    })
  }
})
