/** A dead-letter queue in this process's memory: what SQS moves there after too many receives, and what is no job. */
import type { DeadLetter, DeadLetters } from '../core/queue/dead-letter-queue.ts'

/** A dead-letter queue in memory. */
export class MemoryDeadLetters implements DeadLetters {
  readonly #letters = new Map<string, DeadLetter>()
  /** Those that somebody looks at, and nobody else gets meanwhile. */
  readonly #looked = new Set<string>()
  #nextId = 1

  /** What lies there, oldest first: the body of each message, and why; undefined where it was received too often. */
  get letters(): Pick<DeadLetter, 'body' | 'reason'>[] {
    return [...this.#letters.values()].map(({ body, reason }) => ({ body, reason }))
  }

  /** Whether the sweep has something to send back. */
  get hasReturnable(): boolean {
    return [...this.#letters.values()].some(({ reason }) => reason === undefined)
  }

  /** As SQS moves a message that was received too often. */
  move(body: string): void {
    this.#add(body, undefined)
  }

  async put(body: string, reason: string): Promise<boolean> {
    this.#add(body, reason)
    return true
  }

  async receive(): Promise<DeadLetter[]> {
    const found = [...this.#letters.values()].filter(({ receiptHandle }) => !this.#looked.has(receiptHandle))
    for (const { receiptHandle } of found) this.#looked.add(receiptHandle)
    return found
  }

  async remove({ receiptHandle }: DeadLetter): Promise<void> {
    this.#letters.delete(receiptHandle)
  }

  async release(letters: readonly DeadLetter[]): Promise<void> {
    for (const { receiptHandle } of letters) this.#looked.delete(receiptHandle)
  }

  #add(body: string, reason: string | undefined): void {
    const receiptHandle = `${this.#nextId++}`
    this.#letters.set(receiptHandle, { id: receiptHandle, body, reason, receiptHandle })
  }
}
