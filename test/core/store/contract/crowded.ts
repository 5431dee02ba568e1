/** Headers that get too large for an item, and notes on messages that are dead letters. */
import { expect } from 'vitest'
import { type RunState, START } from '../../../../lib/core/protocol/run-state.ts'
import type { RunStore } from '../../../../lib/core/store/run-store.ts'
import { describe, it } from './suite.ts'
import { accepted, actives, change, ended, freshId, given } from './support.ts'

const many = (prefix: string, count: number, bytes: number) =>
  new Map(Array.from({ length: count }, (_, at) => [`:${prefix}${at}`, `0.1=${'x'.repeat(bytes)}`] as const))

const move = (name: string, pack: number) => ({ texts: new Map([[name, '1.1=1']]), pack })

export function crowdedContract(make: () => RunStore): void {
  describe('a commit', () => {
    it('that would make the header too large for an item is refused, and changes nothing', async () => {
      const store = make()
      const run = await given(store, { inlineValues: many('a', 200, 1_000) })

      const large = change({ inlineValues: many('b', 250, 1_000) })
      expect(await store.commit(run.runId, large, run)).toEqual({ committed: false, run })

      const small = change({ inlineValues: many('b', 10, 1_000) })
      expect((await store.commit(run.runId, small, run)).committed).toBe(true)
    })
  })

  describe('evict', () => {
    it('takes inline values out of the header, of which the run then says in how many packs they are', async () => {
      const store = make()
      const inlineValues = new Map([
        [':a#.', '0.1=1'],
        ['o1', '1.1=ß📦'],
        ['o2', '2.1=2'],
      ])
      const run = await given(store, { inlineValues })

      const texts = new Map([':a#.', 'o1', 'never there'].map((name) => [name, '']))
      const result = await store.evict(run, { texts, pack: 1 })

      const after = { ...run, inlineValues: new Map([['o2', '2.1=2']]), offloaded: true, packs: 1 }
      expect(result).toEqual({ committed: true, run: after })
      expect(await store.read(run.runId)).toEqual(after)
    })

    it('is refused once anything was committed, with the state that refused it', async () => {
      const store = make()
      const run = await given(store, {
        active: actives('0.1', '1.1'),
        inlineValues: new Map([['o1', '1.1=1']]),
      })
      const newer = await store.commit(run.runId, change({ inlineValues: new Map([['o1', '0.1=2']]) }))

      const moved = { texts: new Map([['o1', '1.1=1']]), pack: 1 }
      expect(await store.evict(run, moved)).toEqual({ committed: false, run: newer.run })
      expect((await store.read(run.runId))?.inlineValues).toEqual(new Map([['o1', '0.1=2']]))
    })

    it('is refused once anything else was moved out, by a commit or by itself', async () => {
      const store = make()
      const inlineValues = new Map(['o1', 'o2', 'o3'].map((name) => [name, '1.1=1']))
      const run = await given(store, { active: actives('0.1', '1.1'), inlineValues })
      const first = await store.evict(run, move('o1', 1))
      expect(first).toMatchObject({ committed: true, run: { seq: run.seq, packs: 1 } })

      expect(await store.evict(run, move('o2', 1))).toEqual({ committed: false, run: first.run })
      const isFirst = { kind: 'packs', is: 0 } as const
      const late = change({ offloaded: ['o2'], pack: 1, require: [isFirst] })
      expect(await store.commit(run.runId, late, run)).toEqual({ committed: false, run: first.run })

      const second = await store.evict(first.run as RunState, move('o2', 2))
      expect(second).toMatchObject({ committed: true, run: { packs: 2 } })
      expect([...((await store.read(run.runId))?.inlineValues.keys() ?? [])]).toEqual(['o3'])
    })

    it('leaves a run that is over as it ended', async () => {
      const store = make()
      const run = await ended(store, { inlineValues: new Map([['o1', '1.1=1']]) })

      const moved = { texts: new Map([['o1', '1.1=1']]), pack: 1 }
      expect(await store.evict(run, moved)).toEqual({ committed: false, run })
    })
  })

  describe('noteDeadLetter', () => {
    it('notes why the message of an activation that is still active is a dead letter', async () => {
      const store = make()
      const run = await given(store)

      await store.noteDeadLetter(run.runId, '0.1', 'sent back too often')
      await store.noteDeadLetter(run.runId, '7.1', 'not active')

      const after = { ...run, deadLetters: new Map([['0.1', 'sent back too often']]) }
      expect(await store.read(run.runId)).toEqual(after)
    })

    it('notes it of a run that nobody has begun, and of none that somebody has', async () => {
      const store = make()
      const { run } = await store.create(accepted())
      const begun = await given(store)

      for (const { runId } of [run, begun]) await store.noteDeadLetter(runId, undefined, 'no worker')

      expect(await store.read(run.runId)).toEqual({ ...run, deadLetters: new Map([[START, 'no worker']]) })
      expect(await store.read(begun.runId)).toEqual(begun)
    })

    it('leaves a run that is over as it ended, and makes none', async () => {
      const store = make()
      const run = await ended(store)
      await store.noteDeadLetter(run.runId, '0.1', 'late')
      expect(await store.read(run.runId)).toEqual(run)

      const { run: waiting } = await store.create(accepted())
      const { run: over } = await store.cancel(waiting.runId, { seq: 0, children: [], now: 9 })
      await store.noteDeadLetter(waiting.runId, undefined, 'late')
      expect(await store.read(waiting.runId)).toEqual(over)

      const nobody = freshId()
      await store.noteDeadLetter(nobody, undefined, 'late')
      expect(await store.read(nobody)).toBeUndefined()
    })
  })
}
