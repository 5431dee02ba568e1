import { isError, messageOf, propertyOf } from './thrown.ts'

export { messageOf } from './thrown.ts'

/** What a problem means for its caller. Bundles may hold a class twice, so tell errors apart by `code`. */
export type FlowcraftAwsErrorCode =
  | 'INVALID_CONFIGURATION'
  | 'INVALID_BLUEPRINT'
  | 'UNKNOWN_BLUEPRINT'
  | 'INVALID_INPUT'
  /** The run id was used before, with another input, blueprint or labels. */
  | 'RUN_CONFLICT'
  /** The idempotency key was used before, with another action or output. */
  | 'RESUME_CONFLICT'
  | 'INVALID_JOB'
  | 'RUN_NOT_FOUND'
  /** The table has no index by which runs can be listed, or it is being built. */
  | 'RUN_INDEX_MISSING'
  /** The run is not in the state that the operation is for. */
  | 'INVALID_STATE'
  /** The end of the run is being published. */
  | 'RUN_ENDING'
  | 'RUN_TIMEOUT'
  | 'VALUE_NOT_SERIALIZABLE'
  | 'VALUE_LOST'
  | 'NODE_TIMEOUT'
  /** A node's event did not come within its `timeout`. */
  | 'WAIT_TIMEOUT'
  | 'NODE_KILLED'
  | 'CONTEXT_CONFLICT'
  | 'MESSAGE_LEFT'
  | 'NOT_DEPLOYED'
  /** Trouble of the infrastructure, or of its configuration: the same request may succeed later. */
  | 'REQUEST_FAILED'
  /** The same request can never succeed: what it asks to store cannot be stored. */
  | 'REQUEST_REFUSED'
  /** The local AWS was used wrongly, or cannot start. */
  | 'LOCAL_AWS'
  /** A local function threw, ran out of time, or its process died. */
  | 'FUNCTION_FAILED'
  /** A local function already runs as many invocations as it may. */
  | 'FUNCTION_THROTTLED'

/** Whether the same call may succeed later, by code. docs/errors.md says of each code what to do. */
const retryable: Readonly<Record<FlowcraftAwsErrorCode, boolean>> = {
  INVALID_CONFIGURATION: false,
  INVALID_BLUEPRINT: false,
  UNKNOWN_BLUEPRINT: false,
  INVALID_INPUT: false,
  RUN_CONFLICT: false,
  RESUME_CONFLICT: false,
  INVALID_JOB: false,
  RUN_NOT_FOUND: false,
  RUN_INDEX_MISSING: false,
  INVALID_STATE: false,
  RUN_ENDING: true,
  RUN_TIMEOUT: true,
  VALUE_NOT_SERIALIZABLE: false,
  VALUE_LOST: false,
  NODE_TIMEOUT: true,
  WAIT_TIMEOUT: false,
  NODE_KILLED: false,
  CONTEXT_CONFLICT: true,
  MESSAGE_LEFT: true,
  NOT_DEPLOYED: true,
  REQUEST_FAILED: true,
  REQUEST_REFUSED: false,
  LOCAL_AWS: false,
  FUNCTION_FAILED: true,
  FUNCTION_THROTTLED: true,
}

/** All codes of `FlowcraftAwsError`. docs/errors.md says of each what to do. */
export const errorCodes = Object.keys(retryable) as readonly FlowcraftAwsErrorCode[]

/** What a `FlowcraftAwsError` is about. */
export interface FlowcraftAwsErrorOptions extends ErrorOptions {
  readonly runId?: string
  readonly nodeId?: string
  readonly blueprintId?: string
}

/**
 * The one error class of this package.
 *
 * @example
 * try { await client.start({ blueprintId: 'nope' }) } catch (error) {
 *   if (isFlowcraftAwsError(error, 'UNKNOWN_BLUEPRINT')) console.error(error.message)
 * }
 */
export class FlowcraftAwsError extends Error {
  override readonly name = 'FlowcraftAwsError'
  /** Says which kind of problem this is; stable, made for programs. */
  readonly code: FlowcraftAwsErrorCode
  /** The run, node and blueprint that it is about, where it is about one. */
  declare readonly runId?: string
  declare readonly nodeId?: string
  declare readonly blueprintId?: string

  constructor(code: FlowcraftAwsErrorCode, message: string, options: FlowcraftAwsErrorOptions = {}) {
    const { runId, nodeId, blueprintId, ...rest } = options
    super(message, rest)
    this.code = code
    // Only what is known: an error that is logged shows no empty fields.
    Object.assign(this, runId && { runId }, nodeId && { nodeId }, blueprintId && { blueprintId })
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return retryable[this.code]
  }

  /** The page of the package that says what to do. */
  get docs(): string {
    return `node_modules/flowcraft-aws/docs/errors.md#${this.code.toLowerCase()}`
  }
}

/**
 * Whether `error` came from this package, and, if given, is of this kind.
 * @example
 * const run = await client.get(runId).catch((error: unknown) => {
 *   if (isFlowcraftAwsError(error, 'RUN_NOT_FOUND')) return undefined
 *   throw error
 * })
 */
export function isFlowcraftAwsError(
  error: unknown,
  code?: FlowcraftAwsErrorCode,
): error is FlowcraftAwsError {
  if (!isError(error) || propertyOf(error, 'name') !== 'FlowcraftAwsError') return false
  return code === undefined || propertyOf(error, 'code') === code
}

/**
 * Whether what a store, a queue or a bucket threw is trouble that passes, or that an operator mends: throttling, a
 * network that is away, a permission that is missing. Then the message comes back and no node fails. All else that is
 * thrown while a node is worked on is that node's failure.
 */
export function isTrouble(error: unknown): boolean {
  return isFlowcraftAwsError(error, 'REQUEST_FAILED')
}

/** Joins problems that were found together into one error, so that nobody mends them one run at a time. */
export function throwProblems(
  code: FlowcraftAwsErrorCode,
  subject: string,
  problems: readonly string[],
): void {
  if (problems.length > 0) throw problemsError(code, subject, problems)
}

export function problemsError(
  code: FlowcraftAwsErrorCode,
  subject: string,
  problems: readonly string[],
): FlowcraftAwsError {
  const list = problems.length === 1 ? ` ${problems[0]}` : `\n- ${problems.join('\n- ')}`
  return new FlowcraftAwsError(code, `${subject}:${list}`)
}

/**
 * Names of errors that say that a request is wrong in itself, whenever it is sent: DynamoDB's, SQS's and S3's own, and
 * those of JavaScript for what cannot be written as a request.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  'ValidationException',
  'SerializationException',
  'ItemCollectionSizeLimitExceededException',
  'InvalidMessageContents',
  'InvalidParameterValue',
  'InvalidAttributeValue',
  'BatchRequestTooLong',
  'EntityTooLarge',
  'KeyTooLongError',
  'InvalidURI',
  'RequestEntityTooLarge',
  'RequestEntityTooLargeException',
  'URIError',
  'RangeError',
])
/** What `@aws-sdk/util-dynamodb` says, in errors without a class, of values that it has no form for. */
const NO_FORM =
  /^(Special numeric value|Unsupported type passed|Pass (a non-empty set|options\.)|Only Number Set|Number \S+ is (greater|lesser) than)/

/**
 * An AWS request that failed, with what was asked: REQUEST_REFUSED where it can never succeed, else REQUEST_FAILED.
 * What is not known to be the one is the other, since trouble must fail no run.
 */
export function requestFailed(what: string, cause: unknown): FlowcraftAwsError {
  const name = nameOf(cause)
  const shown = ['Error', 'AggregateError', ''].includes(name) ? '' : `${name}: `
  const code = isRefusal(cause) ? 'REQUEST_REFUSED' : 'REQUEST_FAILED'
  return new FlowcraftAwsError(code, `${what} failed: ${shown}${messageOf(cause)}`, { cause })
}

function isRefusal(cause: unknown): boolean {
  // Some protocols put a namespace before the name.
  const name = nameOf(cause).split(/[.#]/).at(-1) ?? ''
  return REFUSALS.has(name) || (name === 'Error' && NO_FORM.test(messageOf(cause)))
}

function nameOf(error: unknown): string {
  const name = isError(error) ? propertyOf(error, 'name') : undefined
  return typeof name === 'string' ? name : ''
}

/** UNKNOWN_BLUEPRINT, with what there is. */
export function unknownBlueprint(blueprintId: string, known: readonly string[]): FlowcraftAwsError {
  const list =
    known.length === 0 ? 'none is registered' : `registered: ${known.map((id) => `'${id}'`).join(', ')}`
  return new FlowcraftAwsError('UNKNOWN_BLUEPRINT', `no blueprint '${blueprintId}' here; ${list}`, {
    blueprintId,
  })
}
