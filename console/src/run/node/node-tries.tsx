/** When a node was executed, and how each time ended. */
import { counted, formatDuration, formatInstant, formatTime } from '../../format.ts'
import { now } from '../../clock.ts'
import type { Attempt, NodeFacts } from '../facts.ts'

const SHOWN = 50

export function NodeTries({ facts }: { readonly facts: NodeFacts | undefined }) {
  const attempts = facts?.attempts ?? []
  if (attempts.length === 0) return null
  const shown = attempts.slice(-SHOWN)
  const hasRounds = attempts.some(({ iteration }) => iteration > 1)
  return (
    <section class="pane-part">
      <h3>
        Executions
        <span class="part-note">{attempts.length}</span>
      </h3>
      <table class="tries">
        <thead>
          <tr>
            {hasRounds && <th scope="col">Round</th>}
            <th scope="col">Try</th>
            <th scope="col">Began</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((attempt, index) => (
            <Row key={index} attempt={attempt} hasRounds={hasRounds} />
          ))}
        </tbody>
      </table>
      {attempts.length > SHOWN && (
        <p class="muted small">{`${counted(attempts.length - SHOWN, 'execution')} before.`}</p>
      )}
    </section>
  )
}

function Row({ attempt, hasRounds }: { readonly attempt: Attempt; readonly hasRounds: boolean }) {
  const { startedAt, endedAt, error } = attempt
  const took = startedAt === undefined || endedAt === undefined ? undefined : endedAt - startedAt
  return (
    <tr>
      {hasRounds && <td>{attempt.iteration}</td>}
      <td>{attempt.attempt}</td>
      <td title={startedAt === undefined ? 'Its time is not kept' : formatInstant(startedAt)}>
        {startedAt === undefined ? '–' : formatTime(startedAt, now.value)}
      </td>
      <td class="number">{took === undefined ? '–' : formatDuration(took)}</td>
      <td class={isFailure(attempt) ? 'failed-text' : undefined}>
        {outcomeOf(attempt)}
        {error?.message !== undefined && (
          <span class="try-error ellipsis" title={error.message}>
            {error.message}
          </span>
        )}
      </td>
    </tr>
  )
}

function isFailure({ outcome }: Attempt): boolean {
  return outcome === 'failed' || outcome === 'retried' || outcome === 'fellBack'
}

function outcomeOf({ outcome, action, waitsFor }: Attempt): string {
  switch (outcome) {
    case 'completed':
      return action === undefined ? 'completed' : `completed: ${action}`
    case 'retried':
      return 'failed, tried again'
    case 'fellBack':
      return 'failed, another stood in'
    case 'waits':
      return `waits: ${WAITS[waitsFor ?? ''] ?? 'goes on later'}`
    case 'open':
      return 'not ended yet'
    case 'failed':
      return 'failed'
  }
}

const WAITS: Readonly<Record<string, string>> = {
  external_event: 'event',
  timer: 'time',
  retry: 'next try',
  subflow: 'child run',
  items: 'items',
}
