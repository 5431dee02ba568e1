/**
 * Moves inline values from a header that gets full into pages, so that commits stay at one write unit however long a run
 * is. Whoever commits while the header is full moves them, if it is its turn: with several activations under way
 * one in so many does, or they would all pay for the same move and refuse each other.
 *
 * Pages first (`move-to-pages.ts`), then the commit that takes the inline values out.
 */
import { HEADER_AT_MOST_BYTES, HEADER_CROWDED_BYTES, HEADER_FULL_BYTES } from '../common/size-limits.ts'
import { isOver, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { CoreChange } from '../protocol/transition.ts'
import { headerSize } from '../store/header.ts'
import type { RunStore } from '../store/run-store.ts'
import { movableIn, MOVED_AT_MOST, moveToPages, sizeOf } from '../values/move-to-pages.ts'

const MOVED_WHERE_CROWDED = 140
const EVICTED_AT_ONCE = 500

/** The inline values that are in their pages now and may leave the header. */
export async function offload(
  store: Pick<RunStore, 'writePage'>,
  run: RunState,
  change: CoreChange,
  inlineValues: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const none = new Map<string, string>()
  // Nobody commits after the last: a header over 1 KB costs nothing any more.
  if (change.final) return none
  const size = headerSize(run) + sizeOf(inlineValues)
  if (size <= HEADER_FULL_BYTES || (size <= HEADER_CROWDED_BYTES && !isTurn(run, change))) return none
  const atMost = size > HEADER_CROWDED_BYTES ? MOVED_WHERE_CROWDED : MOVED_AT_MOST
  return moveToPages(
    store,
    run,
    movableIn(run.inlineValues)
      .filter(([name]) => !inlineValues.has(name))
      .slice(0, atMost),
  )
}

/**
 * The run with room in its header for what a commit will put there: nodes that set thousands of keys can together need
 * more than an item may have, and a commit moves only so many out. Each move is written on its own. Crash between
 * pages and header: both places say the same; and a move changes nothing that anybody reads.
 */
export async function offloadUntilItFits(
  store: Pick<RunStore, 'writePage' | 'evict'>,
  seen: RunState,
  inlineValues: ReadonlyMap<string, string>,
): Promise<RunState> {
  let run = seen
  const needed = sizeOf(inlineValues)
  while (run.inlineValues.size > 0 && headerSize(run) + needed > HEADER_AT_MOST_BYTES && !isOver(run)) {
    const moved = await moveToPages(store, run, movableIn(run.inlineValues).slice(0, EVICTED_AT_ONCE))
    const result = await store.evict(run, new Set(moved.keys()))
    if (!result.run) return run
    run = result.run
    // Nothing that can be moved: the commit is refused then, and its message comes back.
    if (result.committed && moved.size === 0) break
  }
  return run
}

/** One in as many as may commit; scattered, since nodes, rounds and commits count up in step. */
function isTurn(run: RunState, change: CoreChange): boolean {
  const { node, iteration } = parseActivationKey(change.end)
  const committers = [...run.active.values()].filter(({ wait }) => wait === undefined).length
  const scattered = Math.imul(node * 8191 + iteration, 0x9e3779b1) ^ Math.imul(run.seq + 1, 0x85ebca6b)
  return ((scattered ^ (scattered >>> 15)) >>> 0) % Math.max(1, committers) === 0
}
