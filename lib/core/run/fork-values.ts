/**
 * The values that a fork begins with: the texts of the run that it is of, which are small, written anew; what they point to
 * stays where it is. So a fork costs the same however much its values hold, and what the first run comes to later makes
 * no difference to it: its values are immutable, and its pages, which are not, are read now.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import { HEADER_FULL_BYTES } from '../common/size-limits.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, batchInFork } from '../protocol/batch.ts'
import { activationOfChild, inFork, nodeOfBatch } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import { headerSize } from '../store/header.ts'
import type { NewRun } from '../store/run-store.ts'
import { writeBundle } from '../values/bundle.ts'
import { StoredTexts } from '../values/stored-texts.ts'
import { contentNumber, inputTexts } from '../values/value-writer.ts'

type ValueServices = Pick<Services, 'store' | 'values'>

/** The texts of a run that has ended, by name, of all its pages and bundles. */
export async function textsOf(
  { store, values }: ValueServices,
  source: RunState,
): Promise<ReadonlyMap<string, string>> {
  const texts = await new StoredTexts({ run: source, store, values }).texts(true)
  if (!source.offloaded) return texts
  // Whoever redrove it meanwhile may have moved newer values into its pages. Nobody does so before its header says it.
  const now = await store.read(source.runId)
  if (now?.status === source.status && now.seq === source.seq) return texts
  const why = `cannot fork run '${source.runId}': somebody else has changed it meanwhile`
  throw new FlowcraftAwsError('INVALID_STATE', why, { runId: source.runId })
}

/** The state that a fork begins in. */
export type Fork = Omit<NewRun, 'inlineValues' | 'inputHash'> &
  Pick<RunState, 'done' | 'arrivals' | 'pending' | 'errors' | 'fallback'>

export interface ForkValues {
  readonly source: RunState
  readonly texts: ReadonlyMap<string, string>
  /** Names of errors that the fork does not have. */
  readonly forgotten: ReadonlySet<string>
  /** Context keys that it has other values of. */
  readonly set: Readonly<Record<string, unknown>>
}

/**
 * What the header of the fork has: the texts themselves, or where they all are.
 * Crash before or after: values under the id of a run that is not there, named by their content. Whoever else makes a run of
 * that id names none of them.
 */
export async function forkValues(
  services: ValueServices,
  fork: Fork,
  { source, texts: all, forgotten, set }: ForkValues,
): Promise<ReadonlyMap<string, string>> {
  const { values } = services
  const texts = new Map<string, string>()
  const batches = new Map<string, unknown>()
  const reader = new StoredTexts({ run: { ...source, inlineValues: all, offloaded: false }, ...services })
  for (const [name, text] of all) {
    // Its child runs are its own.
    if (forgotten.has(name) || activationOfChild(name) !== undefined) continue
    if (nodeOfBatch(name) === undefined) texts.set(name, inFork(text, source))
    else batches.set(name, batchInFork((await reader.value(name, text))?.value as Batch, source.runId))
  }
  for (const [name, text] of await inputTexts(values, fork.runId, set, batches)) texts.set(name, text)
  const header: RunState = { ...fork, inlineValues: texts, status: 'running', seq: 0, offloaded: false }
  if (headerSize(header) <= HEADER_FULL_BYTES) return texts
  const base = contentNumber(JSON.stringify([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1))))
  return new Map([await writeBundle(values, fork.runId, { writer: '', base }, texts)])
}
