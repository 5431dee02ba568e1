import { randomUUID } from 'node:crypto'
import { createFlow, JsonSerializer, NullLogger, SubflowNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import {
  eachRun,
  listRuns,
  type ListRunsQuery,
  type ListRunsRequest,
  type RunSummary,
} from '../../../lib/core/run/list.ts'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import { type ListRead, shardOf } from '../../../lib/core/store/run-list.ts'
import type { NewRun } from '../../../lib/core/store/run-store.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { change, newRun } from '../store/contract/support.ts'

const START = Date.UTC(2026, 0, 1)

/** Counts what it is asked. */
class CountingStore extends MemoryRunStore {
  reads = 0
  looked = 0
  headers = 0

  override async readList(read: ListRead) {
    this.reads++
    this.looked += read.limit
    return super.readList(read)
  }

  override async readMany(runIds: readonly string[]) {
    this.headers += runIds.length
    return super.readMany(runIds)
  }
}

async function withRuns(count: number, over: (at: number) => Partial<NewRun> = () => ({})) {
  const store = new CountingStore()
  for (let at = 0; at < count; at++) {
    const run = newRun({ runId: `r${at}`, startedAt: START + at, ...over(at) })
    await store.putLabels(run)
    await store.create(run)
  }
  const services = { store, values: new ValueStore({ store, serializer: new JsonSerializer() }) }
  const end = (runId: string, status: 'completed' | 'failed' = 'completed') =>
    store.commit(runId, change({ final: { status, endedAt: START + 9_999 } }))
  const all = async (query: ListRunsRequest) => idsOf(await collected(eachRun(services, query)))
  return { store, services, end, all }
}

async function collected<T>(runs: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const run of runs) all.push(run)
  return all
}

const idsOf = (runs: readonly RunSummary[]) => runs.map(({ runId }) => runId)
const newestFirst = (count: number, step = 1) =>
  Array.from({ length: Math.ceil(count / step) }, (_, at) => `r${at * step}`).toReversed()

it('spreads runs over its shards, with ids of any kind', () => {
  const kinds = [
    (at: number) => `order-${at}`,
    (at: number) => `${at}`,
    () => randomUUID(),
    (at: number) => `2026-01-01T00:${at}:00Z`,
  ]
  for (const kind of kinds) {
    const shards = Array.from({ length: 16_000 }, (_, at) => shardOf({ kind: 'runs' }, kind(at)))
    const counts = Array.from({ length: 16 }, (_, shard) => shards.filter((one) => one === shard).length)
    expect(Math.max(...counts)).toBeLessThan(1_250)
    expect(Math.min(...counts)).toBeGreaterThan(750)
  }
  // Stored places rest on it.
  expect(['a', 'order-17'].map((id) => shardOf({ kind: 'runs' }, id))).toEqual([3, 8])
})

describe('a list of runs', () => {
  it('is newest first, over all shards, whatever the size of its pages', async () => {
    const { services, all } = await withRuns(200)

    for (const limit of [1, 7, 50, 199, 200, 1_000]) expect(await all({ limit })).toEqual(newestFirst(200))
    const page = await listRuns(services, {})
    expect(page.runs).toHaveLength(50)
    expect(page.runs[0]).toEqual({
      runId: 'r199',
      blueprintId: 'order',
      status: 'running',
      startedAt: new Date(START + 199),
    })
    expect((await listRuns(services, { limit: 1_000 })).cursor).toBeUndefined()
  })

  it('has each of many runs once that started at the same time', async () => {
    const { all } = await withRuns(100, (at) => ({ startedAt: START + Math.floor(at / 60) }))

    const whole = await all({ limit: 1_000 })
    expect(new Set(whole).size).toBe(100)
    for (const limit of [1, 3, 16, 50]) expect(await all({ limit })).toEqual(whole)
  })

  it('goes on behind its page, whatever was started or has ended meanwhile', async () => {
    const { services, store, end } = await withRuns(30)
    const first = await listRuns(services, { limit: 10 })
    for (let at = 30; at < 60; at++) await store.create(newRun({ runId: `r${at}`, startedAt: START + at }))
    for (let at = 0; at < 30; at++) await end(`r${at}`)

    const second = await listRuns(services, { limit: 100, cursor: first.cursor })

    expect([...idsOf(first.runs), ...idsOf(second.runs)]).toEqual(newestFirst(30))
    expect(second.runs[0]).toMatchObject({ status: 'completed', endedAt: new Date(START + 9_999) })
  })

  it('is filtered by blueprint, status and time', async () => {
    const { all, end } = await withRuns(60, (at) => ({ blueprintId: at % 3 === 0 ? 'third' : 'order' }))
    await end('r3')
    await end('r4')
    await end('r6', 'failed')

    expect(await all({ blueprintId: 'third', limit: 2 })).toEqual(newestFirst(60, 3))
    expect(await all({ status: 'completed' })).toEqual(['r4', 'r3'])
    expect(await all({ status: ['failed', 'completed'], blueprintId: 'third' })).toEqual(['r6', 'r3'])
    expect(await all({ status: 'cancelled' })).toEqual([])
    const times = { startedAfter: new Date(START + 10), startedBefore: new Date(START + 13) }
    expect(await all(times)).toEqual(['r12', 'r11', 'r10'])
    expect(await all({ startedBefore: new Date(START + 1) })).toEqual(['r0'])
    expect(await all({ startedAfter: new Date(START + 59) })).toEqual(['r59'])
    const never = { startedAfter: new Date(START + 5), startedBefore: new Date(START + 5) }
    expect(await all(never)).toEqual([])
  })

  it('tells runs that wait from those that run', async () => {
    const waiting = new Map([['0.1', { scheduledBy: '', inline: false, wait: { kind: 'event' } }]] as const)
    const { all, services } = await withRuns(40, (at) => (at % 10 === 0 ? { active: waiting } : {}))

    expect(await all({ status: 'awaiting', limit: 3 })).toEqual(['r30', 'r20', 'r10', 'r0'])
    expect(await all({ status: 'running' })).toHaveLength(36)
    const { runs } = await listRuns(services, { limit: 10 })
    expect(runs.at(-1)).toMatchObject({ runId: 'r30', status: 'awaiting' })
  })

  it('has no run twice nor a wrong one for labels that a start left which came to nothing', async () => {
    const labels = { orderId: 'A-17', tenant: 'acme' }
    const { all, store, services } = await withRuns(20, (at) => ({ labels: at % 2 === 0 ? labels : {} }))
    // A start that died before it put the header, and was made again later; one that found another run.
    await store.putLabels(newRun({ runId: 'r2', startedAt: START - 5, labels }))
    await store.putLabels(newRun({ runId: 'r3', startedAt: START + 3, labels }))
    await store.putLabels(newRun({ runId: 'never', labels }))

    expect(await all({ label: { orderId: 'A-17' }, limit: 3 })).toEqual(newestFirst(20, 2))
    expect(await all({ label: { orderId: 'A-17', tenant: 'other' } })).toEqual([])
    expect(await all({ label: { orderId: 'A-18' } })).toEqual([])
    expect(await all({ label: labels, status: 'completed' })).toEqual([])
    const { runs } = await listRuns(services, { label: labels, blueprintId: 'order', limit: 1 })
    expect(runs).toEqual([
      { runId: 'r18', blueprintId: 'order', status: 'running', labels, startedAt: new Date(START + 18) },
    ])
  })

  it('costs as much in a table of many as of few', async () => {
    const costs = []
    for (const count of [500, 2_000]) {
      const { store, services } = await withRuns(count)
      const { cursor } = await listRuns(services, { limit: 20 })
      Object.assign(store, { reads: 0, looked: 0, headers: 0 })
      await listRuns(services, { limit: 20, cursor })
      costs.push([store.reads, store.looked, store.headers])
    }
    expect(costs[1]?.[0]).toBeLessThanOrEqual(24)
    expect(costs[1]?.[1]).toBeLessThanOrEqual(1.5 * Number(costs[0]?.[1]))
    expect(costs[1]?.[2]).toBe(20)
  })

  it('does not look at all runs at once for what is rare, and finds it in the end', async () => {
    const { store, services, all } = await withRuns(2_000, (at) => (at === 5 ? { blueprintId: 'rare' } : {}))
    const atMost = { entries: 500, headers: 10 }

    const pages = []
    let cursor: string | undefined
    do {
      const before = store.looked
      const page = await listRuns(services, { blueprintId: 'rare', cursor }, atMost)
      expect(store.looked - before).toBeLessThan(1_000)
      pages.push(idsOf(page.runs))
      cursor = page.cursor
    } while (cursor !== undefined)

    expect(pages.length).toBeGreaterThan(3)
    expect(pages.flat()).toEqual(['r5'])
    expect(await all({ blueprintId: 'rare' })).toEqual(['r5'])
    store.headers = 0
    const awaiting = await listRuns(services, { status: 'awaiting', limit: 8 }, atMost)
    expect(awaiting).toEqual({ runs: [], cursor: expect.any(String) })
    expect(store.headers).toBeLessThan(20)
  })

  it('has the children of each try and round of a subflow, newest first, by pages', async () => {
    let calls = 0
    const inner = createFlow('inner').node('leaf', async () => {
      if (++calls === 1) throw new Error('not yet')
      return { output: calls }
    })
    const outer = createFlow('outer')
      .node('sub', SubflowNode, { params: { blueprintId: 'inner' }, config: { maxRetries: 3 } })
      .node('other', SubflowNode, { params: { blueprintId: 'inner' } })
      .edge('sub', 'other')
    const service = new TestService({ flows: [outer, inner], logger: new NullLogger() })
    const { runId, status } = await service.run({ blueprintId: 'outer', runId: 'o' })
    expect(status).toBe('completed')

    const { runs } = await service.list({ parentRunId: runId })
    expect(idsOf(runs).toSorted()).toEqual(['o/0.1', 'o/0.1~1', 'o/1.1'])
    expect(runs.map(({ startedAt }) => startedAt.getTime())).toEqual(
      runs.map(({ startedAt }) => startedAt.getTime()).toSorted((a, b) => b - a),
    )
    const seen: string[] = []
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
      const page = await service.list({ parentRunId: runId, limit: 2, cursor })
      seen.push(...idsOf(page.runs))
      cursor = page.cursor
    }
    expect(seen).toEqual(idsOf(runs))
    const failed = await service.list({ parentRunId: runId, status: 'failed' })
    expect(idsOf(failed.runs)).toEqual(['o/0.1'])
  })

  it('takes no cursor of another query, and none that is none', async () => {
    const { services } = await withRuns(10)
    const query: ListRunsQuery = { blueprintId: 'order', startedAfter: new Date(START) }
    const { cursor } = await listRuns(services, { ...query, limit: 2 })

    expect((await listRuns(services, { ...query, limit: 5, cursor })).runs).toHaveLength(5)
    const others: ListRunsQuery[] = [
      {},
      { ...query, status: 'running' },
      { ...query, blueprintId: 'other' },
      { ...query, startedAfter: new Date(START + 1) },
      { ...query, label: { a: 'b' } },
    ]
    for (const other of others) {
      await expect(listRuns(services, { ...other, cursor })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    for (const text of ['x', '', 'bnVsbA', Buffer.from('["a",1]').toString('base64url')]) {
      await expect(listRuns(services, { cursor: text })).rejects.toThrow(
        'cursor must be one that a list gave',
      )
    }
  })
})
