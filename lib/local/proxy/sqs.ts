// What the proxy does for SQS: counts, gives queue addresses that clients can reach, and mends what fauxqs 1.x
// gets wrong where it matters to a worker. All through its HTTP interface; no private file of fauxqs is used.

import { createHash } from 'node:crypto'
import type { JsonRecord } from '../keep/json-record.ts'
import type { MessageJournal } from '../keep/message-journal.ts'
import type { Meter } from '../meter.ts'
import { decodeAstral, encodeAstral } from './astral.ts'
import type { Answer } from './http.ts'
import type { Call, JsonService, Send } from './json-proxy.ts'
import { type FailedEntry, SqsRefusals } from './sqs-refusals.ts'
import { type SystemAttributes, TraceHeaders } from './trace-headers.ts'

interface Message {
  MessageId?: string
  Attributes?: Record<string, string>
  Body?: string
  MD5OfBody?: string
  ReceiptHandle?: string
}

interface SqsJson {
  QueueUrl?: string
  QueueUrls?: string[]
  MessageBody?: string
  MessageId?: string
  MessageSystemAttributes?: SystemAttributes
  MD5OfMessageBody?: string
  AttributeNames?: string[]
  MessageSystemAttributeNames?: string[]
  Entries?: { Id?: string; MessageBody?: string; MessageSystemAttributes?: SystemAttributes }[]
  Successful?: { Id?: string; MessageId?: string; MD5OfMessageBody?: string }[]
  Failed?: unknown[]
  Messages?: Message[]
}

interface MeteredSqsOptions {
  readonly meter: Meter
  /** The proxy's own, which queue addresses will name. */
  readonly origin: string
  /** Whether the engine is fauxqs. */
  readonly mend: boolean
  /** Whether what SQS refuses is refused. */
  readonly strict: boolean
  /** Messages in flight of a queue. */
  readonly inFlightLimit?: number
  /** What a request needs permissions for. */
  readonly asksOf: JsonService['asksOf']
  /** What is told of each message, where messages are kept. */
  readonly journal?: MessageJournal
}

/** The metered SQS. */
export function meteredSqs({
  meter,
  origin,
  mend,
  strict,
  inFlightLimit,
  asksOf,
  journal,
}: MeteredSqsOptions): JsonService {
  const refusals = new SqsRefusals({ strict, inFlightLimit })
  const addresses = new QueueAddresses(origin)
  const traceHeaders = mend ? new TraceHeaders() : undefined
  return {
    name: 'sqs',
    asksOf,
    refusalOf: (operation, input) => refusals.ofRequest(operation, input),
    async prepare(operation, body, send) {
      meter.countRequest('sqs', operation)
      const input = parse(body)
      if (!input) return { body }
      const failed = refusals.ofEntries(operation, recordOf(body))
      leaveOut(input, failed)
      const isFull = refusals.givesNothing(operation, recordOf(body))
      if (input.QueueUrl !== undefined) input.QueueUrl = addresses.toEngine(input.QueueUrl)
      const bodies = mend ? encodeBodies(input) : new Map<string, string>()
      if (mend && operation === 'GetQueueAttributes') await refreshCounts(input, send)
      return {
        body: Buffer.from(JSON.stringify(input)),
        ...(isFull && { answer: NOTHING_RECEIVED }),
        ...(failed.length > 0 && input.Entries?.length === 0 && { answer: NOTHING_DONE }),
        finish(answer) {
          meter.countSqsPayload(Math.max(body.length, answer.body.length))
          const given = translate(answer, (output) => {
            if (output.QueueUrl !== undefined) output.QueueUrl = addresses.toPublic(output.QueueUrl)
            if (output.QueueUrls) output.QueueUrls = output.QueueUrls.map((url) => addresses.toPublic(url))
            if (mend) restoreBodies(output, bodies)
            traceHeaders?.pass(input, output)
            if (failed.length > 0) output.Failed = [...(output.Failed ?? []), ...failed]
          })
          if (answer.status === 200) refusals.observe(operation, recordOf(body), recordOf(given))
          if (answer.status === 200) journal?.observe(operation, recordOf(body), recordOf(given))
          return given
        },
        ...(mend && operation === 'ReceiveMessage' && { undelivered: giveBack(input, send) }),
      } satisfies Call
    },
  }
}

/**
 * Queue addresses as clients know them, and as the engine does. fauxqs names hosts like
 * `sqs.us-east-1.localhost`, which many systems cannot resolve, and finds a queue by its exact address only.
 */
class QueueAddresses {
  readonly #origin: string
  readonly #byPublic = new Map<string, string>()

  constructor(origin: string) {
    this.#origin = origin
  }

  toPublic(engineUrl: string): string {
    const publicUrl = this.#origin + new URL(engineUrl).pathname
    this.#byPublic.set(publicUrl, engineUrl)
    return publicUrl
  }

  /** An address that no answer has named yet is passed on unchanged. */
  toEngine(publicUrl: string): string {
    return this.#byPublic.get(publicUrl) ?? publicUrl
  }
}

/** Of a batch none of whose entries goes to the engine, which would refuse an empty one. */
const NOTHING_DONE: Answer = {
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: Buffer.from('{"Successful":[]}'),
}

const NOTHING_RECEIVED: Answer = { ...NOTHING_DONE, body: Buffer.from('{}') }

function leaveOut(input: SqsJson, failed: readonly FailedEntry[]): void {
  const ids = new Set(failed.map(({ Id }) => Id))
  if (ids.size > 0) input.Entries = input.Entries?.filter(({ Id = '' }) => !ids.has(Id))
}

/** Makes the bodies of a send pass fauxqs and gives the original ones, by entry id ('' for a single send). */
function encodeBodies(input: SqsJson): Map<string, string> {
  const originals = new Map<string, string>()
  const encode = (id: string, holder: { MessageBody?: string }) => {
    const body = holder.MessageBody
    if (typeof body !== 'string') return
    const encoded = encodeAstral(body)
    if (encoded === body) return
    originals.set(id, body)
    holder.MessageBody = encoded
  }
  encode('', input)
  for (const entry of input.Entries ?? []) encode(entry.Id ?? '', entry)
  return originals
}

function translate(answer: Answer, change: (output: SqsJson) => void): Buffer {
  const output = parse(answer.body)
  if (!output || answer.status !== 200) return answer.body
  change(output)
  return Buffer.from(JSON.stringify(output))
}

/** The client compares checksums, so those have to be of the bodies that it knows. */
function restoreBodies(output: SqsJson, bodies: Map<string, string>): void {
  const single = bodies.get('')
  if (single !== undefined && output.MD5OfMessageBody) output.MD5OfMessageBody = md5(single)
  for (const sent of output.Successful ?? []) {
    const original = bodies.get(sent.Id ?? '')
    if (original !== undefined) sent.MD5OfMessageBody = md5(original)
  }
  for (const message of output.Messages ?? []) {
    const decoded = decodeAstral(message.Body ?? '')
    if (decoded === message.Body) continue
    message.Body = decoded
    message.MD5OfBody = md5(decoded)
  }
}

/**
 * fauxqs lets expired visibility timeouts and delays take effect only on a receive, so its counts are stale
 * while nobody polls. A receive of "no" messages (a number it cannot compare with) makes it look at the clock
 * and takes nothing.
 */
async function refreshCounts(input: SqsJson, send: Send): Promise<void> {
  const names = input.AttributeNames ?? ['All']
  if (!names.some((name) => name === 'All' || name.startsWith('Approximate'))) return
  await send('ReceiveMessage', { QueueUrl: input.QueueUrl, MaxNumberOfMessages: 'none', WaitTimeSeconds: 0 })
}

/**
 * fauxqs does not notice that a long poll was abandoned and hands it the next messages, which then stay hidden
 * for their visibility timeout. They go back at once, having been received once more. (AWS promises neither.)
 */
function giveBack(input: SqsJson, send: Send): (answer: Answer) => Promise<void> {
  return async (answer) => {
    const Entries = (parse(answer.body)?.Messages ?? []).map(({ ReceiptHandle }, index) => {
      return { Id: String(index), ReceiptHandle, VisibilityTimeout: 0 }
    })
    if (Entries.length > 0) await send('ChangeMessageVisibilityBatch', { QueueUrl: input.QueueUrl, Entries })
  }
}

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex')
}

/** Some answers have no body. */
function recordOf(body: Buffer): JsonRecord {
  return { ...parse(body) }
}

function parse(body: Buffer): SqsJson | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined // Not JSON: passed on as it is, the engine or the client will complain.
  }
}
