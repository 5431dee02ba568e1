// EventBridge's PutEvents API: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

import type { IncomingMessage } from 'node:http'
import { eventBytes } from '../event-buses.ts'
import type { EventBuses } from '../event-buses.ts'
import { eventBridgeAsks, type Place } from '../iam/asks.ts'
import type { Ask } from '../iam/policy.ts'
import type { Meter } from '../meter.ts'
import { errorAnswer } from './server.ts'
import type { Api, ApiAnswer } from './server.ts'

/** The most that one request takes: API_PutEvents.html, "Maximum number of 10 items". */
const ENTRIES_LIMIT = 10
/**
 * The entries of one request together, as eb-putevents.html counts them: 1 MB since January 2026
 * (https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb); older pages say 256 KB.
 */
const BYTES_LIMIT = 1024 * 1024

interface PutEventsApiOptions {
  readonly buses: EventBuses
  readonly meter: Meter
  readonly place: Place
  /** Whether events that EventBridge refuses for their size are refused. */
  readonly strict: boolean
}

/** Answers PutEvents, and no other operation. */
export class PutEventsApi implements Api {
  readonly name = 'eventbridge'
  readonly deniedStatus = 400
  readonly #buses: EventBuses
  readonly #meter: Meter
  readonly #place: Place
  readonly #strict: boolean

  constructor({ buses, meter, place, strict }: PutEventsApiOptions) {
    this.#buses = buses
    this.#meter = meter
    this.#place = place
    this.#strict = strict
  }

  operationOf({ headers }: IncomingMessage): string {
    return String(headers['x-amz-target'] ?? '').split('.')[1] ?? 'Unknown'
  }

  asksOf(operation: string, _: IncomingMessage, body: Buffer): Ask[] {
    return eventBridgeAsks(
      operation,
      JSON.parse(body.toString('utf8')) as Record<string, unknown>,
      this.#place,
    )
  }

  async answer(operation: string, _: IncomingMessage, body: Buffer): Promise<ApiAnswer> {
    this.#meter.countRequest('eventbridge', operation)
    if (operation !== 'PutEvents') {
      const message = `the local EventBridge knows only PutEvents; got ${operation}`
      return errorAnswer(400, 'UnknownOperationException', message)
    }
    const { Entries = [] } = JSON.parse(body.toString('utf8')) as {
      Entries?: Parameters<EventBuses['put']>[0][]
    }
    if (Entries.length === 0 || Entries.length > ENTRIES_LIMIT) {
      const message = `Entries must have 1 to ${ENTRIES_LIMIT} members; got ${Entries.length}`
      return errorAnswer(400, 'ValidationException', message)
    }
    const bytes = Entries.reduce((sum, entry) => sum + eventBytes(entry), 0)
    if (this.#strict && bytes > BYTES_LIMIT) {
      const message = `Total size of the entries in the request is over the limit: ${bytes} bytes, at most ${BYTES_LIMIT}`
      return errorAnswer(400, 'ValidationException', message)
    }
    const results = Entries.map((entry) => {
      const result = this.#buses.put(entry)
      if ('EventId' in result) this.#meter.countEvent(eventBytes(entry))
      return result
    })
    const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length
    return { status: 200, body: JSON.stringify({ FailedEntryCount, Entries: results }) }
  }
}
