/** Texts made of what others threw or gave: errors of any shape, values of any kind. Nothing here throws. */
import { inspect, types } from 'node:util'
import { beginningOf } from './texts.ts'

/** Whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || types.isNativeError(value)
  } catch {
    // A proxy that was revoked.
    return false
  }
}

/** A property of whatever was thrown, undefined where reading it throws. */
export function propertyOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name]
  } catch {
    return undefined
  }
}

/** Errors that hold each other are followed no further than this. */
const DEPTH = 5

/** The message of whatever was thrown; of an error that only holds others, theirs. */
export function messageOf(error: unknown): string {
  return messageWithin(error, DEPTH)
}

function messageWithin(error: unknown, depth: number): string {
  if (!isError(error)) return textOf(error)
  const message = propertyOf(error, 'message')
  const errors = propertyOf(error, 'errors')
  if (message === '' && Array.isArray(errors) && depth > 0) {
    return errors.map((one) => messageWithin(one, depth - 1)).join('; ')
  }
  return message === undefined ? textOf(error) : textOf(message)
}

/** A value as a text: what it says of itself, or what it looks like where that says nothing or throws. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    const text = String(value)
    if (!text.startsWith('[object ')) return text
  } catch {
    // It has no prototype, or a `toString` that throws.
  }
  return appearanceOf(value)
}

function appearanceOf(value: unknown): string {
  try {
    const brief = { depth: 2, maxArrayLength: 10, maxStringLength: 200, breakLength: Infinity }
    return inspect(value, { ...brief, customInspect: false, getters: false })
  } catch {
    return `a value of type ${typeof value} that cannot be shown`
  }
}

/** What was given, short enough for a message. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : jsonOf(value)
  return text.length > 80 ? `${beginningOf(text, 77)}... (${text.length} characters)` : text
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? textOf(value)
  } catch {
    // It refers to itself, or is nested too deep.
    return textOf(value)
  }
}
