/** The simulation notices when the protocol is weakened. */
import { describe, expect, it } from 'vitest'
import { mutants } from './mutants.ts'
import { noticed } from './noticed.ts'

describe('mutants of the protocol are noticed', () => {
  for (const mutant of mutants) {
    it(mutant.what, async () => {
      expect(await noticed(mutant)).toBeDefined()
    })
  }
})
