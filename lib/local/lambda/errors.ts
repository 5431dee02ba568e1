// Errors of local Lambda functions, as the Lambda service reports them.
import { FlowcraftAwsError } from '../../core/common/errors.ts'

/** The error object that Lambda answers when a function fails. */
export interface FunctionErrorPayload {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace?: readonly string[]
}

/**
 * A function failed: its handler threw, it timed out (`Sandbox.Timedout`) or its process died
 * (`Runtime.ExitError`).
 */
export class FunctionError extends FlowcraftAwsError {
  /** The name of the error that the handler threw, or one of Lambda's own such as `Runtime.ExitError`. */
  readonly errorType: string
  readonly errorMessage: string
  /** The stack inside the function, line by line; empty where there was none. */
  readonly trace: readonly string[]

  constructor(functionName: string, { errorType, errorMessage, trace = [] }: FunctionErrorPayload) {
    super('FUNCTION_FAILED', `function ${functionName} failed: ${errorType}: ${errorMessage}`)
    this.errorType = errorType
    this.errorMessage = errorMessage
    this.trace = trace
  }
}

/** Lambda's TooManyRequestsException: as many invocations run as the function may have. Try again later. */
export class ThrottledError extends FlowcraftAwsError {
  constructor(functionName: string, maxConcurrency: number) {
    const why = `function ${functionName} already runs ${maxConcurrency} invocations, its maxConcurrency`
    super('FUNCTION_THROTTLED', why)
  }
}
