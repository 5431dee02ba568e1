/** Leases that could not be given back at once: a release that was throttled is nobody's death. */
import { createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { giveBack } from '../../../lib/core/execution/give-back.ts'
import { DEATHS_AT_MOST } from '../../../lib/core/execution/services.ts'
import type { ReleaseRequest } from '../../../lib/core/store/run-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods } from '../../support/one-message.ts'

const throttled = () => requestFailed('DynamoDB UpdateItem', new Error('throttled'))
const request: ReleaseRequest = { runId: 'r', strand: '0.1', token: 't', now: 0 }

/** What becomes of a lease whose release fails so many times, in an invocation of so many milliseconds. */
async function give(failures: number, invocationMs: number) {
  const service = new TestService({ flows: [createFlow('one').node('a', async () => ({}))], logger: quiet })
  let tries = 0
  const store = withMethods(service.services.store, {
    release: async () => {
      if (++tries <= failures) throw throttled()
    },
  })
  const begun = service.now
  const sleep = async (ms: number) => void (service.now += ms)
  const services = { ...service.services, store, sleep }
  await giveBack(services, request, { extendsLease: false, deadline: () => begun + invocationMs })
  return { tries, took: service.now - begun, unreleased: [...services.unreleased] }
}

it('a function tries again while it has time', async () => {
  expect(await give(5, 30_000)).toMatchObject({ tries: 6, unreleased: [] })
})

it('a function ends by itself before it is ended, and remembers the lease', async () => {
  const { tries, took, unreleased } = await give(Infinity, 30_000)

  expect(tries).toBeGreaterThan(5)
  expect(took).toBeLessThanOrEqual(28_000)
  expect(unreleased).toEqual([request])
})

it('a function that has no time left tries once', async () => {
  expect(await give(Infinity, 1_000)).toMatchObject({ tries: 1, took: 0, unreleased: [request] })
})

/** Deliveries of a message, each of which fails, as does each of its first tries to give the lease back. */
async function deliver(failingReleases: number) {
  const service = new TestService({ flows: [createFlow('one').node('a', async () => ({}))], logger: quiet })
  const { runId } = await service.start({ blueprintId: 'one' })
  const { store } = service.services
  const unreleased = new Set<ReleaseRequest>()
  for (let delivery = 0; delivery < 2 * DEATHS_AT_MOST; delivery++) {
    // What is left over from the last delivery goes through.
    let left = 0
    const failing = withMethods(store, {
      commit: async () => {
        left = failingReleases
        throw throttled()
      },
      release: async (given) => {
        if (left-- > 0) throw throttled()
        return store.release(given)
      },
    })
    await takeOne(service, { services: { store: failing, unreleased } }).catch(() => {})
    service.now += 200_000
  }
  return { described: await service.get(runId), lease: await store.readLease({ runId }, '0.1') }
}

it('no node is given up by releases that fail at first', async () => {
  const { described, lease } = await deliver(3)

  expect(described.status).toBe('running')
  expect(lease).toMatchObject({ lost: 0, lostAlone: 0 })
})

it('nor by releases that fail until the end, where the process that tried gets another message', async () => {
  const { described, lease } = await deliver(Infinity)

  expect(described.status).toBe('running')
  // The last one is remembered.
  expect(lease).toMatchObject({ attempt: 2 * DEATHS_AT_MOST, lost: 0, lostAlone: 0 })
})
