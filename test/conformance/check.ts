/** Runs a case in memory, and holds against that what it comes to elsewhere. */
import type { ConformanceCase } from './case.ts'
import { type Outcome, runInMemory, withoutInputs } from './outcome.ts'
import { shown } from './planned.ts'

export async function expectedOf({ make, instead, reference }: ConformanceCase): Promise<Outcome> {
  if (reference) return (await reference()).outcome
  return { ...(await runInMemory(make())), ...instead }
}

/** What of an outcome is compared. */
export function comparedOf({ reference, instead }: ConformanceCase, outcome: Outcome): Outcome {
  if (reference) return shown(outcome)
  return instead?.context ? withoutInputs(outcome) : outcome
}
