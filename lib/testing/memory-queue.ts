/**
 * A queue in this process's memory with SQS's ways: messages come at least once, become invisible while they are
 * worked on, come back unless they are deleted, and can be made to come twice or late. Time is the caller's clock.
 */
import type { Job, JobQueue } from '../adapter/queue/job.ts'

export interface MemoryMessage {
  readonly id: number
  readonly job: Job
  /** Milliseconds by the caller's clock at which it may be received (again). */
  visibleAt: number
  receives: number
}

export class MemoryQueue implements JobQueue {
  readonly #now: () => number
  readonly #messages = new Map<number, MemoryMessage>()
  #nextId = 1

  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#messages.size
  }

  async send(jobs: readonly Job[], delaySeconds = 0): Promise<void> {
    for (const job of jobs) this.put(job, delaySeconds * 1000)
  }

  /** Puts one message, visible after `delayMs`. */
  put(job: Job, delayMs = 0): void {
    const id = this.#nextId++
    this.#messages.set(id, { id, job, visibleAt: this.#now() + delayMs, receives: 0 })
  }

  /** Messages that may be received now, oldest first. */
  visible(): MemoryMessage[] {
    return [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= this.#now())
  }

  receive(message: MemoryMessage, visibilityMs: number): void {
    message.visibleAt = this.#now() + visibilityMs
    message.receives++
  }

  delete(message: MemoryMessage): void {
    this.#messages.delete(message.id)
  }

  /** When the next invisible message comes back, by the caller's clock. */
  nextAt(): number | undefined {
    const times = [...this.#messages.values()].map(({ visibleAt }) => visibleAt)
    return times.length > 0 ? Math.min(...times) : undefined
  }
}
