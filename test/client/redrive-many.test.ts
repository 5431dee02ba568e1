/** Whoever redrives many runs dies in between: at each of its requests in turn. */
import { createFlow } from 'flowcraft'
import { expect, it, vi } from 'vitest'
import { redriveMany } from '../../lib/client/redrive-many.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import { serviceOf, workshop } from './workshop.ts'

vi.spyOn(console, 'warn').mockImplementation(() => {})
vi.spyOn(console, 'error').mockImplementation(() => {})

/** More than are redriven at a time. */
const RUNS = 12
/** Requests from one death to the next, no number of them that a redrive takes. */
const STEP = 5

class Mortal {
  readonly services: Services
  readonly death: Promise<'dead'>
  #left: number
  #die: () => void = () => {}

  constructor(services: Services, requests: number) {
    this.#left = requests
    this.death = new Promise((resolve) => (this.#die = () => resolve('dead')))
    this.services = { ...services, store: this.#mortal(services.store), queue: this.#mortal(services.queue) }
  }

  /** What it asks for after its last request comes nowhere, and it hears of nothing. */
  #mortal<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]): unknown => {
          if (this.#left-- > 0) return Reflect.apply(method, target, args)
          this.#die()
          return new Promise(() => {})
        }
      },
    })
  }
}

async function failedRuns() {
  const shop = workshop()
  const service = serviceOf(createFlow('flow').node('charge', shop.node('charge')))
  shop.broken.add('charge')
  const since = new Date(service.now)
  const ids = Array.from({ length: RUNS }, (_, at) => `run-${at}`)
  for (const runId of ids) await service.run({ blueprintId: 'flow', runId })
  shop.broken.clear()
  return { service, ids, request: { failures: { since }, by: 'Ada' }, calls: shop.calls }
}

/** @returns what it told before it died, and whether it did */
async function redriveAndDie(services: Services, requests: number, request: { failures: { since: Date } }) {
  const mortal = new Mortal(services, requests)
  const outcomes = redriveMany(mortal.services, request)
  const told: string[] = []
  for (;;) {
    const next = await Promise.race([outcomes.next(), mortal.death])
    if (next === 'dead') return { told, isDead: true }
    if (next.done) return { told, isDead: false }
    told.push(next.value.runId)
  }
}

it('redrives each run once, by a second call too, wherever the first one died', async () => {
  let deaths = 0
  const toldBeforeDeath = new Set<number>()
  for (let requests = 0; ; requests += STEP) {
    const { service, ids, request, calls } = await failedRuns()

    const { told, isDead } = await redriveAndDie(service.services, requests, request)
    const rest: string[] = []
    for await (const outcome of service.redriveMany(request)) {
      expect(outcome).not.toHaveProperty('error')
      rest.push(outcome.runId)
    }

    // The dead one may have redriven up to ten more than it could tell.
    expect(told.filter((runId) => rest.includes(runId))).toEqual([])
    expect(rest.length).toBeGreaterThanOrEqual(RUNS - told.length - 10)
    for (const runId of ids)
      expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', redrives: 1 })
    expect(calls).toEqual({ charge: 2 * RUNS })
    if (!isDead) break
    deaths++
    toldBeforeDeath.add(told.length)
  }
  // Else the test would say nothing.
  expect(deaths).toBeGreaterThan(RUNS)
  expect(toldBeforeDeath.size).toBeGreaterThan(2)
})
