// Knows which messages are in the queues, by what passes the proxy, since fauxqs keeps them in memory only. Starts nothing.

import type { JsonRecord } from './json-record.ts'

/** A message that nobody has deleted yet. */
export interface KeptMessage {
  readonly queue: string
  /** What SendMessage takes, without queue and delay. */
  readonly entry: JsonRecord
  /** When it may be received, milliseconds since the epoch. */
  readonly dueAt: number
  readonly receives: number
}

interface KeptQueue {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What goes into the file. */
export interface JournalState {
  readonly queues: readonly KeptQueue[]
  readonly messages: readonly KeptMessage[]
}

/** What of a request is the message itself. */
const OF_MESSAGE = ['MessageBody', 'MessageAttributes', 'MessageSystemAttributes', 'MessageGroupId'] as const

export class MessageJournal {
  readonly #queues = new Map<string, Record<string, string>>()
  readonly #messages = new Map<string, KeptMessage>()
  /** Which message a receipt handle is of. */
  readonly #handles = new Map<string, string>()
  readonly #now: () => number
  /** Grows with each change. */
  changes = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** A request that the engine answered with success. */
  observe(operation: string, input: JsonRecord, output: JsonRecord): void {
    const queue = nameOf(input['QueueUrl'])
    if (operation === 'CreateQueue') this.#setQueue(String(input['QueueName']), input['Attributes'])
    else if (operation === 'SetQueueAttributes') this.#setQueue(queue, input['Attributes'])
    else if (operation === 'DeleteQueue') this.#forget(queue, true)
    else if (operation === 'PurgeQueue') this.#forget(queue, false)
    else if (operation === 'SendMessage') this.#sent(queue, output['MessageId'], input)
    else if (operation === 'SendMessageBatch') this.#sentAll(queue, input, output)
    else if (operation === 'ReceiveMessage') this.#received(queue, records(output['Messages']))
    else if (operation === 'DeleteMessage') this.#deleted(input['ReceiptHandle'])
    else if (operation === 'DeleteMessageBatch') {
      const done = new Set(records(output['Successful']).map(({ Id }) => Id))
      for (const { Id, ReceiptHandle } of records(input['Entries']))
        if (done.has(Id)) this.#deleted(ReceiptHandle)
    } else return
    this.changes += 1
  }

  /** With what fauxqs would send to a dead-letter queue at the next receive there already. */
  get state(): JournalState {
    const queues = [...this.#queues].map(([name, attributes]) => ({ name, attributes }))
    const messages = [...this.#messages.values()].map((message) => {
      const { deadLetters, maxReceives } = redriveOf(this.#queues.get(message.queue))
      const isDead = deadLetters !== undefined && message.receives >= maxReceives
      return isDead ? { ...message, queue: deadLetters, receives: 0 } : message
    })
    return { queues, messages }
  }

  #setQueue(name: string, attributes: unknown): void {
    this.#queues.set(name, { ...this.#queues.get(name), ...(attributes as Record<string, string>) })
  }

  #forget(queue: string, itself: boolean): void {
    if (itself) this.#queues.delete(queue)
    for (const [id, message] of this.#messages) if (message.queue === queue) this.#messages.delete(id)
  }

  #sent(queue: string, id: unknown, input: JsonRecord): void {
    const given = input['DelaySeconds'] ?? this.#queues.get(queue)?.['DelaySeconds'] ?? 0
    const entry = Object.fromEntries(
      OF_MESSAGE.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])),
    )
    this.#messages.set(String(id), {
      queue,
      entry,
      dueAt: this.#now() + Number(given) * 1_000,
      receives: 0,
    })
  }

  #sentAll(queue: string, input: JsonRecord, output: JsonRecord): void {
    const entries = new Map(records(input['Entries']).map((entry) => [entry['Id'], entry]))
    for (const { Id, MessageId } of records(output['Successful']))
      this.#sent(queue, MessageId, entries.get(Id) ?? {})
  }

  /** Whoever finds it in another queue than it was sent to sees what went to the dead-letter queue. */
  #received(queue: string, messages: readonly JsonRecord[]): void {
    for (const { MessageId, ReceiptHandle } of messages) {
      const id = String(MessageId)
      const known = this.#messages.get(id)
      if (!known) continue
      const before = known.queue === queue ? known.receives : 0
      this.#messages.set(id, { ...known, queue, dueAt: 0, receives: before + 1 })
      this.#handles.set(String(ReceiptHandle), id)
    }
  }

  #deleted(handle: unknown): void {
    const id = this.#handles.get(String(handle))
    if (id === undefined) return
    this.#messages.delete(id)
    this.#handles.delete(String(handle))
  }
}

/** Where messages that were received too often go, and how often that is. */
function redriveOf(attributes: Readonly<Record<string, string>> | undefined) {
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(attributes?.['RedrivePolicy'] ?? '{}') as {
    deadLetterTargetArn?: string
    maxReceiveCount?: number | string
  }
  return { deadLetters: deadLetterTargetArn?.split(':').at(-1), maxReceives: Number(maxReceiveCount) }
}

/** The last part of a queue's address. */
function nameOf(url: unknown): string {
  return String(url).split('/').at(-1) as string
}

function records(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? (value as JsonRecord[]) : []
}
