/** What callers say, checked before anything is asked for. */
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { runIdProblem } from '../core/common/identifiers.ts'

/** @throws FlowcraftAwsError INVALID_INPUT */
export function checkRunId(runId: unknown): void {
  const problem = runIdProblem(runId)
  if (problem) throw new FlowcraftAwsError('INVALID_INPUT', problem)
}
