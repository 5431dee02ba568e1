/** The contract notices where the store in memory forgets a condition of a write. */
import { describe, expect, it } from 'vitest'
import type { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import { memoryMutants, moduleWithout, noticedBy } from './store-mutants.ts'

describe('the contract notices, of the store in memory, that it forgets a condition of', () => {
  for (const mutant of memoryMutants) {
    it(mutant.what, async () => {
      const weak = await moduleWithout<{ MemoryRunStore: new () => MemoryRunStore }>(
        'store/memory-run-store.ts',
        mutant,
      )
      expect(await noticedBy(() => new weak.MemoryRunStore())).toBeDefined()
    })
  }
})
