/** A form that is made of a JSON Schema. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { Json } from '../../../lib/console/json.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Checkbox } from '../ui/checkbox.tsx'
import { SelectField, TextAreaField, TextField, type TextFieldProps } from '../ui/field.tsx'
import { type Draft, initialDraft, type ListDraft, type ObjectDraft } from './draft.ts'
import type { FieldSpec, ListSpec, ObjectSpec } from './schema.ts'
import { pathIn } from './value.ts'

export interface SchemaFieldProps<F extends FieldSpec = FieldSpec, D extends Draft = Draft> {
  readonly field: F
  readonly draft: D
  /** Name of the property; absent: the whole input. */
  readonly name?: string
  readonly path: string
  readonly isRequired: boolean
  /** By path; none are shown before somebody tried. */
  readonly errors: ReadonlyMap<string, string>
  readonly onChange: (draft: Draft) => void
}

export function SchemaField(props: SchemaFieldProps) {
  const { field, draft, onChange } = props
  const described = describedBy(props)
  switch (draft.kind) {
    case 'text':
      return <TextDraftField {...props} />
    case 'boolean':
      return <BooleanField {...props} value={draft.value} />
    case 'choice':
      return field.kind === 'choice' ? (
        <SelectField
          {...described}
          value={String(draft.index)}
          options={[
            { value: '-1', text: field.isNullable && props.isRequired ? 'null' : '–' },
            ...field.options.map((option, index) => ({ value: String(index), text: wordOf(option) })),
          ]}
          onInput={(value) => onChange({ kind: 'choice', index: Number(value) })}
        />
      ) : null
    case 'const':
      return <ConstField {...props} isGiven={draft.isGiven} />
    case 'object':
      return field.kind === 'object' ? <ObjectField {...props} field={field} draft={draft} /> : null
    case 'list':
      return field.kind === 'list' ? <ListField {...props} field={field} draft={draft} /> : null
  }
}

const wordOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

function describedBy({ field, name = 'Input', path, isRequired, errors }: SchemaFieldProps) {
  const { title, description } = field
  return {
    label: title === undefined ? name : `${title} (${name})`,
    hint: description,
    error: errors.get(path),
    isOptional: !isRequired,
  }
}

const TYPES: Readonly<Record<string, TextFieldProps['type']>> = { email: 'email', uri: 'url', date: 'date' }

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  'date-time': '2026-11-27T14:30:00Z',
  time: '14:30:00Z',
  duration: 'P1DT2H',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function TextDraftField(props: SchemaFieldProps) {
  const { field, draft, onChange } = props
  const described = describedBy(props)
  const text = draft.kind === 'text' ? draft.text : ''
  const onInput = (text: string) => onChange({ kind: 'text', text })
  if (field.kind === 'string') {
    const { format = '', maxLength = 0 } = field
    if (maxLength > 200) return <TextAreaField {...described} value={text} onInput={onInput} />
    return (
      <TextField
        {...described}
        type={TYPES[format] ?? 'text'}
        placeholder={PLACEHOLDERS[format]}
        value={text}
        onInput={onInput}
      />
    )
  }
  if (field.kind === 'number') return <TextField {...described} isDecimal value={text} onInput={onInput} />
  const hint = described.hint === undefined ? 'as JSON' : `${described.hint} As JSON.`
  return <TextAreaField {...described} hint={hint} isMono value={text} onInput={onInput} />
}

/** Where it may be left out, not to say is neither yes nor no. */
function BooleanField({ value, ...props }: SchemaFieldProps & { readonly value: boolean | undefined }) {
  const { isRequired, field, onChange } = props
  const { label, hint, ...described } = describedBy(props)
  if (isRequired && !field.isNullable)
    return (
      <div class="field">
        <Checkbox
          label={label}
          hint={hint}
          isChecked={value === true}
          onChange={(value) => onChange({ kind: 'boolean', value })}
        />
      </div>
    )
  return (
    <SelectField
      {...described}
      label={label}
      hint={hint}
      value={String(value ?? '')}
      options={[
        { value: '', text: '–' },
        { value: 'true', text: 'yes' },
        { value: 'false', text: 'no' },
      ]}
      onInput={(text) => onChange({ kind: 'boolean', value: text === '' ? undefined : text === 'true' })}
    />
  )
}

function ConstField({ isGiven, ...props }: SchemaFieldProps & { readonly isGiven: boolean }) {
  const { field, isRequired, onChange } = props
  const { label, hint } = describedBy(props)
  const value = field.kind === 'const' ? wordOf(field.value) : ''
  if (isRequired)
    return (
      <p class="field const">
        {label}: <code>{value}</code>
        {hint && <span class="hint">{hint}</span>}
      </p>
    )
  return (
    <div class="field">
      <Checkbox
        label={`${label}: ${value}`}
        hint={hint}
        isChecked={isGiven}
        onChange={(isGiven) => onChange({ kind: 'const', isGiven })}
      />
    </div>
  )
}

function ObjectField(props: SchemaFieldProps<ObjectSpec, ObjectDraft>) {
  const { field, draft, name, path, errors, onChange } = props
  const properties = field.properties.map(({ name, field, isRequired }) => {
    const inner = draft.properties[name]
    return (
      inner && (
        <SchemaField
          key={name}
          name={name}
          field={field}
          draft={inner}
          isRequired={isRequired}
          path={pathIn(path, name)}
          errors={errors}
          onChange={(changed) => onChange({ ...draft, properties: { ...draft.properties, [name]: changed } })}
        />
      )
    )
  })
  if (name === undefined && draft.isGiven) return <div class="schema-fields">{properties}</div>
  return <Group {...props}>{draft.isGiven && <div class="schema-fields">{properties}</div>}</Group>
}

function ListField(props: SchemaFieldProps<ListSpec, ListDraft>) {
  const { field, draft, path, errors, onChange } = props
  const { items } = draft
  const change = (items: readonly Draft[]) => onChange({ ...draft, items })
  return (
    <Group {...props}>
      {draft.isGiven && (
        <>
          <ol class="schema-items">
            {items.map((inner, index) => (
              <li key={index}>
                <SchemaField
                  name={String(index + 1)}
                  field={field.item}
                  draft={inner}
                  isRequired
                  path={pathIn(path, index)}
                  errors={errors}
                  onChange={(changed) => change(items.with(index, changed))}
                />
                <IconButton
                  icon="trash"
                  label={`Remove ${index + 1}`}
                  onClick={() => change(items.toSpliced(index, 1))}
                />
              </li>
            ))}
          </ol>
          <Button
            icon="plus"
            disabled={items.length >= field.maxItems}
            onClick={() => change([...items, initialDraft(field.item, true)])}
          >
            Add
          </Button>
        </>
      )}
    </Group>
  )
}

/** Fields that belong together; those that may be left out are added by a button. */
function Group({
  children,
  ...props
}: SchemaFieldProps<ObjectSpec | ListSpec, ObjectDraft | ListDraft> & {
  readonly children: ComponentChildren
}) {
  const { draft, isRequired, field, onChange } = props
  const { label, hint, error } = describedBy(props)
  const errorId = useId()
  const canLeaveOut = !isRequired || field.isNullable
  return (
    <fieldset class="schema-group" aria-describedby={error && errorId}>
      <legend>
        {label}
        {canLeaveOut && <span class="optional"> optional</span>}
      </legend>
      {hint && <p class="hint">{hint}</p>}
      {children}
      {error && (
        <p class="error" id={errorId}>
          {error}
        </p>
      )}
      {canLeaveOut && (
        <Button
          kind="quiet"
          icon={draft.isGiven ? 'cross' : 'plus'}
          onClick={() => onChange({ ...draft, isGiven: !draft.isGiven })}
        >
          {draft.isGiven ? `Leave out ${label}` : `Give ${label}`}
        </Button>
      )}
    </fieldset>
  )
}
