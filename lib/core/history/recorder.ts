/**
 * Collects what a worker notes of its runs, and writes it when nothing of a run is under way in this process any more: a
 * chain of nodes, or all messages of an invocation, cost one write.
 *
 * Crash before the write: the notes are lost, and with them times, never the fact that a node ended. After it: they
 * stand. A note that is written twice, since the answer was lost, has one key.
 */
import type { ILogger } from 'flowcraft'
import { messageOf } from '../common/errors.ts'
import type { HistoryMode } from '../common/history-mode.ts'
import type { ValueStore } from '../values/value-store.ts'
import { type Note, pack, packKey } from './notes.ts'

export interface RecorderOptions {
  readonly mode: Exclude<HistoryMode, 'none'>
  readonly values: Pick<ValueStore, 'writeNamed'>
  readonly logger: ILogger
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly newToken: () => string
}

/** Notes of a run that take so many characters are written at once. */
const LONGEST = 250_000
/** Of a run that goes on for long in one process so many milliseconds are noted at most before they are written. */
const OLDEST_MS = 60_000

interface Noted {
  readonly notes: Note[]
  readonly since: number
  length: number
}

/** What a worker has noted of its runs, and not written yet. */
export interface HistoryWriter {
  /** Writes it, of runs on which nothing is under way. To be called when a message, or a batch of them, is done. Never throws. */
  flush(): Promise<void>
}

export class HistoryRecorder implements HistoryWriter {
  readonly #options: RecorderOptions
  readonly #noted = new Map<string, Noted>()
  readonly #underWay = new Map<string, number>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Whether inputs, outputs and context keys are noted too. */
  get isFull(): boolean {
    return this.#options.mode === 'full'
  }

  /** Work on a run: its notes are kept until no such work is left. */
  async during<T>(runId: string, work: () => Promise<T>): Promise<T> {
    this.#underWay.set(runId, (this.#underWay.get(runId) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (this.#underWay.get(runId) ?? 1) - 1
      if (left > 0) this.#underWay.set(runId, left)
      else this.#underWay.delete(runId)
    }
  }

  note(runId: string, ...notes: readonly Note[]): void {
    const now = this.#options.now()
    const noted = this.#noted.get(runId) ?? { notes: [], since: now, length: 0 }
    this.#noted.set(runId, noted)
    noted.notes.push(...notes)
    noted.length += JSON.stringify(notes).length
    if (noted.length > LONGEST || now - noted.since > OLDEST_MS) this.#write(runId, noted)
  }

  async flush(): Promise<void> {
    for (const [runId, noted] of this.#noted) if (!this.#underWay.has(runId)) this.#write(runId, noted)
    await Promise.all(this.#writing)
  }

  #write(runId: string, { notes }: Noted): void {
    this.#noted.delete(runId)
    const writing = this.#put(runId, notes).finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Never throws: a message is done, whatever becomes of what is noted of it. */
  async #put(runId: string, notes: readonly Note[]): Promise<void> {
    const { values, logger, newToken } = this.#options
    try {
      const packed = pack(notes)
      await values.writeNamed(runId, packKey(packed.t, newToken()), JSON.stringify(packed), false)
    } catch (error) {
      logger.warn('could not write the history of a run', { runId, reason: messageOf(error) })
    }
  }
}

/** Undefined for 'none'. */
export function recorderOf(
  mode: HistoryMode,
  options: Omit<RecorderOptions, 'mode'>,
): HistoryRecorder | undefined {
  return mode === 'none' ? undefined : new HistoryRecorder({ ...options, mode })
}
