/** What the shell is told, for scripts. */
import { type FlowcraftAwsErrorCode, isFlowcraftAwsError, messageOf } from '../core/common/errors.ts'
import { propertyOf } from '../core/common/thrown.ts'

export const exitCodes = {
  done: 0,
  /** The run that was waited for failed or was cancelled; or something nobody expected. */
  failed: 1,
  usage: 2,
  notFound: 3,
  wrongState: 4,
  noPermission: 5,
  timeLimit: 6,
  someFailed: 7,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What a user did wrong on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const BY_CODE: Partial<Record<FlowcraftAwsErrorCode, ExitCode>> = {
  INVALID_CONFIGURATION: exitCodes.usage,
  INVALID_INPUT: exitCodes.usage,
  UNKNOWN_BLUEPRINT: exitCodes.usage,
  VALUE_NOT_SERIALIZABLE: exitCodes.usage,
  RUN_NOT_FOUND: exitCodes.notFound,
  RUN_INDEX_MISSING: exitCodes.notFound,
  RUN_CONFLICT: exitCodes.wrongState,
  RESUME_CONFLICT: exitCodes.wrongState,
  INVALID_STATE: exitCodes.wrongState,
  RUN_ENDING: exitCodes.wrongState,
  RUN_TIMEOUT: exitCodes.timeLimit,
}

/** Names of errors by which AWS and its SDK say that nobody is signed in, or may not do it. */
const NO_PERMISSION =
  /^(AccessDenied(Exception)?|CredentialsProviderError|ExpiredToken(Exception)?|UnrecognizedClientException|InvalidClientTokenId|SignatureDoesNotMatch)$/

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage
  for (let at = error, depth = 0; at !== undefined && depth < 5; at = propertyOf(at, 'cause'), depth++) {
    if (NO_PERMISSION.test(String(propertyOf(at, 'name')))) return exitCodes.noPermission
  }
  if (isFlowcraftAwsError(error)) return BY_CODE[error.code] ?? exitCodes.failed
  return exitCodes.failed
}

/** One line that says what happened, of an error whose own message does not say it the cause's. */
export function sentenceOf(error: unknown): string {
  const message = messageOf(error)
  if (exitCodeOf(error) !== exitCodes.noPermission) return message
  const cause = messageOf(propertyOf(error, 'cause') ?? error)
  return message.includes(cause) ? message : `${message}: ${cause}`
}
