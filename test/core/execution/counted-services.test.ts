/** What a message is counted for before its work begins, and whose requests are counted. */
import { describe, expect, it } from 'vitest'
import type { CostCounter } from '../../../lib/core/common/cost-counter.ts'
import { PRICES } from '../../../lib/core/common/prices.ts'
import { countedServices, countedStart } from '../../../lib/core/execution/counted-services.ts'
import { Isolation } from '../../../lib/core/execution/isolation.ts'
import type { Services } from '../../../lib/core/execution/services.ts'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'

let now = 1_000

/** A store that makes requests, as the one of the table does. */
class Remote extends MemoryRunStore {
  countedBy(counter: CostCounter): Remote {
    counter.add({ $w: 7 })
    return this
  }
}

function servicesOf(given: Partial<Services> = {}): Services {
  const values = { countedBy: () => values }
  const made = { store: new Remote(), values, queue: {}, costs: { prices: PRICES, eventsAtEnd: 0 }, ...given }
  return made as unknown as Services
}

function counted(given: Partial<Services>, message: object) {
  const place = new Isolation(() => now).arrive()
  const { counter } = countedServices(servicesOf(given), place, {
    extendsLease: false,
    isItem: false,
    ...message,
  })
  now += 40
  const counts = counter?.take('0.1~0', {})
  place.leave()
  return counts
}

describe('a message', () => {
  const costs = { prices: PRICES, memoryMb: 256, eventsAtEnd: 0 }

  it('of a function has its share of the invocation and of the requests, and its time by the memory', () => {
    const counts = { $w: 7, $m: 40, $b: 40 * 256 }
    expect(counted({ costs }, {})).toEqual({ ...counts, $q: 200, $i: 100 })
    expect(counted({ costs }, { together: 4 })).toEqual({ ...counts, $q: 50, $i: 25 })
  })

  it('of a long-lived worker is deleted by itself, and its time costs nothing', () => {
    expect(counted({}, { together: 10, extendsLease: true })).toEqual({ $w: 7, $m: 40, $q: 110 })
  })

  it('of an item has its share of the sending, as no commit follows who sends', () => {
    expect(counted({}, { isItem: true })).toMatchObject({ $q: 210 })
  })

  it('expects its part of the write of what was noted', () => {
    const history = {} as Services['history']
    expect(counted({ history }, { together: 10 })).toMatchObject({ $w: 7.1, $d: 0.1 })
  })

  it('is counted for nothing where no requests are made, or nothing is counted', () => {
    expect(counted({ store: new MemoryRunStore() }, {})).toEqual({ $m: 40 })
    expect(counted({ costs: undefined }, {})).toBeUndefined()
  })
})

describe('a start', () => {
  it('has no time, and is counted where the rest is', () => {
    const { counter } = countedStart(servicesOf()) as Services
    expect(counter?.take('start', { $q: 100 })).toEqual({ $w: 7, $q: 100 })
    expect(countedStart(servicesOf({ costs: undefined }))).not.toHaveProperty('counter')
  })
})
