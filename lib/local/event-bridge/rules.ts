// The rules of event buses: each event goes to the targets of those whose pattern it matches.

import type { LocalEvent } from '../event-buses.ts'
import type { InFlight } from '../in-flight.ts'

/** Delivers an event; says itself what goes wrong. */
export type Deliver = (event: object, takenAt: Date) => Promise<void>

export interface EventRule {
  readonly eventBusName: string
  matches(event: object): boolean
  readonly targets: readonly Deliver[]
}

/** The account and region that events name. */
export interface Place {
  readonly accountId: string
  readonly region: string
}

export class EventRules {
  readonly #place: Place
  readonly #inFlight: InFlight
  readonly #rules = new Set<EventRule>()
  #stopped = false

  constructor(place: Place, inFlight: InFlight) {
    this.#place = place
    this.#inFlight = inFlight
  }

  add(rule: EventRule): { stop(): Promise<void> } {
    this.#rules.add(rule)
    return { stop: async () => void this.#rules.delete(rule) }
  }

  /** Whoever put the event does not wait for its targets. */
  take(taken: LocalEvent): void {
    if (this.#stopped) return
    const event = eventOf(taken, this.#place)
    const takenAt = new Date()
    for (const { eventBusName, matches, targets } of this.#rules) {
      if (eventBusName !== taken.eventBusName || !matches(event)) continue
      for (const deliver of targets) this.#inFlight.add(deliver(event, takenAt))
    }
  }

  /** From now on no event goes anywhere. */
  stop(): void {
    this.#stopped = true
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function eventOf({ id, detailType, source, time, resources, detail }: LocalEvent, place: Place): object {
  return {
    version: '0',
    id,
    'detail-type': detailType,
    source,
    account: place.accountId,
    // AWS has whole seconds.
    time: time.toISOString().replace(/\.\d+/, ''),
    region: place.region,
    resources,
    detail,
  }
}

/** What a rule's schedule makes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
export function scheduledEvent(id: string, ruleArn: string, place: Place, time: Date): object {
  return eventOf(
    {
      id,
      eventBusName: 'default',
      detailType: 'Scheduled Event',
      source: 'aws.events',
      time,
      resources: [ruleArn],
      detail: {},
    },
    place,
  )
}
