/** An entry of a run's history in words. */
import type { HistoryEntryView } from '../../../../lib/console/views.ts'
import { formatDuration } from '../../format.ts'

type EventTone = 'good' | 'bad' | 'wait' | 'plain'

export interface EventWords {
  readonly what: string
  readonly tone: EventTone
  /** What else there is to say: an error, an action, who it was. */
  readonly more: string
}

const WAITS: Readonly<Record<string, string>> = {
  external_event: 'waits for an event',
  timer: 'waits for a time',
  retry: 'waits for its next try',
  subflow: 'waits for its child run',
  items: 'runs its items',
}

export function eventWords(entry: HistoryEntryView): EventWords {
  const { type, attempt, action, reason, by, fallback, item, status, kind, next } = entry
  const took = entry.durationMs === undefined ? '' : formatDuration(entry.durationMs)
  const error = entry.error ? [entry.error.name, entry.error.message].filter(Boolean).join(': ') : ''
  const who = [by && `by ${by}`, reason].filter(Boolean).join(': ')
  switch (type) {
    case 'runStarted':
      return words('the run started', 'plain')
    case 'runEnded':
      return words(`the run ended: ${status}`, status === 'completed' ? 'good' : 'bad')
    case 'operation':
      return words(kind ?? 'something was done to it', 'plain', who)
    case 'nodeStarted':
      return words(attempt !== undefined && attempt > 1 ? `started, try ${attempt}` : 'started', 'plain')
    case 'nodeRetried':
      return words(`try ${attempt ?? ''} failed`.replace('  ', ' '), 'bad', error)
    case 'nodeWaits':
      return words(WAITS[reason ?? ''] ?? 'waits', 'wait', entry.childRunId)
    case 'nodeResumed':
      return words(action === undefined ? 'was given an event' : `was given '${action}'`, 'plain', who)
    case 'nodeWoke':
      return words('goes on', 'plain')
    case 'nodeCompleted':
      return words('completed', 'good', [took, action && `'${action}'`, led(next)].filter(Boolean).join(', '))
    case 'nodeFellBack':
      return words(`failed, ${fallback ?? 'another node'} stands in`, 'bad', error)
    case 'nodeFailed':
      return words('failed', 'bad', error)
    case 'itemCompleted':
      return words(`item ${item} completed`, 'good', took)
    case 'itemFailed':
      return words(`item ${item} failed`, 'bad', error)
    default:
      return words(type, 'plain')
  }
}

function led(next: readonly string[] | undefined): string {
  return next && next.length > 0 ? `then ${next.join(', ')}` : ''
}

function words(what: string, tone: EventTone, more = ''): EventWords {
  return { what, tone, more }
}
