/** Whoever gives a run its events: the next one when its node waits, again and again until it was taken. */
import { resumeRun } from '../../lib/adapter/resume.ts'
import { childIdOf, type RunState } from '../../lib/adapter/run-state.ts'
import type { Services } from '../../lib/adapter/services.ts'
import type { RunStore } from '../../lib/adapter/store/run-store.ts'
import type { Setup } from '../conformance/case.ts'

type GivenEvent = NonNullable<Setup['events']>[number]

interface NextEvent {
  readonly runId: string
  readonly event: GivenEvent
  /** The activation that waits, which a call whose answer was lost must not pass by. */
  readonly waiting: string | undefined
}

export class Events {
  readonly #store: Pick<RunStore, 'read'>
  readonly #runId: string
  readonly #events: readonly GivenEvent[]
  #given = 0
  #target: string | undefined

  constructor(store: Pick<RunStore, 'read'>, runId: string, events: readonly GivenEvent[]) {
    this.#store = store
    this.#runId = runId
    this.#events = events
  }

  /** The event to give now, if the run is where it should come. */
  async next(): Promise<NextEvent | undefined> {
    const event = this.#events[this.#given]
    const run = event && (await this.#waitingRun(this.#runId))
    if (!event || run?.graph === undefined || run.active.size === 0) return undefined
    const waits = [...run.active]
      .filter(([, { wait }]) => wait?.kind === 'event')
      .map(([key]) => `${run.runId} ${key}`)
    if (this.#target !== undefined && !waits.includes(this.#target)) {
      // It was taken, though nobody was told.
      this.#pass()
      return undefined
    }
    if (waits.length === 0) return undefined
    const [only] = waits
    return { runId: run.runId, event, waiting: waits.length === 1 ? only : undefined }
  }

  async give(services: Services, { runId, event, waiting }: NextEvent): Promise<void> {
    this.#target = waiting
    await resumeRun(services, runId, event.nodeId, event)
    this.#pass()
  }

  #pass(): void {
    this.#given++
    this.#target = undefined
  }

  async #waitingRun(runId: string): Promise<RunState | undefined> {
    const run = await this.#store.read(runId)
    for (const [key, { wait }] of run?.active ?? []) {
      if (wait?.kind !== 'child') continue
      return this.#waitingRun(childIdOf(runId, key, wait.tries))
    }
    return run
  }
}
