/** What asks for runs, checked before anything is read. */
import * as v from 'valibot'
import { problemsError } from '../core/common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { checked, must, problem } from '../core/common/schema.ts'
import type { ListRunsRequest } from '../core/run/list.ts'

const STATUSES = ['running', 'awaiting', 'completed', 'failed', 'cancelled'] as const
const status = v.picklist(STATUSES)
const LIMIT_AT_MOST = 1_000

const time = (name: string) => v.optional(must(v.date(), `${name} must be a Date, and one that there is`))

const limit = v.optional(
  must(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMIT_AT_MOST)),
    `limit must be a whole number from 1 to ${LIMIT_AT_MOST}`,
  ),
)

const listRequest = v.object({
  blueprintId: v.optional(problem(blueprintIdProblem, v.string())),
  status: v.optional(
    must(
      v.union([status, v.pipe(v.array(status), v.nonEmpty())]),
      `status must be one or some of ${STATUSES.join(', ')}`,
    ),
  ),
  startedAfter: time('startedAfter'),
  startedBefore: time('startedBefore'),
  label: v.optional(
    problem(
      labelsProblem,
      v.custom<RunLabels>(() => true),
    ),
  ),
  parentRunId: v.optional(problem((id) => runIdProblem(id)?.replace('runId', 'parentRunId'), v.string())),
  limit,
  cursor: v.optional(must(v.pipe(v.string(), v.nonEmpty()), 'cursor must be one that a list gave')),
})

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkList(request: ListRunsRequest): ListRunsRequest {
  return checked(listRequest, request, (problems) =>
    problemsError('INVALID_INPUT', 'cannot list runs', problems),
  )
}
