/** Thousands of short context keys at once: of a node, of the items of a batch, of the input of a run and of a child. */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'

const keys = (count: number, of = 'k') => Array.from({ length: count }, (_, at) => `${of}${at}`)

const setter = (count: number) => async (call: NodeContext) => {
  for (const key of keys(count)) await call.context.set(key, 1)
  return { output: count }
}

async function sumOf({ context }: NodeContext, names: readonly string[]): Promise<number> {
  const values = await Promise.all(names.map((name) => context.get(name)))
  return values.reduce<number>((sum, value) => sum + ((value as number | undefined) ?? 0), 0)
}

describe('short keys', () => {
  for (const count of [2_500, 30_000]) {
    it(`${count} of one node are there for the next, and at the end`, async () => {
      const flow = createFlow('many')
        .node('set', setter(count))
        .node('sum', async (call: NodeContext) => ({ output: await sumOf(call, keys(count)) }))
        .edge('set', 'sum')

      const { status, context } = await new TestService({ flows: [flow] }).run({ blueprintId: 'many' })

      expect(status).toBe('completed')
      expect(context['sum']).toBe(count)
      expect(keys(count).every((key) => context[key] === 1)).toBe(true)
    })
  }

  it('three of each item of a batch of 1,000 are there when it is gathered', async () => {
    const items = keys(1_000)
    const flow = createFlow('batch')
      .node('list', async () => ({ output: items }))
      .batch(
        'each',
        async ({ input, context }: NodeContext) => {
          for (const name of ['a', 'b', 'c']) await context.set(`${input as string} ${name}`, 1)
          return { output: input }
        },
        { inputKey: 'list', outputKey: 'all' },
      )
      .node('sum', async (call: NodeContext) => ({
        output: await sumOf(
          call,
          items.flatMap((item) => ['a', 'b', 'c'].map((name) => `${item} ${name}`)),
        ),
      }))
      .edge('list', 'each')
      .edge('each', 'sum')

    const { status, context } = await new TestService({ flows: [flow] }).run({ blueprintId: 'batch' })

    expect(status).toBe('completed')
    expect(context['sum']).toBe(3_000)
    expect(context['all']).toEqual(items)
  })

  it('of the input of a run and of its child are there', async () => {
    const input = Object.fromEntries(keys(3_000).map((key) => [key, 1]))
    const sum = async (call: NodeContext) => ({ output: await sumOf(call, keys(3_000)) })
    const inputs = Object.fromEntries(keys(3_000).map((key) => [key, key]))
    const child = createFlow('child').node('inner', sum)
    const flow = createFlow('main').node('sum', sum)
    const main = {
      ...flow.toBlueprint(),
      nodes: [
        ...flow.toBlueprint().nodes,
        { id: 'call', uses: 'subflow', params: { blueprintId: 'child', inputs } },
      ],
    }
    const parent = { toBlueprint: () => main, getFunctionRegistry: () => flow.getFunctionRegistry() }

    const { status, context } = await new TestService({ flows: [parent, child] }).run({
      blueprintId: 'main',
      input,
    })

    expect(status).toBe('completed')
    expect(context).toMatchObject({ sum: 3_000, call: 3_000, k2999: 1 })
  })

  it('that a loop sets anew in each round are those of the last', async () => {
    const flow = createFlow('loop')
      .node('round', async ({ context }: NodeContext) => {
        const round = (((await context.get('round number')) as number | undefined) ?? 0) + 1
        await context.set('round number', round)
        await context.set('more', round < 5)
        for (const key of keys(200)) await context.set(key, round)
        return { output: await context.get('k7') }
      })
      .node('last', async ({ context }: NodeContext) => ({ output: await context.get('k199') }))
      .loop('again', { startNodeId: 'round', endNodeId: 'round', condition: 'more' })
      .edge('again', 'last')

    const { status, context } = await new TestService({ flows: [flow] }).run({ blueprintId: 'loop' })

    expect(status).toBe('completed')
    expect(context).toMatchObject({ last: 5, k7: 5 })
  })
})
