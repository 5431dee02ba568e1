/** All conformance cases. */
import type { ConformanceCase } from './case.ts'
import { branchCases } from './cases/branch-cases.ts'
import { busyLoopCases } from './cases/busy-loop-cases.ts'
import { contextCases } from './cases/context-cases.ts'
import { batchCases } from './cases/batch-cases.ts'
import { cycleCases } from './cases/cycle-cases.ts'
import { dataCases } from './cases/data-cases.ts'
import { engineCases } from './cases/engine-cases.ts'
import { fallbackCases } from './cases/fallback-cases.ts'
import { foundCases } from './cases/found-cases.ts'
import { joinCases } from './cases/join-cases.ts'
import { loopCases } from './cases/loop-cases.ts'
import { pauseCases } from './cases/pause-cases.ts'
import { subflowCases } from './cases/subflow-cases.ts'

export const cases: readonly ConformanceCase[] = [
  ...joinCases,
  ...branchCases,
  ...fallbackCases,
  ...dataCases,
  ...contextCases,
  ...engineCases,
  ...loopCases,
  ...busyLoopCases,
  ...cycleCases,
  ...batchCases,
  ...pauseCases,
  ...subflowCases,
  ...foundCases,
]

export function caseNamed(name: string): ConformanceCase {
  const found = cases.find((other) => other.name === name)
  if (!found) throw new Error(`no case '${name}'`)
  return found
}
