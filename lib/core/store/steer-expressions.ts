/** What is done to a run but for commits of its nodes, as one write of its header each. Pure. */
import { type Counts, countsIn, plus } from '../common/run-counts.ts'
import { type RunState, START } from '../protocol/run-state.ts'
import { addCounts, setPlaceOfEnded } from './commit-expression.ts'
import { ExpressionBuilder, type UpdateExpression } from './expression.ts'
import { type Item, packFirst, packNote, packState } from './header.ts'
import { formatOf, packTexts } from './header-format.ts'
import { expiry, type Retention } from './retention.ts'
import type { EndOfBegun, FirstState, RedriveState } from './run-store.ts'

/** What the end left, and what is written anew. */
const LEFT_OUT = /^(?:[zxo]|cc|ca|p[zfb]|expiresAt|sp|fb\d*|[jdm]\d+)$/

/** `own` is what this write takes along of itself, where costs are counted. */
export function beginExpression(first: FirstState, own: Counts): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_not_exists(${e.path('g')})`)
  e.set(e.path('g'), first.graph).remove(e.path(`l${START}`))
  for (const [name, value] of Object.entries(packFirst(first))) e.set(e.path(name), value)
  if (first.inlineValues) e.set(e.path('r'), packTexts(formatOf(first), first.inlineValues))
  addCounts(e, first.cost && plus(first.cost, own))
  return e
}

/**
 * A run that has ended as it is taken up again. An item in place of the item that is there, since it may change thousands of
 * joins: no expression holds so many. What is not of the run's state stays as it is.
 */
export function redrivenItem(item: Item, next: RedriveState, { format }: Pick<RunState, 'format'>): Item {
  const kept = Object.fromEntries(Object.entries(item).filter(([name]) => !LEFT_OUT.test(name)))
  return {
    ...kept,
    s: 'running',
    rs: true,
    q: Number(item['q']) + 1,
    rd: Number(item['rd'] ?? 0) + 1,
    ro: packNote(next.note ?? {}),
    ...packState({ ...next, format }),
    r: packTexts(formatOf({ format }), next.inlineValues),
    ...(next.costIsTold ? { ct: countsIn(item) } : {}),
    ...(next.offloaded ? { sp: next.packs ?? true } : {}),
  }
}

/**
 * A run that has ended is changed by nobody else but another redrive, which `q` tells, by whoever publishes the end, who must
 * be done, and by whoever takes older runs into their lists, which does not count as a commit.
 */
export function redriveCondition(
  { status, seq }: RunState,
  place: unknown,
): Omit<UpdateExpression, 'UpdateExpression'> {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value(status)}`).when(`${e.path('q')} = ${e.value(seq)}`)
  e.when(`attribute_not_exists(${e.path('o')})`)
  e.when(place === undefined ? `attribute_not_exists(${e.path('k')})` : `${e.path('k')} = ${e.value(place)}`)
  const { UpdateExpression: _, ...condition } = e.build()
  return condition
}

interface EndFromOutside {
  readonly status: 'failed' | 'cancelled'
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly begun?: EndOfBegun
  /** Where the run stands once it has failed. @default - in no list */
  readonly failedShard?: string
  readonly retention: Retention
}

/** Ends a run from outside: nothing is active any more, so that every commit under way is refused. */
export function endExpression({
  status,
  now,
  begun,
  failedShard,
  retention,
}: EndFromOutside): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`)
  e.set(e.path('s'), status).set(e.path('z'), now).set(e.path('o'), 'end')
  // Of one that nobody has begun nothing is active.
  if (begun) e.set(e.path(formatOf(begun).active), {})
  e.set(e.path('expiresAt'), expiry(now, retention.runDays))
  if (begun && begun.children.length > 0) e.set(e.path('cc'), begun.children)
  if (begun?.keepsActive) e.copy(e.path('ca'), e.path(formatOf(begun).active))
  setPlaceOfEnded(e, now, failedShard)
  return e.remove(e.path('pz')).remove(e.path('pf')).remove(e.path('pb'))
}

export function pauseExpression(now: number): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_not_exists(${e.path('pz')})`)
  return e.set(e.path('pz'), now)
}

/**
 * What was active while it was paused has no messages any more, and the sweep dropped the times of timers that it sent.
 * Crash after the write: the sweep sends the jobs.
 */
export function unpauseExpression(): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_exists(${e.path('pz')})`)
  e.when(`attribute_not_exists(${e.path('pf')})`)
  return e.set(e.path('rs'), true).remove(e.path('pz'))
}

/**
 * Takes an outbox entry away, once what it says is published: `o` of the end, `ro` of a redrive. Only that of this life of the
 * run. Crash before: whoever sees the run next publishes it once more, under the same id.
 */
export function publishedExpression(entry: 'o' | 'ro', redrives: number | undefined): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.remove(e.path(entry)).when(`attribute_exists(${e.path(entry)})`)
  const life = e.path('rd')
  return e.when(redrives === undefined ? `attribute_not_exists(${life})` : `${life} = ${e.value(redrives)}`)
}

export function holdExpression(epoch: string): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_not_exists(${e.path('pb')})`)
  return e.set(e.path('pb'), epoch)
}

/** Only what this pause holds: a later one may hold the run by now. Crash after the write: as of `unpauseExpression`. */
export function letGoExpression(epoch: string): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('pb')} = ${e.value(epoch)}`)
  return e.set(e.path('rs'), true).remove(e.path('pb'))
}
