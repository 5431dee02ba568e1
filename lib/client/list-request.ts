/** What asks for runs, checked before anything is read. */
import * as v from 'valibot'
import { problemsError } from '../core/common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { checked, must, problem, problemsOf } from '../core/common/schema.ts'
import { show } from '../core/common/thrown.ts'
import type { BackfillRequest } from '../core/run/backfill.ts'
import type { FailuresRequest } from '../core/run/failures.ts'
import type { ListRunsRequest } from '../core/run/list.ts'

const STATUSES = ['running', 'awaiting', 'paused', 'completed', 'failed', 'cancelled'] as const
const status = v.picklist(STATUSES)
const PAGE_AT_MOST = 1_000
const FAILURES_AT_MOST = 10_000

const date = (name: string) => must(v.date(), `${name} must be a Date, and one that there is`)

const limit = (atMost: number) => {
  const number = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(atMost))
  return v.optional(must(number, `limit must be a whole number from 1 to ${atMost}`))
}

const cursor = v.optional(must(v.pipe(v.string(), v.nonEmpty()), 'cursor must be one that a list gave'))

const listRequest = v.object({
  blueprintId: v.optional(problem(blueprintIdProblem, v.string())),
  status: v.optional(
    must(
      v.union([status, v.pipe(v.array(status), v.nonEmpty())]),
      `status must be one or some of ${STATUSES.join(', ')}`,
    ),
  ),
  startedAfter: v.optional(date('startedAfter')),
  startedBefore: v.optional(date('startedBefore')),
  label: v.optional(
    problem(
      labelsProblem,
      v.custom<RunLabels>(() => true),
    ),
  ),
  parentRunId: v.optional(problem((id) => runIdProblem(id)?.replace('runId', 'parentRunId'), v.string())),
  forkedFrom: v.optional(problem((id) => runIdProblem(id)?.replace('runId', 'forkedFrom'), v.string())),
  limit: limit(PAGE_AT_MOST),
  cursor,
})

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkList(request: ListRunsRequest): ListRunsRequest {
  return known(listRequest, request, 'cannot list runs')
}

const failuresRequest = v.object({
  since: date('since'),
  until: v.optional(date('until')),
  blueprintId: v.optional(problem(blueprintIdProblem, v.string())),
  limit: limit(FAILURES_AT_MOST),
  cursor,
})

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkFailures(request: FailuresRequest): FailuresRequest {
  return known(failuresRequest, request, 'cannot look for failures')
}

/** DynamoDB's limit (API Reference, "Scan"). */
const SEGMENTS_AT_MOST = 1_000_000

const backfillRequest = v.object({
  blueprintIds: v.optional(must(v.array(v.string()), 'blueprintIds must be a list of ids')),
  segment: v.optional(problem(segmentProblem, v.object({ index: v.number(), of: v.number() }))),
  cursor,
})

function segmentProblem(segment: unknown): string | undefined {
  const { index = NaN, of = NaN } = (segment ?? {}) as { index?: number; of?: number }
  const areWhole = Number.isInteger(index) && Number.isInteger(of)
  if (areWhole && index >= 0 && index < of && of <= SEGMENTS_AT_MOST) return undefined
  return `segment must be { index, of }, whole numbers, index from 0 to below of; got ${show(segment)}`
}

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkBackfill(request: BackfillRequest): BackfillRequest {
  return known(backfillRequest, request, 'cannot take runs into the lists')
}

/** As `checked`, and no name that there is not: a filter that is misspelt would be none. */
export function known<E extends Readonly<Record<string, v.GenericSchema>>>(
  schema: v.ObjectSchema<E, undefined>,
  request: object,
  what: string,
): v.InferOutput<typeof schema> {
  const refusal = (problems: readonly string[]) => problemsError('INVALID_INPUT', what, problems)
  const names = Object.keys(schema.entries)
  const unknown = Object.keys({ ...request }).filter((name) => !names.includes(name))
  if (unknown.length === 0) return checked(schema, request, refusal)
  throw refusal([
    ...problemsOf(schema, request),
    `${unknown.map((name) => `'${name}'`).join(', ')} is nothing to ask for; there is ${names.join(', ')}`,
  ])
}
