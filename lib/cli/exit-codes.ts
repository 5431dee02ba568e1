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
  override readonly name: string = 'UsageError'
}

/** Nothing says which service is meant. */
export class NoServiceError extends UsageError {
  override readonly name = 'NoServiceError'
}

/** What is named on the command line, and is not there. */
export class NotThereError extends Error {
  override readonly name = 'NotThereError'
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

/** What the SDK says in other words than ours, and what to do about it. */
const HINTS: readonly (readonly [said: RegExp, sentence: (said: string) => string, code: ExitCode])[] = [
  [
    /^Region is missing/,
    () => 'no AWS region is known: give --region, set AWS_REGION, or "region" in flowcraft.json',
    exitCodes.usage,
  ],
  [
    /^Could not load credentials/,
    () => 'no AWS credentials were found: sign in (aws configure, aws sso login), or name a --profile',
    exitCodes.noPermission,
  ],
  [
    /^Could not resolve credentials using profile: \[.*\]/,
    (said) =>
      `${said.replace(/ in configuration\/credentials file\(s\)\.?$/, '')}: there is no such AWS profile, or it has none`,
    exitCodes.noPermission,
  ],
]

/** The error itself, and what it came of. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let at = error; at !== undefined && chain.length < 5; at = propertyOf(at, 'cause')) chain.push(at)
  return chain
}

function hintOf(error: unknown) {
  for (const message of chainOf(error).map(messageOf)) {
    const hint = HINTS.find(([said]) => said.test(message))
    if (hint) return { sentence: hint[1](message), code: hint[2] }
  }
  return undefined
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage
  if (error instanceof NotThereError) return exitCodes.notFound
  const hint = hintOf(error)
  if (hint) return hint.code
  if (chainOf(error).some((one) => NO_PERMISSION.test(String(propertyOf(one, 'name')))))
    return exitCodes.noPermission
  if (isFlowcraftAwsError(error)) return BY_CODE[error.code] ?? exitCodes.failed
  return exitCodes.failed
}

/** One line that says what happened, of an error whose own message does not say it the cause's. */
export function sentenceOf(error: unknown): string {
  const hint = hintOf(error)
  if (hint) return hint.sentence
  const message = messageOf(error)
  if (exitCodeOf(error) !== exitCodes.noPermission) return message
  const cause = messageOf(propertyOf(error, 'cause') ?? error)
  return message.includes(cause) ? message : `${message}: ${cause}`
}
