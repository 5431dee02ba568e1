/** Values on the command line. */
import { InvalidArgumentError } from 'commander'

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of '30s', '5m', '2h' or '7d'. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (!unit) throw new InvalidArgumentError("It must be a duration such as '30s', '5m', '2h' or '7d'.")
  return Number(count) * UNITS[unit as keyof typeof UNITS]
}

/** A time: ISO 8601, or a duration before now. */
export function timeBefore(now: number): (text: string) => Date {
  return (text) => {
    if (/^\d+[smhd]$/.test(text)) return new Date(now - duration(text))
    const time = new Date(text)
    if (!Number.isNaN(time.getTime()) && /^\d{4}-\d\d/.test(text)) return time
    throw new InvalidArgumentError(
      "It must be a time such as '2026-11-27T09:00Z', or how long ago, such as '2h'.",
    )
  }
}

export function dollars(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be US dollars, such as 0.50.')
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new InvalidArgumentError(`It must be JSON, such as '{"orderId":"A-17"}'.`)
  }
}

export function jsonObject(text: string): Record<string, unknown> {
  const value = json(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new InvalidArgumentError('It must be a JSON object.')
}

/** Collects `key=value` of an option that is given several times. */
export function pairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be a name and a value, such as tenant=acme.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Collects `key=value` whose value is JSON, or the text itself where it is none. */
export function jsonPairs(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [[key, value] = ['', '']] = Object.entries(pairs(text))
  return { ...before, [key]: valueOf(value) }
}

/** JSON, or the text itself where it is none. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export function list(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
