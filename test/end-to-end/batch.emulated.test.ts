/** Batches and nodes that a node makes, over real queues and tables; what an item costs. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext, type NodeImplementation } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { LocalAws } from '../../lib/local/index.ts'
import { graph, type Setup, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { drain, jobOf, receive, remove } from './driver.ts'
import { Durable } from './durable.ts'
import { hasDynoxide } from './engines.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)
const reversed = async ({ input }: NodeContext) => ({ output: [...String(input)].toReversed().join('') })
const double = async ({ input }: NodeContext) => ({ output: Number(input) * 2 })

/** make -> scatter -> gather -> end. */
function batch(
  items: readonly unknown[],
  worker: NodeImplementation = double,
  more: { chunkSize?: number } = {},
): Setup {
  return graph(
    {
      make: value(items),
      scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'gather', ...more },
      },
      gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'gather' } },
      end: async ({ context }) => ({ output: await context.get('results') }),
    },
    ['make>scatter', 'scatter>gather', 'gather>end'],
    { builtIn: { worker } },
  )
}

describe('a batch', () => {
  it('as the builder makes it gives the results of its items in their order', async () => {
    const flow = createFlow('builder')
      .node('make', async () => ({ output: upTo(25) }))
      .batch('work', double as never, {
        inputKey: 'make' as never,
        outputKey: 'results' as never,
      })
      .edge('make', 'work_scatter')
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'builder' })

    await drain(deployment, adapterOf(deployment, { flows: [flow] }))

    expect(await client.get(runId)).toMatchObject({
      status: 'completed',
      context: { results: upTo(25).map((n) => n * 2) },
    })
  })

  for (const count of [25, 250]) {
    it(`of ${count} runs each item once, whichever ends first`, async () => {
      const ran: number[] = []
      const durable = new Durable(
        deployment,
        batch(upTo(count), async ({ input }) => {
          ran.push(Number(input))
          await sleep((count - Number(input)) % 7)
          return { output: Number(input) * 2 }
        }),
      )

      const runId = await durable.start()

      const run = await durable.client.get(runId)
      expect(run.context['end']).toEqual(upTo(count).map((n) => n * 2))
      expect(ran.toSorted((a, b) => a - b)).toEqual(upTo(count))
      // Nothing of an item is a key of the run.
      expect(
        Object.keys(run.context).filter((key) => !/^_|^(make|scatter|gather|end|results)$/.test(key)),
      ).toEqual([])
    })
  }

  it('runs each item once though every message comes twice at once and again later', async () => {
    const ran: number[] = []
    const durable = new Durable(
      deployment,
      batch(upTo(12), async ({ input }) => {
        ran.push(Number(input))
        return { output: Number(input) }
      }),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })

    await durable.work({ copies: 2 })

    expect((await durable.client.get(runId)).context['end']).toEqual(upTo(12))
    expect(ran.toSorted((a, b) => a - b)).toEqual(upTo(12))
  })

  it('is under way, not awaiting, while items run', async () => {
    const durable = new Durable(deployment, batch(upTo(3)))
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    // The message that begins the run works on its first node, too.
    const [message = {}] = await receive(deployment)
    await durable.adapter.process(jobOf(message), {
      deadline: () => Date.now() + 30_000,
      extendsLease: false,
    })
    await remove(deployment, message)

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'running',
      waiting: [{ nodeId: 'scatter', reason: 'items' }],
    })
    await durable.work()
    expect((await durable.client.get(runId)).status).toBe('completed')
  })

  it('in rounds of chunkSize begins a round when the one before has ended', async () => {
    let running = 0
    let most = 0
    const order: number[] = []
    const durable = new Durable(
      deployment,
      batch(
        upTo(25),
        async ({ input }) => {
          most = Math.max(most, ++running)
          await sleep(5)
          running--
          order.push(Number(input))
          return { output: Number(input) * 2 }
        },
        { chunkSize: 4 },
      ),
    )

    const runId = await durable.start()

    expect((await durable.client.get(runId)).context['end']).toEqual(upTo(25).map((n) => n * 2))
    expect(most).toBeLessThanOrEqual(4)
    expect(order.map((n) => Math.floor(n / 4))).toEqual(upTo(25).map((n) => Math.floor(n / 4)))
  })

  it('with failing items fails its node, tells their errors, and has run all others', async () => {
    const ran: number[] = []
    const durable = new Durable(
      deployment,
      batch(upTo(30), async ({ input }) => {
        ran.push(Number(input))
        if (Number(input) % 10 === 3) throw new Error(`item ${Number(input)} is bad`)
        return { output: 1 }
      }),
    )

    const runId = await durable.start()

    const run = await durable.client.get(runId)
    expect(run).toMatchObject({ status: 'failed', nodes: { notRun: ['gather', 'end'] } })
    expect(run.errors).toHaveLength(3)
    for (const item of [3, 13, 23]) expect(JSON.stringify(run.errors)).toContain(`item ${item} is bad`)
    expect(ran).toHaveLength(30)
  })

  it('tries an item as often as its worker is to be tried, by the node’s own rules', async () => {
    // The config of an item is its own: a scattered worker has none, so one failure is the end of it.
    let tries = 0
    const durable = new Durable(
      deployment,
      batch([1], async () => {
        tries++
        throw new Error('bad')
      }),
    )

    const runId = await durable.start()

    expect((await durable.client.get(runId)).status).toBe('failed')
    expect(tries).toBe(1)
  })

  it('fails an item that waits, and says that it cannot', async () => {
    const durable = new Durable(
      deployment,
      batch([1], async ({ dependencies }) => {
        await dependencies.workflowState.markAsAwaiting('x', { reason: 'external_event' })
        return { output: 1 }
      }),
    )

    const run = await durable.client.get(await durable.start())

    expect(run.status).toBe('failed')
    expect(JSON.stringify(run.errors)).toContain('waits, which an item of a batch cannot')
  })

  it('does not take trouble of the table for a failure of an item, and tries its write again', async () => {
    let ran = 0
    const durable = new Durable(
      deployment,
      batch(upTo(10), async ({ input }) => {
        ran++
        return double({ input } as NodeContext)
      }),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    // The first write of each result, and what the SDK repeats of it.
    const refused = new Map<string, number>()
    aws.intercept(({ operation, body }) => {
      const key = operation === 'PutItem' ? /out#\d+/.exec(JSON.stringify(body))?.[0] : undefined
      if (key === undefined) return 'forward'
      const times = (refused.get(key) ?? 0) + 1
      refused.set(key, times)
      return times > 4 ? 'forward' : 'reject'
    })
    const errors: unknown[] = []

    await durable.work({ onError: (error) => errors.push(error) })

    aws.intercept(undefined)
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'completed',
      context: { end: upTo(10).map((n) => n * 2) },
    })
    expect([errors.length, ran]).toEqual([0, 10])
  })

  it('does not run an item again whose result was written but whose arrival was refused', async () => {
    const ran: number[] = []
    const durable = new Durable(
      deployment,
      batch(upTo(10), async ({ input }) => {
        ran.push(Number(input))
        return { output: ran.length }
      }),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    let refused = 0
    aws.intercept(({ operation, body }) => {
      const isArrival = operation === 'UpdateItem' && JSON.stringify(body).includes('ARRIVALS')
      // Of each item, with what the SDK repeats.
      return isArrival && ++refused <= 40 ? 'reject' : 'forward'
    })
    const errors: unknown[] = []

    await durable.work({ onError: (error) => errors.push(error) })

    aws.intercept(undefined)
    expect((await durable.client.get(runId)).status).toBe('completed')
    expect(errors).toEqual([])
    expect(ran.toSorted((x, y) => x - y)).toEqual(upTo(10))
  })

  it('is found to be over by reconcile where all items ended but the word of it was lost', async () => {
    const durable = new Durable(deployment, batch(upTo(3)))
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    aws.intercept(({ operation, body }) =>
      operation === 'UpdateItem' && /#0","[^}]*"ARRIVALS"|#0"\}[^}]*"ARRIVALS"/.test(JSON.stringify(body))
        ? 'reject'
        : 'forward',
    )
    const errors: unknown[] = []
    for (
      let messages = await receive(deployment);
      messages.length > 0;
      messages = await receive(deployment)
    ) {
      for (const message of messages) {
        const invocation = { deadline: () => Date.now() + 3_000, extendsLease: false }
        await durable.adapter.process(jobOf(message), invocation).catch((error) => errors.push(error))
        await remove(deployment, message)
      }
    }
    aws.intercept(undefined)
    expect(errors).toHaveLength(1)
    expect((await durable.client.get(runId)).status).toBe('running')

    expect(await durable.adapter.reconcile(runId)).toEqual(new Set(['scatter']))
    await durable.work()

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'completed',
      context: { end: [0, 2, 4] },
    })
  })

  it('carries items and results of 1 MB, with a bucket and without', async () => {
    const bucketName = await aws.createBucket()
    const texts = upTo(3).map(() => randomBytes(700 * 1024).toString('base64'))
    for (const bucket of [undefined, bucketName]) {
      const durable = new Durable(deployment, batch(texts, reversed), { bucketName: bucket })

      const run = await durable.client.get(await durable.start())

      const end = run.context['end'] as string[]
      expect(end.map((text) => [...text].toReversed().join('') === texts[end.indexOf(text)])).toEqual([
        true,
        true,
        true,
      ])
    }
  })

  it('of what is no list fails its node and says why, and of nothing is a batch of none', async () => {
    for (const [items, why] of [
      ['text', "Input for batch-scatter node 'scatter' must be an array."],
      [undefined, undefined],
    ] as const) {
      const setup = batch([])
      const durable = new Durable(deployment, {
        ...setup,
        registry: { ...setup.registry, 'run make': value(items) },
      })

      const run = await durable.client.get(await durable.start())

      expect(run.status).toBe(why ? 'failed' : 'completed')
      if (why) expect(JSON.stringify(run.errors)).toContain(why)
    }
  })
})

describe('nodes that a node makes', () => {
  it('run, and their outputs are there for what follows', async () => {
    const durable = new Durable(
      deployment,
      graph(
        {
          a: async () => ({
            output: 'A',
            action: 'go',
            dynamicNodes: upTo(12).map((n) => ({ id: `d${n}`, uses: 'made', inputs: 'a', params: { n } })),
          }),
          b: async ({ context }) => ({ output: [await context.get('d0'), await context.get('d11')] }),
          c: value('not taken'),
        },
        ['a>b:go', 'a>c:stop'],
        {
          builtIn: {
            made: async ({ input, params }: NodeContext) => ({
              output: `${String(input)}${String(params?.['n'])}`,
            }),
          },
        },
      ),
    )

    const run = await durable.client.get(await durable.start())

    expect(run).toMatchObject({
      status: 'completed',
      context: { b: ['A0', 'A11'], d5: 'A5', '_outputs.d5': 'A5' },
      nodes: { completed: ['a', 'b'], notRun: ['c'] },
    })
  })

  it('are tried again within their own execution, as their config says', async () => {
    let tries = 0
    const durable = new Durable(
      deployment,
      graph(
        {
          a: async () => ({ dynamicNodes: [{ id: 'd', uses: 'flaky', config: { maxRetries: 3 } }] }),
          b: async ({ context }) => ({ output: await context.get('d') }),
        },
        ['a>b'],
        {
          builtIn: {
            flaky: async () => {
              if (++tries < 3) throw new Error('not yet')
              return { output: tries }
            },
          },
        },
      ),
    )

    expect(await durable.client.get(await durable.start())).toMatchObject({
      status: 'completed',
      context: { b: 3 },
    })
  })
})

describe.skipIf(!hasDynoxide)('what a batch costs (dynoxide only: the binary is optional)', () => {
  it('of 250: at most 3.2 write and 2.2 read units an item, and no more than one of 50', async () => {
    const costs = []
    for (const count of [50, 250]) {
      const durable = new Durable(deployment, batch(upTo(count)))
      // Once before, so that the graph is stored.
      await durable.start()
      const { runId } = await durable.client.start({ blueprintId: 'case' })
      const before = aws.meter.snapshot()

      await durable.work()

      const { dynamodb, sqs } = aws.meter.since(before)
      expect(await durable.client.get(runId)).toMatchObject({ status: 'completed' })
      costs.push({
        writes: dynamodb.writeUnits / count,
        reads: dynamodb.readUnits / count,
        sends: (sqs.byOperation['SendMessageBatch'] ?? 0) / count,
      })
    }
    const [few, many] = costs
    expect(many?.writes).toBeLessThanOrEqual(3.2)
    expect(many?.reads).toBeLessThanOrEqual(2.2)
    expect(many?.writes).toBeLessThanOrEqual(few?.writes ?? 0)
    // Ten jobs a request.
    expect(many?.sends).toBeLessThanOrEqual(0.15)
  })
})
