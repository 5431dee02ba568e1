/** What a problem means for its caller. Bundles may hold a class twice, so tell errors apart by `code`. */
export type FlowcraftAwsErrorCode =
  | 'INVALID_CONFIGURATION'
  | 'INVALID_BLUEPRINT'
  | 'UNKNOWN_BLUEPRINT'
  | 'INVALID_INPUT'
  /** The run id was used before, with another input or blueprint. */
  | 'RUN_CONFLICT'
  /** The idempotency key was used before, with another action or output. */
  | 'RESUME_CONFLICT'
  | 'INVALID_JOB'
  | 'RUN_NOT_FOUND'
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
  | 'REQUEST_FAILED'

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

  constructor(code: FlowcraftAwsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether `error` came from this package, and, if given, is of this kind. */
export function isFlowcraftAwsError(
  error: unknown,
  code?: FlowcraftAwsErrorCode,
): error is FlowcraftAwsError {
  if (!(error instanceof Error) || error.name !== 'FlowcraftAwsError') return false
  return code === undefined || (error as FlowcraftAwsError).code === code
}

/** Joins problems that were found together into one error, so that nobody mends them one run at a time. */
export function throwProblems(
  code: FlowcraftAwsErrorCode,
  subject: string,
  problems: readonly string[],
): void {
  if (problems.length === 0) return
  const list = problems.length === 1 ? ` ${problems[0]}` : `\n- ${problems.join('\n- ')}`
  throw new FlowcraftAwsError(code, `${subject}:${list}`)
}

/** The message of whatever was thrown; of an error that only holds others, theirs. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** An AWS request that failed, with what was asked; trouble of the infrastructure, or of its configuration. */
export function requestFailed(what: string, cause: unknown): FlowcraftAwsError {
  const name =
    cause instanceof Error && !['Error', 'AggregateError'].includes(cause.name) ? `${cause.name}: ` : ''
  return new FlowcraftAwsError('REQUEST_FAILED', `${what} failed: ${name}${messageOf(cause)}`, { cause })
}

/** UNKNOWN_BLUEPRINT, with what there is. */
export function unknownBlueprint(blueprintId: string, known: readonly string[]): FlowcraftAwsError {
  const list =
    known.length === 0 ? 'none is registered' : `registered: ${known.map((id) => `'${id}'`).join(', ')}`
  return new FlowcraftAwsError('UNKNOWN_BLUEPRINT', `no blueprint '${blueprintId}' here; ${list}`)
}
