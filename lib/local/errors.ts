// Errors of the local AWS and the checks that raise them.
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { show } from '../core/common/thrown.ts'

export { messageOf } from '../core/common/thrown.ts'

/** What the local AWS throws when it is used wrongly or cannot start: says what, what it got, what is allowed. */
export function localError(message: string, options?: ErrorOptions): FlowcraftAwsError {
  return new FlowcraftAwsError('LOCAL_AWS', message, options)
}

/** Throws unless `value` is a whole number from `min` to `max`; returns it. */
export function wholeNumber(name: string, value: unknown, min: number, max: number, unit = ''): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const range = `a whole number from ${min} to ${max}${unit && ` ${unit}`}`
  throw localError(`${name} must be ${range}; got ${show(value)}`)
}

/** Throws unless `value` is one of `allowed`; returns it. */
export function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw localError(`${name} must be one of ${allowed.join(', ')}; got ${show(value)}`)
}

/** Throws unless `value` is a name of 1 to `max` letters, digits, hyphens and underscores; returns it. */
export function resourceName(what: string, value: string, max: number): string {
  if (typeof value === 'string' && value.length <= max && /^[\w-]+$/.test(value)) return value
  throw localError(`${what} must be 1 to ${max} letters, digits, hyphens or underscores; got ${show(value)}`)
}
