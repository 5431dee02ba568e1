/** The input of a run, filled in by fields or as JSON: one is turned into the other. Pure. */
import type { Json } from '../../../../lib/console/json.ts'
import { draftOf, initialDraft, type Draft } from '../../schema-form/draft.ts'
import type { FieldSpec } from '../../schema-form/schema.ts'
import { valueOf, type FormValue } from '../../schema-form/value.ts'

export type InputEditor =
  | { readonly mode: 'form'; readonly draft: Draft }
  | { readonly mode: 'json'; readonly text: string; readonly note?: string }

export function initialEditor(field: FieldSpec): InputEditor {
  return field.kind === 'json'
    ? { mode: 'json', text: '{}' }
    : { mode: 'form', draft: initialDraft(field, true) }
}

/** What is given; errors of JSON are of ''. */
export function readEditor(field: FieldSpec, editor: InputEditor): FormValue {
  if (editor.mode === 'form') return valueOf(field, editor.draft, { isRequired: true })
  return editor.text.trim() === '' ? { errors: new Map() } : parsed(editor.text)
}

function parsed(text: string): FormValue {
  try {
    return { value: JSON.parse(text) as Json, errors: new Map() }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { errors: new Map([['', `is no JSON: ${why}`]]) }
  }
}

/** What is filled in so far, right or wrong, as JSON. */
export function toJson(field: FieldSpec, editor: InputEditor): InputEditor {
  if (editor.mode === 'json') return editor
  const { value } = valueOf(field, editor.draft, { isRequired: true })
  // What is no number yet has no JSON: it is null there.
  return { mode: 'json', text: value === undefined ? '' : JSON.stringify(value, null, 2) }
}

/** Where JSON is not like the form, it stays, and says so. */
export function toForm(field: FieldSpec, editor: InputEditor): InputEditor {
  if (editor.mode === 'form') return editor
  if (editor.text.trim() === '') return { mode: 'form', draft: initialDraft(field, true) }
  const { value, errors } = parsed(editor.text)
  if (value === undefined) return { ...editor, note: errors.get('') }
  const draft = draftOf(field, value)
  return draft
    ? { mode: 'form', draft }
    : { ...editor, note: 'The form has no place for all of this: it stays JSON.' }
}
