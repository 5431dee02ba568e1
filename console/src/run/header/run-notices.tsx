/** What somebody who looks at a run should know first: why it stands still, and what is wrong with it. */
import type { ComponentChildren } from 'preact'
import type { RunView } from '../../../../lib/console/views.ts'
import { blueprintHref, href } from '../../router.ts'
import { Icon } from '../../ui/icons.tsx'
import { Ago } from '../../ui/time.tsx'
import type { RunModel } from '../run-model.ts'

export interface RunNoticesProps {
  readonly model: RunModel
  readonly run: RunView
}

export function RunNotices({ model, run }: RunNoticesProps) {
  const trouble = model.trouble.value
  const letters = run.deadLetters ?? []
  return (
    <>
      {trouble && <Notice kind="warning">{trouble.message}</Notice>}
      {run.reason !== undefined && <Notice kind="failed">{run.reason}</Notice>}
      {run.status === 'paused' && (
        <Notice kind="paused">
          <PauseText run={run} />
        </Notice>
      )}
      {letters.length > 0 && (
        <Notice kind="warning">
          {`${letters.map(letterText).join(' ')} `}
          <a href={href({ screen: 'deadLetters' })}>Dead letters</a>
        </Notice>
      )}
    </>
  )
}

function letterText({ nodeId, reason }: { readonly nodeId?: string; readonly reason: string }): string {
  return `The message of ${nodeId ?? 'its start'} is in the dead-letter queue: ${reason}.`
}

function PauseText({ run }: { readonly run: RunView }) {
  const since = run.pausedAt === undefined ? null : <Ago at={run.pausedAt} />
  const last = run.operations?.findLast(({ kind }) => kind === 'pause')
  const who =
    last && run.pausedBy === 'run' ? [last.by && ` by ${last.by}`, last.reason && `: ${last.reason}`] : []
  switch (run.pausedBy) {
    case 'blueprint':
      return (
        <>
          Its blueprint <a href={blueprintHref(run.blueprintId)}>{run.blueprintId}</a> is paused {since}.
        </>
      )
    case 'failure':
      return <>A node failed, and the run waits for somebody to decide {since}.</>
    default:
      return (
        <>
          Paused {since}
          {who}
        </>
      )
  }
}

function Notice({
  kind,
  children,
}: {
  readonly kind: 'warning' | 'failed' | 'paused'
  readonly children: ComponentChildren
}) {
  return (
    <p class="notice" data-state={kind === 'warning' ? 'awaiting' : kind}>
      <Icon name={kind === 'paused' ? 'pause' : 'warning'} />
      <span>{children}</span>
    </p>
  )
}
