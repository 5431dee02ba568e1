/** The environment variables that a user adds to those by which a worker finds its service. */
import { Token } from 'aws-cdk-lib'

/** Set by the constructs alone: another value would part a worker from its service. */
const RESERVED = /^FLOWCRAFT_|^POWERTOOLS_SERVICE_NAME$/
/** Lambda takes 4 KB of names and values; the constructs' own, without pools, take at least this much of it. */
export const USER_BYTES = 4_096 - 500

export function environmentProblems(environment: Readonly<Record<string, string>> = {}): string[] {
  const bytes = environmentBytes(environment)
  if (bytes <= USER_BYTES) return reservedNameProblems(environment)
  const limit = `${USER_BYTES} bytes of names and values, since Lambda takes 4 KB with the construct's own`
  return [...reservedNameProblems(environment), `environment must have at most ${limit}, got ${bytes}`]
}

export function reservedNameProblems(environment: Readonly<Record<string, string>> = {}): string[] {
  const names = Object.keys(environment).filter((name) => RESERVED.test(name))
  if (names.length === 0) return []
  return [
    `environment must not have variables that the construct sets (FLOWCRAFT_..., POWERTOOLS_SERVICE_NAME), got ${names.join(', ')}`,
  ]
}

/** A token counts nothing: its length is unknown at synth. */
export function environmentBytes(environment: Readonly<Record<string, string>>): number {
  const texts = Object.entries(environment).flatMap(([name, value]) =>
    Token.isUnresolved(value) ? [name] : [name, value],
  )
  return Buffer.byteLength(texts.join(''))
}
