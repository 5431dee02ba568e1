import { useState } from 'preact/hooks'
import type { FailureGroupView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { counted, formatCount } from '../../format.ts'
import { blueprintHref, href, runHref } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { Button } from '../../ui/button.tsx'
import { Ago } from '../../ui/time.tsx'
import { BulkDialog } from '../bulk/bulk-dialog.tsx'
import { timeOf } from '../runs/filters.ts'

export interface FailureGroupProps {
  readonly group: FailureGroupView
  /** '1h', say: the time that the group is of. */
  readonly since: string
  readonly onRedriven: () => void
}

export function FailureGroup({ group, since, onRedriven }: FailureGroupProps) {
  const { blueprintId, nodeId, error, message, count, examples, firstFailedAt, lastFailedAt } = group
  const [isOpen, setOpen] = useState(false)
  return (
    <li class="group panel">
      <p class="group-count" title={counted(count, 'run')}>
        <strong>{formatCount(count)}</strong>
        <span class="muted small">{count === 1 ? 'run' : 'runs'}</span>
      </p>
      <div class="group-what">
        <h2>{error}</h2>
        <p class="group-message mono">{message}</p>
        <p class="group-where small muted">
          <span>
            <a href={blueprintHref(blueprintId)}>{blueprintId}</a>
            {nodeId === undefined ? (
              ', the run itself'
            ) : (
              <>
                , node <code>{nodeId}</code>
              </>
            )}
          </span>
          <span>
            last <Ago at={lastFailedAt} />
            {count > 1 && (
              <>
                , first <Ago at={firstFailedAt} />
              </>
            )}
          </span>
          <a href={href({ screen: 'runs', query: { status: ['failed'], blueprint: [blueprintId] } })}>
            failed runs of {blueprintId}
          </a>
        </p>
        <ul class="group-examples" aria-label="The latest of them">
          {examples.map((runId) => (
            <li key={runId}>
              <a class="mono" href={runHref(runId, nodeId)}>
                {runId}
              </a>
            </li>
          ))}
        </ul>
      </div>
      {isWritable() && (
        <div class="group-acts">
          <Button icon="again" onClick={() => setOpen(true)}>
            Redrive …
          </Button>
        </div>
      )}
      {isOpen && (
        <RedriveGroup group={group} since={since} onClose={() => setOpen(false)} onDone={onRedriven} />
      )}
    </li>
  )
}

/** What was looked at is what is redriven: runs that fail meanwhile are another matter. */
function RedriveGroup({
  group,
  since,
  onClose,
  onDone,
}: {
  readonly group: FailureGroupView
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
