import { createFlow, type NodeContext, NullLogger, SubflowNode } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import { withoutNumbers } from '../../../lib/core/run/failed-runs.ts'
import type { FailureGroup } from '../../../lib/core/run/failures.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { shardOf } from '../../../lib/core/store/run-list.ts'
import { TestService } from '../../../lib/testing/index.ts'

class CardError extends Error {
  override readonly name = 'CardError'
}

const flows = [
  createFlow<Record<string, unknown>>('pay')
    .node('check', async () => ({ output: 'ok' }))
    .node('charge', async ({ context }: NodeContext) => {
      const [message, kind] = [await context.get('message'), await context.get('kind')]
      if (message === undefined || message === null) return { output: 'paid' }
      throw kind === 'card' ? new CardError(String(message)) : new Error(String(message))
    })
    .edge('check', 'charge'),
  createFlow('outer').node('sub', SubflowNode, {
    params: { blueprintId: 'pay', inputs: { message: 'message', kind: 'kind' } },
  }),
  createFlow<Record<string, unknown>>('two')
    .node('a', async () => {
      throw new Error('a broke')
    })
    .node('b', async () => {
      throw new TypeError('b broke')
    }),
  createFlow('rounds')
    .node('go', async () => ({ output: 1 }), { config: { joinStrategy: 'any' } })
    .edge('go', 'go'),
]

let service: TestService
const since = new Date(0)

beforeEach(() => {
  const options = { flows, logger: new NullLogger(), maxActivations: { perNode: 3, perRun: 100 } }
  service = new TestService(options)
})

const fail = async (runId: string, message: string, kind?: string, blueprintId = 'pay') => {
  service.now += 10
  const input = { message, ...(kind ? { kind } : {}) }
  const { status } = await service.run({ blueprintId, runId, input })
  expect(status).toBe('failed')
}

const words = ({ blueprintId, nodeId, error, message, count }: FailureGroup) => [
  count,
  blueprintId,
  nodeId,
  error,
  message,
]

describe('failures', () => {
  it('are grouped by node, error and message without its numbers, the largest group first', async () => {
    await fail('r1', 'card 17 of order 4 was declined', 'card')
    await fail('r2', 'timeout after 250 ms')
    await fail('r3', 'card 18 of order 5 was declined', 'card')
    await fail('r4', 'card 3 of order 112 was declined')
    const began = service.now
    await fail('r5', 'card 1 of order 1 was declined', 'card')
    await service.run({ blueprintId: 'pay', runId: 'fine' })
    const { runId } = await service.start({ blueprintId: 'pay', runId: 'gone' })
    await service.cancel(runId)

    const { groups, runs, cursor } = await service.failures({ since })

    expect(groups.map(words)).toEqual([
      [3, 'pay', 'charge', 'CardError', 'card # of order # was declined'],
      [1, 'pay', 'charge', 'Error', 'card # of order # was declined'],
      [1, 'pay', 'charge', 'Error', 'timeout after # ms'],
    ])
    expect([runs, cursor]).toEqual([5, undefined])
    expect(groups[0]?.examples).toEqual(['r5', 'r3', 'r1'])
    expect(groups[0]?.lastFailedAt.getTime()).toBeGreaterThan(groups[0]?.firstFailedAt.getTime() ?? NaN)
    const recent = await service.failures({ since: new Date(began + 1) })
    expect(recent.groups.map(({ examples }) => examples)).toEqual([['r5']])
    const early = await service.failures({ since, until: new Date(began + 1) })
    expect(early.runs).toBe(4)
  })

  it('name at most five examples, the latest, and count all', async () => {
    for (let at = 1; at <= 8; at++) await fail(`r${at}`, `no ${at}`)
    const { groups } = await service.failures({ since })
    expect(groups).toMatchObject([{ count: 8, examples: ['r8', 'r7', 'r6', 'r5', 'r4'] }])
  })

  it('are looked at by as many as are asked for, and looked on from there', async () => {
    for (let at = 1; at <= 7; at++) await fail(`r${at}`, 'no')
    const examples: string[] = []
    let cursor: string | undefined
    do {
      const found = await service.failures({ since, limit: 3, cursor })
      examples.push(...found.groups.flatMap((group) => group.examples))
      cursor = found.cursor
    } while (cursor !== undefined)
    expect(examples).toEqual(['r7', 'r6', 'r5', 'r4', 'r3', 'r2', 'r1'])
    const { cursor: first } = await service.failures({ since, limit: 3 })
    const other = service.failures({ since: new Date(5), cursor: first })
    await expect(other).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('of a child run are its parent’s', async () => {
    await fail('p1', 'no 7', 'card', 'outer')
    const { groups } = await service.failures({ since })
    expect(groups).toMatchObject([{ blueprintId: 'outer', nodeId: 'sub', count: 1, examples: ['p1'] }])
    expect(groups[0]?.message).toContain('no #')
  })

  it('at several nodes are in several groups', async () => {
    await service.run({ blueprintId: 'two', runId: 't' })
    const { groups, runs } = await service.failures({ since, blueprintId: 'two' })
    expect(groups.map(words).toSorted()).toEqual([
      [1, 'two', 'a', 'Error', 'a broke'],
      [1, 'two', 'b', 'TypeError', 'b broke'],
    ])
    expect(runs).toBe(1)
    expect(await service.failures({ since, blueprintId: 'pay' })).toEqual({ groups: [], runs: 0 })
  })

  it('of a run itself have its reason, and no node', async () => {
    await service.run({ blueprintId: 'rounds', runId: 'r' })
    const { store } = service.services
    const start = {
      active: new Map(),
      fired: new Set<number>(),
      iterations: new Map(),
      inlineValues: new Map(),
    }
    for (const runId of ['l1', 'l2']) {
      await store.create({ runId, blueprintId: 'gone', startedAt: 5, ...start })
      await store.fail(runId, { reason: `VALUE_LOST: version ${runId.slice(1)} is gone`, now: service.now })
    }
    const { groups } = await service.failures({ since })
    expect(groups.map(words)).toEqual([
      [2, 'gone', undefined, 'VALUE_LOST', 'version # is gone'],
      [1, 'rounds', undefined, 'Error', expect.stringContaining("node 'go'")],
    ])
  })

  it('are told no more of runs that were redriven, and go on or have ended well', async () => {
    await fail('r1', 'no 1')
    await fail('r2', 'no 2')
    await service.redrive('r1', { set: { message: 'no 3, again' } })
    expect(await service.failures({ since })).toMatchObject({ runs: 1, groups: [{ examples: ['r2'] }] })

    service.now += 1_000
    await service.settle()
    expect(await service.get('r1')).toMatchObject({ status: 'failed' })
    const { groups } = await service.failures({ since })
    expect(groups.map(({ message, examples }) => [message, examples])).toEqual([
      ['no #, again', ['r1']],
      ['no #', ['r2']],
    ])
  })

  it('are not what an index says that is behind', async () => {
    await fail('again', 'no 1')
    await fail('good', 'no 2')
    const { store } = service.services
    const ends = (await store.readMany(['again', 'good'])) as ReadonlyMap<string, RunState>
    await service.redrive('again')
    service.now += 1_000
    await service.settle()
    await service.redrive('good', { set: { message: null } })
    const readList = store.readList.bind(store)
    store.readList = async (read) => {
      const part = await readList(read)
      const old = [...ends.values()]
        .filter(({ runId }) => shardOf(read.list, runId) === read.shard)
        .map(({ runId, endedAt = 0 }) => ({ runId, time: endedAt }))
      return { ...part, entries: [...part.entries, ...old].toSorted((a, b) => b.time - a.time) }
    }
    const { groups, runs } = await service.failures({ since })
    expect([runs, groups.map(({ count, examples }) => [count, examples])]).toEqual([1, [[1, ['again']]]])
  })

  it('say so where the errors are gone', async () => {
    const { store } = service.services
    const getValue = store.getValue.bind(store)
    await fail('r', 'x'.repeat(600))
    store.getValue = async (runId, key) => (key.startsWith('1.1#') ? undefined : getValue(runId, key))
    const { groups } = await service.failures({ since })
    expect(groups.map(words)).toEqual([
      [1, 'pay', undefined, 'VALUE_LOST', 'the errors of its nodes cannot be read any more'],
    ])
  })

  it('are asked for as they can be, or not at all', async () => {
    const wrong: object[] = [
      {},
      { since: 5 },
      { since, until: 'now' },
      { since, limit: 0 },
      { since, limit: 10_001 },
      { since, cursor: 'x' },
      { since, blueprintId: 7 },
    ]
    for (const request of wrong) {
      const failures = service.failures(request as never)
      await expect(failures).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })
})

it('takes numbers and UUIDs out of a message, and what is too long', () => {
  expect(withoutNumbers('run 3f2504e0-4f89-11d3-9a0c-0305e82c3301 took 1.5 s at node7')).toBe(
    'run # took #.# s at node#',
  )
  expect(withoutNumbers('x'.repeat(1_000))).toHaveLength(300)
})
