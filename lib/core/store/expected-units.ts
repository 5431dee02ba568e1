/**
 * What a write will cost, before it is made: it takes its own cost along. To the unit where nobody else writes the
 * header meanwhile; who counts the answer corrects it with the next commit. Pure.
 */
import { sizeOfCounts } from '../common/run-counts.ts'
import { writeUnitsOf } from '../common/item-size.ts'
import type { Change } from '../protocol/change.ts'
import type { RunState } from '../protocol/run-state.ts'
import { headerSize, sizeOfActive, sizeOfTexts } from './header.ts'
import { formatOf } from './header-format.ts'
import type { FirstState, NewRun } from './run-store.ts'

/** The indexes in which a run stands. */
export interface Listed {
  readonly byStart: boolean
  /** Among the failed runs, should it fail. */
  readonly byFailure: boolean
}

export function unitsOfCreate(run: NewRun, { byStart }: Listed): number {
  return unitsOf(asState(run), 0) + (byStart ? 1 : 0) + (run.dueAt === undefined ? 0 : 1)
}

export function unitsOfBegin({ active, inlineValues, format }: FirstState): number {
  return writeUnitsOf(300 + 30 * active.size + sizeOfTexts(formatOf({ format }), inlineValues ?? new Map()))
}

/** Of the commit itself; and of who publishes the end, which comes after the last. */
export interface CommitUnits {
  readonly own: number
  readonly after: number
}

/** Bytes of what the end of a run adds: when it was, and when it is forgotten. */
const ENDED = 25

export function unitsOfCommit(change: Change, seen: RunState | undefined, listed: Listed): CommitUnits {
  const { final, cost, inlineValues } = change
  const format = formatOf(seen ?? {})
  const ended = change.suspend ? 0 : sizeOfActive(format, new Map([[change.end, change.seen]]))
  const scheduled = sizeOfActive(format, change.schedule)
  const counts = seen?.cost ? 0 : sizeOfCounts(cost)
  const arrived = 9 * (change.arriveAt?.length ?? 0)
  // Of many that end together: two decimal digits, which tell some seven of them, are a byte.
  const completed = change.through ? Math.ceil(0.16 * change.completed.length) : 0
  const more =
    sizeOfTexts(format, inlineValues) + scheduled - ended + counts + arrived + completed + (final ? ENDED : 0)
  const header = seen ? unitsOf(seen, more) : writeUnitsOf(more)
  // An entry of an index that moves is taken out and put.
  const wasDue = seen?.dueAt === undefined ? 0 : 1
  if (!final) return { own: header + (change.dueAt === undefined ? 0 : 1 + wasDue), after: 0 }
  const hasFailed = final.status === 'failed' || final.status === 'running'
  const entries = (listed.byStart ? 1 : 0) + wasDue + (hasFailed && listed.byFailure ? 1 : 0)
  return { own: header + entries, after: final.outbox ? header : 0 }
}

function unitsOf(run: RunState, more: number): number {
  return writeUnitsOf(headerSize(run) + more)
}

function asState(run: NewRun): RunState {
  const nothing = { done: 0n, arrivals: new Map<number, number>(), pending: new Set<number>() }
  return { ...run, ...nothing, status: 'running', seq: 0, errors: 0, fallback: false, offloaded: false }
}
