/**
 * Takes runs into the lists that are older than these, or were started without. It looks through the whole table once, a
 * part at a time, and may be stopped, made again, and run beside live workers.
 */
import pMap from 'p-map'
import type { Services } from '../execution/services.ts'
import type { RunState } from '../protocol/run-state.ts'
import { formatTableCursor, parseTableCursor } from './list-cursor.ts'

/** Which runs `backfill` takes into the index of runs. */
export interface BackfillRequest {
  /** Runs of these only: on a table that several services share, those of this one. @default - all that stand in no list */
  readonly blueprintIds?: readonly string[]
  /** A part of the table, so that several programs can look through it at a time: `index` from 0, `of` so many. @default - all of it */
  readonly segment?: { readonly index: number; readonly of: number }
  /** Where the answer before this one ended: its `cursor`. @default - at the beginning */
  readonly cursor?: string
}

/** What a call of `backfill` did, and where the next one begins. */
export interface BackfillResult {
  /** Items of the table that were looked at. */
  readonly looked: number
  /** Runs that stand in the lists now, and did not. */
  readonly added: number
  /** Where to go on; undefined where all was looked at. */
  readonly cursor?: string
}

const CONCURRENCY = 20
const TRIES = 5

/**
 * Crash before or between the writes: the runs that were not reached stand in no list, and the same call, or the whole of it
 * again, takes them in. One that is in already is not found by the look.
 */
export async function backfill(
  { store }: Pick<Services, 'store'>,
  { blueprintIds, segment, cursor }: BackfillRequest,
): Promise<BackfillResult> {
  const text = JSON.stringify(['backfill', blueprintIds, segment])
  const after = cursor === undefined ? undefined : parseTableCursor(text, cursor)
  const { runIds, looked, next } = await store.readUnlisted({ after, segment })
  const runs = [...(await store.readMany(runIds)).values()].filter(
    ({ blueprintId }) => blueprintIds === undefined || blueprintIds.includes(blueprintId),
  )
  const enlisted = await pMap(runs, (run) => enlist(store, run), { concurrency: CONCURRENCY })
  const added = enlisted.filter(Boolean).length
  return { looked, added, ...(next ? { cursor: formatTableCursor(text, next) } : {}) }
}

/** A run that goes on meanwhile is tried as it is then; one that goes on and on is found when this is run again. */
async function enlist(store: Services['store'], seen: RunState): Promise<boolean> {
  let run: RunState | undefined = seen
  for (let tries = 0; run && tries < TRIES; tries++) {
    const result = await store.enlist(run)
    if (result.committed) return true
    run = result.run
  }
  return false
}
