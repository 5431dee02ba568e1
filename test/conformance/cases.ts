/** All conformance cases. */
import type { ConformanceCase } from './case.ts'
import { alwaysCases } from './cases/always-cases.ts'
import { batchCases } from './cases/batch-cases.ts'
import { branchCases } from './cases/branch-cases.ts'
import { busyLoopCases } from './cases/busy-loop-cases.ts'
import { checkpointCases } from './cases/checkpoint-cases.ts'
import { contextCases } from './cases/context-cases.ts'
import { cycleCases } from './cases/cycle-cases.ts'
import { dataCases } from './cases/data-cases.ts'
import { edgeCases } from './cases/edge-cases.ts'
import { engineCases } from './cases/engine-cases.ts'
import { fallbackCases } from './cases/fallback-cases.ts'
import { foundCases } from './cases/found-cases.ts'
import { joinCountCases } from './cases/join-count-cases.ts'
import { joinCases } from './cases/join-cases.ts'
import { loopCases } from './cases/loop-cases.ts'
import { madeCases } from './cases/made-cases.ts'
import { messageCases } from './cases/message-cases.ts'
import { pauseCases } from './cases/pause-cases.ts'
import { retryCases } from './cases/retry-cases.ts'
import { scaleCases } from './cases/scale-cases.ts'
import { subflowCases } from './cases/subflow-cases.ts'
import { timeoutCases } from './cases/timeout-cases.ts'
import { unreachedCases } from './cases/unreached-cases.ts'

/** By the part of the engine that they are about. */
export const groups: Readonly<Record<string, readonly ConformanceCase[]>> = {
  Joins: joinCases,
  'Joins of n of m': joinCountCases,
  Branches: branchCases,
  Edges: edgeCases,
  Fallbacks: fallbackCases,
  Data: dataCases,
  Context: contextCases,
  'What users plug in': engineCases,
  Timeouts: timeoutCases,
  Loops: [...loopCases, ...busyLoopCases, ...cycleCases],
  'Batches and nodes that nodes make': [...batchCases, ...madeCases],
  'Batches of several items a message': messageCases,
  'Waits, sleeps and retries': pauseCases,
  'Retries by a policy': retryCases,
  'Nodes that run always': alwaysCases,
  'Nodes without a checkpoint': checkpointCases,
  Subflows: subflowCases,
  'What no run comes to, and nodes given by class': unreachedCases,
  Scale: scaleCases,
  'Found by fuzzing': foundCases,
}

export const cases: readonly ConformanceCase[] = Object.values(groups).flat()

export function caseNamed(name: string): ConformanceCase {
  const found = cases.find((other) => other.name === name)
  if (!found) throw new Error(`no case '${name}'`)
  return found
}
