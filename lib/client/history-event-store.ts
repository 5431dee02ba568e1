/** Runs on AWS for the engine's own tools: `runtime.replay` and `generateMermaidForRun`. */
import type { FlowcraftEvent, IEventStore } from 'flowcraft'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { engineEvents } from '../core/run/engine-events.ts'
import type { Runs } from './runs.ts'

/**
 * The history of runs as the engine's events, read from wherever `runs` has them. A replay ends in the run's context; what it
 * was in between is in the events of workers with `history: 'full'` only.
 *
 * @example
 * const store = new HistoryEventStore(client)
 * const events = await store.retrieve(runId)
 * console.log(generateMermaidForRun(order.toBlueprint(), events))
 */
export class HistoryEventStore implements IEventStore {
  readonly #runs: Pick<Runs, 'get' | 'history'>

  constructor(runs: Pick<Runs, 'get' | 'history'>) {
    this.#runs = runs
  }

  /** Refused: the workers write the history of their runs. @throws FlowcraftAwsError INVALID_STATE */
  async store(event: FlowcraftEvent, executionId: string): Promise<void> {
    const what = `cannot store '${event.type}' of run '${executionId}'`
    const why = `workers write the history of their runs: give them history: 'full'`
    throw new FlowcraftAwsError('INVALID_STATE', `${what}: ${why}`)
  }

  /** In the order in which they happened. @throws FlowcraftAwsError RUN_NOT_FOUND */
  async retrieve(executionId: string): Promise<FlowcraftEvent[]> {
    const entries = await this.#runs.history(executionId)
    return engineEvents(await this.#runs.get(executionId), entries)
  }

  /** @throws FlowcraftAwsError RUN_NOT_FOUND */
  async retrieveMultiple(executionIds: string[]): Promise<Map<string, FlowcraftEvent[]>> {
    const events = new Map<string, FlowcraftEvent[]>()
    for (const id of executionIds) events.set(id, await this.retrieve(id))
    return events
  }
}
