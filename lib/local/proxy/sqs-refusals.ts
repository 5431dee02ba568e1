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

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html (November 2026), "approximately". */
const IN_FLIGHT_AT_MOST = 120_000

export interface SqsRefusalsOptions {
  readonly strict: boolean
  /** Messages of a queue. @default 120000 */
  readonly inFlightLimit?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

interface Received extends Entry {
  readonly MessageId?: string
}

function isLongPoll({ WaitTimeSeconds = 0 }: Json): boolean {
  return Number(WaitTimeSeconds) > 0
}

export class SqsRefusals {
  readonly #strict: boolean
  readonly #inFlightLimit: number
  readonly #now: () => number
  readonly #visibility = new Visibility()

  constructor({ strict, inFlightLimit = IN_FLIGHT_AT_MOST, now = Date.now }: SqsRefusalsOptions) {
    this.#strict = strict
    this.#inFlightLimit = inFlightLimit
    this.#now = now
  }

  /** Why SQS would refuse a request as a whole; undefined where it would not. */
  ofRequest(operation: string, input: Json): Refusal | undefined {
    if (!this.#strict) return undefined
    const isChange = operation === 'ChangeMessageVisibility'
    const refusal = refusalOfSqs(operation, input) ?? (isChange ? this.#ofChange(input) : undefined)
    if (refusal || !this.#isTooMany(operation, input) || isLongPoll(input)) return refusal
    return { type: 'OverLimit', message: `a queue has ${this.#inFlightLimit} messages in flight at most` }
  }

  /** Whether a receive gets nothing, though there is something: a long poll is not told that too much is in flight. */
  givesNothing(operation: string, input: Json): boolean {
    return this.#strict && isLongPoll(input) && this.#isTooMany(operation, input)
  }

  #isTooMany(operation: string, { QueueUrl }: Json): boolean {
    if (operation !== 'ReceiveMessage') return false
    return this.#visibility.isFull(String(QueueUrl), this.#inFlightLimit, this.#now())
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
    const queueUrl = String(input['QueueUrl'] ?? output['QueueUrl'])
    if (operation === 'ReceiveMessage') {
      for (const { ReceiptHandle, MessageId = '' } of (output['Messages'] ?? []) as Received[]) {
        if (ReceiptHandle === undefined) continue
        const message = { queueUrl, messageId: MessageId }
        this.#visibility.received(
          ReceiptHandle,
          message,
          this.#now(),
          input['VisibilityTimeout'] as number | undefined,
        )
      }
    } else if (operation.startsWith('ChangeMessageVisibility')) {
      for (const { ReceiptHandle = '', VisibilityTimeout = 0 } of [input as Entry, ...entriesOf(input)])
        this.#visibility.changed(ReceiptHandle, VisibilityTimeout, this.#now())
    } else if (operation === 'CreateQueue' || operation === 'SetQueueAttributes') {
      const { VisibilityTimeout } = (input['Attributes'] ?? {}) as { VisibilityTimeout?: string }
      if (VisibilityTimeout !== undefined) this.#visibility.setQueue(queueUrl, Number(VisibilityTimeout))
    } else if (operation.startsWith('DeleteMessage')) {
      for (const { ReceiptHandle } of [input as Entry, ...entriesOf(input)])
        if (ReceiptHandle !== undefined) this.#visibility.deleted(ReceiptHandle)
    }
  }

  #ofChange({ ReceiptHandle = '', VisibilityTimeout = 0 }: Entry): Refusal | undefined {
    return this.#visibility.refusalOf(ReceiptHandle, VisibilityTimeout, this.#now())
  }
}
