/** Goes on without a node. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ActProps } from './act-dialog.tsx'
import { ActionChoice } from './action-choice.tsx'
import { actionsOf } from './available.ts'
import { json } from './parse.ts'
import { OutputField } from './resume-dialog.tsx'

export function SkipDialog({ model, run, act, onClose, onDone }: ActProps) {
  const nodeId = act.nodeId ?? ''
  const { actions, hasPlain } = actionsOf(model.graph.value, nodeId)
  const [action, setAction] = useState(hasPlain ? undefined : actions[0])
  const [text, setText] = useState('')
  const output = json(text)
  return (
    <ActionDialog
      title={`Skip ${nodeId}?`}
      submit="Skip"
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
        const { skipped } = await api.skip(run.runId, request)
        toast(
          skipped
            ? `The run goes on without ${nodeId}.`
            : `${nodeId} was not skipped: it has gone on already.`,
        )
        onDone()
      }}
    >
      <p>
        The node counts as completed, with the output that you give, and the run goes on from there. What else
        of it failed stays failed.
      </p>
      <ActionChoice actions={actions} hasPlain={hasPlain} value={action} onPick={setAction} />
      <OutputField text={text} error={output.error} onInput={setText} />
    </ActionDialog>
  )
}
