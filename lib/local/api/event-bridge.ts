// EventBridge's PutEvents API: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

import type { IncomingMessage } from 'node:http'
import { eventBytes } from '../event-buses.ts'
import type { EventBuses } from '../event-buses.ts'
import type { Meter } from '../meter.ts'
import { errorAnswer } from './server.ts'
import type { Api, ApiAnswer } from './server.ts'

/** The most that one request takes. */
const ENTRIES_LIMIT = 10

/** Answers PutEvents, and no other operation. */
export class PutEventsApi implements Api {
  readonly name = 'eventbridge'
  readonly #buses: EventBuses
  readonly #meter: Meter

  constructor(buses: EventBuses, meter: Meter) {
    this.#buses = buses
    this.#meter = meter
  }

  operationOf({ headers }: IncomingMessage): string {
    return String(headers['x-amz-target'] ?? '').split('.')[1] ?? 'Unknown'
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
    const results = Entries.map((entry) => {
      const result = this.#buses.put(entry)
      if ('EventId' in result) this.#meter.countEvent(eventBytes(entry))
      return result
    })
    const FailedEntryCount = results.filter((result) => 'ErrorCode' in result).length
    return { status: 200, body: JSON.stringify({ FailedEntryCount, Entries: results }) }
  }
}
