/** What starts a run, checked before anything is sent or stored. */
import * as v from 'valibot'
import { FlowcraftAwsError, problemsError } from '../core/common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
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

/**
 * What is wrong with the `input` of a run. A Map, a Date or an instance of a class has no keys of its own to become the
 * context's, or others than it shows: it would be taken for `{}`.
 */
function inputProblem(input: unknown): string | undefined {
  if (input === undefined || isPlainObject(input)) return undefined
  const got =
    typeof input === 'object' && input !== null && !Array.isArray(input) ? kindOf(input) : show(input)
  return `input must be a plain object, whose keys become the context's; got ${got}`
}

/** Also one of another realm, or without a prototype. */
function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return true
  return (
    Object.getPrototypeOf(prototype) === null && Object.prototype.toString.call(value) === '[object Object]'
  )
}

function kindOf(value: object): string {
  const { constructor } = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } }
  const name = typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'a class'
  return `an instance of ${name}`
}
