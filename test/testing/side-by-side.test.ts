/** That nodes run side by side, as on AWS: what they see, when they commit, and what they may wait for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

type Context = NodeContext<Record<string, unknown>>

/** Appends to a list that all of them read. */
const appends = (name: string, ms = 0) =>
  [
    name,
    async ({ context }: Context) => {
      await sleep(ms)
      const list = ((await context.get('list')) ?? []) as string[]
      await context.set('list', [...list, name])
      return {}
    },
  ] as const

const appending = (...ms: number[]) =>
  createFlow('appending')
    .node(...appends('a', ms[0]))
    .node(...appends('b', ms[1]))
    .node(...appends('c', ms[2]))

/** What becomes of the list in random orders. */
async function lists(): Promise<string[]> {
  const found: string[] = []
  for (let seed = 1; seed <= 30; seed++) {
    const service = new TestService({ flows: [appending()], order: 'random', seed, logger: quiet })
    found.push(JSON.stringify((await service.run({ blueprintId: 'appending' })).context['list']))
  }
  return found
}

afterEach(() => void vi.useRealTimers())

describe('nodes that run at the same time', () => {
  it('see the run as it was when they began', async () => {
    for (const ms of [[], [50, 20, 0], [0, 20, 50]]) {
      const { context } = await new TestService({ flows: [appending(...ms)], logger: quiet }).run({
        blueprintId: 'appending',
      })

      // Nobody sees what another has done; the last to commit is that whose message was sent last.
      expect(context['list']).toEqual(['c'])
    }
  })

  it('do run at the same time: one may wait for another', async () => {
    const arrived: string[] = []
    const meet = async () => {
      arrived.push('one')
      for (let i = 0; arrived.length < 2; i++) {
        if (i > 500) throw new Error('the other did not come')
        await sleep(2)
      }
      return {}
    }
    const flow = createFlow('meeting').node('a', meet).node('b', meet)

    expect(await new TestService({ flows: [flow] }).run({ blueprintId: 'meeting' })).toMatchObject({
      status: 'completed',
    })
  })

  it('may wait for what follows another', async () => {
    let happened: (() => void) | undefined
    const event = new Promise<void>((resolve) => (happened = resolve))
    const flow = createFlow('waits')
      .node('waits', async () => {
        await event
        return {}
      })
      .node('first', async () => ({}))
      .node('second', async () => {
        happened?.()
        return {}
      })
      .edge('first', 'second')

    expect(await new TestService({ flows: [flow] }).run({ blueprintId: 'waits' })).toMatchObject({
      status: 'completed',
    })
  })

  it('and that come later see what was committed before', async () => {
    const flow = createFlow('rounds')
      .node(...appends('a'))
      .node(...appends('b'))
      .node(...appends('c'))
      .edge('a', 'b')
      .edge('b', 'c')

    const { context } = await new TestService({ flows: [flow] }).run({ blueprintId: 'rounds' })

    expect(context['list']).toEqual(['a', 'b', 'c'])
  })

  it('end in an order that a seed decides, the same each time', async () => {
    const once = await lists()

    expect(await lists()).toEqual(once)
    // One after the other, all at once, and what lies between.
    expect(new Set(once).size).toBeGreaterThan(8)
    expect(once.map((list) => (JSON.parse(list) as string[]).length)).toEqual(
      expect.arrayContaining([1, 2, 3]),
    )
  })
})

describe('settle', () => {
  it("lets the process's own timers run while a flow goes on for ever", async () => {
    let rounds = 0
    const flow = createFlow('endless')
      .node('turn', async () => {
        if (rounds < 0) throw new Error('stopped by the test')
        return { output: ++rounds }
      })
      .loop('again', { startNodeId: 'turn', endNodeId: 'turn', condition: 'true' })
    const service = new TestService({ flows: [flow], logger: quiet })
    await service.start({ blueprintId: 'endless' })
    const settled = service.settle()
    const fired = await sleep(20, 'the timer fired')

    expect(fired).toBe('the timer fired')
    expect(rounds).toBeGreaterThan(0)
    rounds = -Infinity
    await settled
  })

  it('goes on under fake timers', async () => {
    vi.useFakeTimers()

    const { status } = await new TestService({ flows: [appending()], logger: quiet }).run({
      blueprintId: 'appending',
    })

    expect(status).toBe('completed')
  })

  it('may be called twice at once: neither takes what the other works on for lost', async () => {
    let calls = 0
    const flow = createFlow('slow').node('a', async () => {
      calls++
      await sleep(20)
      return {}
    })
    const service = new TestService({ flows: [flow] })
    const before = service.now

    const runs = await Promise.all([
      service.run({ blueprintId: 'slow' }),
      service.run({ blueprintId: 'slow' }),
    ])

    expect(runs.map(({ status }) => status)).toEqual(['completed', 'completed'])
    expect([calls, service.now]).toEqual([2, before])
  })

  it('may be called by a node, which runs another flow and waits for its end', async () => {
    const inner = createFlow('inner').node('a', async () => ({ output: 'done' }))
    const outer = createFlow('outer').node('a', async () => ({
      output: (await service.run({ blueprintId: 'inner' })).context['a'],
    }))
    const service: TestService = new TestService({ flows: [inner, outer] })

    expect((await service.run({ blueprintId: 'outer' })).context['a']).toBe('done')
  })
})
