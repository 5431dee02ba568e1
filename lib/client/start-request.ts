/** What starts a run, checked before anything is sent or stored. */
import * as v from 'valibot'
import { FlowcraftAwsError, problemsError } from '../core/common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { inputProblem } from '../core/common/plain-object.ts'
import { checked, problem } from '../core/common/schema.ts'
import { show } from '../core/common/thrown.ts'
import { type Budget, budgetProblems, type OnBudget } from '../core/protocol/budget.ts'
import type { RunStatus } from '../core/protocol/run-state.ts'

/** What a run starts from. */
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
  /**
   * When the run begins: a Date, or a time such as '2026-03-22T03:00:00Z'; one that is past is at once. Until then it can be
   * cancelled. The time counts to what a run may take, `runRetention`. A run that is there keeps the time it was first given.
   * @default - at once
   */
  readonly startAt?: Date | string
  /** In so many milliseconds the run begins, as with `startAt`; not both. @default 0 */
  readonly delayMs?: number
  /**
   * US dollars that the run may cost, its child runs included: once it has cost more, no other node of it runs. A run that is
   * there keeps what it was first given; `unpause` and `redrive` give it more.
   * @default - `maxUsd` of its blueprint's `metadata`, else as much as it does
   */
  readonly maxUsd?: number
  /** What becomes of it then: it fails, or it is paused. @default - `onBudget` of its blueprint's `metadata`, else 'fail' */
  readonly onBudget?: OnBudget
}

/** The run that was started, or that was there. */
export interface StartRunResult {
  readonly runId: string
  readonly status: RunStatus
  /** Whether this call created the run; false where one of this id was there already. */
  readonly created: boolean
}

/** A time with its zone: another one would mean another time on another host. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

function startAtProblem(startAt: unknown): string | undefined {
  if (startAt instanceof Date && !Number.isNaN(startAt.getTime())) return undefined
  if (typeof startAt === 'string' && TIME.test(startAt) && !Number.isNaN(Date.parse(startAt)))
    return undefined
  return `startAt must be a Date, or a time such as '2026-03-22T03:00:00Z'; got ${show(startAt)}`
}

function delayProblem(delayMs: unknown): string | undefined {
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LONGEST_DELAY_DAYS * DAY_MS) return undefined
  return `delayMs must be a number of milliseconds from 0 to ${LONGEST_DELAY_DAYS} days; got ${show(delayMs)}`
}

const DAY_MS = 86_400_000
/** What a time may be away that is not a mistake. */
const LONGEST_DELAY_DAYS = 36_500

/** Of requests that say what a run may cost. */
export const budgetFields = {
  maxUsd: v.optional(problem((maxUsd) => budgetProblems({ maxUsd })[0], v.number())),
  onBudget: v.optional(
    problem(
      (onBudget) => budgetProblems({ onBudget })[0],
      v.custom<OnBudget>(() => true),
    ),
  ),
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
  startAt: v.optional(
    problem(
      startAtProblem,
      v.custom<Date | string>(() => true),
    ),
  ),
  delayMs: v.optional(problem(delayProblem, v.number())),
  ...budgetFields,
})

/** What a request lets a run cost; undefined where it says nothing. */
export function budgetIn({ maxUsd, onBudget }: Partial<Budget>): Budget | undefined {
  return maxUsd === undefined ? undefined : { maxUsd, ...(onBudget ? { onBudget } : {}) }
}

/** Where nothing is counted, no run would ever stop. @throws FlowcraftAwsError INVALID_INPUT */
export function refuseBudget(what: string): never {
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot ${what}: maxUsd needs runCosts, which is false here`)
}

/** When a run is to begin, in milliseconds since the epoch; undefined for at once. */
export function startsAtOf({ startAt, delayMs = 0 }: StartRunRequest, now: number): number | undefined {
  const at = startAt === undefined ? Math.ceil(now + delayMs) : new Date(startAt).getTime()
  return at > now ? at : undefined
}

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkStart(request: unknown): StartRunRequest {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    const expected = 'expected { blueprintId, input?, runId?, labels?, startAt? or delayMs? }'
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${expected}; got ${show(request)}`)
  }
  const start = checked(startRequest, request, (problems) =>
    problemsError('INVALID_INPUT', 'cannot start a run', problems),
  )
  if (start.onBudget !== undefined && start.maxUsd === undefined) {
    throw new FlowcraftAwsError('INVALID_INPUT', 'cannot start a run: onBudget needs maxUsd')
  }
  if (start.startAt === undefined || start.delayMs === undefined) return start
  const both = 'expected startAt or delayMs; got both'
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${both}`)
}
