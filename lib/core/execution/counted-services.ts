/** Services whose requests are counted, for one message. */
import { CostCounter } from '../common/cost-counter.ts'
import type { Counts } from '../common/run-counts.ts'
import type { Place } from './isolation.ts'
import type { Invocation, Services } from './services.ts'

/** A request that is shared by so many messages, in hundredths. */
const shareOf = (together: number) => Math.round(100 / Math.max(1, together))

/** Jobs of items are sent ten at a time, by messages that no commit follows. */
const SEND_OF_ITEM = shareOf(10)

interface Message extends Pick<Invocation, 'together' | 'extendsLease'> {
  /** Whether it is for one item of a batch. */
  readonly isItem: boolean
}

/** As they are where nothing is counted. */
export function countedServices(services: Services, place: Place, message: Message): Services {
  const { costs } = services
  if (!costs) return services
  const { memoryMb } = costs
  const counter = new CostCounter({
    elapsed: () => place.elapsed(),
    memoryMb,
    atEnd: services.store.countedBy && services.history ? historyOf(message) : {},
  })
  // In memory there is no queue to pay for.
  if (services.store.countedBy) counter.add(countsOfMessage(message, memoryMb !== undefined))
  return {
    ...services,
    ...countedParts(services, counter),
    events: countedEvents(services, counter),
    counter,
  }
}

/** A start, a wait or a redrive; the end comes after all commits, and is expected by the last. */
function countedEvents({ events }: Services, counter: CostCounter): Services['events'] {
  if (!events) return undefined
  const publish: typeof events.publish = (event) => {
    counter.add({ $e: 1 })
    return events.publish(event)
  }
  return { chosen: events.chosen, publish }
}

/** The same for the start of a run, which is not paid for by its time. */
export function countedStart<S extends Pick<Services, 'store' | 'values' | 'queue' | 'costs'>>(
  services: S,
): S {
  if (!services.costs) return services
  const counter = new CostCounter({ elapsed: () => 0 })
  return { ...services, ...countedParts(services, counter), counter }
}

/** Stores and queue whose requests are counted; those in memory make none. */
function countedParts(
  { store, values, queue }: Pick<Services, 'store' | 'values' | 'queue'>,
  counter: CostCounter,
): Pick<Services, 'store' | 'values' | 'queue'> {
  const countedStore = store.countedBy?.(counter)
  if (!countedStore) return { store, values, queue }
  return {
    store: countedStore,
    values: values.countedBy(countedStore, counter),
    queue: queue.countedBy?.(counter) ?? queue,
  }
}

/** What is noted of messages that came together is written when they are done, in one write of a unit mostly. */
function historyOf({ together = 1 }: Message): Counts {
  const share = shareOf(together) / 100
  return { $w: share, $d: share }
}

/**
 * It was received and will be deleted, and Lambda was invoked for it: each a request for all that came together. A
 * long-lived worker deletes its messages one by one.
 */
function countsOfMessage({ together = 1, extendsLease, isItem }: Message, inLambda: boolean): Counts {
  const share = shareOf(together)
  return {
    $q: share + (extendsLease ? 100 : share) + (isItem ? SEND_OF_ITEM : 0),
    ...(inLambda ? { $i: share } : {}),
  }
}
