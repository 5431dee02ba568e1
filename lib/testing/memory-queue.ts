/**
 * A queue in this process's memory with SQS's ways: messages come at least once, become invisible while they are
 * worked on, come back unless they are deleted, and can be made to come twice or late. Time is the caller's clock.
 */
import type { Job, JobQueue } from '../core/queue/job.ts'

/** A message in a `MemoryQueue`. */
export interface MemoryMessage {
  readonly id: number
  readonly job: Job
  /** Milliseconds by the caller's clock at which it may be received (again). */
  visibleAt: number
  receives: number
  /** Milliseconds by the caller's clock. */
  readonly sentAt: number
}

/** A job queue in memory, whose delays pass by the caller's clock. */
export class MemoryQueue implements JobQueue {
  readonly #now: () => number
  readonly #messages = new Map<number, MemoryMessage>()
  #nextId = 1

  constructor(now: () => number) {
    this.#now = now
  }

  /** Messages that are there, delayed and received ones too. */
  get size(): number {
    return this.#messages.size
  }

  async send(jobs: readonly Job[], delaySeconds = 0): Promise<void> {
    for (const job of jobs) this.put(job, delaySeconds * 1000)
  }

  /** Puts one message, visible after `delayMs`. */
  put(job: Job, delayMs = 0): void {
    const id = this.#nextId++
    const sentAt = this.#now()
    this.#messages.set(id, { id, job, visibleAt: sentAt + delayMs, receives: 0, sentAt })
  }

  /** Messages that may be received now, oldest first. */
  visible(): MemoryMessage[] {
    return [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= this.#now())
  }

  /** The next message that may be received; undefined where there is none. */
  receive(message: MemoryMessage, visibilityMs: number): void {
    message.visibleAt = this.#now() + visibilityMs
    message.receives++
  }

  /** Deletes a message that was worked on. */
  delete(message: MemoryMessage): void {
    this.#messages.delete(message.id)
  }

  /** When the next message is visible, by the caller's clock, but for those in `except`. */
  nextAt(except: ReadonlySet<MemoryMessage> = new Set()): number | undefined {
    let next: number | undefined
    for (const message of this.#messages.values()) {
      if (!except.has(message)) next = Math.min(next ?? Infinity, message.visibleAt)
    }
    return next
  }
}
