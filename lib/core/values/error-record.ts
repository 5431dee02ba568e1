/** Errors as a run keeps them. Whatever a node throws becomes a record: nothing here throws. */
import { beginningOf } from '../common/texts.ts'
import { isError, messageOf, propertyOf, textOf } from '../common/thrown.ts'

/** An error as a run keeps it, in the shape of the engine's `WorkflowError`. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly nodeId: string
  readonly isFatal: false
  /** ISO 8601. */
  readonly timestamp: string
  readonly originalError: ErrorCause
}

/** An error as a run keeps it: name, message, stack, and what caused it. */
export interface ErrorCause {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorCause
  /** Of an error that holds others, an AggregateError: the first of them. */
  readonly errors?: readonly ErrorCause[]
}

/** Deeper causes than this are left out: they may be a circle. */
const CAUSES = 5
/** Of the errors that one error holds, so many are kept. */
const ERRORS = 5
const STACK_CHARACTERS = 2_000

export function errorRecord(nodeId: string, error: unknown, now: number): ErrorRecord {
  return {
    name: 'FlowcraftError',
    message: error === undefined ? 'the node failed without an error' : messageOf(error),
    nodeId,
    isFatal: false,
    timestamp: new Date(now).toISOString(),
    originalError: describe(error, CAUSES),
  }
}

function describe(error: unknown, depth: number): ErrorCause {
  if (!isError(error)) return { name: 'Error', message: textOf(error) }
  const name = propertyOf(error, 'name')
  const stack = propertyOf(error, 'stack')
  const cause = depth === 0 ? undefined : propertyOf(error, 'cause')
  const errors = depth === 0 ? undefined : propertyOf(error, 'errors')
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: messageOf(error),
    ...(typeof stack === 'string' ? { stack: beginningOf(stack, STACK_CHARACTERS) } : {}),
    ...(cause === undefined ? {} : { cause: describe(cause, depth - 1) }),
    ...(Array.isArray(errors) && errors.length > 0
      ? // Each level deeper costs twice: an error that holds itself five times would be recorded thousands of times.
        { errors: errors.slice(0, ERRORS).map((one) => describe(one, Math.max(0, depth - 3))) }
      : {}),
  }
}
