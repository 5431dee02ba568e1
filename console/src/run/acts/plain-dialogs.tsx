/** Acts that need no more than a yes. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { formatUsd } from '../../format.ts'
import { ActionDialog } from '../../ui/action-dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ActProps } from './act-dialog.tsx'
import { dollars } from './parse.ts'

export function CancelDialog({ run, onClose, onDone }: ActProps) {
  return (
    <ActionDialog
      title="Cancel this run?"
      submit="Cancel the run"
      kind="danger"
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { cancelled } = await api.cancel(run.runId, reasoned)
        toast(cancelled ? 'The run is cancelled.' : 'The run was over already.')
        onDone()
      }}
    >
      <p>
        Nodes that run now end, and nothing follows from them. Child runs that it waits for are cancelled with
        it. A redrive takes it up again.
      </p>
    </ActionDialog>
  )
}

export function PauseDialog({ run, onClose, onDone }: ActProps) {
  return (
    <ActionDialog
      title="Pause this run?"
      submit="Pause"
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { paused } = await api.pause(run.runId, reasoned)
        toast(paused ? 'The run is paused.' : 'The run was not paused: it is over, or was paused already.')
        onDone()
      }}
    >
      <p>
        Nodes that run now end, and nothing follows from them until the run is unpaused. Events may come
        meanwhile, and times pass.
      </p>
    </ActionDialog>
  )
}

export function UnpauseDialog({ run, onClose, onDone }: ActProps) {
  const [maxUsd, setMaxUsd] = useState('')
  const { budget, cost } = run
  const budgetHint =
    budget && `now ${formatUsd(budget.maxUsd)}${cost ? `, of which ${formatUsd(cost.usd)} is spent` : ''}`
  const parsed = dollars(maxUsd)
  return (
    <ActionDialog
      title="Unpause this run?"
      submit="Unpause"
      isDisabled={parsed.error !== undefined}
      onClose={onClose}
      onSubmit={async (reasoned) => {
        const { unpaused } = await api.unpause(run.runId, { ...reasoned, ...maxUsdOf(parsed) })
        toast(unpaused ? 'The run goes on.' : 'The run was not paused any more.')
        onDone()
      }}
    >
      <p>It goes on with whatever is due by now.</p>
      {budget && (
        <TextField
          label="Budget in US dollars"
          isOptional
          hint={budgetHint}
          error={parsed.error}
          value={maxUsd}
          onInput={setMaxUsd}
        />
      )}
    </ActionDialog>
  )
}

function maxUsdOf({ value }: ReturnType<typeof dollars>): { readonly maxUsd?: number } {
  return value === undefined ? {} : { maxUsd: value }
}
