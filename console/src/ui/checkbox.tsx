import { useEffect, useId, useRef } from 'preact/hooks'

export interface CheckboxProps {
  readonly label: string
  readonly isChecked: boolean
  /** Some of those that it stands for are, others not. */
  readonly isMixed?: boolean
  readonly isLabelHidden?: boolean
  readonly hint?: string
  /** `isRange`: with Shift, as in lists. */
  readonly onChange: (isChecked: boolean, isRange: boolean) => void
}

export function Checkbox({ label, isChecked, isMixed, isLabelHidden, hint, onChange }: CheckboxProps) {
  const ref = useRef<HTMLInputElement>(null)
  const hintId = useId()
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = isMixed === true
  }, [isMixed])
  return (
    <label class="checkbox">
      <input
        ref={ref}
        type="checkbox"
        checked={isChecked}
        aria-label={isLabelHidden ? label : undefined}
        aria-describedby={hint && hintId}
        // Of a checkbox, Space is a click, too; only a click tells of Shift.
        onClick={(event) => onChange(event.currentTarget.checked, event.shiftKey)}
      />
      {!isLabelHidden && <span>{label}</span>}
      {hint && (
        <span class="hint" id={hintId}>
          {hint}
        </span>
      )}
    </label>
  )
}
