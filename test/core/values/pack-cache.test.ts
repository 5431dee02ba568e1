/** What a process has read of packs, or put into them. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { PackCache } from '../../../lib/core/values/pack-cache.ts'
import { MemoryRunStore } from '../../../lib/testing/index.ts'

const HOUR = 60 * 60 * 1000

let now: number
let store: MemoryRunStore
beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  store = new MemoryRunStore()
})

function make(maxBytes?: number) {
  const cache = new PackCache({ maxBytes, now: () => now })
  const readPacks = vi.spyOn(store, 'readPacks')
  const ranges = () => readPacks.mock.calls.map(([, first, last]) => [first, last])
  const read = async (packs: number, runId = 'run') => {
    const found = await cache.read(store, { runId, packs })
    return Object.fromEntries([...found].map(([name, { text }]) => [name, text]))
  }
  return { cache, read, ranges }
}

const put = (pack: number, name: string, text: string, seq: number) =>
  store.writePack('run', pack, new Map([[name, text]]), seq)

describe('packs of a run', () => {
  it('are read once each, those that came since besides', async () => {
    const { read, ranges } = make()
    await put(1, 'o1', 'one', 3)
    await put(2, 'o2', 'two', 5)
    expect(await read(2)).toEqual({ o1: 'one', o2: 'two' })
    expect(await read(2)).toEqual({ o1: 'one', o2: 'two' })
    await put(3, 'o1', 'newer', 9)
    expect(await read(3)).toEqual({ o1: 'newer', o2: 'two' })
    // A state that was seen before.
    expect(await read(1)).toEqual({ o1: 'newer', o2: 'two' })

    expect(ranges()).toEqual([
      [1, 2],
      [3, 3],
    ])
  })

  it('are not read by who put them, unless others did in between', async () => {
    const { cache, read, ranges } = make()
    for (const [pack, name] of [
      [1, 'o1'],
      [2, 'o2'],
      [4, 'o4'],
    ] as const) {
      await put(pack, name, name, pack)
      cache.add('run', pack, new Map([[name, name]]), pack)
    }
    await put(3, 'o3', 'of another', 3)

    expect(await read(2)).toEqual({ o1: 'o1', o2: 'o2' })
    expect(ranges()).toEqual([])
    expect(await read(4)).toEqual({ o1: 'o1', o2: 'o2', o3: 'of another', o4: 'o4' })
    expect(ranges()).toEqual([[3, 4]])
  })

  it('have the newest of what several say, an older view that came late included', async () => {
    const { cache, read } = make()
    await put(1, 'o1', 'new', 8)
    expect(await read(1)).toEqual({ o1: 'new' })
    await put(2, 'o1', 'old', 6)
    expect(await read(2)).toEqual({ o1: 'new' })
    cache.add('run', 3, new Map([['o1', 'older']]), 5)
    expect(await read(3)).toEqual({ o1: 'new' })
  })

  it('stay as they are for who goes on reading', async () => {
    const { cache } = make()
    await put(1, 'o1', 'one', 1)
    const before = await cache.read(store, { runId: 'run', packs: 1 })
    cache.add('run', 2, new Map([['o1', 'two']]), 2)
    expect(before.get('o1')?.text).toBe('one')
  })

  it('are kept for an hour', async () => {
    const { read, ranges } = make()
    await put(1, 'o1', 'one', 1)
    await read(1)
    now += HOUR - 1
    await read(1)
    now += 1
    await read(1)
    expect(ranges()).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it('are those of few runs where they are large, the one that is worked on among them', async () => {
    const { cache, read, ranges } = make(10_000)
    for (const runId of ['a', 'b', 'c']) cache.add(runId, 1, new Map([['o1', 'x'.repeat(2_000)]]), 1)
    await read(1, 'c')
    await read(1, 'b')
    expect(ranges()).toEqual([])
    await read(1, 'a')
    expect(ranges()).toEqual([[1, 1]])
    cache.add('large', 1, new Map([['o1', 'x'.repeat(20_000)]]), 1)
    await read(1, 'large')
    expect(ranges()).toHaveLength(1)
  })
})
