/** Items that make nodes, beyond what the engine in memory can be compared with: rounds, and no end. */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { processItemJob } from '../../../lib/core/batch/item-job.ts'
import { TestService } from '../../../lib/testing/index.ts'

const quiet = async () => ({ output: 'made' })

/** Five items, two at a time. */
function inRounds(worker: (call: NodeContext) => Promise<object>) {
  return createFlow('rounds')
    .node('list', async () => ({ output: [0, 1, 2, 3, 4] }))
    .batch('each', worker as never, { inputKey: 'list', outputKey: 'all', chunkSize: 2 })
    .edge('list', 'each')
}

describe('items that make nodes', () => {
  it('in the first of several rounds have them run, after the last', async () => {
    const flow = inRounds(async ({ input, context }) => {
      await context.set(`item ${String(input)}`, true)
      return { output: input, dynamicNodes: input === 0 ? [{ id: 'extra', uses: 'quiet' }] : [] }
    })

    const { status, context } = await new TestService({ flows: [flow], registry: { quiet } }).run({
      blueprintId: 'rounds',
    })

    expect(status).toBe('completed')
    expect(context).toMatchObject({ extra: 'made', all: [0, 1, 2, 3, 4], 'item 4': true })
  })

  it('have them run though the round fails, and then no other begins', async () => {
    const began: unknown[] = []
    const flow = inRounds(async ({ input, context }) => {
      began.push(input)
      await context.set(`item ${String(input)}`, true)
      if (input === 1) throw new Error('broke')
      return { output: input, dynamicNodes: [{ id: `extra ${String(input)}`, uses: 'quiet' }] }
    })

    const { status, context, errors } = await new TestService({ flows: [flow], registry: { quiet } }).run({
      blueprintId: 'rounds',
    })

    expect(status).toBe('failed')
    expect(began.toSorted()).toEqual([0, 1])
    expect(errors).toHaveLength(1)
    // As in memory, what items set stays, also of one that failed.
    expect(context).toMatchObject({ 'extra 0': 'made', 'item 0': true, 'item 1': true })
    expect(context).not.toHaveProperty('all')
  })

  it('and whose messages come again when what they made is under way are done at once', async () => {
    let executions = 0
    const flow = createFlow('late').node('maker', async () => ({
      output: 1,
      dynamicNodes: Array.from({ length: 3 }, (_, at) => ({ id: `made ${at}`, uses: 'makes' })),
    }))
    const makes = async () => {
      executions++
      return { output: 1, dynamicNodes: [{ id: 'last', uses: 'stop' }] }
    }
    const stop = async () => {
      const { services } = service
      const run = await services.store.read(runId)
      const graph = await services.graphs.of('late', run?.graph as string)
      const job = { runId, blueprintId: 'late', nodeId: 'maker', iteration: 1, items: { round: 0, item: 2 } }
      const invocation = { deadline: () => service.now + 60_000, extendsLease: false }
      late.push(await processItemJob({ services, graph, run: run as never }, '0.1', job, invocation))
      return { output: 2 }
    }
    const late: unknown[] = []
    const service = new TestService({ flows: [flow], registry: { makes, stop } })
    const { runId } = await service.start({ blueprintId: 'late' })
    await service.settle()

    expect((await service.get(runId)).status).toBe('completed')
    expect(executions).toBe(3)
    expect(late.length).toBeGreaterThan(0)
    expect(new Set(late.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"kind":"acknowledge"}']))
  })

  it('without an end fail, by the bound on the activations of a node', async () => {
    let made = 0
    const flow = createFlow('endless').node('maker', async () => ({
      output: 1,
      dynamicNodes: [{ id: 'made 0', uses: 'again' }],
    }))
    const again = async () => ({ output: 1, dynamicNodes: [{ id: `made ${++made % 10}`, uses: 'again' }] })

    const service = new TestService({ flows: [flow], registry: { again }, maxActivations: { perNode: 20 } })
    const { status, errors } = await service.run({ blueprintId: 'endless' })

    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toBe(
      "nodes that node 'maker' made made others 20 times: perhaps without an end",
    )
    expect(made).toBe(20 + 1)
  })
})
