/** What can be done to the runs that are chosen. */
import { api } from '../../api.ts'
import { counted } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'

/** What somebody wants to do, to the runs that were chosen then: the list goes on changing. */
export interface BulkAct {
  readonly kind: 'redrive' | 'cancel'
  readonly runIds: readonly string[]
}

export interface BulkBarProps {
  readonly runIds: readonly string[]
  readonly onClear: () => void
  readonly onAct: (act: BulkAct) => void
}

export function BulkBar({ runIds, onClear, onAct }: BulkBarProps) {
  return (
    <div class="bulk-bar" role="group" aria-label="Chosen runs">
      <span role="status">{counted(runIds.length, 'run')} chosen</span>
      <Button icon="again" onClick={() => onAct({ kind: 'redrive', runIds })}>
        Redrive …
      </Button>
      <Button icon="stop" onClick={() => onAct({ kind: 'cancel', runIds })}>
        Cancel …
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Choose none
      </Button>
    </div>
  )
}

export function BulkActDialog({ act: { kind, runIds }, ...rest }: BulkActDialogProps) {
  return kind === 'redrive' ? (
    <RedriveChosen runIds={runIds} {...rest} />
  ) : (
    <CancelChosen runIds={runIds} {...rest} />
  )
}

export interface BulkActDialogProps {
  readonly act: BulkAct
  readonly onClose: () => void
  readonly onDone: () => void
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
