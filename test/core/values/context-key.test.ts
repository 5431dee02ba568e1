/** Keys of a context: those that are no texts, and those that no table takes. */
import { createFlow, type NodeContext, SubflowNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { ran } from '../../support/one-node.ts'

/** A key of any kind, as a program without types gives it. */
const key = (value: unknown) => value as string

describe('keys of a context that are no texts', () => {
  it('are read as in memory: there is nothing', async () => {
    const { status, context } = await ran(async ({ context: c }) => {
      const all = [undefined, null, 5, true, Symbol('s'), {}, []]
      const values = await Promise.all(all.map((one) => c.get(key(one))))
      const has = await Promise.all(all.map((one) => c.has(key(one))))
      const deleted = await Promise.all(all.map((one) => c.delete(key(one))))
      return { output: [...values, ...has, ...deleted].every((one) => !one) }
    })

    expect({ status, output: context['bad'] }).toEqual({ status: 'completed', output: true })
  })

  it('are stored under their text where they have one only', async () => {
    const flow = createFlow('keys')
      .node('set', async ({ context }: NodeContext) => {
        await context.set(key(5), 'five')
        await context.set(key(null), 'null')
        return { output: await context.get(key(5)) }
      })
      .node('read', async ({ context }: NodeContext) => ({ output: await context.get(key(5)) }))
      .edge('set', 'read')
    const { status, context } = await new TestService({ flows: [flow], logger: quiet }).run({
      blueprintId: 'keys',
    })

    expect(status).toBe('completed')
    expect(context).toMatchObject({ 5: 'five', null: 'null', set: 'five', read: 'five' })
  })

  it('are for the node itself where they have none, which fails if it leaves one', async () => {
    const mark = Symbol('mark')
    const kept = await ran(async ({ context }) => {
      await context.set(key(mark), 1)
      const seen = await context.get(key(mark))
      await context.delete(key(mark))
      return { output: seen }
    })
    const left = await ran(async ({ context }) => (await context.set(key(mark), 1), { output: 1 }))

    expect(kept).toMatchObject({ status: 'completed', context: { bad: 1 } })
    expect(left).toMatchObject({ status: 'failed', calls: 1 })
    expect(left.errors?.[0]?.message).toBe(
      "cannot store context key Symbol(mark) set by node 'bad': it is a symbol, and keys are texts",
    )
  })

  it('name nothing in the inputs of a subflow', async () => {
    const child = createFlow('child').node('in', async ({ context }: NodeContext) => ({
      output: (await context.get('a')) === undefined,
    }))
    const parent = createFlow('parent').node('sub', SubflowNode, {
      params: { blueprintId: 'child', inputs: { a: undefined, b: null } },
    })
    const service = new TestService({ flows: [parent, child], logger: quiet })

    expect(await service.run({ blueprintId: 'parent' })).toMatchObject({
      status: 'completed',
      context: { sub: true },
    })
  })
})

describe('keys that no table takes fail their node', () => {
  for (const [what, bad, reason] of [
    ['half an emoji', 'Sales 🚀'.slice(0, 7), /half a character/],
    ['one that is too long', 'x'.repeat(70_000), /70000 bytes; at most 60000/],
  ] as const) {
    it(`${what}, of a node`, async () => {
      const { status, errors, calls } = await ran(
        async ({ context }) => (await context.set(bad, 1), { output: 1 }),
      )

      expect({ status, calls }).toEqual({ status: 'failed', calls: 1 })
      expect(errors?.[0]?.message).toMatch(reason)
    })

    it(`${what}, of a subflow's input: the node that calls it`, async () => {
      const child = createFlow('child').node('in', async () => ({ output: 1 }))
      const parent = createFlow('parent').node('sub', SubflowNode, {
        params: { blueprintId: 'child', inputs: { [bad]: 'x' } },
      })
      const described = await new TestService({ flows: [parent, child], logger: quiet }).run({
        blueprintId: 'parent',
        input: {
          x: 1,
        },
      })

      expect(described).toMatchObject({ status: 'failed', errors: [{ nodeId: 'sub' }] })
      expect(described.errors?.[0]?.message).toMatch(reason)
    })

    it(`${what}, of an item of a batch: the item`, async () => {
      const flow = createFlow<Record<string, unknown>>('items')
        .node('make', async () => ({ output: [1, 2] }))
        .batch(
          'work',
          async ({ context, input }: NodeContext) => {
            if (input === 2) await context.set(bad, 1)
            return { output: input }
          },
          { inputKey: 'make', outputKey: 'out' },
        )
        .edge('make', 'work')
      const described = await new TestService({ flows: [flow], logger: quiet }).run({ blueprintId: 'items' })

      expect(described.status).toBe('failed')
      expect(described.errors).toHaveLength(1)
      expect(described.errors?.[0]?.message).toMatch(reason)
    })
  }
})
