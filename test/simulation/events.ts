/** Whoever gives a run its events: the next one when its node waits, again and again until it was taken. */
import type { WorkflowBlueprint } from 'flowcraft'
import { resumeRun } from '../../lib/adapter/resume.ts'
import { childIdOf, isDone, parseActivationKey, type RunState } from '../../lib/adapter/run-state.ts'
import type { Services } from '../../lib/adapter/services.ts'
import type { RunStore } from '../../lib/adapter/store/run-store.ts'
import type { Setup } from '../conformance/case.ts'

type GivenEvent = NonNullable<Setup['events']>[number]

interface NextEvent {
  readonly runId: string
  readonly event: GivenEvent
  /** The activation that waits; undefined where the node is past it. */
  readonly target: string | undefined
}

export class Events {
  readonly #store: Pick<RunStore, 'read'>
  readonly #runId: string
  readonly #setup: Setup
  readonly #early: boolean
  /** Activations that have their event. */
  readonly #served = new Set<string>()
  #given = 0
  #target: string | undefined
  /** Given, and not yet answered. */
  #open: NextEvent | undefined

  /** `early`: an event may come before its node waits. */
  constructor(store: Pick<RunStore, 'read'>, runId: string, setup: Setup, early: boolean) {
    this.#store = store
    this.#early = early
    this.#runId = runId
    this.#setup = setup
  }

  /** The event to give now, if the run is where it should come. */
  async next(): Promise<NextEvent | undefined> {
    const { answers } = this.#setup
    // A call is made again until it is answered, even where it has had its effect.
    if (answers) return this.#open ?? this.#nextAnswer(this.#runId, answers)
    const event = this.#setup.events?.[this.#given]
    const run = event && (await this.#waitingRun(this.#runId))
    if (!event || run?.graph === undefined || run.active.size === 0) return undefined
    const node = this.#nodeOf(run, event.nodeId)
    const waiting = [...run.active].find(
      ([key, { wait }]) => wait?.kind === 'event' && parseActivationKey(key).node === node,
    )
    const target = waiting && `${run.runId} ${waiting[0]}`
    if (this.#target !== undefined && this.#target !== target) {
      // It was taken, though nobody was told.
      this.#pass()
      return undefined
    }
    if (target !== undefined && this.#served.has(target)) return undefined
    if (target === undefined && (node < 0 || !(this.#early || isDone(run.done, node)))) return undefined
    return { runId: run.runId, event, target }
  }

  async give(services: Services, { runId, event, target }: NextEvent): Promise<void> {
    this.#target = target
    if (this.#setup.answers) this.#open = { runId, event, target }
    await resumeRun(services, runId, event.nodeId, event)
    this.#open = undefined
    this.#pass()
  }

  /** For whichever node waits, in the run or below it, and has no answer yet. */
  async #nextAnswer(runId: string, answers: NonNullable<Setup['answers']>): Promise<NextEvent | undefined> {
    const run = await this.#store.read(runId)
    for (const [key, { wait }] of run?.active ?? []) {
      const target = `${runId} ${key}`
      const nodeId = this.#idOf(run as RunState, parseActivationKey(key).node)
      const answer = answers[nodeId]
      if (wait?.kind === 'event' && answer && !this.#served.has(target)) {
        return { runId, event: { nodeId, ...answer }, target }
      }
      const below =
        wait?.kind === 'child' && (await this.#nextAnswer(childIdOf(runId, key, wait.tries), answers))
      if (below) return below
    }
    return undefined
  }

  #pass(): void {
    if (this.#target !== undefined) this.#served.add(this.#target)
    this.#given++
    this.#target = undefined
  }

  #nodesOf(run: RunState): WorkflowBlueprint['nodes'] {
    const all = [this.#setup.blueprint, ...(this.#setup.blueprints ?? [])]
    return all.find(({ id }) => id === run.blueprintId)?.nodes ?? []
  }

  #nodeOf(run: RunState, nodeId: string): number {
    return this.#nodesOf(run).findIndex(({ id }) => id === nodeId)
  }

  #idOf(run: RunState, node: number): string {
    return this.#nodesOf(run)[node]?.id ?? ''
  }

  async #waitingRun(runId: string): Promise<RunState | undefined> {
    const run = await this.#store.read(runId)
    for (const [key, { wait }] of run?.active ?? []) {
      if (wait?.kind === 'child') return this.#waitingRun(childIdOf(runId, key, wait.tries))
    }
    return run
  }
}
