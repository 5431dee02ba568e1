import { useId } from 'preact/hooks'

export interface ActionChoiceProps {
  readonly actions: readonly string[]
  /** Whether it can go on without one. */
  readonly hasPlain: boolean
  readonly value: string | undefined
  readonly onPick: (action: string | undefined) => void
}

/** Which of a node's edges are taken. */
export function ActionChoice({ actions, hasPlain, value, onPick }: ActionChoiceProps) {
  const name = useId()
  if (actions.length === 0) return null
  const choices = [...actions, ...(hasPlain ? [undefined] : [])]
  return (
    <fieldset class="action-choices">
      <legend>Action</legend>
      {choices.map((action) => (
        <label key={action ?? ''} class="choice">
          <input type="radio" name={name} checked={action === value} onChange={() => onPick(action)} />
          <span>{action ?? 'none'}</span>
        </label>
      ))}
    </fieldset>
  )
}
