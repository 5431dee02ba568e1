/** Where the newest value of a key is: in the header, in a bundle, or in a pack or page. */
import { JsonSerializer } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { pageOf } from '../../../lib/core/protocol/inline-value.ts'
import type { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import { bundlesIn, stamped, writeBundle } from '../../../lib/core/values/bundle.ts'
import { RunReader } from '../../../lib/core/values/run-reader.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'

const NO_GRAPH = { find: () => undefined, blueprint: { nodes: [] } } as unknown as RunGraph

/** What is in a run's places under the key 'k': a bundle by the commit that made its `seq`, a page, the header. */
interface Places {
  readonly bundles?: readonly (readonly [seq: number, value: string | undefined])[]
  readonly page?: readonly [seq: number, value: string | undefined]
  readonly header?: string
}

const textOf = (value: string | undefined) => (value === undefined ? '9.1-' : `9.1={"v":"${value}"}`)

/** In format 1, of an older version, what is moved goes to pages. */
async function found(places: Places, format?: 1): Promise<{ find: unknown; all: unknown }> {
  const store = new MemoryRunStore()
  const values = new ValueStore({ store, serializer: new JsonSerializer() })
  const inlineValues = new Map<string, string>()
  for (const [seq, value] of places.bundles ?? []) {
    const at = { writer: `${seq}.1`, base: '1.0' } as const
    const bundle = await writeBundle(values, 'run', at, new Map([[':k', textOf(value)]]))
    for (const [name, text] of stamped(new Map([bundle]), seq)) inlineValues.set(name, text)
  }
  if (places.header !== undefined) inlineValues.set(':k', textOf(places.header))
  const first = { runId: 'run', blueprintId: 'b', active: new Map(), fired: new Set<number>() }
  await store.create({ ...first, iterations: new Map(), inlineValues, startedAt: 0 })
  if (places.page) {
    const [seq, value] = places.page
    const entries = new Map([[':k', textOf(value)]])
    if (format) await store.writePage('run', pageOf(':k'), entries, seq)
    else await store.writePack('run', 1, entries, seq)
  }
  const out = places.page ? { offloaded: true, packs: 1 } : {}
  const run = { ...(await store.read('run')), ...out, ...(format ? { format } : {}) } as RunState
  const reader = () => new RunReader({ graph: NO_GRAPH, run, store, values })
  return { find: (await reader().find('k'))?.value, all: (await reader().all())['k'] }
}

describe('the newest value of a key', () => {
  const cases: [what: string, places: Places, value: string | undefined][] = [
    ['is what a bundle says', { bundles: [[5, 'b']] }, 'b'],
    [
      'is what the newest of several says',
      {
        bundles: [
          [5, 'old'],
          [7, 'b'],
          [6, 'older'],
        ],
      },
      'b',
    ],
    ['is what the header says, before any bundle', { bundles: [[5, 'old']], header: 'h' }, 'h'],
    ['is what a bundle says, before what was moved earlier', { bundles: [[5, 'b']], page: [4, 'old'] }, 'b'],
    ['is what was moved after the bundle was committed', { bundles: [[5, 'old']], page: [5, 'p'] }, 'p'],
    [
      'is what was moved between two bundles no more',
      {
        bundles: [
          [5, 'old'],
          [8, 'b'],
        ],
        page: [6, 'p'],
      },
      'b',
    ],
    [
      'is what was moved after two bundles',
      {
        bundles: [
          [5, 'old'],
          [8, 'old'],
        ],
        page: [9, 'p'],
      },
      'p',
    ],
    ['is what was moved after the input, which is a bundle', { bundles: [[0, 'old']], page: [0, 'p'] }, 'p'],
    [
      'is none where a bundle says that it was deleted',
      { bundles: [[5, undefined]], page: [4, 'old'] },
      undefined,
    ],
    [
      'is none where it was deleted after a bundle',
      { bundles: [[5, 'old']], page: [6, undefined] },
      undefined,
    ],
  ]
  for (const [what, places, value] of cases) {
    it(what, async () => {
      expect(await found(places)).toEqual({ find: value, all: value })
      expect(await found(places, 1)).toEqual({ find: value, all: value })
    })
  }
})

describe('a bundle', () => {
  it('gets the number of the commit that is made, however often it is decided again', () => {
    const inlineValues = new Map([
      ['m3.1', '3.1&0 4 1.2'],
      ['o3', '3.1=1'],
    ])

    expect(stamped(stamped(inlineValues, 7), 12)).toEqual(
      new Map([
        ['m3.1', '3.1&12 4 1.2'],
        ['o3', '3.1=1'],
      ]),
    )
    expect(bundlesIn(inlineValues)).toEqual([
      { name: 'm3.1', writer: '3.1', seq: 0, buckets: 4, base: '1.2' },
    ])
  })
})
