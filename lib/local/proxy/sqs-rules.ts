/**
 * What SQS refuses and its emulators take. Pure.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, API_SendMessageBatch.html and
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html (November 2026)
 */
import type { Refusal } from './rules.ts'

/** A message with its attributes, and the messages of a batch together: "1,048,576 bytes (1 MiB)". */
const BYTES_AT_MOST = 1_048_576
/** API_SendMessage.html: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF, in bodies and in attributes' texts. */
// oxlint-disable-next-line no-control-regex
const REFUSED_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
/** "A message can contain up to 10 metadata attributes." */
const ATTRIBUTES_AT_MOST = 10
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i
/** "A single message batch request can include a maximum of 10 messages." */
const BATCH = { from: 1, to: 10 }
/** Of the fields of requests and of batches' entries, in seconds but for the number of messages. */
const RANGES: Readonly<Record<string, { readonly from: number; readonly to: number }>> = {
  DelaySeconds: { from: 0, to: 900 },
  VisibilityTimeout: { from: 0, to: 43_200 },
  WaitTimeSeconds: { from: 0, to: 20 },
  MaxNumberOfMessages: { from: 1, to: 10 },
}

interface Attribute {
  readonly DataType?: string
  readonly StringValue?: string
  readonly BinaryValue?: string
}

export interface Entry {
  readonly Id?: string
  readonly MessageBody?: string
  readonly ReceiptHandle?: string
  readonly VisibilityTimeout?: number
  readonly MessageAttributes?: Readonly<Record<string, Attribute>>
}

/** Why SQS would refuse a request as a whole; undefined where it would not. */
export function refusalOfSqs(operation: string, input: Record<string, unknown>): Refusal | undefined {
  const refusal = outOfRange(input)
  if (refusal) return refusal
  if (operation === 'SendMessage') return refusalOfMessage(input)
  if (!operation.endsWith('Batch')) return undefined
  const entries = entriesOf(input)
  return refusalOfBatch(entries) ?? (operation === 'SendMessageBatch' ? refusalOfSum(entries) : undefined)
}

/** Why SQS would refuse one entry of a batch; it takes the others. */
export function refusalOfEntry(operation: string, entry: Entry): Refusal | undefined {
  return (
    outOfRange(entry as Record<string, unknown>) ??
    (operation === 'SendMessageBatch' ? refusalOfMessage(entry) : undefined)
  )
}

export function entriesOf(input: Record<string, unknown>): readonly Entry[] {
  return (input['Entries'] ?? []) as Entry[]
}

function refusalOfBatch(entries: readonly Entry[]): Refusal | undefined {
  if (entries.length < BATCH.from) return { type: 'EmptyBatchRequest', message: 'a batch needs an entry' }
  if (entries.length > BATCH.to) {
    const message = `a batch may have ${BATCH.to} entries; got ${entries.length}`
    return { type: 'TooManyEntriesInBatchRequest', message }
  }
  const ids = entries.map(({ Id = '' }) => Id)
  const bad = ids.find((id) => !/^[\w-]{1,80}$/.test(id))
  if (bad !== undefined)
    return { type: 'InvalidBatchEntryId', message: `an Id may not be ${JSON.stringify(bad)}` }
  if (new Set(ids).size < ids.length)
    return { type: 'BatchEntryIdsNotDistinct', message: 'an Id comes twice' }
  return undefined
}

function refusalOfSum(entries: readonly Entry[]): Refusal | undefined {
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
  if (bytes > BYTES_AT_MOST) {
    const message = `the messages of a batch may have ${BYTES_AT_MOST} bytes with their attributes; got ${bytes}`
    return { type: 'BatchRequestTooLong', message }
  }
  return undefined
}

function refusalOfMessage(entry: Entry): Refusal | undefined {
  const { MessageBody = '', MessageAttributes: attributes = {} } = entry
  if (MessageBody === '') return { type: 'MissingParameter', message: 'a message needs a MessageBody' }
  const character = REFUSED_CHARACTER.exec(MessageBody)?.[0]
  if (character !== undefined) {
    return {
      type: 'InvalidMessageContents',
      message: `a body may not have the character ${codeOf(character)}`,
    }
  }
  const bytes = bytesOf(entry)
  if (bytes > BYTES_AT_MOST) {
    return invalid(`a message may have ${BYTES_AT_MOST} bytes with its attributes; got ${bytes}`)
  }
  const names = Object.keys(attributes)
  if (names.length > ATTRIBUTES_AT_MOST) {
    return invalid(`a message may have ${ATTRIBUTES_AT_MOST} attributes; got ${names.length}`)
  }
  return first(Object.entries(attributes), ([name, attribute]) => refusalOfAttribute(name, attribute))
}

function refusalOfAttribute(name: string, { DataType = '', StringValue, BinaryValue }: Attribute) {
  if (!ATTRIBUTE_NAME.test(name)) return invalid(`an attribute may not have the name ${JSON.stringify(name)}`)
  if (!/^(String|Number|Binary)(\..+)?$/.test(DataType)) {
    return invalid(`attribute ${name} has the data type ${JSON.stringify(DataType)}`)
  }
  if ((StringValue ?? BinaryValue ?? '') === '') return invalid(`attribute ${name} may not be empty`)
  const character = REFUSED_CHARACTER.exec(StringValue ?? '')?.[0]
  if (character === undefined) return undefined
  return invalid(`attribute ${name} may not have the character ${codeOf(character)}`)
}

function outOfRange(fields: Record<string, unknown>): Refusal | undefined {
  return first(Object.entries(RANGES), ([name, { from, to }]) => {
    const value = fields[name]
    if (value === undefined || (Number.isInteger(value) && Number(value) >= from && Number(value) <= to)) {
      return undefined
    }
    return invalid(`${name} must be a whole number from ${from} to ${to}; got ${JSON.stringify(value)}`)
  })
}

/** Names, data types and values of attributes count as well. */
function bytesOf({ MessageBody = '', MessageAttributes = {} }: Entry): number {
  const attributes = Object.entries(MessageAttributes).map(
    ([name, { DataType = '', StringValue = '', BinaryValue = '' }]) =>
      Buffer.byteLength(name + DataType + StringValue) + Buffer.byteLength(BinaryValue, 'base64'),
  )
  return attributes.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(MessageBody))
}

function invalid(message: string): Refusal {
  return { type: 'InvalidParameterValue', message }
}

function codeOf(character: string): string {
  return `#x${character.codePointAt(0)?.toString(16).toUpperCase()}`
}

function first<T>(items: readonly T[], look: (item: T) => Refusal | undefined): Refusal | undefined {
  for (const item of items) {
    const found = look(item)
    if (found) return found
  }
  return undefined
}
