/** The adapter from start() to stop(), over real queues and tables. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import {
  createFlow,
  type FlowBuilder,
  type FlowcraftEvent,
  FlowRuntime,
  type NodeFunction,
  type WorkflowResult,
} from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SqsAdapter } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { depth, drain, eventually, Gate, jobOf, put, quiet, receive, remove } from '../end-to-end/driver.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { adapterOf, awsOptions, clientOf, type TestDeployment } from '../support/service.ts'

let aws: LocalAws
let deployment: TestDeployment
const started: SqsAdapter[] = []
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((adapter) => adapter.stop()))
})

const INVOCATION = { deadline: () => Date.now() + 30_000, extendsLease: false }

function begin(adapter: SqsAdapter): SqsAdapter {
  started.push(adapter)
  adapter.start()
  return adapter
}

/** A node that gives its id and what it got. */
const echo =
  (id: string): NodeFunction =>
  async ({ input }) => ({ output: input === undefined ? id : `${String(input)}>${id}` })

function chain(length: number, id = 'chain'): FlowBuilder {
  const flow = createFlow(id)
  for (let at = 0; at < length; at++) flow.node(`n${at}`, echo(`n${at}`))
  for (let at = 1; at < length; at++) flow.edge(`n${at - 1}`, `n${at}`)
  return flow
}

/** 1 -> n -> 1. */
function diamond(width: number, id = 'diamond', node: (id: string) => NodeFunction = echo): FlowBuilder {
  const flow = createFlow(id).node('first', node('first'))
  const middle = Array.from({ length: width }, (_, at) => `m${at}`)
  for (const name of middle) flow.node(name, node(name)).edge('first', name)
  flow.node('last', async ({ context }) => ({
    output: await Promise.all(middle.map((name) => context.get(name as never))),
  }))
  for (const name of middle) flow.edge(name, 'last')
  return flow
}

/** A context without what the engine keeps for itself. */
function visible(context: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(context)
  return Object.fromEntries(entries.filter(([key]) => !/^(_executionId$|_inputs\.)/.test(key)))
}

function blame(errors: readonly { nodeId?: string; message: string }[] = []): string[] {
  return errors.map(({ nodeId, message }) => `${nodeId}: ${message}`)
}

describe('start()', () => {
  let flaky = 0
  const cases: Record<string, () => FlowBuilder> = {
    'a chain': () => chain(5),
    'a fan-out and fan-in': () => diamond(5),
    'a join of any': () =>
      createFlow('any')
        .node('a', async () => ({ output: 'same' }))
        .node('b', async () => ({ output: 'same' }))
        .node('join', echo('join'), { config: { joinStrategy: 'any' } })
        .edge('a', 'join')
        .edge('b', 'join'),
    'a branch': () =>
      createFlow('branch')
        .node('choose', async () => ({ output: 1, action: 'left' }))
        .node('left', echo('left'))
        .node('right', echo('right'))
        .edge('choose', 'left', { action: 'left' })
        .edge('choose', 'right', { action: 'right' }),
    'a node that fails twice and is tried three times': () =>
      createFlow('retry').node(
        'flaky',
        async () => {
          if (flaky++ % 3 < 2) throw new Error('not yet')
          return { output: 'at last' }
        },
        { config: { maxRetries: 3 } },
      ),
    'a fallback': () =>
      createFlow('fallback')
        .node(
          'broken',
          async () => {
            throw new Error('broken')
          },
          { config: { fallback: 'spare' } },
        )
        .node('spare', echo('spare'))
        .node('after', echo('after'))
        .edge('broken', 'after'),
    'several terminal nodes, one of which fails': () =>
      createFlow('terminals')
        .node('root', echo('root'))
        .node('good', echo('good'))
        .node('bad', async () => {
          throw new Error('no good')
        })
        .node('other', echo('other'))
        .edge('root', 'good')
        .edge('root', 'bad')
        .edge('root', 'other'),
    'edges that transform, and user keys': () =>
      createFlow('keys')
        .node('a', async ({ context }) => {
          await context.set('user key 📦' as never, 'mine' as never)
          return { output: { n: 1 } }
        })
        .node('b', async ({ input, context }) => ({
          output: [input, await context.get('user key 📦' as never), await context.get('given' as never)],
        }))
        .edge('a', 'b', { transform: 'input.n' }),
  }
  for (const [what, make] of Object.entries(cases)) {
    it(`runs ${what} to the end that it has in memory`, async () => {
      const flow = make()
      const inMemory = await flow.run(new FlowRuntime({}), { given: 'in' })
      begin(adapterOf(deployment, { flows: [make()], logger: quiet }))
      const client = clientOf(deployment)

      const { runId } = await client.start({
        blueprintId: flow.toBlueprint().id,
        input: { given: 'in' },
      })
      const run = await client.waitFor(runId, { timeoutMs: 60_000, pollMs: 50 })

      expect(run.status).toBe(inMemory.status)
      expect(visible(run.context)).toEqual(visible(inMemory.context))
      // A run also remembers the errors of nodes that another stood in for.
      const errors = run.errors?.filter(({ nodeId }) => !run.nodes.completed.includes(nodeId))
      expect(blame(errors)).toEqual(blame(inMemory.errors))
      expect(await depth(deployment, deployment.deadLetterQueueUrl)).toEqual({ visible: 0, hidden: 0 })
    })
  }

  it('works on several runs at a time, on several adapters', async () => {
    const flow = diamond(3)
    for (let at = 0; at < 2; at++) begin(adapterOf(deployment, { flows: [flow], concurrency: 3 }))
    const client = clientOf(deployment, { flows: [flow] })

    const starts = await Promise.all(
      Array.from({ length: 10 }, () => client.start({ blueprintId: 'diamond' })),
    )
    const runs = await Promise.all(starts.map(({ runId }) => client.waitFor(runId, { pollMs: 100 })))

    expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'completed'))
  })

  it('is refused a second time', async () => {
    const adapter = begin(adapterOf(deployment, { flows: [chain(1)] }))

    expect(() => adapter.start()).toThrow('the worker is started already')
  })

  it('begins the whole run for the job that the guide puts on the queue', async () => {
    const flow = createFlow('several starts')
      .node('a', echo('a'))
      .node('b', echo('b'))
      .node('c', echo('c'))
      .node('join', echo('join'))
      .edge('a', 'join')
      .edge('b', 'join')
      .edge('c', 'join')
    begin(adapterOf(deployment, { flows: [flow] }))

    await put(deployment, { runId: 'raw-1', blueprintId: 'several starts', nodeId: 'b' })

    const client = clientOf(deployment)
    const run = await eventually(() => client.waitFor('raw-1', { pollMs: 50 }).catch(() => undefined))
    expect(run).toMatchObject({ status: 'completed', context: { a: 'a', b: 'b', c: 'c' } })
    expect(run.nodes.completed).toEqual(['a', 'b', 'c', 'join'])
  })

  it("begins it once though the guide's client sends a job for each start node, several times", async () => {
    const ran: string[] = []
    const note =
      (id: string): NodeFunction =>
      async () => {
        ran.push(id)
        return {}
      }
    const flow = createFlow('starts').node('a', note('a')).node('b', note('b')).node('c', note('c'))
    flow.edge('a', 'c').edge('b', 'c')
    const adapter = adapterOf(deployment, { flows: [flow] })
    for (const nodeId of ['a', 'b', 'a'])
      await put(deployment, { runId: 'raw', blueprintId: 'starts', nodeId })

    await drain(deployment, adapter)

    expect(ran.toSorted()).toEqual(['a', 'b', 'c'])
    expect(await clientOf(deployment).get('raw')).toMatchObject({ status: 'completed' })
  })
})

describe('stop()', () => {
  it('waits for the node under way and leaves the rest to others', async () => {
    let [entered, left] = [0, 0]
    const slow: NodeFunction = async () => {
      entered++
      await sleep(300)
      left++
      return {}
    }
    const flow = createFlow('slow').node('a', slow)
    const adapter = begin(adapterOf(deployment, { flows: [flow], concurrency: 1 }))
    const client = clientOf(deployment, { flows: [flow] })
    const [first, second] = [
      await client.start({ blueprintId: 'slow' }),
      await client.start({ blueprintId: 'slow' }),
    ]
    await eventually(() => entered || undefined)

    await adapter.stop()

    expect([entered, left]).toEqual([1, 1])
    const statuses = [await client.get(first.runId), await client.get(second.runId)].map(
      ({ status }) => status,
    )
    expect(statuses.toSorted()).toEqual(['completed', 'running'])
    expect(
      await eventually(async () =>
        (await depth(deployment, deployment.queueUrl)).visible === 1 ? true : undefined,
      ),
    ).toBe(true)
    await drain(deployment, adapter)
    expect(entered).toBe(2)
  })

  it('carries no further node of a chain on, which is a message then', async () => {
    const flow = createFlow('steps')
    const [entered, gate] = [new Gate(), new Gate()]
    const ran: string[] = []
    flow.node('n0', async () => {
      entered.open()
      await gate.passed
      ran.push('n0')
      return {}
    })
    for (let at = 1; at < 5; at++)
      flow.node(`n${at}`, async () => (ran.push(`n${at}`), {})).edge(`n${at - 1}`, `n${at}`)
    const adapter = begin(adapterOf(deployment, { flows: [flow], concurrency: 1 }))
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'steps' })
    await entered.passed

    const stopping = adapter.stop()
    gate.open()
    await stopping

    expect(ran).toEqual(['n0'])
    expect((await client.get(runId)).nodes).toMatchObject({ completed: ['n0'], active: ['n1'] })
    await drain(deployment, adapter)
    expect(await client.get(runId)).toMatchObject({ status: 'completed' })
  })

  it('cuts a poll that waits, does nothing where nothing was started, and may be undone', async () => {
    const polled = new Gate()
    let polls = 0
    const { sqsClient: sqs } = aws.clients
    // Its first poll ends only when it is cut.
    const send = (
      command: { readonly input: object },
      { abortSignal }: { abortSignal?: AbortSignal } = {},
    ) => {
      const isFirst = command instanceof ReceiveMessageCommand && ++polls === 1
      if (!isFirst) return sqs.send(command as ReceiveMessageCommand, { abortSignal })
      polled.open()
      return new Promise((_, reject) =>
        abortSignal?.addEventListener('abort', () => reject(new Error('cut'))),
      )
    }
    const sqsClient: SQSClient = Object.create(sqs, { send: { value: send } })
    const adapter = new SqsAdapter({ ...awsOptions(deployment), sqsClient, flows: [chain(1)] })
    await adapter.stop()
    adapter.start()
    await polled.passed
    await adapter.stop()
    const client = clientOf(deployment)
    const { runId } = await client.start({ blueprintId: 'chain' })
    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 1, hidden: 0 })
    expect(polls).toBe(1)

    begin(adapter)
    expect(await client.waitFor(runId, { pollMs: 50 })).toMatchObject({ status: 'completed' })
  })

  it('comes with "await using"', async () => {
    {
      await using adapter = adapterOf(deployment, { flows: [chain(1)] })
      adapter.start()
    }
    await put(deployment, { runId: 'r', blueprintId: 'chain', nodeId: 'n0' })
    await sleep(100)

    expect(await depth(deployment, deployment.queueUrl)).toMatchObject({ visible: 1 })
  })
})

describe('reconcile()', () => {
  it('sends again what was lost, and only that', async () => {
    const flow = diamond(3)
    const adapter = adapterOf(deployment, { flows: [flow] })
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'diamond' })
    const [firstJob] = await receive(deployment)
    await remove(deployment, firstJob ?? {})

    expect(await adapter.reconcile(runId)).toEqual(new Set(['first']))
    const [again] = await receive(deployment)
    await adapter.process(jobOf(again ?? {}), INVOCATION)
    await remove(deployment, again ?? {})
    for (const message of await receive(deployment)) {
      const job = jobOf(message)
      if (job.nodeId !== 'm1') await adapter.process(job, INVOCATION)
      await remove(deployment, message)
    }
    expect(await client.get(runId)).toMatchObject({ status: 'running', nodes: { active: ['m1'] } })

    expect(await adapter.reconcile(runId)).toEqual(new Set(['m1']))
    await drain(deployment, adapter)

    const run = await client.get(runId)
    expect(run.status).toBe('completed')
    expect(run.context['last']).toEqual(['first>m0', 'first>m1', 'first>m2'])
    expect(await adapter.reconcile(runId)).toEqual(new Set())
  })

  it('begins a run that was accepted, where its message was lost', async () => {
    const adapter = adapterOf(deployment, { flows: [chain(2)] })
    const client = clientOf(deployment)
    const { runId } = await client.start({ blueprintId: 'chain' })
    await Promise.all((await receive(deployment)).map((message) => remove(deployment, message)))

    expect(await adapter.reconcile(runId)).toEqual(new Set())
    await drain(deployment, adapter)

    expect(await client.get(runId)).toMatchObject({ status: 'completed', context: { n1: 'n0>n1' } })
  })

  it('leaves alone what somebody works on', async () => {
    const [entered, gate] = [new Gate(), new Gate()]
    const flow = createFlow('held').node('a', async () => {
      entered.open()
      await gate.passed
      return {}
    })
    const adapter = adapterOf(deployment, { flows: [flow] })
    const { runId } = await clientOf(deployment, { flows: [flow] }).start({ blueprintId: 'held' })
    const working = drain(deployment, adapter)
    await entered.passed

    expect(await adapter.reconcile(runId)).toEqual(new Set())
    gate.open()
    await working
  })

  it('says that there is no such run', async () => {
    await expect(adapterOf(deployment, { flows: [chain(1)] }).reconcile('nope')).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      message: "there is no run 'nope'",
    })
  })
})

describe('the end of a run', () => {
  type Result = { status: 'completed' | 'failed'; payload?: WorkflowResult; reason?: string }
  class Telling extends SqsAdapter {
    readonly told: { runId: string; result: Result }[] = []
    trouble = 0
    protected override async publishFinalResult(runId: string, result: Result): Promise<void> {
      this.told.push({ runId, result })
      if (this.trouble-- > 0) throw new Error('nobody listens')
    }
  }
  const telling = (...flows: FlowBuilder[]) =>
    new Telling({
      ...awsOptions(deployment),
      flows,
      logger: quiet,
      deployGraceMs: 0,
    })

  it('is published with the result', async () => {
    const adapter = telling(chain(2))
    const { runId } = await clientOf(deployment).start({ blueprintId: 'chain', input: { in: 1 } })

    await drain(deployment, adapter)

    expect(adapter.told).toHaveLength(1)
    expect(adapter.told[0]).toMatchObject({
      runId,
      result: { status: 'completed', payload: { status: 'completed', context: { in: 1, n1: 'n0>n1' } } },
    })
    const { payload } = adapter.told[0]?.result ?? {}
    expect(JSON.parse(payload?.serializedContext ?? '')).toEqual(payload?.context)
    await adapter.reconcile(runId)
    expect(adapter.told).toHaveLength(1)
  })

  it('is published until publishing succeeds', async () => {
    const adapter = telling(chain(1))
    adapter.trouble = 2
    const errors: unknown[] = []
    await clientOf(deployment).start({ blueprintId: 'chain' })

    await drain(deployment, adapter, { onError: (error) => errors.push(error) })

    expect(errors).toHaveLength(2)
    expect(adapter.told).toHaveLength(3)
    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 0, hidden: 0 })
  })

  it('is published with a reason where the run failed or was cancelled', async () => {
    const flow = createFlow('bad').node('a', async () => {
      throw new Error('no good')
    })
    const adapter = telling(flow)
    const client = clientOf(deployment)
    await client.start({ blueprintId: 'bad', runId: 'r1' })
    await client.start({ blueprintId: 'bad', runId: 'r4' })
    await client.cancel('r4')
    await client.start({ blueprintId: 'unknown', runId: 'r2' })

    await drain(deployment, adapter)

    const of = (runId: string) => adapter.told.find((one) => one.runId === runId)?.result
    expect(of('r1')).toMatchObject({
      status: 'failed',
      payload: { errors: [{ nodeId: 'a' }] },
      reason: "Node 'a' execution failed: no good",
    })
    expect(of('r4')).toMatchObject({ status: 'failed', reason: 'the run was cancelled' })
    expect(of('r2')).toMatchObject({
      status: 'failed',
      reason: "no blueprint 'unknown' here; registered: 'bad'",
    })
  })
})

const listen = () => {
  const events: FlowcraftEvent[] = []
  const bus = { emit: async (event: FlowcraftEvent) => void events.push(event) }
  return { events, bus }
}

describe('the event bus', () => {
  it('gets the events of a run, with its id', async () => {
    const { events, bus } = listen()
    const adapter = adapterOf(deployment, { flows: [chain(2)], eventBus: bus })
    const { runId } = await clientOf(deployment).start({ blueprintId: 'chain' })

    await drain(deployment, adapter)

    const types = events.map(({ type }) => type)
    expect(types[0]).toBe('workflow:start')
    expect(types.at(-1)).toBe('workflow:finish')
    for (const type of ['node:start', 'node:finish'] as const) {
      const of = events.filter((event) => event.type === type)
      expect(of.map(({ payload }) => (payload as { nodeId: string }).nodeId)).toEqual(['n0', 'n1'])
    }
    const ids = events.flatMap(({ payload }) =>
      'executionId' in payload ? [payload.executionId] : 'runId' in payload ? [payload.runId] : [],
    )
    expect(new Set(ids)).toEqual(new Set([runId]))
    expect(events.at(-1)).toMatchObject({
      payload: { blueprintId: 'chain', executionId: runId, status: 'completed' },
    })
  })

  it('may fail without harm', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const bus = {
      emit: async () => {
        throw new Error('bus is down')
      },
    }
    const adapter = adapterOf(deployment, { flows: [chain(2)], eventBus: bus })
    const client = clientOf(deployment)
    const { runId } = await client.start({ blueprintId: 'chain' })

    await drain(deployment, adapter)

    expect(await client.get(runId)).toMatchObject({ status: 'completed' })
    expect(warn).toHaveBeenCalledWith(
      'the event bus failed',
      expect.objectContaining({ reason: 'bus is down' }),
    )
    warn.mockRestore()
  })
})

const counting = () => {
  const runs = new Map<string, number>()
  const node =
    (id: string): NodeFunction =>
    async (context) => {
      runs.set(id, (runs.get(id) ?? 0) + 1)
      return echo(id)(context)
    }
  return { runs, node }
}

describe('at-least-once delivery', () => {
  it('runs each node once though every message comes twice at once and again later', async () => {
    const { runs, node } = counting()
    const flow = diamond(3, 'diamond', node)
    const adapter = adapterOf(deployment, { flows: [flow] })
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'diamond' })

    await drain(deployment, adapter, { copies: 3 })

    expect(await client.get(runId)).toMatchObject({ status: 'completed' })
    expect(Object.fromEntries(runs)).toEqual({ first: 1, m0: 1, m1: 1, m2: 1 })
  })

  it('runs each node once though the poller gets every message twice', async () => {
    const { runs, node } = counting()
    const flow = diamond(3, 'diamond', node)
    const doubling = new SQSClient(aws.clientConfig.sqs)
    doubling.middlewareStack.add(
      (next) => (args) => {
        const input = args.input as { Entries?: { Id: string }[] }
        const Entries = input.Entries?.flatMap((entry) => [entry, { ...entry, Id: `${entry.Id}again` }])
        return next({ ...args, input: { ...args.input, ...(Entries ? { Entries } : {}) } })
      },
      { step: 'initialize' },
    )
    const options = { ...awsOptions(deployment), sqsClient: doubling }
    begin(new SqsAdapter({ ...options, flows: [flow] }))
    const client = clientOf(deployment, { flows: [flow], sqsClient: doubling })

    const { runId } = await client.start({ blueprintId: 'diamond' })
    const run = await client.waitFor(runId, { pollMs: 50 })

    expect(run.status).toBe('completed')
    expect(Object.fromEntries(runs)).toEqual({ first: 1, m0: 1, m1: 1, m2: 1 })
    doubling.destroy()
  })
})

describe('an answer that is lost', () => {
  /** Requests of a run of 1 -> 3 -> 1, of which each is lost in one run. */
  const REQUESTS = 24

  const cases = [
    ['lose', 1],
    ['lose', 3],
    ['drop', 1],
  ] as const
  for (const [outcome, attempts] of cases) {
    it(`(${outcome}, ${attempts} attempts) at any request of a run leaves it to end as it should`, async () => {
      const clients = {
        sqsClient: new SQSClient({ ...aws.clientConfig.sqs, maxAttempts: attempts }),
        dynamoDbClient: new DynamoDBClient({ ...aws.clientConfig.dynamodb, maxAttempts: attempts }),
      }
      const flow = diamond(3)
      const adapter = new SqsAdapter({
        ...awsOptions(deployment),
        ...clients,
        flows: [flow],
        logger: quiet,
      })
      const client = clientOf(deployment, { flows: [flow] })
      const ids = Array.from({ length: REQUESTS }, (_, at) => `run-${at + 1}-`)
      for (const runId of ids) await client.start({ blueprintId: 'diamond', runId })
      const counts = new Map<string, number>()
      aws.intercept(({ body, operation }) => {
        const text = JSON.stringify(body)
        const runId = operation === 'DeleteMessage' ? undefined : ids.find((id) => text.includes(id))
        if (!runId) return 'forward'
        const count = (counts.get(runId) ?? 0) + 1
        counts.set(runId, count)
        return runId === `run-${count}-` ? outcome : 'forward'
      })
      const errors: unknown[] = []

      // Leases that nobody gave back end soon: with the invocation, and a margin of 2 s for clocks.
      await drain(deployment, adapter, { deadlineMs: 200, onError: (error) => errors.push(error) })

      aws.intercept(undefined)
      const runs = await Promise.all(ids.map((runId) => client.get(runId)))
      for (const run of runs) {
        expect(run.status).toBe('completed')
        expect(run.context['last']).toEqual(['first>m0', 'first>m1', 'first>m2'])
      }
      // All requests of a run had their turn.
      const { length } = ids.filter((id) => (counts.get(id) ?? 0) >= Number(id.split('-')[1]))
      expect(length).toBeGreaterThanOrEqual(17)
      expect(length).toBeLessThan(REQUESTS)
      expect(errors.length > 0).toBe(attempts === 1)
      for (const one of Object.values(clients)) one.destroy()
    })
  }
})
