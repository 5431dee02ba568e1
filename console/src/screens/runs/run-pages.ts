/** Runs page by page: the first one is read again and again, the others as somebody scrolls to them. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { ProblemView, RunRow, RunsView } from '../../../../lib/console/views.ts'
import { problemOf } from '../../problem.ts'

export interface RunPagesState {
  readonly runs: readonly RunRow[]
  readonly cursor?: string
  /** Pages that were read: 0 while the first one is on its way. */
  readonly pages: number
  /** Pages without a run, the latest ones in a row: what is looked for is rare. */
  readonly emptyPages: number
  readonly isLoading: boolean
  readonly problem?: ProblemView
}

export type LoadRuns = (cursor: string | undefined, signal: AbortSignal) => Promise<RunsView>

/** A page may have no run and yet a cursor; looking on costs reads, so after as many somebody has to say so. */
const EMPTY_PAGES_AT_MOST = 3

const NOTHING: RunPagesState = { runs: [], pages: 0, emptyPages: 0, isLoading: false }

export class RunPages {
  /** How far down somebody has scrolled in them. */
  scrollTop = 0
  readonly #state = signal<RunPagesState>(NOTHING)
  readonly #load: LoadRuns
  #abort = new AbortController()

  constructor(load: LoadRuns) {
    this.#load = load
  }

  get state(): ReadonlySignal<RunPagesState> {
    return this.#state
  }

  /** Whether more is read as soon as somebody scrolls to the end. */
  get goesOn(): boolean {
    const { cursor, emptyPages, problem } = this.#state.value
    return cursor !== undefined && emptyPages < EMPTY_PAGES_AT_MOST && !problem
  }

  /** The first page, in place of all that was read. */
  async first(): Promise<void> {
    await this.#read(undefined, ({ runs, cursor }) => ({
      ...NOTHING,
      runs,
      cursor,
      pages: 1,
      emptyPages: runs.length === 0 ? 1 : 0,
    }))
  }

  /** The page after the last; nothing where one is on its way, or there is none. `isAsked`: somebody pressed a button. */
  async more({ isAsked = false }: { readonly isAsked?: boolean } = {}): Promise<void> {
    const { cursor, isLoading } = this.#state.value
    if (isLoading || cursor === undefined || !(isAsked || this.goesOn)) return
    await this.#read(cursor, (page, known) => ({
      ...known,
      runs: withoutDoubles(known.runs, page.runs),
      cursor: page.cursor,
      pages: known.pages + 1,
      emptyPages: page.runs.length > 0 || isAsked ? 0 : known.emptyPages + 1,
    }))
  }

  /** Drops what is on its way. */
  close(): void {
    this.#abort.abort()
    if (this.#state.value.isLoading) this.#state.value = { ...this.#state.value, isLoading: false }
  }

  async #read(
    cursor: string | undefined,
    next: (page: RunsView, known: RunPagesState) => Omit<RunPagesState, 'isLoading'>,
  ): Promise<void> {
    this.#abort.abort()
    const abort = new AbortController()
    this.#abort = abort
    this.#state.value = { ...this.#state.value, isLoading: true }
    try {
      const page = await this.#load(cursor, abort.signal)
      if (abort.signal.aborted) return
      this.#state.value = { ...next(page, this.#state.value), problem: undefined, isLoading: false }
    } catch (error) {
      if (abort.signal.aborted) return
      this.#state.value = { ...this.#state.value, problem: problemOf(error), isLoading: false }
    }
  }
}

/** A run whose entry moved between two pages is there twice. */
function withoutDoubles(known: readonly RunRow[], added: readonly RunRow[]): readonly RunRow[] {
  const ids = new Set(known.map(({ runId }) => runId))
  return [...known, ...added.filter(({ runId }) => !ids.has(runId))]
}
