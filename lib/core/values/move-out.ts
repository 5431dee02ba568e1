/**
 * Moves inline values out of a header: into a pack, one item for all of them; of a run that an older version began into pages, by
 * what the values are. Before the write that takes them out of the header: crash between the two: both places say the
 * same, and the header's is read. No place goes back: of packs the newest counts, and a page refuses what an older view of
 * the header would put there.
 */
import pMap from 'p-map'
import { isBundle, pageOf } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { Moved, RunStore } from '../store/run-store.ts'

/** Pages written at a time. */
const CONCURRENCY = 50
/** Each takes part of the commit's condition, which may have 4 KB. */
export const MOVED_AT_MOST = 50

/** What may be moved: a bundle stays, so that whoever has the header knows of it. */
export function movableIn(inlineValues: ReadonlyMap<string, string>): [string, string][] {
  return [...inlineValues].filter(([name]) => !isBundle(name))
}

/** Those that may leave the header now. */
export async function moveOut(
  store: Pick<RunStore, 'writePage' | 'writePack'>,
  { runId, seq, format, packs = 0 }: Pick<RunState, 'runId' | 'seq' | 'format' | 'packs'>,
  movable: readonly (readonly [string, string])[],
): Promise<Moved> {
  if (movable.length === 0) return { texts: new Map() }
  if (format !== 1) {
    const texts = new Map(movable)
    await store.writePack(runId, packs + 1, texts, seq)
    return { texts, pack: packs + 1 }
  }
  const moved = new Map<string, string>()
  const write = async ({ page, entries }: PageWrite) => {
    if (!(await store.writePage(runId, page, entries, seq))) return
    for (const [name, text] of entries) moved.set(name, text)
  }
  await pMap(pageWrites(movable), write, { concurrency: CONCURRENCY })
  return { texts: moved }
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
