/** What starts a run, checked before anything is sent or stored. */
import { FlowcraftAwsError, throwProblems } from '../adapter/errors.ts'
import { blueprintIdProblem, runIdProblem, show } from '../adapter/queue/job.ts'
import type { RunStatus } from '../adapter/run-state.ts'

export interface StartRunRequest {
  readonly blueprintId: string
  /** Becomes the run's initial context, as in `FlowRuntime.run`. @default {} */
  readonly input?: Record<string, unknown>
  /** Starting twice with one id starts one run. @default - a random UUID */
  readonly runId?: string
}

export interface StartRunResult {
  readonly runId: string
  readonly status: RunStatus
  /** False where a run of this id was there already. */
  readonly started: boolean
}

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkStart(request: unknown): StartRunRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    const expected = 'expected { blueprintId, input?, runId? }'
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${expected}; got ${show(request)}`)
  }
  const { blueprintId, input, runId } = request as Record<string, unknown>
  const problems = [blueprintIdProblem(blueprintId)].filter((problem) => problem !== undefined)
  if (runId !== undefined)
    problems.push(...[runIdProblem(runId, 'new')].filter((problem) => problem !== undefined))
  const isRecord = typeof input === 'object' && input !== null && !Array.isArray(input)
  if (input !== undefined && !isRecord) {
    problems.push(`input must be an object, whose keys become the context's; got ${show(input)}`)
  }
  throwProblems('INVALID_INPUT', 'cannot start a run', problems)
  return request as StartRunRequest
}
