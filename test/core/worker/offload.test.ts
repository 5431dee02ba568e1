/** Values that are moved out of a full header: how much in one request, and that they can be read all the while. */
import { JsonSerializer } from 'flowcraft'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { names } from '../../../lib/core/protocol/inline-value.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import { activationKey, type RunState } from '../../../lib/core/protocol/run-state.ts'
import { headerSize } from '../../../lib/core/store/header.ts'
import type { RunStore } from '../../../lib/core/store/run-store.ts'
import { RunReader } from '../../../lib/core/values/run-reader.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { offloadUntilItFits, offload } from '../../../lib/core/worker/offload.ts'
import { MemoryRunStore } from '../../../lib/testing/index.ts'
import { withMethods } from '../../support/one-message.ts'
import { actives, change, ended, newRun } from '../store/contract/support.ts'

/** The most that DynamoDB's 4 KB of condition have room for. */
const ENTRIES_AT_MOST = 50
const FULL_ITEM_BYTES = 350_000
const graph = new RunGraph({ id: 'order', nodes: [{ id: 'a', uses: 'a' }], edges: [] })

let store: MemoryRunStore
beforeEach(() => {
  store = new MemoryRunStore()
})

const text = (value: string) => `0.1={"v":"${value}"}`
/** Errors of 16 rounds of 16 nodes share one page; each of these has 1.5 KB. */
const errorNames = Array.from({ length: 256 }, (_, at) =>
  names.error(activationKey(at % 16, Math.floor(at / 16))),
)
const userNames = Array.from({ length: 1_000 }, (_, at) => names.user(`key ${at}`))
const full = (all: readonly string[], bytes: number) =>
  new Map(all.map((name) => [name, text(`${name} `.padEnd(bytes, '.'))]))

/** Runs that an older version began have pages in place of packs. */
type Format = Pick<RunState, 'format'>
const OLD: Format = { format: 1 }

async function runWith(inlineValues: ReadonlyMap<string, string>, format: Format = {}): Promise<RunState> {
  return (await store.create(newRun({ inlineValues, active: actives('0.1', '1.1'), ...format }))).run
}

/** The values under these names as whoever reads the run now sees them. */
async function valuesOf(runId: string, all: readonly string[]): Promise<unknown[]> {
  const run = (await store.read(runId)) as RunState
  const values = new ValueStore({ store, serializer: new JsonSerializer() })
  const reader = new RunReader({ graph, run, store, values })
  return Promise.all(all.map(async (name) => (await reader.stored(name))?.value))
}

describe('room in a header', () => {
  it('is made until what comes has its place, in an old run by page writes of 50 entries at most', async () => {
    const run = await runWith(full(errorNames, 1_500), OLD)
    const writePage = vi.spyOn(store, 'writePage')

    const roomy = await offloadUntilItFits(store, run, new Map())

    expect(headerSize(run)).toBeGreaterThan(FULL_ITEM_BYTES)
    expect(headerSize(roomy)).toBeLessThanOrEqual(FULL_ITEM_BYTES)
    expect(roomy).toEqual(await store.read(run.runId))
    const sizes = writePage.mock.calls.map(([, , entries]) => entries.size)
    expect(Math.max(...sizes)).toBe(ENTRIES_AT_MOST)
    expect(new Set(writePage.mock.calls.map(([, page]) => page))).toEqual(new Set(['0.0']))
  })

  it('is made by one pack of up to 500 values at a time', async () => {
    const run = await runWith(full([...errorNames, ...userNames], 600))
    const [writePack, writePage] = [vi.spyOn(store, 'writePack'), vi.spyOn(store, 'writePage')]

    const roomy = await offloadUntilItFits(store, run, new Map())

    expect(headerSize(roomy)).toBeLessThanOrEqual(FULL_ITEM_BYTES)
    expect(roomy).toEqual(await store.read(run.runId))
    const packs = writePack.mock.calls.map(([, pack, entries, seq]) => [pack, entries.size, seq])
    expect(packs).toEqual([
      [1, 500, 0],
      [2, 500, 0],
    ])
    expect(roomy.packs).toBe(2)
    expect(writePage).not.toHaveBeenCalled()
  })

  it('leaves a header with room as it is', async () => {
    const run = await runWith(full(userNames, 100))
    const writePack = vi.spyOn(store, 'writePack')

    expect(await offloadUntilItFits(store, run, new Map([['o0', text('x')]]))).toBe(run)

    expect(writePack).not.toHaveBeenCalled()
  })

  it('counts what comes', async () => {
    const run = await runWith(full(userNames, 200))
    const coming = new Map([['o0', text('x'.repeat(200_000))]])

    const roomy = await offloadUntilItFits(store, run, coming)

    expect(headerSize(run)).toBeLessThan(FULL_ITEM_BYTES)
    expect(headerSize(roomy)).toBeLessThan(FULL_ITEM_BYTES - 200_000)
  })

  it.each([OLD, {}])(
    'keeps every value readable, whichever request is the last one made: %o',
    async (format) => {
      const run = await runWith(full([...errorNames, ...userNames], 600), format)
      const all = [...run.inlineValues.keys()]
      const before = await valuesOf(run.runId, all)
      let [writes, looks] = [0, 0]
      const look = async () => {
        looks++
        expect(await valuesOf(run.runId, all)).toEqual(before)
      }
      const looking = withMethods<RunStore>(store, {
        writePage: async (...write) => {
          const written = await store.writePage(...write)
          if (writes++ % 50 === 0) await look()
          return written
        },
        writePack: async (...write) => {
          await look()
          await store.writePack(...write)
          await look()
        },
        evict: async (...evict) => {
          await look()
          const result = await store.evict(...evict)
          await look()
          return result
        },
      })

      await offloadUntilItFits(looking, run, new Map())

      expect(looks).toBeGreaterThan(7)
      expect((await store.read(run.runId))?.offloaded).toBe(true)
      await look()
    },
  )

  it('is made of the new state where a commit came first, whose values stay', async () => {
    const run = await runWith(full(userNames, 340))
    const [name = ''] = userNames
    let commits = 0
    const beaten = withMethods<RunStore>(store, {
      evict: async (seen, moved) => {
        if (commits++ === 0) {
          expect(moved.texts.has(name)).toBe(true)
          const inlineValues = new Map([[name, '0.1={"v":"new"}']])
          expect((await store.commit(run.runId, change({ inlineValues }))).committed).toBe(true)
        }
        return store.evict(seen, moved)
      },
    })

    const roomy = await offloadUntilItFits(beaten, run, new Map())

    expect(commits).toBeGreaterThan(1)
    expect(roomy.seq).toBe(1)
    expect(headerSize(roomy)).toBeLessThanOrEqual(FULL_ITEM_BYTES)
    expect(await valuesOf(run.runId, [name])).toEqual(['new'])
    const others = userNames.slice(1)
    expect(await valuesOf(run.runId, others)).toEqual(others.map((other) => `${other} `.padEnd(340, '.')))
  })

  it('is not made in a run that is over', async () => {
    const run = await ended(store, { inlineValues: full(userNames, 340) })
    const writePack = vi.spyOn(store, 'writePack')

    expect(await offloadUntilItFits(store, run, new Map())).toBe(run)

    expect(writePack).not.toHaveBeenCalled()
  })

  it('is given up where nothing is left to move, or no page takes it', async () => {
    const empty = await runWith(new Map())
    const tooMuch = new Map([['o0', text('x'.repeat(400_000))]])
    expect(await offloadUntilItFits(store, empty, tooMuch)).toBe(empty)

    const run = await runWith(full(userNames, 340), OLD)
    const writePage = vi.fn<RunStore['writePage']>(async () => false)
    const refusing = withMethods<RunStore>(store, { writePage })

    expect((await offloadUntilItFits(refusing, run, new Map())).inlineValues).toEqual(run.inlineValues)
    expect(writePage).toHaveBeenCalledTimes(500)
  })
})

const core = () => change({ end: '0.1' })

describe('a commit of a full header', () => {
  it('moves 50 values, and more where the header is crowded, by one pack', async () => {
    for (const [bytes, moves] of [
      [100, 50],
      [1_000, 140],
    ] as const) {
      const run = { ...(await runWith(full(errorNames, bytes))), active: actives('0.1') }
      const writePack = vi.spyOn(store, 'writePack').mockClear()

      const { texts, pack } = await offload(store, graph, run, core(), new Map())

      expect([texts.size, pack]).toEqual([moves, 1])
      expect(writePack.mock.calls).toEqual([[run.runId, 1, texts, 0]])
    }
  })

  it('of an old run moves as many into pages; each write has 50 at most', async () => {
    for (const [bytes, moves] of [
      [100, 50],
      [1_000, 140],
    ] as const) {
      const run = await runWith(full(errorNames, bytes), OLD)
      const one = { ...run, active: actives('0.1') }
      const writePage = vi.spyOn(store, 'writePage').mockClear()

      expect((await offload(store, graph, one, core(), new Map())).texts.size).toBe(moves)

      const sizes = writePage.mock.calls.map(([, , entries]) => entries.size)
      expect(Math.max(...sizes)).toBe(ENTRIES_AT_MOST)
    }
  })

  it('moves nothing that it writes itself, nothing in the last commit, and nothing a page refused', async () => {
    const inlineValues = full(errorNames.slice(0, 20), 100)
    const run = { ...(await runWith(inlineValues)), active: actives('0.1') }
    const [own = '', ...others] = inlineValues.keys()

    const moved = await offload(store, graph, run, core(), new Map([[own, text('new')]]))
    expect([...moved.texts.keys()]).toEqual(others)

    const final = { status: 'completed', endedAt: 1 } as const
    const nothing = { texts: new Map() }
    expect(await offload(store, graph, run, { ...core(), final }, new Map())).toEqual(nothing)
    const refusing = withMethods<RunStore>(store, { writePage: async () => false })
    expect(await offload(refusing, graph, { ...run, ...OLD }, core(), new Map())).toEqual(nothing)
  })

  it('takes out more of what nobody writes again, and demands nothing of it: outputs of nodes that completed and run once', async () => {
    const nodes = Array.from({ length: 300 }, (_, at) => ({ id: `n${at}`, uses: 'n' }))
    const wide = new RunGraph({ id: 'wide', nodes, edges: [] })
    const outputs = full(
      nodes.map((_, at) => names.output(at)),
      10,
    )
    const all = new Map([...outputs, ...full(userNames.slice(0, 60), 10)])
    const settledOf = async (over: Partial<RunState>, format: Format = {}) => {
      const run = {
        ...(await runWith(all, format)),
        active: actives('0.1'),
        done: (1n << 200n) - 1n,
        ...over,
      }
      const { texts, settled } = await offload(store, wide, run, core(), new Map())
      return [texts.size, settled?.size, settled?.has('o7')]
    }

    expect(await settledOf({})).toEqual([120 + 50, 120, true])
    // Not of a node that a redrive ran again, nor of one that has not completed: it waits, perhaps, and writes it again.
    expect(await settledOf({ iterations: new Map([[7, 2]]) })).toEqual([120 + 50, 120, false])
    expect(await settledOf({ done: 0n })).toEqual([50, undefined, undefined])
    expect(await settledOf({}, OLD)).toEqual([50, undefined, undefined])
  })

  it('moves what strands that carry on have seen: they read it from what their commits gave them', async () => {
    const nodes = ['a', 'b'].map((id) => ({ id, uses: id }))
    const row = new RunGraph({ id: 'row', nodes, edges: [{ source: 'a', target: 'b' }] })
    const run = await runWith(full(['o0'], 1_500))
    const moved = async (inline: boolean, seq: number) => {
      const active = new Map([...actives('3.1'), ['1.1', { scheduledBy: '0.1', inline }] as const])
      const seen = { ...run, active, seq }
      return (await offload(store, row, seen, change({ end: '3.1' }), new Map())).texts.size
    }
    // One of two has its turn.
    const everTurned = async (inline: boolean) =>
      Math.max(...(await Promise.all(Array.from({ length: 20 }, (_, seq) => moved(inline, seq)))))
    expect([await everTurned(false), await everTurned(true)]).toEqual([0, 1])
  })

  it('leaves what the activations that remain take their input from, unless the header is crowded', async () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, uses: id }))
    const edges = [
      { source: 'a', target: 'b' },
      { source: 'a', target: 'c', transform: 'input.x' },
      { source: 'd', target: 'e' },
    ]
    const named = { id: 'f', uses: 'f', inputs: { one: 'd', two: 'key' } }
    const fan = new RunGraph({ id: 'fan', nodes: [...nodes, named], edges })
    const all = ['o0', 'i2.0', 'o3', ':key', ':other', 'x0.1']
    const moves = async (active: string[], bytes: number, schedule: string[] = []) => {
      const run = { ...(await runWith(full(all, bytes))), active: actives('3.1', ...(active as [])) }
      const scheduled = { ...change({ end: '3.1' }), schedule: actives(...(schedule as [])) }
      return [...(await offload(store, fan, run, scheduled, new Map())).texts.keys()]
    }

    // Of those that are active, one in as many has its turn.
    expect(await moves([], 300)).toEqual(all)
    expect(await moves([], 300, ['1.1'])).toEqual(['i2.0', 'o3', ':key', ':other', 'x0.1'])
    expect(await moves([], 300, ['2.1'])).toEqual(['o3', ':key', ':other', 'x0.1'])
    expect(await moves([], 300, ['5.1'])).toEqual(['o0', 'i2.0', ':other', 'x0.1'])
    expect(await moves(['1.1', '2.1', '4.1', '5.1'], 10_000)).toEqual(all)
  })

  it('has its turn by what is under way at a time, not by all that is active', async () => {
    const wide = actives(...Array.from({ length: 400 }, (_, at) => activationKey(at, 1)))
    let moved = 0
    for (let at = 0; at < 400; at++) {
      const run = { ...(await runWith(full(userNames.slice(0, 20), 100))), active: wide, seq: at }
      const own = graphOf(400)
      if ((await offload(store, own, run, change({ end: activationKey(at, 1) }), new Map())).texts.size > 0)
        moved++
    }
    // One in eight.
    expect(moved).toBeGreaterThan(400 / 8 / 2)
    expect(moved).toBeLessThan((400 / 8) * 2)
  })
})

function graphOf(size: number): RunGraph {
  const nodes = Array.from({ length: size }, (_, at) => ({ id: `n${at}`, uses: 'n' }))
  return new RunGraph({ id: 'wide', nodes, edges: [] })
}
