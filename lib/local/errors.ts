// Errors of the local AWS and the checks that raise them. Imports nothing.

/** What the local AWS throws when it is used wrongly or cannot start: says what, what it got, what is allowed. */
export class LocalAwsError extends Error {
  override readonly name = 'LocalAwsError'
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Throws unless `value` is a whole number from `min` to `max`; returns it. */
export function wholeNumber(name: string, value: unknown, min: number, max: number, unit = ''): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const range = `a whole number from ${min} to ${max}${unit && ` ${unit}`}`
  throw new LocalAwsError(`${name} must be ${range}, got ${show(value)}`)
}

/** Throws unless `value` is one of `allowed`; returns it. */
export function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw new LocalAwsError(`${name} must be one of ${allowed.join(', ')}, got ${show(value)}`)
}

/** Throws unless `value` is a name of 1 to `max` letters, digits, hyphens and underscores; returns it. */
export function resourceName(what: string, value: string, max: number): string {
  if (typeof value === 'string' && value.length <= max && /^[\w-]+$/.test(value)) return value
  throw new LocalAwsError(
    `${what} must be 1 to ${max} letters, digits, hyphens or underscores, got ${show(value)}`,
  )
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
