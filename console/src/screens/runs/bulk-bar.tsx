/** What can be done to the runs that are chosen. */
import type { RunRow, RunStatusView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted, formatCount } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { stateText } from '../../ui/status-chip.tsx'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'
import { STATUSES } from './filters.ts'

/** What somebody wants to do, to the runs that were chosen then: the list goes on changing. */
export interface BulkAct {
  readonly kind: 'redrive' | 'cancel'
  readonly runs: readonly RunRow[]
}

export interface BulkBarProps {
  readonly runs: readonly RunRow[]
  readonly onClear: () => void
  readonly onAct: (act: BulkAct) => void
}

export function BulkBar({ runs, onClear, onAct }: BulkBarProps) {
  return (
    <div class="bulk-bar" role="group" aria-label="Chosen runs">
      <span role="status">{counted(runs.length, 'run')} chosen</span>
      <Button icon="again" onClick={() => onAct({ kind: 'redrive', runs })}>
        Redrive …
      </Button>
      <Button icon="stop" onClick={() => onAct({ kind: 'cancel', runs })}>
        Cancel …
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Choose none
      </Button>
    </div>
  )
}

export function BulkActDialog({ act: { kind, runs }, ...rest }: BulkActDialogProps) {
  return kind === 'redrive' ? <RedriveChosen runs={runs} {...rest} /> : <CancelChosen runs={runs} {...rest} />
}

export interface BulkActDialogProps {
  readonly act: BulkAct
  readonly onClose: () => void
  readonly onDone: () => void
}

interface ChosenProps {
  readonly runs: readonly RunRow[]
  readonly onClose: () => void
  readonly onDone: () => void
}

function RedriveChosen({ runs, onClose, onDone }: ChosenProps) {
  const runIds = runs.map(({ runId }) => runId)
  return (
    <BulkDialog
      title={`Redrive ${counted(runs.length, 'run')}`}
      verb="Redrive"
      past="redriven"
      kind="primary"
      expected={runs.length}
      preview={(signal) => api.redriveMany({ runIds, dryRun: true }, signal)}
      act={(runIds, reasoned, signal) => api.redriveMany({ runIds, ...reasoned }, signal)}
      onClose={onClose}
      onDone={onDone}
    />
  )
}

function CancelChosen({ runs, onClose, onDone }: ChosenProps) {
  const underWay = runs.filter(({ status }) => !OVER.includes(status))
  return (
    <BulkDialog
      title={`Cancel ${counted(runs.length, 'run')}`}
      verb="Cancel"
      past="cancelled"
      kind="danger"
      runIds={underWay.map(({ runId }) => runId)}
      intro={<CancelPreview underWay={underWay} over={runs.length - underWay.length} />}
      act={(runIds, reasoned, signal) => api.cancelMany({ runIds, ...reasoned }, signal)}
      onClose={onClose}
      onDone={onDone}
    />
  )
}

const OVER: readonly RunStatusView[] = ['completed', 'failed', 'cancelled']

/** By what the list knows; a run that ends meanwhile is left as it ended. */
function CancelPreview({ underWay, over }: { readonly underWay: readonly RunRow[]; readonly over: number }) {
  const counts = STATUSES.flatMap((status) => {
    const count = underWay.filter((run) => run.status === status).length
    return count > 0 ? [`${formatCount(count)} ${stateText(status)}`] : []
  })
  return (
    <div class="report">
      <p>
        <strong>{counted(underWay.length, 'run')}</strong>{' '}
        {counts.length > 0 ? `would end at once: ${counts.join(', ')}.` : 'of them can be cancelled.'}
        {over > 0 && ` ${counted(over, 'run')} that ${over === 1 ? 'is' : 'are'} over will be left alone.`}
      </p>
      {underWay.length > 0 && (
        <p class="muted">
          What their nodes are doing now is dropped; their child runs are cancelled with them.
        </p>
      )}
    </div>
  )
}
