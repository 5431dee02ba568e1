// X-Ray's header of messages, which fauxqs 1.x drops: kept here between a send and the receives of its message.

export interface SystemAttributes {
  AWSTraceHeader?: { StringValue?: string }
}

interface Sent {
  Id?: string
  MessageSystemAttributes?: SystemAttributes
}

interface Input extends Sent {
  Entries?: Sent[]
  AttributeNames?: string[]
  MessageSystemAttributeNames?: string[]
}

interface Output {
  MessageId?: string
  Successful?: { Id?: string; MessageId?: string }[]
  Messages?: { MessageId?: string; Attributes?: Record<string, string> }[]
}

/** Nothing says here which messages are deleted, so the oldest headers go. */
const KEPT = 100_000

export class TraceHeaders {
  readonly #byMessage = new Map<string, string>()

  /** Of a request and its answer, which gets what a receive asks for. */
  pass(input: Input, output: Output): void {
    this.#keep(input, output.MessageId)
    const ids = new Map(output.Successful?.map(({ Id, MessageId }) => [Id, MessageId]))
    for (const entry of input.Entries ?? []) this.#keep(entry, ids.get(entry.Id))
    const names = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])]
    if (!names.includes('All') && !names.includes('AWSTraceHeader')) return
    for (const message of output.Messages ?? []) {
      const header = this.#byMessage.get(message.MessageId ?? '')
      if (header !== undefined) message.Attributes = { ...message.Attributes, AWSTraceHeader: header }
    }
  }

  #keep({ MessageSystemAttributes }: Sent, messageId: string | undefined): void {
    const header = MessageSystemAttributes?.AWSTraceHeader?.StringValue
    if (header === undefined || messageId === undefined) return
    this.#byMessage.set(messageId, header)
    if (this.#byMessage.size <= KEPT) return
    for (const [oldest] of this.#byMessage) {
      this.#byMessage.delete(oldest)
      break
    }
  }
}
