/** What stands in a form, filled in or not, right or wrong. Pure. */
import type { Json } from '../../../lib/console/json.ts'
import type { FieldSpec, ListSpec, ObjectSpec } from './schema.ts'

export type Draft =
  /** Of texts, numbers, and JSON: as it was typed; '' is nothing. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value?: boolean }
  /** Of the options, -1 for none. */
  | { readonly kind: 'choice'; readonly index: number }
  | { readonly kind: 'const'; readonly isGiven: boolean }
  | ObjectDraft
  | ListDraft

export interface ObjectDraft {
  readonly kind: 'object'
  readonly isGiven: boolean
  readonly properties: Readonly<Record<string, Draft>>
}

export interface ListDraft {
  readonly kind: 'list'
  readonly isGiven: boolean
  readonly items: readonly Draft[]
}

/** What stands there at first: defaults, and what must be there. */
export function initialDraft(field: FieldSpec, isRequired: boolean): Draft {
  const byDefault = field.default === undefined ? undefined : draftOf(field, field.default)
  return byDefault ?? emptyDraft(field, isRequired && !field.isNullable)
}

function emptyDraft(field: FieldSpec, isGiven: boolean): Draft {
  switch (field.kind) {
    case 'boolean':
      return { kind: 'boolean', value: isGiven ? false : undefined }
    case 'choice':
      return { kind: 'choice', index: -1 }
    case 'const':
      return { kind: 'const', isGiven }
    case 'object':
      return { kind: 'object', isGiven, properties: emptyProperties(field) }
    case 'list':
      return { kind: 'list', isGiven, items: emptyItems(field) }
    default:
      return { kind: 'text', text: '' }
  }
}

function emptyProperties({ properties }: ObjectSpec): ObjectDraft['properties'] {
  return Object.fromEntries(
    properties.map(({ name, field, isRequired }) => [name, initialDraft(field, isRequired)]),
  )
}

function emptyItems({ item, minItems }: ListSpec): readonly Draft[] {
  return Array.from({ length: Math.min(minItems, 20) }, () => initialDraft(item, true))
}

/** How a value stands in the form; undefined: the form has no place for it. */
export function draftOf(field: FieldSpec, value: Json): Draft | undefined {
  if (value === null && field.isNullable) return emptyDraft(field, false)
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' ? { kind: 'text', text: value } : undefined
    case 'number':
      return typeof value === 'number' ? { kind: 'text', text: String(value) } : undefined
    case 'boolean':
      return typeof value === 'boolean' ? { kind: 'boolean', value } : undefined
    case 'choice': {
      const index = field.options.findIndex((option) => isSame(option, value))
      return index < 0 ? undefined : { kind: 'choice', index }
    }
    case 'const':
      return isSame(field.value, value) ? { kind: 'const', isGiven: true } : undefined
    case 'object':
      return objectDraft(field, value)
    case 'list':
      return listDraft(field, value)
    default:
      return { kind: 'text', text: JSON.stringify(value, null, 2) }
  }
}

function objectDraft(field: ObjectSpec, value: Json): Draft | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const object = value as { readonly [key: string]: Json }
  const known = new Set(field.properties.map(({ name }) => name))
  if (Object.keys(object).some((key) => !known.has(key))) return undefined
  const properties: Record<string, Draft> = {}
  for (const { name, field: property } of field.properties) {
    const inner = Object.hasOwn(object, name) ? object[name] : undefined
    const draft = inner === undefined ? emptyDraft(property, false) : draftOf(property, inner)
    if (!draft) return undefined
    properties[name] = draft
  }
  return { kind: 'object', isGiven: true, properties }
}

function listDraft({ item }: ListSpec, value: Json): Draft | undefined {
  if (!Array.isArray(value)) return undefined
  const items: Draft[] = []
  for (const one of value as readonly Json[]) {
    const draft = draftOf(item, one)
    if (!draft) return undefined
    items.push(draft)
  }
  return { kind: 'list', isGiven: true, items }
}

const isSame = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other)
