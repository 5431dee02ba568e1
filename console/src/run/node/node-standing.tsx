/** How a node stands, in words: what it waits for and until when, its items, its round. */
import type { ComponentChildren } from 'preact'
import type { NodeProgressView, RunView } from '../../../../lib/console/views.ts'
import { now } from '../../clock.ts'
import { counted, formatCount, formatTicking } from '../../format.ts'
import { runHref } from '../../router.ts'
import { service } from '../../service.ts'
import { At } from '../../ui/time.tsx'
import type { NodeFacts } from '../facts.ts'

export interface NodeStandingProps {
  readonly run: RunView
  readonly progress: NodeProgressView
  readonly facts: NodeFacts | undefined
}

export function NodeStanding({ run, progress, facts }: NodeStandingProps) {
  const { waiting, iteration, arrived, failedTries } = progress
  const letter = run.deadLetters?.find(({ nodeId }) => nodeId === progress.nodeId)
  const childRunId = waiting?.childRunId ?? facts?.childRunIds.at(-1)
  return (
    <ul class="node-standing">
      {waiting && <Line>{waitOf(waiting)}</Line>}
      {failedTries !== undefined && (
        <Line>{`${counted(failedTries, waiting?.reason === 'subflow' ? 'child run' : 'try', waiting?.reason === 'subflow' ? 'child runs' : 'tries')} failed before.`}</Line>
      )}
      <Items progress={progress} facts={facts} />
      {arrived && progress.state === 'notRun' && (
        <Line>{`${arrived.count} of the ${arrived.of} that it joins have arrived.`}</Line>
      )}
      {iteration !== undefined && iteration > 1 && <Line>{`Round ${iteration}.`}</Line>}
      {facts?.fallback !== undefined && <Line>{`${facts.fallback} stood in for it.`}</Line>}
      {letter && <Line>{`Its message is in the dead-letter queue: ${letter.reason}.`}</Line>}
      {childRunId !== undefined && (
        <Line>
          {'Child run '}
          {service.value?.kind === 'file' ? (
            <code>{childRunId}</code>
          ) : (
            <a class="mono" href={runHref(childRunId)}>
              {childRunId}
            </a>
          )}
        </Line>
      )}
    </ul>
  )
}

function Line({ children }: { readonly children: ComponentChildren }) {
  return <li>{children}</li>
}

function waitOf({
  reason,
  wakeUpAt,
  timeoutAt,
}: NonNullable<NodeProgressView['waiting']>): ComponentChildren {
  switch (reason) {
    case 'external_event':
      return timeoutAt === undefined ? (
        'Waits for an event.'
      ) : (
        <>
          Waits for an event until <At at={timeoutAt} />, <Left until={timeoutAt} />.
        </>
      )
    case 'subflow':
      return 'Waits for its child run.'
    case 'items':
      return 'Waits for its items.'
    default:
      return wakeUpAt === undefined ? (
        'Waits.'
      ) : (
        <>
          {reason === 'retry' ? 'Is tried again at ' : 'Waits until '}
          <At at={wakeUpAt} />, <Left until={wakeUpAt} />.
        </>
      )
  }
}

function Left({ until }: { readonly until: string }) {
  const left = Date.parse(until) - now.value
  return <>{left > 0 ? `in ${formatTicking(left)}` : 'which is due'}</>
}

function Items({ progress, facts }: Pick<NodeStandingProps, 'progress' | 'facts'>) {
  const failed = facts?.itemsFailed ?? 0
  const noted = (facts?.itemsCompleted ?? 0) + failed
  const { done, total } = progress.items ?? { done: noted, total: noted }
  if (total === 0) return null
  return (
    <li class="node-items-line">
      <progress max={total} value={done} aria-label="Items that are done" />
      {`${formatCount(done)} of ${counted(total, 'item')}`}
      {failed > 0 && <span class="failed-text">{`, ${formatCount(failed)} failed`}</span>}
    </li>
  )
}
