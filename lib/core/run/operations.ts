/** What was done to a run from outside, by whom and why: noted before it is done, so that no crash loses who it was. */
import { randomUUID } from 'node:crypto'
import type { Services } from '../execution/services.ts'
import { compress, expand } from '../values/value-store.ts'

export interface Operation {
  readonly kind: 'redrive' | 'skip' | 'pause' | 'unpause' | 'cancel' | 'drop'
  readonly at: Date
  readonly by?: string
  readonly reason?: string
  /** The nodes that it was for. */
  readonly nodes?: readonly string[]
  /** Context keys that were set. */
  readonly keys?: readonly string[]
}

const PREFIX = 'op#'

/** Crash after the put: the operation is noted, and was not done. */
export async function noteOperation(
  { store, now }: Pick<Services, 'store' | 'now'>,
  runId: string,
  operation: Omit<Operation, 'at'>,
): Promise<void> {
  const at = now()
  // Sorts by time.
  const key = `${PREFIX}${at.toString(36).padStart(10, '0')}#${randomUUID().slice(0, 8)}`
  await store.putValue(runId, key, await compress(JSON.stringify({ ...operation, at })))
}

/** In the order in which they were asked for. */
export async function operationsOf(
  { store }: { readonly store: Pick<Services['store'], 'listValues'> },
  runId: string,
): Promise<Operation[]> {
  const found = [...(await store.listValues(runId, PREFIX))].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const texts = await Promise.all(found.map(([, value]) => expand(value)))
  return texts.map((text) => {
    const { at, ...operation } = JSON.parse(text) as Omit<Operation, 'at'> & { readonly at: number }
    return { ...operation, at: new Date(at) }
  })
}
