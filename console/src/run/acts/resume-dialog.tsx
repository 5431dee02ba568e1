/** Gives a waiting node its event. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { SelectField, TextAreaField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ActProps } from './act-dialog.tsx'
import { ActionChoice } from './action-choice.tsx'
import { actionsOf, waitsForEvent } from './available.ts'
import { json } from './parse.ts'

export function ResumeDialog({ model, run, act, onClose, onDone }: ActProps) {
  const waiting = run.progress.filter(waitsForEvent).map(({ nodeId }) => nodeId)
  const [nodeId, setNodeId] = useState(act.nodeId ?? waiting[0] ?? '')
  const { actions, hasPlain } = actionsOf(model.graph.value, nodeId)
  const [chosen, setChosen] = useState(act.action)
  const [text, setText] = useState('')
  const output = json(text)
  // One that was chosen for another node counts for nothing.
  const action = chosen !== undefined && actions.includes(chosen) ? chosen : hasPlain ? undefined : actions[0]
  return (
    <ActionDialog
      title={waiting.length > 1 ? 'Resume a node' : `Resume ${nodeId}`}
      submit={action === undefined ? 'Resume' : `Resume with ${action}`}
      isDisabled={output.error !== undefined}
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { value } = output
        const request = {
          ...reasoned,
          nodeId,
          ...(action === undefined ? {} : { action }),
          ...(value === undefined ? {} : { output: value }),
        }
        const { resumed } = await api.resume(run.runId, request)
        toast(resumed ? `${nodeId} goes on.` : `${nodeId} had its event already.`)
        onDone()
      }}
    >
      {waiting.length > 1 && (
        <SelectField
          label="Node"
          value={nodeId}
          onInput={setNodeId}
          options={waiting.map((id) => ({ value: id, text: id }))}
        />
      )}
      <ActionChoice actions={actions} hasPlain={hasPlain} value={action} onPick={setChosen} />
      <OutputField text={text} error={output.error} onInput={setText} />
    </ActionDialog>
  )
}

/** What a node is to have given, as JSON. */
export function OutputField({
  text,
  error,
  onInput,
}: {
  readonly text: string
  readonly error: string | undefined
  readonly onInput: (text: string) => void
}) {
  return (
    <TextAreaField
      label="Output"
      isOptional
      isMono
      rows={4}
      hint='JSON, such as { "approved": true }'
      error={error}
      value={text}
      onInput={onInput}
    />
  )
}
