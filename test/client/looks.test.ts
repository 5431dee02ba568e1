/** What a client reads of runs without all of their values. */
import { createFlow, JsonSerializer, NullLogger } from 'flowcraft'
import { expect, it, vi } from 'vitest'
import { RunClient } from '../../lib/client/run-client.ts'
import { cases } from '../conformance/cases.ts'
import { runOn } from '../conformance/outcome.ts'
import { TestService } from '../../lib/testing/index.ts'

const flow = createFlow('flow')
  .node('sum', async ({ context }) => ({ output: ((await context.get('a')) as number) + 1 }))
  .wait('asked')
  .node('fails', async () => {
    throw new Error('no')
  })
  .edge('sum', 'asked')
  .edge('asked', 'fails')

function clientOf({ services, deadLetters }: TestService): RunClient {
  const made = { ...services, emit: async () => {}, deadLetters, serializer: new JsonSerializer() }
  return new RunClient({}, made)
}

function set() {
  const service = new TestService({ flows: [flow], logger: new NullLogger() })
  return { service, client: clientOf(service) }
}

it('a run without its context reads none of its values, and is else the same', async () => {
  const { service, client } = set()
  await service.run({ blueprintId: 'flow', runId: 'r', input: { a: 1, text: 'x'.repeat(20_000) } })
  const read = ['readAll', 'readPage', 'getValue'] as const
  const spies = read.map((name) => vi.spyOn(service.services.store, name))
  const looked = await client.get('r', { context: false })
  for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  const { context, ...whole } = await client.get('r')
  expect(context).toMatchObject({ a: 1, sum: 2 })
  expect(looked).toEqual({ ...whole, context: {} })

  await service.resume('r', {})
  await service.settle()
  const failed = await client.get('r', { context: false })
  expect(failed).toMatchObject({ context: {}, errors: [{ nodeId: 'fails' }], nodes: { failed: ['fails'] } })
})

it('a run of any conformance case is the same without its context', async () => {
  for (const { name, make } of cases) {
    let service: TestService | undefined
    await runOn(make(), (options) => (service = new TestService({ logger: new NullLogger(), ...options })))
    for (const { runId } of (await service?.list())?.runs ?? []) {
      const client = clientOf(service as TestService)
      const { context: _, lost: __, ...whole } = await client.get(runId)
      const { context, lost: ___, ...looked } = await client.get(runId, { context: false })
      expect([name, context, looked]).toEqual([name, {}, whole])
    }
  }
})

it('values are read by their keys, and what is not there is left out', async () => {
  const { service, client } = set()
  await service.run({ blueprintId: 'flow', runId: 'r', input: { a: 1, __proto: 2 } })
  expect(
    await client.values('r', ['a', '_outputs.sum', 'sum', '_inputs.asked', 'nope', 'constructor']),
  ).toEqual({
    a: 1,
    '_outputs.sum': 2,
    sum: 2,
    '_inputs.asked': 2,
  })
  await expect(client.values('none', ['a'])).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  await service.start({ blueprintId: 'flow', runId: 'new', input: { a: 7 } })
  expect(await client.values('new', ['a'])).toEqual({ a: 7 })
})

it('what runs cost, and the versions that they go by, are read for many at once', async () => {
  const { service, client } = set()
  for (const runId of ['a', 'b']) await service.run({ blueprintId: 'flow', runId, input: { a: 1 } })
  const versions = await client.versionsOf(['a', 'b', 'none'])
  expect([...versions.keys()]).toEqual(['a', 'b'])
  expect(new Set(versions.values()).size).toBe(1)
  expect([...(await client.costsOf(['a', 'none'])).keys()]).toEqual([])
  await expect(client.costsOf([''])).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

it('a watch looks no sooner than it is told to', async () => {
  const { service, client } = set()
  await service.run({ blueprintId: 'flow', runId: 'r', input: { a: 1 } })
  const read = vi.spyOn(service.services.store, 'read')
  const stop = new AbortController()
  const watch = client.watch('r', { minPollMs: 3_000, pollMs: 5_000, context: false, signal: stop.signal })
  expect((await watch[Symbol.asyncIterator]().next()).value).toMatchObject({
    status: 'awaiting',
    context: {},
  })
  const looks = read.mock.calls.length
  expect(looks).toBe(1)
  stop.abort()
  for (const minPollMs of [0, 'soon' as never]) {
    const refused = client.watch('r', { minPollMs })[Symbol.asyncIterator]()
    await expect(refused.next()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  }
})
