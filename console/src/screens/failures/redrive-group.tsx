import type { FailureGroupView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'
import { timeOf } from '../runs/filters.ts'

/** What was looked at is what is redriven: runs that fail meanwhile are another matter. */
export function RedriveGroup({
  group,
  since,
  onClose,
  onDone,
}: {
  readonly group: FailureGroupView
  /** '1h', say: the time that the group is of. */
  readonly since: string
  readonly onClose: () => void
  readonly onDone: () => void
}) {
  const { blueprintId, nodeId, error, message, count } = group
  const failures = {
    since: timeOf(since, Date.now()) ?? '',
    blueprintId,
    group: { blueprintId, nodeId, error, message },
  }
  return (
    <BulkDialog
      title={`Redrive ${nodeId === undefined ? blueprintId : `${blueprintId}, ${nodeId}`}: ${error}`}
      verb="Redrive"
      past="redriven"
      kind="primary"
      expected={count}
      preview={(signal) => api.redriveMany({ failures, dryRun: true }, signal)}
      act={(runIds, reasoned, signal) => api.redriveMany({ runIds, ...reasoned }, signal)}
      onClose={onClose}
      onDone={onDone}
    />
  )
}
