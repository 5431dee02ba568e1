/** Each case ends in memory and by the protocol with the same status, outputs, keys, errors and executions. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cases } from './cases.ts'
import { runInMemory, runOnService } from './outcome.ts'

describe('conformance', () => {
  beforeAll(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })

  for (const { name, make, instead } of cases) {
    it(name, async () => {
      const expected = { ...(await runInMemory(make())), ...instead }
      expect(await runOnService(make(), true)).toEqual(expected)
      expect(await runOnService(make(), false)).toEqual(expected)
    })
  }
})
