/** What can be done to the runs that are chosen. */
import { useState } from 'preact/hooks'
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'

export interface BulkBarProps {
  readonly runIds: readonly string[]
  readonly onClear: () => void
  readonly onDone: () => void
}

export function BulkBar({ runIds, onClear, onDone }: BulkBarProps) {
  const [open, setOpen] = useState<'redrive' | 'cancel'>()
  const close = () => setOpen(undefined)
  return (
    <div class="bulk-bar" role="group" aria-label="Chosen runs">
      <span role="status">{counted(runIds.length, 'run')} chosen</span>
      <Button icon="again" onClick={() => setOpen('redrive')}>
        Redrive …
      </Button>
      <Button icon="stop" onClick={() => setOpen('cancel')}>
        Cancel …
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Choose none
      </Button>
      {open === 'redrive' && <RedriveChosen runIds={runIds} onClose={close} onDone={onDone} />}
      {open === 'cancel' && <CancelChosen runIds={runIds} onClose={close} onDone={onDone} />}
    </div>
  )
}

interface ChosenProps {
  readonly runIds: readonly string[]
  readonly onClose: () => void
  readonly onDone: () => void
}

function RedriveChosen({ runIds, onClose, onDone }: ChosenProps) {
  return (
    <BulkDialog
      title={`Redrive ${counted(runIds.length, 'run')}`}
      verb="Redrive"
      past="redriven"
      kind="primary"
      expected={runIds.length}
      preview={(signal) => api.redriveMany({ runIds, dryRun: true }, signal)}
      act={(runIds, reasoned, signal) => api.redriveMany({ runIds, ...reasoned }, signal)}
      onClose={onClose}
      onDone={onDone}
    />
  )
}

function CancelChosen({ runIds, onClose, onDone }: ChosenProps) {
  return (
    <BulkDialog
      title={`Cancel ${counted(runIds.length, 'run')}`}
      verb="Cancel"
      past="cancelled"
      kind="danger"
      runIds={runIds}
      act={(runIds, reasoned, signal) => api.cancelMany({ runIds, ...reasoned }, signal)}
      onClose={onClose}
      onDone={onDone}
    />
  )
}
