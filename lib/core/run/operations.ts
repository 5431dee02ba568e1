/** What was done to a run from outside, by whom and why: noted before it is done, so that no crash loses who it was. */
import { randomUUID } from 'node:crypto'
import type { Services } from '../execution/services.ts'
import type { RunState, RunStatus } from '../protocol/run-state.ts'
import type { StoredValue } from '../store/run-store.ts'
import { compress, expand } from '../values/compression.ts'

/** What somebody did to a run from outside: who, when and why. */
export interface Operation {
  readonly kind: 'redrive' | 'skip' | 'pause' | 'unpause' | 'cancel' | 'drop' | 'fork'
  readonly at: Date
  readonly by?: string
  readonly reason?: string
  /** The nodes that it was for. */
  readonly nodes?: readonly string[]
  /** Context keys that were set. */
  readonly keys?: readonly string[]
}

/** How a run had ended that somebody takes up again: its header says it no more. */
export interface NotedEnd {
  readonly status: RunStatus
  readonly at: Date
}

const PREFIX = 'op#'
/** Sorts by time. */
const TIME_DIGITS = 10
/** That a run was forked is the first of its notes. */
const FORK = `${PREFIX}${'0'.repeat(TIME_DIGITS)}#`

/** Crash after the put: the operation is noted, and was not done. Gives the key of the note. */
export async function noteOperation(
  { store, now }: Pick<Services, 'store' | 'now'>,
  runId: string,
  operation: Omit<Operation, 'at'>,
  ended?: NotedEnd,
): Promise<string> {
  const at = now()
  const key = `${PREFIX}${at.toString(36).padStart(TIME_DIGITS, '0')}#${randomUUID().slice(0, 8)}`
  await store.putValue(runId, key, await compress(JSON.stringify({ ...operation, at, ended })))
  return key
}

/** What a note says; undefined where it is gone. */
export async function notedOperation(
  { store }: { readonly store: Pick<Services['store'], 'getValue'> },
  runId: string,
  key: string,
): Promise<Operation | undefined> {
  const value = await store.getValue(runId, key)
  return value && (await noteOf(value)).operation
}

/**
 * Notes on a run that is about to be made which request made it. The first who made that request is named.
 * Crash after the put: a note of a run that is not there. One that gets the id by another request does not show it.
 */
export async function noteFork(
  { store, now }: Pick<Services, 'store' | 'now'>,
  { runId, inputHash }: Pick<RunState, 'runId' | 'inputHash'>,
  operation: Omit<Operation, 'at' | 'kind'>,
): Promise<void> {
  const note = JSON.stringify({ kind: 'fork', ...operation, at: now() })
  await store.putOnce(runId, `${FORK}${inputHash}`, await compress(note))
}

/** What `noteFork` noted of a run that is there. */
export async function readFork(
  { store }: { readonly store: Pick<Services['store'], 'getValue'> },
  { runId, inputHash }: Pick<RunState, 'runId' | 'inputHash'>,
): Promise<Operation | undefined> {
  const note = await store.getValue(runId, `${FORK}${inputHash}`)
  return note && (await noteOf(note)).operation
}

interface OperationNote {
  readonly operation: Operation
  readonly ended?: NotedEnd
}

/** In the order in which they were asked for. */
export async function operationsOf(services: ListServices, run: NotedRun): Promise<Operation[]> {
  return (await operationNotes(services, run)).map(({ operation }) => operation)
}

interface ListServices {
  readonly store: Pick<Services['store'], 'listValues'>
}

type NotedRun = Pick<RunState, 'runId' | 'inputHash'>

/** With how the run had ended, where they took it up again. */
export async function operationNotes(
  { store }: ListServices,
  { runId, inputHash }: NotedRun,
): Promise<OperationNote[]> {
  const own = `${FORK}${inputHash}`
  const found = [...(await store.listValues(runId, PREFIX))]
    .filter(([key]) => !key.startsWith(FORK) || key === own)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Promise.all(found.map(([, note]) => noteOf(note)))
}

async function noteOf(note: StoredValue): Promise<OperationNote> {
  const { at, ended, ...operation } = JSON.parse(await expand(note)) as Stored
  const end = ended && { ended: { ...ended, at: new Date(ended.at) } }
  return { operation: { ...operation, at: new Date(at) }, ...end }
}

/** Notes of older versions have no `ended`. */
interface Stored extends Omit<Operation, 'at'> {
  readonly at: number
  readonly ended?: { readonly status: RunStatus; readonly at: string }
}
