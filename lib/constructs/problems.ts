/**
 * Checks of props: an impossible combination is an error at synth that names the props, what was given and what is
 * allowed, all problems at once. A token is not known at synth, so it is not checked.
 */
import { type Duration, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { retentionProblems } from '../core/store/retention.ts'

/** @throws Error that lists all problems, with the path of the construct */
export function throwProblems(scope: Construct, problems: readonly string[]): void {
  if (problems.length === 0) return
  const list = problems.length === 1 ? ` ${problems[0]}` : `\n- ${problems.join('\n- ')}`
  throw new Error(`invalid props of ${scope.node.path}:${list}`)
}

/** The names of the props that were given. */
export function givenOf<T extends object>(props: T, names?: readonly (keyof T & string)[]): string[] {
  return Object.entries(props)
    .filter(([name, value]) => value !== undefined && (!names || names.includes(name as keyof T & string)))
    .map(([name]) => name)
}

/** `existingX` excludes the props of a new X. */
export function existingOrNew(existing: string, what: string, given: readonly string[]): string[] {
  if (given.length === 0) return []
  return [`give either ${existing} or props of a new ${what}, got ${existing} and ${given.join(', ')}`]
}

/** A whole number within its limits. */
export function numberProblems(
  name: string,
  value: number | undefined,
  { min, max }: { min: number; max: number },
): string[] {
  if (value === undefined || Token.isUnresolved(value)) return []
  if (Number.isInteger(value) && value >= min && value <= max) return []
  return [`${name} must be a whole number from ${min} to ${max}, got ${value}`]
}

/** Concurrency reserved for a function: none at all would stop it for good. */
export function reservedProblems(name: string, value: number | undefined): string[] {
  return numberProblems(name, value, { min: 1, max: 1_000_000 })
}

/** A duration of whole seconds within its limits. */
export function durationProblems(
  name: string,
  value: Duration | undefined,
  { min, max }: { min: Duration; max: Duration },
): string[] {
  if (value === undefined || value.isUnresolved()) return []
  const ms = value.toMilliseconds()
  if (ms % 1_000 === 0 && ms >= min.toMilliseconds() && ms <= max.toMilliseconds()) return []
  return [`${name} must be from ${words(min)} to ${words(max)} in whole seconds, got ${words(value)}`]
}

/** How long runs are kept. */
export function runRetentionProblems(value: Duration | undefined): string[] {
  if (value === undefined || value.isUnresolved()) return []
  const days = value.toMilliseconds() / 86_400_000
  return retentionProblems('runRetention', days)
}

export function words(duration: Duration): string {
  return duration.toHumanString()
}
