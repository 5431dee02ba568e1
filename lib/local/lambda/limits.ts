/**
 * What Lambda refuses of a function's environment variables.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html (November 2026)
 */
import { localError } from '../errors.ts'

/** "The total size of all environment variables doesn't exceed 4 KB": Lambda measures them as JSON. */
const BYTES_AT_MOST = 4_096
/** "Reserved environment variables": the runtime sets them, and no function may. */
const RESERVED = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
])
/** "Keys start with a letter and are at least two characters", of "letters, numbers, and the underscore". */
const NAME = /^[a-zA-Z]\w+$/

/** @throws FlowcraftAwsError LOCAL_AWS */
export function checkEnvironment(functionName: string, environment: Readonly<Record<string, string>>): void {
  const names = Object.keys(environment)
  const reserved = names.filter((name) => RESERVED.has(name))
  if (reserved.length > 0) {
    throw localError(
      `the environment of function ${functionName} has ${reserved.join(', ')}, which Lambda sets`,
    )
  }
  const bad = names.find((name) => !NAME.test(name))
  if (bad !== undefined) {
    throw localError(`the environment of function ${functionName} may not have the name '${bad}' on Lambda`)
  }
  const bytes = Buffer.byteLength(JSON.stringify(environment))
  if (bytes <= BYTES_AT_MOST) return
  throw localError(
    `the environment of function ${functionName} has ${bytes} bytes as JSON, Lambda takes ${BYTES_AT_MOST}`,
  )
}
