import type { FailureGroupView } from '../../../../lib/console/views.ts'
import { counted, formatCount } from '../../format.ts'
import { blueprintHref, href, runHref } from '../../router.ts'
import { isWritable } from '../../service.ts'
import { Button } from '../../ui/button.tsx'
import { Ago } from '../../ui/time.tsx'

export interface FailureGroupProps {
  readonly group: FailureGroupView
  readonly onRedrive: () => void
}

export function FailureGroup({ group, onRedrive }: FailureGroupProps) {
  const { blueprintId, nodeId, error, message, count, examples, firstFailedAt, lastFailedAt } = group
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
          <Button icon="again" onClick={onRedrive}>
            Redrive …
          </Button>
        </div>
      )}
    </li>
  )
}
