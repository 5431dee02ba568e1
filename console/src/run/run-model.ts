/** A run as the page knows it: followed while it goes on, its graph and its history read beside it. */
import { signal } from '@preact/signals'
import type { GraphView, HistoryView, ProblemView, RunView } from '../../../lib/console/views.ts'
import { api } from '../api.ts'
import { problemOf } from '../problem.ts'
import type { Act } from './acts/available.ts'

/** Milliseconds between two reads of the history of a run that goes on: it costs as much as it is long. */
const HISTORY_EVERY_MS = 4_000

export function isOver({ status }: Pick<RunView, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

export class RunModel {
  readonly runId: string
  readonly run = signal<RunView | undefined>(undefined)
  readonly graph = signal<GraphView | undefined>(undefined)
  readonly history = signal<HistoryView | undefined>(undefined)
  /** Why there is no run to show. */
  readonly problem = signal<ProblemView | undefined>(undefined)
  /** Why there is no graph, or no history. */
  readonly graphProblem = signal<ProblemView | undefined>(undefined)
  readonly historyProblem = signal<ProblemView | undefined>(undefined)
  /** What keeps the page from following the run, for now. */
  readonly trouble = signal<ProblemView | undefined>(undefined)
  /** What somebody is about to do to it. */
  readonly act = signal<Act | undefined>(undefined)
  /** Whether it is followed. */
  readonly isLive = signal(false)
  /** Since when the page has seen a node running, in milliseconds since the epoch: workers note it only when they are done. */
  readonly seenActive = signal<ReadonlyMap<string, number>>(new Map())

  #stop = new AbortController()
  #unwatch: (() => void) | undefined
  #historyTimer: ReturnType<typeof setTimeout> | undefined
  #historyReadAt = 0
  #isReadingGraph = false
  #shown = ''

  constructor(runId: string) {
    this.runId = runId
  }

  /** Reads all of it, and follows it where it goes on. To be called again after something was done to it. */
  async start(): Promise<void> {
    this.stop()
    const stop = (this.#stop = new AbortController())
    try {
      const run = await api.run(this.runId, stop.signal)
      if (stop.signal.aborted) return
      this.problem.value = undefined
      this.#see(run)
      void this.#readHistory()
      if (!isOver(run)) this.#watch()
    } catch (error) {
      if (!stop.signal.aborted) this.problem.value = problemOf(error)
    }
  }

  stop(): void {
    this.#stop.abort()
    this.#unwatch?.()
    this.#unwatch = undefined
    this.isLive.value = false
    clearTimeout(this.#historyTimer)
    this.#historyTimer = undefined
  }

  #watch(): void {
    this.isLive.value = true
    this.#unwatch = api.watchRun(this.runId, {
      onRun: (run) => {
        this.trouble.value = undefined
        this.#see(run)
      },
      onEnd: () => {
        this.isLive.value = false
        this.trouble.value = undefined
        void this.#readHistory()
      },
      onProblem: (problem) => {
        this.trouble.value = problem
      },
    })
  }

  #see(run: RunView): void {
    this.run.value = run
    // Where no worker has begun the run there is no graph to ask for.
    if (run.progress.length > 0) void this.#readGraph()
    this.#noteActive(run)
    const shown = JSON.stringify([run.status, run.progress])
    if (shown === this.#shown) return
    this.#shown = shown
    if (this.isLive.value) this.#readHistoryLater()
  }

  #noteActive({ progress }: RunView): void {
    const before = this.seenActive.value
    const active = progress.filter(({ state }) => state === 'active').map(({ nodeId }) => nodeId)
    if (active.length === before.size && active.every((nodeId) => before.has(nodeId))) return
    this.seenActive.value = new Map(active.map((nodeId) => [nodeId, before.get(nodeId) ?? Date.now()]))
  }

  #readHistoryLater(): void {
    if (this.#historyTimer !== undefined) return
    const wait = Math.max(1_000, this.#historyReadAt + HISTORY_EVERY_MS - Date.now())
    this.#historyTimer = setTimeout(() => {
      this.#historyTimer = undefined
      if (document.hidden) this.#readHistoryLater()
      else void this.#readHistory()
    }, wait)
  }

  async #readHistory(): Promise<void> {
    const { signal: aborted } = this.#stop
    this.#historyReadAt = Date.now()
    try {
      const history = await api.history(this.runId, aborted)
      if (aborted.aborted) return
      this.history.value = history
      this.historyProblem.value = undefined
    } catch (error) {
      if (!aborted.aborted) this.historyProblem.value = problemOf(error)
    }
  }

  async #readGraph(): Promise<void> {
    if (this.graph.value || this.#isReadingGraph) return
    this.#isReadingGraph = true
    const { signal: aborted } = this.#stop
    try {
      const graph = await api.graph(this.runId, aborted)
      if (aborted.aborted) return
      // It comes with the first worker.
      this.graph.value = graph ?? undefined
      this.graphProblem.value = undefined
    } catch (error) {
      if (!aborted.aborted) this.graphProblem.value = problemOf(error)
    } finally {
      this.#isReadingGraph = false
    }
  }
}
