/** The simulation notices when the protocol is weakened. */
import { describe, expect, it } from 'vitest'
import { leaseMutants } from './lease-mutants.ts'
import { mutants } from './mutants.ts'
import { noticed } from './noticed.ts'
import { publishMutants } from './publish-mutants.ts'
import { sourceMutants } from './source-mutants.ts'
import { sourceNoticed } from './source-mutation.ts'
import { steeringMutants } from './steering-mutants.ts'
import { weatherMutants } from './weather-mutants.ts'

describe('mutants of the protocol are noticed', () => {
  for (const mutant of [
    ...sourceMutants,
    ...publishMutants,
    ...steeringMutants,
    ...weatherMutants,
    ...leaseMutants,
  ]) {
    it(mutant.what, async () => {
      expect(await sourceNoticed(mutant)).toBeDefined()
    })
  }

  for (const mutant of mutants) {
    it(mutant.what, async () => {
      expect(await noticed(mutant)).toBeDefined()
    })
  }
})
