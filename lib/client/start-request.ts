/** What starts a run, checked before anything is sent or stored. */
import * as v from 'valibot'
import { FlowcraftAwsError, problemsError } from '../core/common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { inputProblem } from '../core/common/plain-object.ts'
import { checked, problem } from '../core/common/schema.ts'
import { show } from '../core/common/thrown.ts'
import type { RunStatus } from '../core/protocol/run-state.ts'

export interface StartRunRequest {
  readonly blueprintId: string
  /** Becomes the run's initial context, as in `FlowRuntime.run`. @default {} */
  readonly input?: Record<string, unknown>
  /** Starting twice with one id starts one run; with another input, blueprint or labels it is refused. @default - a random UUID */
  readonly runId?: string
  /**
   * By which `list({ label })` finds the run, for a write unit each: 5 at most, such as `{ orderId: 'A-17', tenant: 'acme' }`.
   * Names of 1 to 40 characters (A-Z a-z 0-9 _ . -), values of 1 to 100, 256 bytes altogether.
   * @default - none
   */
  readonly labels?: RunLabels
}

export interface StartRunResult {
  readonly runId: string
  readonly status: RunStatus
  /** Whether this call created the run; false where one of this id was there already. */
  readonly created: boolean
}

const startRequest = v.object({
  blueprintId: problem(blueprintIdProblem, v.string()),
  runId: v.optional(problem((runId) => runIdProblem(runId, 'new'), v.string())),
  input: v.optional(
    problem(
      inputProblem,
      v.custom<Record<string, unknown>>(() => true),
    ),
  ),
  labels: v.optional(
    problem(
      labelsProblem,
      v.custom<RunLabels>(() => true),
    ),
  ),
})

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkStart(request: unknown): StartRunRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    const expected = 'expected { blueprintId, input?, runId?, labels? }'
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${expected}; got ${show(request)}`)
  }
  return checked(startRequest, request, (problems) =>
    problemsError('INVALID_INPUT', 'cannot start a run', problems),
  )
}
