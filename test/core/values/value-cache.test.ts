/** Values that a process keeps of those it wrote or read. */
import { JsonSerializer } from 'flowcraft'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { NO_GRAPH, RunReader } from '../../../lib/core/values/run-reader.ts'
import { ValueCache } from '../../../lib/core/values/value-cache.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { MemoryRunStore } from '../../../lib/testing/index.ts'
import { ended, newRun } from '../store/contract/support.ts'

const KB = 1024
const HOUR = 60 * 60 * 1000

let now: number
let store: MemoryRunStore
beforeEach(() => {
  now = Date.UTC(2026, 0, 1)
  store = new MemoryRunStore()
})

function make(maxBytes?: number) {
  const cache = new ValueCache({ maxBytes, now: () => now })
  const values = new ValueStore({ store, serializer: new JsonSerializer(), cache })
  const getValue = vi.spyOn(store, 'getValue')
  return { cache, values, reads: () => getValue.mock.calls.length }
}

describe('a value', () => {
  it('is not read by who wrote it, nor a second time by who did not', async () => {
    const [one, other] = [make(), make()]
    await one.values.write('run', '0.1#1.0', 'x'.repeat(2 * KB))
    await one.values.writeNamed('run', 'named', 'y')

    expect(await one.values.read('run', '0.1#1.0', '')).toHaveLength(2 * KB)
    expect(await one.values.readNamed('run', 'named')).toBe('y')
    expect(one.reads()).toBe(0)

    for (let at = 0; at < 3; at++) expect(await other.values.read('run', '0.1#1.0', '')).toHaveLength(2 * KB)
    for (let at = 0; at < 3; at++) expect(await other.values.readNamed('run', 'named')).toBe('y')
    expect(other.reads()).toBe(2)
  })

  it('is another in another run, or by another attempt', async () => {
    const { values } = make()
    await values.write('run', '0.1#1.0', 'first')
    await values.write('run', '0.1#2.0', 'second')
    await values.write('other', '0.1#1.0', 'other')

    expect(await values.read('run', '0.1#1.0', '')).toBe('first')
    expect(await values.read('run', '0.1#2.0', '')).toBe('second')
    expect(await values.read('other', '0.1#1.0', '')).toBe('other')
  })

  it('that could not be written is not kept', async () => {
    const { cache, values } = make()
    vi.spyOn(store, 'putValue').mockRejectedValueOnce(new Error('throttled'))

    await expect(values.write('run', 'a#1.0', 'x')).rejects.toThrow('throttled')

    expect(cache.get('run', 'a#1.0')).toBeUndefined()
  })

  it('is kept for an hour from when it came, however often it is asked for', async () => {
    const { values, reads } = make()
    await values.write('run', 'a#1.0', 'x')
    for (let at = 0; at < 4; at++) {
      now += HOUR / 4 - 1
      await values.read('run', 'a#1.0', '')
    }
    expect(reads()).toBe(0)

    now += 4
    await values.read('run', 'a#1.0', '')

    expect(reads()).toBe(1)
  })

  it('is not kept of a run that has ended: its id may be another run’s when that is gone', async () => {
    const { values, reads } = make()
    const text = JSON.stringify({ v: 'x'.repeat(300) })
    await values.write('id', '0.1#1.0', text)
    const run = await ended(store, {
      ...newRun({ inlineValues: new Map([[':big', '0.1@1.0']]) }),
      runId: 'id',
    })
    const read = async (over: boolean) => {
      const seen = over ? run : { ...run, status: 'running' as const }
      return (await new RunReader({ graph: NO_GRAPH, run: seen, store, values }).find('big'))?.value
    }

    expect(await read(false)).toHaveLength(300)
    expect(reads()).toBe(0)
    expect(await read(true)).toHaveLength(300)
    expect(reads()).toBe(1)
  })

  it('that no message will read is not kept, as of a history', async () => {
    const { cache, values } = make()
    await values.writeNamed('run', 'HISTORY', 'x', false)
    expect(cache.get('run', 'HISTORY')).toBeUndefined()
  })
})

describe('what a process keeps', () => {
  it('has a bound; those that were used last stay', () => {
    const { cache } = make(100 * KB)
    for (let at = 0; at < 20; at++) {
      cache.put('run', `${at}`, 'x'.repeat(4 * KB))
      cache.get('run', '0')
    }
    const kept = Array.from({ length: 20 }, (_, at) => at).filter((at) => cache.get('run', `${at}`))

    // 8 KB each, and a little more: twelve of them.
    expect(kept).toEqual([0, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
  })

  it('has no single large one', () => {
    const { cache } = make(100 * KB)
    cache.put('run', 'small', 'x')
    cache.put('run', 'large', 'x'.repeat(10 * KB))
    expect(cache.get('run', 'large')).toBeUndefined()
    expect(cache.get('run', 'small')).toBe('x')
  })
})
