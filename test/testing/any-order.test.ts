import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { inAnyOrder, TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

/** A join of all, past which one branch may turn: what comes depends on who comes last. */
const turning = createFlow('turning')
  .node('check', async () => ({ action: 'elsewhere' }))
  .node('load', async () => ({ output: 1 }))
  .node('join', async () => ({ output: 'joined' }))
  .node('other', async () => ({}))
  .edge('check', 'join', { action: 'on' })
  .edge('check', 'other', { action: 'elsewhere' })
  .edge('load', 'join')

const steady = createFlow('steady')
  .node('a', async () => ({ output: 1 }))
  .node('b', async () => ({ output: 2 }))
  .node('sum', async ({ input }) => ({ output: input as unknown }), { inputs: { a: 'a', b: 'b' } })
  .edge('a', 'sum')
  .edge('b', 'sum')

describe('inAnyOrder', () => {
  it('says that a flow ends the same', async () => {
    const found = await inAnyOrder({ flows: [steady] }, (service) => service.run({ blueprintId: 'steady' }))

    expect(found).toMatchObject({ same: true, orders: 21, outcome: { context: { sum: { a: 1, b: 2 } } } })
  })

  it('gives the seed of an order in which a flow ends otherwise, and both outcomes', async () => {
    const options = { flows: [turning], logger: quiet }
    const found = await inAnyOrder(options, (service) => service.run({ blueprintId: 'turning' }))

    if (found.same) throw new Error('it found no difference')
    const joined = ({ nodes }: typeof found.outcome) => nodes.completed.includes('join')
    expect(joined(found.other)).toBe(!joined(found.outcome))
    const again = await new TestService({ ...options, order: 'random', seed: found.seed }).run({
      blueprintId: 'turning',
    })
    expect(joined(again)).toBe(joined(found.other))
  })

  it('does as many orders as it is asked for, each by a service of its own', async () => {
    const seen = new Set<TestService>()
    await inAnyOrder({ flows: [steady], orders: 3 }, async (service) => void seen.add(service))

    expect(seen.size).toBe(1 + 3)
  })

  it('compares what the scenario gives, not times, ids and stacks', async () => {
    const failing = createFlow('failing')
      .sleep('pause', { duration: 1_000 })
      .node('a', async ({ context }) => {
        throw new Error(`no good in ${await context.get('_executionId' as never)}`)
      })
      .node('b', async () => {
        throw new Error('no good')
      })

    const found = await inAnyOrder({ flows: [failing], logger: quiet }, (service) =>
      service.run({ blueprintId: 'failing' }),
    )

    expect(found).toMatchObject({ same: true, outcome: { status: 'failed' } })
  })

  it('finds a difference that only an interleaving of chains makes', async () => {
    const racing = createFlow('racing')
      .node('slow', async ({ context }) => ({ output: (await context.get('late' as never)) as unknown }))
      .node('one', async () => ({}))
      .node('two', async () => ({}))
      .node('three', async ({ context }) => {
        await context.set('late' as never, true as never)
        return {}
      })
      .edge('one', 'two')
      .edge('two', 'three')

    const found = await inAnyOrder({ flows: [racing], orders: 50, logger: quiet }, (service) =>
      service.run({ blueprintId: 'racing' }),
    )

    expect(found.same).toBe(false)
  })

  it('says so where the scenario is not even the same in one order', async () => {
    let count = 0
    const scenario = async () => ++count

    await expect(inAnyOrder({ flows: [steady] }, scenario)).rejects.toThrow('goes by time, chance')
  })
})
