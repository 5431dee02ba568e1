/** Requests that are tried again while there is time: a node whose work is done does not run again for them. */
import { createFlow, JsonSerializer, type NodeContext } from 'flowcraft'
import { expect, it } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { type PersistOptions, persist } from '../../../lib/core/execution/persist.ts'
import { type BlobStore, ValueStore } from '../../../lib/core/values/value-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { batchOf } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods } from '../../support/one-message.ts'

function trouble(name: string): Error {
  return requestFailed('DynamoDB UpdateItem', Object.assign(new Error('no'), { name }))
}
const throttled = () => trouble('ThrottlingException')

/** What becomes of a request that fails so many times, in an invocation of so many milliseconds. */
async function tried(
  failures: number,
  invocationMs: number,
  more: Partial<PersistOptions> = {},
  error = throttled(),
) {
  let [now, tries] = [0, 0]
  const waits: number[] = []
  const asking = {
    now: () => now,
    logger: quiet,
    sleep: async (ms: number) => {
      waits.push(ms)
      now += ms
    },
  }
  const options = { deadline: () => invocationMs, extendsLease: false, ...more }
  const request = async () => {
    if (++tries <= failures) throw error
    return 'done'
  }
  const end = await persist(asking, options, request).catch((thrown: unknown) => thrown)
  return { end, tries, took: now, waits }
}

it('a request is tried again, later and later, until it is done', async () => {
  const { end, tries, waits } = await tried(6, 60_000)

  expect({ end, tries }).toEqual({ end: 'done', tries: 7 })
  for (const [at, wait] of waits.entries()) {
    const longest = Math.min(4_000, 200 * 2 ** at)
    expect(wait).toBeGreaterThanOrEqual(longest / 2)
    expect(wait).toBeLessThanOrEqual(longest)
  }
})

it('an invocation keeps time to give back what it has', async () => {
  const { end, took } = await tried(Infinity, 30_000)

  expect(end).toMatchObject({ code: 'REQUEST_FAILED' })
  expect(took).toBeGreaterThan(20_000)
  expect(took).toBeLessThanOrEqual(26_000)
  expect(await tried(Infinity, 3_000)).toMatchObject({ tries: 1, took: 0 })
})

it('a long-lived worker tries for two minutes, or as long as it is told to', async () => {
  const { took } = await tried(Infinity, 0, { extendsLease: true })
  expect(took).toBeGreaterThan(110_000)
  expect(took).toBeLessThanOrEqual(120_000)
  expect((await tried(Infinity, 0, { extendsLease: true, atMostMs: 5_000 })).took).toBeLessThanOrEqual(5_000)
})

it('is tried once where nothing can come of another try', async () => {
  for (const name of ['AccessDeniedException', 'ResourceNotFoundException', 'ExpiredTokenException'])
    expect((await tried(1, 60_000, {}, trouble(name))).tries).toBe(1)
  expect((await tried(1, 60_000, {}, new Error('a mistake'))).tries).toBe(1)
  for (const aborted of [{ givenUp: AbortSignal.abort() }, { signal: AbortSignal.abort() }])
    expect((await tried(1, 60_000, aborted)).tries).toBe(1)
})

/** The first so many of each of these requests are throttled. */
async function ranDespite(service: TestService, names: readonly string[], failures: number): Promise<void> {
  const { store } = service.services
  const failing = Object.fromEntries(
    names.map((name) => {
      let left = failures
      const method = (store as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>)[name]
      return [
        name,
        async (...given: unknown[]) => {
          if (left-- > 0) throw throttled()
          return method?.apply(store, given)
        },
      ]
    }),
  )
  const services = { store: withMethods(store, failing) }
  while (service.queue.visible().length > 0) await takeOne(service, { services })
}

it('a node runs once though lease, commit and message are throttled', async () => {
  let ran = 0
  const flow = createFlow('two')
    .node('a', async ({ context }: NodeContext) => (ran++, await context.set('k', 'x'.repeat(3_000)), {}))
    .node('b', async () => ({}))
    .edge('a', 'b')
  const service = new TestService({ flows: [flow], logger: quiet })
  const { runId } = await service.start({ blueprintId: 'two' })

  await ranDespite(service, ['lease', 'commit'], 4)

  expect(ran).toBe(1)
  expect((await service.get(runId)).status).toBe('completed')
})

it('an item runs once though its result and its arrival are throttled', async () => {
  const ran: unknown[] = []
  const { blueprint, registry } = batchOf([0, 1], async ({ input }) => (ran.push(input), { output: input }))
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  const { runId } = await service.start({ blueprintId: 'case' })

  await ranDespite(service, ['putOnce', 'arrive'], 4)

  expect(ran.toSorted()).toEqual([0, 1])
  expect((await service.get(runId)).status).toBe('completed')
})

it('a node runs once though S3 asks to slow down while its value is put', async () => {
  let ran = 0
  const objects = new Map<string, Uint8Array>()
  let [refusedPuts, refusedGets] = [4, 4]
  const blobs: BlobStore = {
    put: async (key, bytes) => {
      if (refusedPuts-- > 0) throw trouble('SlowDown')
      objects.set(key, bytes)
    },
    get: async (key) => {
      if (refusedGets-- > 0) throw trouble('SlowDown')
      return objects.get(key)
    },
  }
  const flow = createFlow('two')
    .node('a', async () => (ran++, { output: Array.from({ length: 300 }, (_, n) => n * 7919).join(' ') }))
    .node('b', async ({ input }: NodeContext) => ({ output: (input as string).length }))
    .edge('a', 'b')
  const service = new TestService({ flows: [flow], logger: quiet })
  const { store } = service.services
  const values = new ValueStore({ store, blobs, serializer: new JsonSerializer(), itemBytes: 100 })
  const { runId } = await service.start({ blueprintId: 'two' })

  while (service.queue.visible().length > 0) await takeOne(service, { services: { values } })

  expect({ ran, objects: objects.size > 0 }).toEqual({ ran: 1, objects: true })
  expect((await store.read(runId))?.status).toBe('completed')
})
