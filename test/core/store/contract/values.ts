/** Pages, values and graphs. */
import { expect } from 'vitest'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { freshId, newRun } from './support.ts'

export function valuesContract(make: () => RunStore): void {
  describe('pages', () => {
    it('keep what is moved into them, beside what they had', async () => {
      const store = make()
      const { run } = await store.create(newRun())

      expect(await store.writePage(run.runId, '0', new Map([['o1', '1.1={"v":"ß📦"}']]), 3)).toBe(true)
      expect(
        await store.writePage(
          run.runId,
          '0',
          new Map([
            [':k#.', '2'],
            ['o2', ''],
          ]),
          4,
        ),
      ).toBe(true)

      const page = new Map([
        ['o1', { text: '1.1={"v":"ß📦"}', seq: 3 }],
        [':k#.', { text: '2', seq: 4 }],
        ['o2', { text: '', seq: 4 }],
      ])
      expect(await store.readPage(run.runId, '0')).toEqual(page)
      expect(await store.readPage(run.runId, '1')).toEqual(new Map())
    })

    it('refuse an older view as a whole, take an equal one again and a newer one', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      await store.writePage(run.runId, '0', new Map([['o1', 'seen at 5']]), 5)

      const stale = new Map([
        ['o1', 'seen at 4'],
        ['o2', 'seen at 4'],
      ])
      expect(await store.writePage(run.runId, '0', stale, 4)).toBe(false)
      expect(await store.readPage(run.runId, '0')).toEqual(new Map([['o1', { text: 'seen at 5', seq: 5 }]]))

      expect(await store.writePage(run.runId, '0', new Map([['o1', 'seen at 5']]), 5)).toBe(true)
      expect(await store.writePage(run.runId, '0', new Map([['o1', 'seen at 6']]), 6)).toBe(true)
      // Other names have views of their own.
      expect(await store.writePage(run.runId, '0', new Map([['o2', 'seen at 2']]), 2)).toBe(true)
      expect(await store.readPage(run.runId, '0')).toEqual(
        new Map([
          ['o1', { text: 'seen at 6', seq: 6 }],
          ['o2', { text: 'seen at 2', seq: 2 }],
        ]),
      )
    })

    it('take 50 entries in one move', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const entries = new Map(Array.from({ length: 50 }, (_, at) => [`i${at}.${at + 100}`, `v${at}`]))

      expect(await store.writePage(run.runId, '0', entries, 1)).toBe(true)
      const moved = [...entries].map(([name, text]) => [name, { text, seq: 1 }] as const)
      expect(await store.readPage(run.runId, '0')).toEqual(new Map(moved))
    })

    it('come all together with the header', async () => {
      const store = make()
      const { run } = await store.create(newRun({ inlineValues: new Map([['o9', '9.1=1']]) }))
      await store.writePage(run.runId, '0', new Map([['o1', 'a']]), 1)
      await store.writePage(run.runId, '11', new Map([['o180', 'b']]), 1)
      await store.writePage(run.runId, 'kAbc-_', new Map([[':k', 'c']]), 1)
      // What must not be taken for a page of this run.
      await store.putValue(run.runId, '1.1#1.0', { text: 'value' })
      await store.lease({ runId: run.runId, strand: '0.1', token: 't', now: 0, until: 1 })
      await store.writePage(`${run.runId}x`, '0', new Map([['o1', 'another run']]), 1)

      expect(await store.readAll(run.runId)).toEqual({
        run,
        pages: new Map([
          ['o1', { text: 'a', seq: 1 }],
          ['o180', { text: 'b', seq: 1 }],
          [':k', { text: 'c', seq: 1 }],
        ]),
      })
    })

    it('come all together where they fill more than one answer of 1 MB', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      const pages = Array.from({ length: 12 }, (_, at) => [`o${at * 16}`, `${at} `.repeat(50_000)] as const)
      await Promise.all(
        pages.map(([name, text], at) => store.writePage(run.runId, `${at}`, new Map([[name, text]]), 1)),
      )

      const all = await store.readAll(run.runId)

      expect(all?.run).toEqual(run)
      expect(all?.pages.size).toBe(12)
      for (const [name, text] of pages) expect(all?.pages.get(name)?.text === text).toBe(true)
    })

    it('come with packs, of which the newest says what is under a name', async () => {
      const store = make()
      const { run } = await store.create(newRun())
      await store.writePack(run.runId, 1, new Map([['o1', '1.1={"v":1}']]), 4)

      expect(await store.readAll(run.runId)).toEqual({
        run,
        pages: new Map([['o1', { text: '1.1={"v":1}', seq: 4 }]]),
      })
    })

    it('are nothing without a run', async () => {
      const store = make()
      const nobody = freshId()
      await store.writePage(nobody, '0', new Map([['o1', 'a']]), 1)

      expect(await store.readAll(nobody)).toBeUndefined()
      expect(await store.read(nobody)).toBeUndefined()
    })
  })

  describe('packs', () => {
    it('are read by their numbers, also several of one number', async () => {
      const store = make()
      const runId = freshId()
      const texts = new Map([
        ['o1', '1.1={"v":"ß📦"}'],
        [':k#.', '1.1u'],
        ['x3.2-7', '@8123.0'],
        ['any', 'thing'],
      ])
      await store.writePack(runId, 1, texts, 3)
      await store.writePack(runId, 2, new Map([['o2', '2.1=2']]), 9)
      await store.writePack(runId, 2, new Map([['o3', '3.1=3']]), 8)
      await store.writePack(runId, 10, new Map([['o4', '4.1=4']]), 20)
      await store.writePack(`${runId}x`, 1, new Map([['o5', 'another run']]), 1)
      const first = new Map([...texts].map(([name, text]) => [name, { text, seq: 3 }] as const))

      expect(await store.readPacks(runId, 1, 1)).toEqual(first)
      expect(await store.readPacks(runId, 2, 9)).toEqual(
        new Map([
          ['o2', { text: '2.1=2', seq: 9 }],
          ['o3', { text: '3.1=3', seq: 8 }],
        ]),
      )
      expect((await store.readPacks(runId, 1, 10)).size).toBe(texts.size + 3)
      expect(await store.readPacks(runId, 3, 9)).toEqual(new Map())
    })

    it('have the newest of what several say, in whatever order they came', async () => {
      for (const order of [
        [3, 7, 5],
        [7, 5, 3],
        [5, 3, 7],
      ]) {
        const store = make()
        const runId = freshId()
        for (const [at, seq] of order.entries())
          await store.writePack(runId, at + 1, new Map([['o1', `0.1=${seq}`]]), seq)

        expect(await store.readPacks(runId, 1, 3)).toEqual(new Map([['o1', { text: '0.1=7', seq: 7 }]]))
      }
    })

    it('take more than an item holds', async () => {
      const store = make()
      const runId = freshId()
      const texts = new Map(Array.from({ length: 20 }, (_, at) => [`:${at} ${'k'.repeat(50_000)}`, '0.1u']))
      await store.writePack(runId, 1, texts, 1)

      const found = await store.readPacks(runId, 1, 1)

      expect([...found.keys()].toSorted()).toEqual([...texts.keys()].toSorted())
    })
  })

  describe('values and graphs', () => {
    it('are as they were put: text, bytes, and bytes of an item that is full', async () => {
      const store = make()
      const runId = freshId()
      const bytes = new Uint8Array(380 * 1024).map((_, at) => at % 251)
      await store.putValue(runId, '3.1#1.0', { text: '{"v":"ß📦\u0000"}' })
      await store.putValue(runId, '3.1#1.1', { bytes })
      await store.putGraph('order/größe', 'abc', { bytes: bytes.subarray(0, 3) })

      expect(await store.getValue(runId, '3.1#1.0')).toEqual({ text: '{"v":"ß📦\u0000"}' })
      const large = await store.getValue(runId, '3.1#1.1')
      expect(Buffer.from(large?.bytes ?? []).equals(bytes)).toBe(true)
      expect(large?.text).toBeUndefined()
      const graph = await store.getGraph('order/größe', 'abc')
      expect([...(graph?.bytes ?? [])]).toEqual([0, 1, 2])
    })

    it('come many at a time, those that are there, also of partitions of their own', async () => {
      const store = make()
      const runId = freshId()
      const all = Array.from({ length: 230 }, (_, at) => `${at}.1#1.0`)
      await Promise.all(all.map((key) => store.putValue(runId, key, { text: `text ${key}` })))
      await store.putValue(runId, '3.1#x|in#0', { bytes: new Uint8Array([1, 2]) })
      await store.putValue(`${runId}x`, 'elsewhere', { text: 'another run' })

      const found = await store.getValues(runId, new Set([...all, '3.1#x|in#0', 'elsewhere', '3.1#9.9']))

      expect(found.size).toBe(231)
      for (const key of all) expect(found.get(key)).toEqual({ text: `text ${key}` })
      expect([...(found.get('3.1#x|in#0')?.bytes ?? [])]).toEqual([1, 2])
      expect(await store.getValues(runId, new Set())).toEqual(new Map())
    })

    it('are undefined where there is none, also of another run or version', async () => {
      const store = make()
      const runId = freshId()
      await store.putValue(runId, '3.1#1.0', { text: 'a' })
      await store.putGraph(`b-${runId}`, 'v1', { text: 'b' })

      expect(await store.getValue(runId, '3.1#2.0')).toBeUndefined()
      expect(await store.getValue(`${runId}x`, '3.1#1.0')).toBeUndefined()
      expect(await store.getGraph(`b-${runId}`, 'v2')).toBeUndefined()
      expect(await store.getGraph(runId, '3.1#1.0')).toBeUndefined()
    })

    it('may be put twice', async () => {
      const store = make()
      const runId = freshId()
      await store.putValue(runId, '3.1#1.0', { text: 'a' })
      await store.putValue(runId, '3.1#1.0', { text: 'a' })

      expect(await store.getValue(runId, '3.1#1.0')).toEqual({ text: 'a' })
    })
  })
}
