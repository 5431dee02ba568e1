// Event buses: they take events and hand them on, and what they took can be looked at. No HTTP here.

import { randomUUID } from 'node:crypto'
import { localError } from './errors.ts'

/** An event that was put on a bus. */
export interface LocalEvent {
  readonly id: string
  readonly eventBusName: string
  readonly source: string
  readonly detailType: string
  /** The parsed JSON object. */
  readonly detail: unknown
  readonly resources: readonly string[]
  readonly time: Date
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html */
interface Entry {
  EventBusName?: string
  Source?: string
  DetailType?: string
  Detail?: string
  Resources?: string[]
  /** Seconds since 1970. */
  Time?: number
}

/** What PutEvents answers for one entry. */
export type EntryResult =
  | { readonly EventId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string }

const KEPT_EVENTS = 10_000
/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html */
const BUS_NAME = /^[/.\-_A-Za-z0-9]{1,256}$/
/** AWS counts so many bytes for the time of an event. */
const TIME_BYTES = 14

/** The buses of a local AWS and what was put on them. */
export class EventBuses {
  readonly #names = new Set(['default'])
  /** The last 10,000 of all buses, the oldest first. */
  readonly events: readonly LocalEvent[]
  readonly #events: LocalEvent[] = []
  readonly #onEvent: (event: LocalEvent) => void

  /** @param onEvent - gets each event that a bus takes */
  constructor(onEvent: (event: LocalEvent) => void) {
    this.events = this.#events
    this.#onEvent = onEvent
  }

  create(name: string): string {
    if (!BUS_NAME.test(name)) {
      throw localError(
        `the name of an event bus must be 1 to 256 letters, digits, dots, hyphens, underscores or slashes; got '${name}'`,
      )
    }
    this.#names.add(name)
    return name
  }

  /** @throws FlowcraftAwsError LOCAL_AWS where there is no such bus, as CreateRule does */
  assertThere(name: string): void {
    if (this.#names.has(name)) return
    const all = [...this.#names].join(', ')
    throw localError(
      `event bus ${name} does not exist here, only ${all}; createEventBus makes one of any name`,
    )
  }

  /** Takes one event, or says why not; the others of its request have their own fate. */
  put(entry: Entry): EntryResult {
    const { EventBusName = 'default', Source, DetailType, Resources: resources = [], Time } = entry
    const eventBusName = busNameOf(EventBusName)
    if (!this.#names.has(eventBusName)) {
      // What AWS does is not documented; here a mistake is to be seen.
      return refused('ResourceNotFoundException', `Event bus ${EventBusName} does not exist.`)
    }
    if (!Source)
      return refused('InvalidArgument', 'Parameter Source is not valid. Reason: Source is required.')
    if (!DetailType) {
      return refused('InvalidArgument', 'Parameter DetailType is not valid. Reason: DetailType is required.')
    }
    const detail = objectOf(entry.Detail)
    if (!detail) return refused('MalformedDetail', 'Detail is malformed.')
    const id = randomUUID()
    const time = Time === undefined ? new Date() : new Date(Time * 1000)
    const event = { id, eventBusName, source: Source, detailType: DetailType, detail, resources, time }
    this.#events.push(event)
    if (this.#events.length > KEPT_EVENTS) this.#events.shift()
    this.#onEvent(event)
    return { EventId: id }
  }
}

/** The name of a bus that is named, or given by its ARN. */
export function busNameOf(nameOrArn: string): string {
  return nameOrArn.replace(/^arn:.*:event-bus\//, '')
}

/** The size of an event as AWS counts it: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html */
export function eventBytes({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources].map((text) => Buffer.byteLength(String(text)))
  return texts.reduce((sum, bytes) => sum + bytes, Time === undefined ? 0 : TIME_BYTES)
}

function refused(ErrorCode: string, ErrorMessage: string): EntryResult {
  return { ErrorCode, ErrorMessage }
}

function objectOf(json: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(json ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
