/** Runs as pages look at them: several that look at one run share one watch, so that its header is read for one. */
import { EventEmitter, once } from 'node:events'
import type { ConsoleSource } from './source.ts'
import type { RunView } from './views.ts'

class Watched {
  /** 'change': another `last`, or the watch goes no further. */
  readonly events = new EventEmitter().setMaxListeners(0)
  readonly stop = new AbortController()
  pages = 0
  changes = 0
  last: RunView | undefined
  over: { readonly error?: unknown } | undefined

  async follow(runs: AsyncIterable<RunView>): Promise<void> {
    try {
      for await (const run of runs) {
        this.last = run
        this.changes++
        this.events.emit('change')
      }
      this.over = {}
    } catch (error) {
      this.over = { error }
    }
    this.events.emit('change')
  }
}

export class LiveRuns {
  readonly #source: Pick<ConsoleSource, 'watch'>
  readonly #watched = new Map<string, Watched>()

  constructor(source: Pick<ConsoleSource, 'watch'>) {
    this.#source = source
  }

  /**
   * How the run stands, at once and after each change, until it is over or the page is gone. A slow page is given the newest.
   * @throws what the watch throws
   */
  async *look(runId: string, gone: AbortSignal): AsyncGenerator<RunView, void, undefined> {
    const watched = this.#join(runId)
    try {
      for (let seen = 0; !gone.aborted;) {
        if (watched.last && watched.changes > seen) {
          seen = watched.changes
          yield watched.last
        } else if (watched.over) {
          if ('error' in watched.over) throw watched.over.error
          return
        } else {
          await once(watched.events, 'change', { signal: gone }).catch(() => {})
        }
      }
    } finally {
      this.#leave(runId, watched)
    }
  }

  #join(runId: string): Watched {
    let watched = this.#watched.get(runId)
    // One that ended was right for those who saw it: the run may be redriven since.
    if (!watched || watched.over) {
      watched = new Watched()
      this.#watched.set(runId, watched)
      void watched.follow(this.#source.watch(runId, watched.stop.signal))
    }
    watched.pages++
    return watched
  }

  #leave(runId: string, watched: Watched): void {
    watched.pages--
    if (watched.pages > 0) return
    watched.stop.abort()
    if (this.#watched.get(runId) === watched) this.#watched.delete(runId)
  }
}
