/** The input that a form stands for, or what is wrong with it. Pure. The server has the last word: it knows the whole schema. */
import type { Json } from '../../../lib/console/json.ts'
import type { Draft, ListDraft, ObjectDraft } from './draft.ts'
import type { FieldSpec, ListSpec, NumberSpec, ObjectSpec, TextSpec } from './schema.ts'

export interface FormValue {
  /** Absent: nothing is given. */
  readonly value?: Json
  /** What is wrong, by JSON pointer; '' is the whole. */
  readonly errors: ReadonlyMap<string, string>
}

interface Place {
  readonly path: string
  readonly isRequired: boolean
  readonly errors: Map<string, string>
}

const MISSING = 'is needed'

export function valueOf(field: FieldSpec, draft: Draft, { isRequired }: { isRequired: boolean }): FormValue {
  const errors = new Map<string, string>()
  return { value: read(field, draft, { path: '', isRequired, errors }), errors }
}

/** By RFC 6901. */
export const pathIn = (path: string, key: string | number): string =>
  `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`

function read(field: FieldSpec, draft: Draft, place: Place): Json | undefined {
  switch (draft.kind) {
    case 'text':
      return readText(field, draft.text, place)
    case 'boolean':
      return draft.value ?? nothing(field, place)
    case 'choice':
      return (field.kind === 'choice' ? field.options[draft.index] : undefined) ?? nothing(field, place)
    case 'const':
      return field.kind === 'const' && (draft.isGiven || place.isRequired) ? field.value : undefined
    case 'object':
      return field.kind === 'object' && draft.isGiven
        ? readObject(field, draft, place)
        : nothing(field, place)
    case 'list':
      return field.kind === 'list' && draft.isGiven ? readList(field, draft, place) : nothing(field, place)
  }
}

/** What nothing stands for: null where that is a value and something is needed. */
function nothing({ isNullable }: FieldSpec, { path, isRequired, errors }: Place): Json | undefined {
  if (!isRequired) return undefined
  if (!isNullable) errors.set(path, MISSING)
  return isNullable ? null : undefined
}

function readText(field: FieldSpec, text: string, place: Place): Json | undefined {
  // An empty text is a text, where one is needed.
  const isEmptyText = field.kind === 'string' && place.isRequired && !field.isNullable
  if (text === '' && !isEmptyText) return nothing(field, place)
  switch (field.kind) {
    case 'string':
      return checked(text, textError(field, text), place)
    case 'number':
      return checked(Number(text), numberError(field, text), place)
    default:
      return readJson(text, place)
  }
}

function readJson(text: string, { path, errors }: Place): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    errors.set(path, `is no JSON: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

function checked(value: Json, error: string | undefined, { path, errors }: Place): Json {
  if (error !== undefined) errors.set(path, error)
  return value
}

function textError({ minLength = 0, maxLength = Infinity, pattern }: TextSpec, text: string) {
  const { length } = [...text]
  if (text === '' && minLength > 0) return MISSING
  if (length < minLength) return `needs ${minLength} characters or more`
  if (length > maxLength) return `has ${length} characters; ${maxLength} at most`
  if (pattern !== undefined && isOther(pattern, text)) return `must match ${pattern}`
  return undefined
}

/** A pattern that this browser cannot read is the server's matter. */
function isOther(pattern: string, text: string): boolean {
  try {
    return !new RegExp(pattern, 'u').test(text)
  } catch {
    return false
  }
}

function numberError(field: NumberSpec, text: string): string | undefined {
  const { isInteger, minimum = -Infinity, maximum = Infinity, isMinimumOut, isMaximumOut } = field
  const value = Number(text)
  if (!Number.isFinite(value)) return 'must be a number'
  if (isInteger && !Number.isInteger(value)) return 'must be a whole number'
  if (isMinimumOut ? value <= minimum : value < minimum)
    return isMinimumOut ? `must be more than ${minimum}` : `must be ${minimum} or more`
  if (isMaximumOut ? value >= maximum : value > maximum)
    return isMaximumOut ? `must be less than ${maximum}` : `must be ${maximum} or less`
  return undefined
}

function readObject({ properties }: ObjectSpec, draft: ObjectDraft, { path, errors }: Place): Json {
  const object: Record<string, Json> = {}
  for (const { name, field, isRequired } of properties) {
    const inner = draft.properties[name]
    if (!inner) continue
    const value = read(field, inner, { path: pathIn(path, name), isRequired, errors })
    if (value !== undefined) object[name] = value
  }
  return object
}

function readList({ item, minItems, maxItems }: ListSpec, draft: ListDraft, { path, errors }: Place): Json {
  const { items } = draft
  if (items.length < minItems) errors.set(path, `needs ${minItems} or more`)
  if (items.length > maxItems) errors.set(path, `has ${items.length}; ${maxItems} at most`)
  return items.map(
    (inner, index) => read(item, inner, { path: pathIn(path, index), isRequired: true, errors }) ?? null,
  )
}
