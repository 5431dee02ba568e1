/**
 * Moves inline values from a header that gets full into pages, so that commits stay at one write unit however long a run
 * is. Whoever commits while the header is full moves them, if it is its turn: with several activations under way
 * one in so many does, or they would all pay for the same move and refuse each other.
 *
 * Pages first, then the commit that takes the inline values out. Crash between the two: both places say the same, and the
 * header's is read. A page never goes back: it refuses what an older view of the header would put there.
 */
import pMap from 'p-map'
import { HEADER_AT_MOST_BYTES, HEADER_CROWDED_BYTES, HEADER_FULL_BYTES } from '../common/size-limits.ts'
import { isBundle, pageOf } from '../protocol/inline-value.ts'
import { isOver, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { CoreChange } from '../protocol/transition.ts'
import { headerSize } from '../store/header.ts'
import type { RunStore } from '../store/run-store.ts'

const MOVED_WHERE_CROWDED = 140
const EVICTED_AT_ONCE = 500
/** Pages written at a time. */
const CONCURRENCY = 50
/** Each takes part of the commit's condition, which may have 4 KB. */
const MOVED_AT_MOST = 50

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
  return move(
    store,
    run,
    movableIn(run)
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
    const moved = await move(store, run, movableIn(run).slice(0, EVICTED_AT_ONCE))
    const result = await store.evict(run, new Set(moved.keys()))
    if (!result.run) return run
    run = result.run
    // Nothing that can be moved: the commit is refused then, and its message comes back.
    if (result.committed && moved.size === 0) break
  }
  return run
}

function movableIn(run: RunState): [string, string][] {
  return [...run.inlineValues].filter(([name]) => !isBundle(name))
}

async function move(
  store: Pick<RunStore, 'writePage'>,
  run: RunState,
  movable: readonly (readonly [string, string])[],
): Promise<ReadonlyMap<string, string>> {
  const moved = new Map<string, string>()
  const write = async ({ page, entries }: PageWrite) => {
    if (!(await store.writePage(run.runId, page, entries, run.seq))) return
    for (const [name, text] of entries) moved.set(name, text)
  }
  await pMap(pageWrites(movable), write, { concurrency: CONCURRENCY })
  return moved
}

interface PageWrite {
  readonly page: string
  readonly entries: ReadonlyMap<string, string>
}

/** A page takes so many entries in one write, whose condition may have 4 KB. */
function pageWrites(movable: readonly (readonly [string, string])[]): PageWrite[] {
  const byPage = new Map<string, [string, string][]>()
  for (const [name, text] of movable) {
    const page = pageOf(name)
    const entries = byPage.get(page)
    if (entries) entries.push([name, text])
    else byPage.set(page, [[name, text]])
  }
  return [...byPage].flatMap(([page, entries]) =>
    Array.from({ length: Math.ceil(entries.length / MOVED_AT_MOST) }, (_, index) => ({
      page,
      entries: new Map(entries.slice(index * MOVED_AT_MOST, (index + 1) * MOVED_AT_MOST)),
    })),
  )
}

function sizeOf(inlineValues: ReadonlyMap<string, string>): number {
  let size = 0
  for (const [name, text] of inlineValues) size += Buffer.byteLength(name) + Buffer.byteLength(text) + 1
  return size
}

/** One in as many as may commit; scattered, since nodes, rounds and commits count up in step. */
function isTurn(run: RunState, change: CoreChange): boolean {
  const { node, iteration } = parseActivationKey(change.end)
  const committers = [...run.active.values()].filter(({ wait }) => wait === undefined).length
  const scattered = Math.imul(node * 8191 + iteration, 0x9e3779b1) ^ Math.imul(run.seq + 1, 0x85ebca6b)
  return ((scattered ^ (scattered >>> 15)) >>> 0) % Math.max(1, committers) === 0
}
