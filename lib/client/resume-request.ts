/** What resumes a run, checked before anything is read. */
import * as v from 'valibot'
import { problemsError } from '../core/common/errors.ts'
import { checked, must } from '../core/common/schema.ts'
import type { ResumeRequest } from './runs.ts'

const text = (name: string) => v.optional(must(v.string(), `${name} must be a string`))

const resumeRequest = v.object({
  nodeId: text('nodeId'),
  action: text('action'),
  output: v.unknown(),
  idempotencyKey: text('idempotencyKey'),
  by: text('by'),
  reason: text('reason'),
})

/** @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong */
export function checkResume(request: ResumeRequest): ResumeRequest {
  return checked(resumeRequest, request, (problems) =>
    problemsError('INVALID_INPUT', 'cannot resume a run', problems),
  )
}
