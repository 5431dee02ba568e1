/** What a batch relies on: sets of arrivals, values that are put once, values listed by their partition. */
import { expect } from 'vitest'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { freshId } from './support.ts'

const SHARD = '3.1#1#0.0'

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

export function arrivalsContract(make: () => RunStore): void {
  describe('arrivals', () => {
    it('are none before anybody arrived', async () => {
      expect(await make().arrivals(freshId(), SHARD)).toEqual({ arrived: new Set(), failed: 0 })
    })

    it('are told to whoever arrives, and to whoever asks', async () => {
      const store = make()
      const run = freshId()

      expect(await store.arrive(run, SHARD, 7, false)).toEqual({ arrived: new Set([7]), failed: 0 })
      expect(await store.arrive(run, SHARD, 0, true)).toEqual({ arrived: new Set([0, 7]), failed: 1 })
      expect(await store.arrive(run, SHARD, 9_999, true)).toEqual({
        arrived: new Set([0, 7, 9_999]),
        failed: 2,
      })
      expect(await store.arrivals(run, SHARD)).toEqual({ arrived: new Set([0, 7, 9_999]), failed: 2 })
    })

    it('count a member once, however often it arrives', async () => {
      const store = make()
      const run = freshId()
      await store.arrive(run, SHARD, 7, true)
      await store.arrive(run, SHARD, 7, true)

      expect(await store.arrive(run, SHARD, 7, true)).toEqual({ arrived: new Set([7]), failed: 1 })
    })

    it('keep a failure that was told once', async () => {
      const store = make()
      const run = freshId()
      await store.arrive(run, SHARD, 7, true)

      expect(await store.arrive(run, SHARD, 7, false)).toEqual({ arrived: new Set([7]), failed: 1 })
    })

    it('of some that come together are one, of which a failure counts once', async () => {
      const store = make()
      const run = freshId()

      expect(await store.arrive(run, SHARD, [3, 4, 5], true)).toEqual({
        arrived: new Set([3, 4, 5]),
        failed: 1,
      })
      await store.arrive(run, SHARD, [3, 4, 5], true)
      expect(await store.arrive(run, SHARD, [6, 7], false)).toEqual({
        arrived: new Set([3, 4, 5, 6, 7]),
        failed: 1,
      })
    })

    it('are apart for each partition and run', async () => {
      const store = make()
      const run = freshId()
      await store.arrive(run, SHARD, 7, true)

      for (const [other, partition] of [
        [run, '3.1#1#0.1'],
        [run, '3.1#1#0'],
        [`${run}1`, SHARD],
      ] as const) {
        expect(await store.arrivals(other, partition)).toEqual({ arrived: new Set(), failed: 0 })
      }
    })

    it('of 100 at once are all there, and exactly one of them sees the last', async () => {
      const store = make()
      const run = freshId()

      const seen = await Promise.all(
        upTo(100).map((member) => store.arrive(run, SHARD, member, member % 10 === 0)),
      )

      expect(seen.map(({ arrived }) => arrived.size).toSorted((a, b) => a - b)).toEqual(
        upTo(100).map((at) => at + 1),
      )
      seen.forEach(({ arrived }, member) => expect(arrived.has(member)).toBe(true))
      expect(await store.arrivals(run, SHARD)).toEqual({ arrived: new Set(upTo(100)), failed: 10 })
    })
  })

  describe('putOnce', () => {
    it('takes the first value of a key and no other', async () => {
      const store = make()
      const run = freshId()

      expect(await store.putOnce(run, 'event#1#paid', { text: '1' })).toBe(true)
      expect(await store.putOnce(run, 'event#1#paid', { text: '2' })).toBe(false)

      expect(await store.getValue(run, 'event#1#paid')).toEqual({ text: '1' })
    })

    it('keeps keys, partitions and runs apart', async () => {
      const store = make()
      const run = freshId()
      const places = [
        [run, 'out#1'],
        [run, 'out#11'],
        [run, `${SHARD}|out#1`],
        [run, '3.1#1#0.1|out#1'],
        [`${run}1`, 'out#1'],
      ] as const

      for (const [id, key] of places) {
        expect(await store.putOnce(id, key, { text: `${id} ${key}` })).toBe(true)
      }
      for (const [id, key] of places) {
        expect(await store.getValue(id, key)).toEqual({ text: `${id} ${key}` })
      }
    })

    it('leaves alone what was put otherwise', async () => {
      const store = make()
      const run = freshId()
      await store.putValue(run, 'k', { text: 'there' })

      expect(await store.putOnce(run, 'k', { text: 'late' })).toBe(false)
      expect(await store.getValue(run, 'k')).toEqual({ text: 'there' })
    })

    it('takes the bytes of an item that is full', async () => {
      const store = make()
      const run = freshId()
      const bytes = new Uint8Array(380 * 1024).map((_, at) => at % 251)

      expect(await store.putOnce(run, 'k', { bytes })).toBe(true)
      expect(await store.putOnce(run, 'k', { bytes: bytes.subarray(1) })).toBe(false)

      expect(Buffer.from((await store.getValue(run, 'k'))?.bytes ?? []).equals(bytes)).toBe(true)
    })

    it('lets one of 20 win', async () => {
      const store = make()
      const run = freshId()

      const puts = await Promise.all(upTo(20).map((at) => store.putOnce(run, 'k', { text: `${at}` })))

      expect(puts.filter(Boolean)).toHaveLength(1)
      expect(await store.getValue(run, 'k')).toEqual({ text: `${puts.indexOf(true)}` })
    })
  })

  describe('listValues', () => {
    it('gives the values of one partition whose keys begin so, by key', async () => {
      const store = make()
      const run = freshId()
      const wanted = [0, 1, 10, 11, 2].map((item) => `${SHARD}|out#${item}`)
      for (const key of wanted) await store.putOnce(run, key, { text: key })
      // What is not asked for: other keys, partitions, runs, and what is no value.
      await store.putOnce(run, `${SHARD}|in#0`, { text: 'no' })
      await store.putOnce(run, `${SHARD}1|out#3`, { text: 'no' })
      await store.putOnce(run, 'out#4', { text: 'no' })
      await store.putOnce(`${run}1`, `${SHARD}|out#5`, { text: 'no' })
      await store.arrive(run, SHARD, 6, false)
      await store.lease({ runId: run, strand: `${SHARD}|out#7`, token: 't', now: 0, until: 1 })

      const found = await store.listValues(run, `${SHARD}|out#`)

      expect(new Map(found)).toEqual(new Map(wanted.map((key) => [key, { text: key }])))
      const ones = [...(await store.listValues(run, `${SHARD}|out#1`)).keys()].toSorted()
      expect(ones).toEqual([1, 10, 11].map((item) => `${SHARD}|out#${item}`))
      expect(await store.listValues(run, `${SHARD}|out#3`)).toEqual(new Map())
    })

    it("gives those of the run's own partition, where the prefix names none", async () => {
      const store = make()
      const run = freshId()
      await store.putValue(run, 'event#1#paid', { text: '1' })
      await store.putValue(run, 'event#2#paid', { text: '2' })
      await store.putValue(run, 'event#1|paid', { text: 'another partition' })

      expect(new Map(await store.listValues(run, 'event#'))).toEqual(
        new Map([
          ['event#1#paid', { text: '1' }],
          ['event#2#paid', { text: '2' }],
        ]),
      )
    })

    it('gives all of many, where they fill more than one answer of 1 MB', async () => {
      const store = make()
      const run = freshId()
      const bytes = upTo(30).map((at) => new Uint8Array(100 * 1024).fill(at))
      await Promise.all(bytes.map((value, at) => store.putValue(run, `${SHARD}|out#${at}`, { bytes: value })))

      const found = await store.listValues(run, `${SHARD}|out#`)

      expect(found.size).toBe(30)
      bytes.forEach((value, at) => {
        const there = found.get(`${SHARD}|out#${at}`)?.bytes ?? []
        expect(Buffer.from(there).equals(value)).toBe(true)
      })
    })
  })
}
