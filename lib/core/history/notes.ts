/**
 * What workers write down of a run: a note for each commit, small, since it is paid for by the kilobyte. The notes of an
 * invocation are written together, after their commits. So no note says what did not happen; one of what happened
 * is missing where the worker died before, and then the run's header still knows that it did.
 */
import { messageOf } from '../common/errors.ts'
import { beginningOf } from '../common/texts.ts'
import { propertyOf } from '../common/thrown.ts'
import type { RunState, RunStatus, Wait } from '../protocol/run-state.ts'

/** The beginning of an error. The whole of it is among the run's errors. */
export interface NotedError {
  readonly name: string
  readonly message: string
}

interface Timed {
  /** When it began: in a pack after the pack's time, else since the epoch, in milliseconds. */
  readonly s: number
  /** Milliseconds that it took. */
  readonly m: number
  /** Index of the node in the run's graph. */
  readonly n: number
  /** Iteration. */
  readonly i: number
}

/** A commit of an activation. Texts of values are the serializer's. */
export interface StepNote extends Timed {
  /** Completed, failed, waits, or failed and another stands in. */
  readonly k: 'c' | 'f' | 'w' | 'b'
  /** Number of the run's commits, this one counted. */
  readonly q: number
  /** What it had waited for. */
  readonly w?: Wait['kind']
  /** Tries that failed before, in executions of their own. */
  readonly t?: number
  /** Tries that failed in this execution, after which others came: how many milliseconds after its beginning, and how. */
  readonly r?: readonly (readonly [ms: number, error: NotedError])[]
  /** What it waits for now. */
  readonly p?: Wait
  readonly a?: string
  /** The nodes that its edges lead to; of one that failed, the node that stands in. */
  readonly x?: readonly number[]
  readonly e?: NotedError
  /** Its input. */
  readonly in?: string
  /** Its output. */
  readonly out?: string
  /** Context keys that it set, and that it deleted. */
  readonly set?: Readonly<Record<string, string>>
  readonly del?: readonly string[]
}

/** An item of a batch that has ended. */
export interface ItemNote extends Timed {
  readonly k: 'i'
  /** Which one. */
  readonly a: number
  /** Where it failed. */
  readonly e?: NotedError
}

export interface EndNote {
  readonly k: 'e'
  readonly s: number
  readonly q: number
  readonly st: RunStatus
}

/** The end of a run, where this is one. */
export function endNotes({ status, endedAt, seq }: Pick<RunState, 'status' | 'endedAt' | 'seq'>): EndNote[] {
  return endedAt === undefined ? [] : [{ k: 'e', s: endedAt, q: seq, st: status }]
}

export type Note = StepNote | ItemNote | EndNote

/** Notes as they are stored. */
export interface NotePack {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly t: number
  readonly notes: readonly Note[]
}

/** All notes of a run have keys that begin so. They are not in the run's own partition, whose commits they would slow. */
export const NOTES = 'history|'

/** Sorts by time. `token` tells packs of one millisecond apart. */
export function packKey(t: number, token: string): string {
  return `${NOTES}${t.toString(36).padStart(10, '0')}.${token}`
}

export function pack(notes: readonly Note[]): NotePack {
  const t = Math.min(...notes.map(({ s }) => s))
  return { v: 1, t, notes: notes.map((note) => ({ ...note, s: note.s - t })) }
}

export function unpack({ t, notes }: NotePack): Note[] {
  return notes.map((note) => ({ ...note, s: note.s + t }))
}

const MESSAGE_CHARACTERS = 200

export function notedError(thrown: unknown): NotedError {
  const error = withoutWrapper(thrown)
  const name = propertyOf(error, 'name')
  return {
    name: typeof name === 'string' ? beginningOf(name, MESSAGE_CHARACTERS) : 'Error',
    message: beginningOf(messageOf(error), MESSAGE_CHARACTERS),
  }
}

/** What the engine wraps an error in says no more than that a node failed. */
function withoutWrapper(error: unknown): unknown {
  const cause = propertyOf(error, 'cause')
  return propertyOf(error, 'name') === 'FlowcraftError' && cause !== undefined ? withoutWrapper(cause) : error
}
