/** What is filled in: a name, a control, what it is for, and what is wrong with it. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface Described {
  readonly label: string
  readonly hint?: string
  readonly error?: string
  readonly isOptional?: boolean
  /** The name is for screen readers only. */
  readonly isLabelHidden?: boolean
}

/** What a control of a field needs to be named by it. */
export interface ControlProps {
  readonly id: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: true
}

function Field({
  label,
  hint,
  error,
  isOptional,
  isLabelHidden,
  children,
}: Described & { readonly children: (control: ControlProps) => ComponentChildren }) {
  const id = useId()
  const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div class={error ? 'field invalid' : 'field'}>
      <label for={id} class={isLabelHidden ? 'visually-hidden' : undefined}>
        {label}
        {isOptional && <span class="optional"> optional</span>}
      </label>
      {children({ id, 'aria-describedby': said || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}

interface Typed extends Described {
  readonly value: string
  readonly onInput: (value: string) => void
}

export interface TextFieldProps extends Typed {
  readonly type?: 'text' | 'email' | 'url' | 'date' | 'datetime-local'
  readonly placeholder?: string
  readonly isMono?: boolean
  /** It takes a number, which is read as it was typed. */
  readonly isDecimal?: boolean
  readonly list?: readonly string[]
}

export function TextField({
  value,
  onInput,
  type = 'text',
  placeholder,
  isMono,
  isDecimal,
  list,
  ...described
}: TextFieldProps) {
  const listId = useId()
  return (
    <Field {...described}>
      {(control) => (
        <>
          <input
            {...control}
            type={type}
            class={isMono ? 'input mono' : 'input'}
            value={value}
            // Not of type number: that gives '' for whatever is no number, and turns with the wheel.
            inputMode={isDecimal ? 'decimal' : undefined}
            placeholder={placeholder}
            autocomplete="off"
            spellcheck={false}
            list={list && listId}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
          {list && (
            <datalist id={listId}>
              {list.map((option) => (
                <option key={option} value={option} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  )
}

export function TextAreaField({
  value,
  onInput,
  rows = 4,
  isMono,
  ...described
}: Typed & { readonly rows?: number; readonly isMono?: boolean }) {
  return (
    <Field {...described}>
      {(control) => (
        <textarea
          {...control}
          class={isMono ? 'input mono' : 'input'}
          rows={rows}
          spellcheck={false}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  )
}

export interface Option {
  readonly value: string
  readonly text: string
}

export function SelectField({
  value,
  onInput,
  options,
  ...described
}: Typed & { readonly options: readonly Option[] }) {
  return (
    <Field {...described}>
      {(control) => (
        <select
          {...control}
          class="input"
          value={value}
          onChange={(event) => onInput(event.currentTarget.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
