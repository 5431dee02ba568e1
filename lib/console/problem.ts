/** What the console answers where it does not do what it was asked for. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type FlowcraftAwsErrorCode, isFlowcraftAwsError, messageOf } from '../core/common/errors.ts'
import type { ProblemView } from './views.ts'

/** A refusal of the console itself. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError'
  readonly status: ContentfulStatusCode
  readonly code: string

  constructor(status: ContentfulStatusCode, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const STATUS: Partial<Record<FlowcraftAwsErrorCode, ContentfulStatusCode>> = {
  INVALID_INPUT: 400,
  UNKNOWN_BLUEPRINT: 404,
  RUN_NOT_FOUND: 404,
  VALUE_LOST: 410,
  RUN_CONFLICT: 409,
  RESUME_CONFLICT: 409,
  INVALID_STATE: 409,
  RUN_ENDING: 409,
  RUN_INDEX_MISSING: 409,
  REQUEST_REFUSED: 400,
}

export function problemOf(error: unknown): { status: ContentfulStatusCode; problem: ProblemView } {
  if (error instanceof ConsoleError) {
    const { status, code, message } = error
    return { status, problem: { code, message } }
  }
  if (isFlowcraftAwsError(error)) {
    const { code, message, docs } = error
    return { status: STATUS[code] ?? 502, problem: { code, message, docs } }
  }
  return { status: 500, problem: { code: 'INTERNAL', message: messageOf(error) } }
}
