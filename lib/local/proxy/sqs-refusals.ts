/** What is refused in place of the local SQS's engine: whole requests, and entries of batches, of which the others go on. */
import { type Entry, entriesOf, refusalOfEntry, refusalOfSqs } from './sqs-rules.ts'
import { Visibility } from './sqs-visibility.ts'
import type { Refusal } from './rules.ts'

/** An entry that a batch failed at, as SQS tells it. */
export interface FailedEntry {
  readonly Id: string
  readonly Code: string
  readonly Message: string
  readonly SenderFault: true
}

type Json = Record<string, unknown>

export class SqsRefusals {
  readonly #strict: boolean
  readonly #now: () => number
  readonly #visibility = new Visibility()

  /** @param now - milliseconds since the epoch */
  constructor(strict: boolean, now: () => number = Date.now) {
    this.#strict = strict
    this.#now = now
  }

  /** Why SQS would refuse a request as a whole; undefined where it would not. */
  ofRequest(operation: string, input: Json): Refusal | undefined {
    if (!this.#strict) return undefined
    const isChange = operation === 'ChangeMessageVisibility'
    return refusalOfSqs(operation, input) ?? (isChange ? this.#ofChange(input) : undefined)
  }

  /** The entries that SQS would refuse, each by itself. */
  ofEntries(operation: string, input: Json): FailedEntry[] {
    if (!this.#strict || !operation.endsWith('Batch')) return []
    const isChange = operation === 'ChangeMessageVisibilityBatch'
    return entriesOf(input).flatMap((entry) => {
      const refusal = refusalOfEntry(operation, entry) ?? (isChange ? this.#ofChange(entry) : undefined)
      if (!refusal) return []
      return [{ Id: entry.Id ?? '', Code: refusal.type, Message: refusal.message, SenderFault: true }]
    })
  }

  /** Learns from what the engine answered. */
  observe(operation: string, input: Json, output: Json): void {
    if (operation === 'ReceiveMessage') {
      for (const { ReceiptHandle } of (output['Messages'] ?? []) as Entry[])
        if (ReceiptHandle !== undefined) this.#visibility.received(ReceiptHandle, this.#now())
    } else if (operation.startsWith('DeleteMessage')) {
      for (const { ReceiptHandle } of [input as Entry, ...entriesOf(input)])
        if (ReceiptHandle !== undefined) this.#visibility.deleted(ReceiptHandle)
    }
  }

  #ofChange({ ReceiptHandle = '', VisibilityTimeout = 0 }: Entry): Refusal | undefined {
    return this.#visibility.refusalOf(ReceiptHandle, VisibilityTimeout, this.#now())
  }
}
