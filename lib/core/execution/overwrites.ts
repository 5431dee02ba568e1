/**
 * Lost updates: a node that reads a context key, and then writes it, overwrites what another node committed in between.
 * Whoever commits sees it by what it demands of the header, which costs nothing where nobody else wrote the key: that it
 * still holds the text that was read.
 */
import type { Requirement } from '../protocol/change.ts'
import type { ContextConflicts } from '../protocol/context-conflicts.ts'
import { names } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { RunReader } from '../values/run-reader.ts'
import type { ActivationContext } from './activation-context.ts'

export interface ConflictCheck {
  /** Keys that another has changed. */
  readonly keys: readonly string[]
  /** What must hold of the header when the commit arrives, so that there are no others. */
  readonly require: readonly Requirement[]
}

/** The keys that an activation has read and will overwrite. */
export class Overwrites {
  readonly #reader: RunReader
  readonly #isExact: boolean
  /** What the activation knows of them: the text that it read, or the one that it was warned of. */
  readonly #known: Map<string, string | undefined>

  private constructor(reader: RunReader, isExact: boolean, known: Map<string, string | undefined>) {
    this.#reader = reader
    this.#isExact = isExact
    this.#known = known
  }

  /** No request: what was read is remembered. */
  static async of(
    reader: RunReader,
    context: ActivationContext,
    mode: ContextConflicts,
  ): Promise<Overwrites> {
    const known = new Map<string, string | undefined>()
    for (const key of context.readAndWritten()) known.set(key, await reader.textOf(key))
    return new Overwrites(reader, mode !== 'warn', known)
  }

  /**
   * What others have changed, as `run` shows it. A key that is not in the header may have been moved out of it: then it is
   * looked up there, unless nothing was committed since it was read. Until the commit arrives another may set it, and move
   * it out as well: so nothing may have been moved at all, or, where something was and the outcome rests on it, nothing be
   * committed in between.
   */
  async check(run: RunState): Promise<ConflictCheck> {
    const keys: string[] = []
    const require: Requirement[] = []
    const reader = this.#reader.at(run)
    let isAbsent = false
    for (const [key, known] of this.#known) {
      const name = names.user(key)
      const text = run.inlineValues.get(name)
      require.push({ kind: 'inlineValueIs', name, text })
      // No request where nothing was committed since it was read.
      const now = text ?? (run.seq === this.#reader.seq ? known : await reader.textOf(key))
      if (now !== known) keys.push(key)
      this.#known.set(key, now)
      isAbsent ||= text === undefined
    }
    if (isAbsent && !reader.hasMore) require.push({ kind: 'notMoved' })
    else if (isAbsent && this.#isExact) require.push({ kind: 'unchanged', seq: run.seq })
    return { keys, require }
  }
}
