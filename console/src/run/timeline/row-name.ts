import { counted, formatDuration } from '../../format.ts'
import type { Row, SpanKind } from './model.ts'

/** A line of the timeline in words: 'charge: 3 executions, 1.2 s, 2 failed; waited 4 s'. */
export function rowName({ nodeId, spans, items, untimed }: Row, end: number): string {
  const of = (...kinds: SpanKind[]) => spans.filter(({ kind }) => kinds.includes(kind))
  const sum = (some: typeof spans) => some.reduce((total, { from, to = end }) => total + to - from, 0)
  const executed = of('runs', 'failed')
  const failed = of('failed').length
  const waited = sum(of('waits', 'again'))
  const ended = items.reduce((total, { count }) => total + count, 0)
  const parts = [
    executed.length > 0 && `${counted(executed.length, 'execution')}, ${formatDuration(sum(executed))}`,
    failed > 0 && `${failed} failed`,
    waited > 0 && `waited ${formatDuration(waited)}`,
    ended > 0 && counted(ended, 'item'),
    untimed > 0 && `${counted(untimed, 'end')} without a time`,
  ].filter(Boolean)
  return `${nodeId}: ${parts.join(', ') || 'nothing is noted'}`
}
