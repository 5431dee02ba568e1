/** Listens to one execution of a node, for what is noted of it. */
import type { FlowcraftEvent, IEventBus } from 'flowcraft'
import { type NotedError, notedError } from './notes.ts'

/** A try that failed, after which another is to come. */
export interface FailedTry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly error: NotedError
}

/** Stands in for the runtime's event bus. */
export class ExecutionTap implements IEventBus {
  /** What the node was given, where it ran. */
  input: { readonly value: unknown } | undefined
  readonly failedTries: FailedTry[] = []
  readonly #bus: IEventBus
  readonly #now: () => number

  constructor(bus: IEventBus, now: () => number) {
    this.#bus = bus
    this.#now = now
  }

  async emit(event: FlowcraftEvent): Promise<void> {
    if (event.type === 'node:start') this.input = { value: event.payload.input as unknown }
    await this.#bus.emit(event)
  }

  tryFailed(error: unknown): void {
    this.failedTries.push({ at: this.#now(), error: notedError(error) })
  }
}
