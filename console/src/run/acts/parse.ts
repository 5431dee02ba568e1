/** What somebody typed, and what is wrong with it. Pure. */
import type { Json } from '../../../../lib/console/json.ts'

export interface Parsed<T> {
  /** Absent where nothing was typed, or something wrong. */
  readonly value?: T
  readonly error?: string
}

export function json(text: string): Parsed<Json> {
  if (text.trim() === '') return {}
  try {
    return { value: JSON.parse(text) as Json }
  } catch (error) {
    return { error: `Not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}

export function dollars(text: string): Parsed<number> {
  if (text.trim() === '') return {}
  const value = Number(text)
  return Number.isFinite(value) && value > 0 ? { value } : { error: 'More than 0 dollars.' }
}

/** A context key and the value that it is to have, as somebody types them. */
export interface Patch {
  readonly key: string
  readonly text: string
}

/** Rows that are wholly empty count for nothing. */
export function patched(patches: readonly Patch[]): Parsed<Readonly<Record<string, Json>>> {
  const used = patches.filter(({ key, text }) => key.trim() !== '' || text.trim() !== '')
  if (used.length === 0) return {}
  const set: Record<string, Json> = {}
  for (const patch of used) {
    const error = patchProblem(patch)
    const { value } = json(patch.text)
    if (error !== undefined || value === undefined) return { error: error ?? 'A value is missing.' }
    const key = patch.key.trim()
    if (Object.hasOwn(set, key)) return { error: `'${key}' is there twice.` }
    Object.defineProperty(set, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return { value: set }
}

/** What is wrong with one of them. */
export function patchProblem({ key, text }: Patch): string | undefined {
  if (key.trim() === '' && text.trim() === '') return undefined
  if (key.trim() === '') return 'Which key?'
  if (text.trim() === '') return 'Which value? As JSON: a text has quotes.'
  return json(text).error
}
