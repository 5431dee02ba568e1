import {
  createFlow,
  FlowRuntime,
  generateMermaidForRun,
  NullLogger,
  SubflowNode,
  type WorkflowBlueprint,
} from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { addCost, type HistoryEntry, HistoryEventStore } from '../../../lib/index.ts'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'

const logger = new NullLogger()

/** Types in order, with the node and the first of what tells more. */
function told(entries: readonly HistoryEntry[]): string[] {
  return entries.map((entry) => {
    const { type } = entry
    const node = 'nodeId' in entry ? ` ${entry.nodeId}` : ''
    const round = 'iteration' in entry && entry.iteration > 1 ? `.${entry.iteration}` : ''
    const more = 'attempt' in entry && entry.attempt > 1 ? ` try ${entry.attempt}` : ''
    const reason = 'reason' in entry && entry.reason !== undefined ? ` ${entry.reason}` : ''
    const status = 'status' in entry ? ` ${entry.status}` : ''
    const kind = 'kind' in entry ? ` ${entry.kind}` : ''
    const item = 'item' in entry ? ` ${entry.item}` : ''
    return `${type}${kind}${node}${round}${item}${more}${reason}${status}`
  })
}

const order = createFlow('order')
  .node('price', async ({ context }) => {
    await context.set('cents', 1_250)
    return { output: { price: 12.5 } }
  })
  .wait('approve')
  .node('ship', async ({ input }) => ({ output: { shipped: input } }))
  .node('refuse', async () => ({ output: 'refused' }))
  .edge('price', 'approve')
  .edge('approve', 'ship', { action: 'yes' })
  .edge('approve', 'refuse', { action: 'no' })

async function approved(history?: 'none' | 'timings' | 'full') {
  const service = new TestService({ flows: [order], logger, ...(history ? { history } : {}) })
  const { runId } = await service.run({ blueprintId: 'order', input: { id: 'A-17' } })
  service.now += 5_000
  await service.resume(runId, { action: 'yes', output: { by: 'Ada' }, by: 'Ada', reason: 'paid' })
  service.now += 1_000
  await service.settle()
  return { service, runId }
}

describe('the history of a run', () => {
  it('says what happened, in order, with times', async () => {
    const { service, runId } = await approved()
    const entries = await service.history(runId)

    expect(told(entries)).toEqual([
      'runStarted',
      'nodeStarted price',
      'nodeCompleted price',
      'nodeStarted approve',
      'nodeWaits approve external_event',
      'nodeResumed approve paid',
      'nodeWoke approve external_event',
      'nodeCompleted approve',
      'nodeStarted ship',
      'nodeCompleted ship',
      'runEnded completed',
    ])
    const [started, , priced, , , resumed, woke, done] = entries
    expect(started?.at).toEqual(new Date(Date.UTC(2026, 0, 1)))
    expect(priced).toEqual({
      type: 'nodeCompleted',
      nodeId: 'price',
      iteration: 1,
      at: started?.at,
      durationMs: 0,
      next: ['approve'],
    })
    expect(resumed).toMatchObject({ at: new Date(Date.UTC(2026, 0, 1) + 5_000), action: 'yes' })
    expect(resumed).toMatchObject({ by: 'Ada', reason: 'paid' })
    expect(woke?.at).toEqual(new Date(Date.UTC(2026, 0, 1) + 6_000))
    expect(done).toMatchObject({ action: 'yes', next: ['ship'] })
  })

  it("has values where it is 'full'", async () => {
    const { service, runId } = await approved('full')
    const entries = await service.history(runId)
    const completed = entries.filter((entry) => entry.type === 'nodeCompleted')

    expect(completed.map(({ nodeId, output, set }) => [nodeId, output, set])).toEqual([
      ['price', { price: 12.5 }, { cents: 1_250 }],
      ['approve', { by: 'Ada' }, undefined],
      ['ship', { shipped: { by: 'Ada' } }, undefined],
    ])
    expect(entries.find((entry) => entry.type === 'nodeStarted' && entry.nodeId === 'ship')).toMatchObject({
      input: { by: 'Ada' },
    })
  })

  it('knows what ended where nothing was noted', async () => {
    const { service, runId } = await approved('none')
    const entries = await service.history(runId)

    expect(told(entries)).toEqual([
      'runStarted',
      'nodeResumed approve paid',
      'nodeCompleted price',
      'nodeCompleted approve',
      'nodeCompleted ship',
      'runEnded completed',
    ])
    expect(entries[2]).toEqual({ type: 'nodeCompleted', nodeId: 'price', iteration: 1 })
  })

  it('has retries, failures, redrives and who asked for them', async () => {
    let broken = true
    let tries = 0
    const flow = createFlow('pay')
      .node(
        'charge',
        async () => {
          if (++tries < 3) throw new Error('try again')
          return { output: 'charged' }
        },
        { config: { maxRetries: 3 } },
      )
      .node('book', async () => {
        if (broken) throw new TypeError(`no ledger ${'x'.repeat(500)}`)
        return { output: 'booked' }
      })
      .edge('charge', 'book')
    const service = new TestService({ flows: [flow], logger })
    const { runId, status } = await service.run({ blueprintId: 'pay' })
    expect(status).toBe('failed')
    broken = false
    service.now += 1_000
    await service.redrive(runId, { by: 'Ada', reason: 'the ledger is back' })
    service.now += 1_000
    await service.settle()
    const entries = await service.history(runId)

    expect(told(entries)).toEqual([
      'runStarted',
      'nodeStarted charge',
      'nodeRetried charge',
      'nodeRetried charge try 2',
      'nodeCompleted charge',
      'nodeStarted book',
      'nodeFailed book',
      'runEnded failed',
      'operation redrive the ledger is back',
      'nodeStarted book.2',
      'nodeCompleted book.2',
      'runEnded completed',
    ])
    expect(entries.find(({ type }) => type === 'nodeFailed')).toMatchObject({
      error: { name: 'TypeError', message: expect.stringMatching(/^.{1,200}$/) },
    })
    expect(entries.find(({ type }) => type === 'operation')).toMatchObject({ by: 'Ada', nodes: ['book'] })
  })

  it('has what was asked for in its place, where all of it happens at one time', async () => {
    const flow = createFlow('mends').node('mend', async ({ context }) => {
      if (!(await context.get('mended'))) throw new Error('broken')
      return { output: 'mended' }
    })
    const service = new TestService({ flows: [flow], logger })
    const { runId } = await service.run({ blueprintId: 'mends' })
    await service.redrive(runId, { by: 'Ada' })
    await service.settle()
    await service.redrive(runId, { by: 'Bob', nodes: ['mend'], set: { mended: true } })
    await service.settle()

    expect(told(await service.history(runId))).toEqual([
      'runStarted',
      'nodeStarted mend',
      'nodeFailed mend',
      'runEnded failed',
      'operation redrive',
      'nodeStarted mend.2',
      'nodeFailed mend.2',
      'runEnded failed',
      'operation redrive',
      'nodeStarted mend.3',
      'nodeCompleted mend.3',
      'runEnded completed',
    ])
  })

  it.each(['timings', 'none'] as const)(
    'has the end of a run that was cancelled, also once it was redriven, with history %s',
    async (history) => {
      const flow = createFlow('waits').wait('approval')
      const service = new TestService({ flows: [flow], logger, history })
      const { runId } = await service.start({ blueprintId: 'waits' })
      for (const reason of ['first', 'second']) {
        service.now += 1_000
        await service.settle()
        await service.cancel(runId)
        service.now += 1_000
        await service.settle()
        await service.redrive(runId, { reason })
      }
      service.now += 1_000
      await service.settle()
      await service.resume(runId)
      service.now += 1_000
      await service.settle()

      const ends = told(await service.history(runId)).filter((line) => /^(?:runEnded|operation)/.test(line))
      expect(ends).toEqual([
        'runEnded cancelled',
        'operation redrive first',
        'runEnded cancelled',
        'operation redrive second',
        'runEnded completed',
      ])
      const { operations } = await service.get(runId)
      expect(operations).toEqual(
        ['first', 'second'].map((reason) => ({
          kind: 'redrive',
          at: expect.any(Date) as Date,
          reason,
          nodes: [],
          keys: [],
        })),
      )
    },
  )

  it('has the end of a run that failed itself, also once it was redriven', async () => {
    const flow = createFlow('dear')
      .node('ask', async ({ dependencies }) => {
        addCost(dependencies, 'model', 2)
        return { output: 'asked' }
      })
      .node('end', async () => ({ output: 'end' }))
      .edge('ask', 'end')
    const service = new TestService({ flows: [flow], logger })
    const { runId } = await service.run({ blueprintId: 'dear', maxUsd: 1 })
    await service.redrive(runId, { maxUsd: 5 })
    await service.settle()

    const ends = told(await service.history(runId)).filter((entry) => entry.startsWith('runEnded'))
    expect(ends).toEqual(['runEnded failed', 'runEnded completed'])
  })

  it('has failures that nobody noted, when they happened', async () => {
    const flow = createFlow('breaks').node('break', async () => {
      throw new TypeError('broken')
    })
    const service = new TestService({ flows: [flow], logger, history: 'none' })
    const { runId } = await service.run({ blueprintId: 'breaks' })

    expect(await service.history(runId)).toMatchObject([
      { type: 'runStarted' },
      { type: 'nodeFailed', nodeId: 'break', at: new Date(service.now), error: { message: /broken/ } },
      { type: 'runEnded', status: 'failed' },
    ])
  })

  it('has tries that the queue brings, child runs, batches and fallbacks', async () => {
    let children = 0
    const flows = [
      createFlow('inner').node('leaf', async () => {
        if (children++ === 0) throw new Error('not yet')
        return { output: 'leaf' }
      }),
      createFlow('outer')
        .node('sub', SubflowNode, { params: { blueprintId: 'inner' }, config: { maxRetries: 2 } })
        .node('pick', async () => ({ output: [1, 2, 3] }))
        .batch('each', async ({ input }) => ({ output: input }), { inputKey: 'pick', outputKey: 'all' })
        .node(
          'risky',
          async () => {
            throw new Error('no')
          },
          { config: { fallback: 'safe' } },
        )
        .node('safe', async () => ({ output: 'safe' }))
        .edge('sub', 'pick')
        .edge('pick', 'each_scatter')
        .edge('each_gather', 'risky'),
    ]
    const service = new TestService({ flows, logger })
    const { runId, status } = await service.run({ blueprintId: 'outer' })
    const entries = await service.history(runId)

    expect(status).toBe('completed')
    expect(told(entries).filter((entry) => entry.includes(' sub'))).toEqual([
      'nodeStarted sub',
      'nodeWaits sub subflow',
      'nodeWoke sub subflow',
      'nodeRetried sub',
      'nodeWaits sub retry',
      'nodeStarted sub try 2',
      'nodeWaits sub subflow',
      'nodeWoke sub subflow',
      'nodeCompleted sub',
    ])
    expect(entries.find(({ type }) => type === 'nodeWaits')).toMatchObject({ childRunId: `${runId}/0.1` })
    expect(
      told(entries)
        .filter((entry) => entry.startsWith('item'))
        .toSorted(),
    ).toEqual([
      'itemCompleted each_scatter 0',
      'itemCompleted each_scatter 1',
      'itemCompleted each_scatter 2',
    ])
    expect(entries.find(({ type }) => type === 'nodeFellBack')).toMatchObject({ fallback: 'safe' })
  })

  it('has each round of a loop', async () => {
    const flow = createFlow('loops')
      .node('count', async ({ context }) => {
        const n = ((await context.get('n')) as number | undefined) ?? 0
        await context.set('n', n + 1)
        await context.set('more', n < 2)
        return { output: n + 1 }
      })
      .loop('again', { startNodeId: 'count', endNodeId: 'count', condition: 'more' })
      .node('end', async () => ({ output: 'end' }))
      .edge('again', 'end')
    for (const history of ['none', 'timings'] as const) {
      const service = new TestService({ flows: [flow], logger, history })
      const { runId } = await service.run({ blueprintId: 'loops' })
      const rounds = told(await service.history(runId)).filter((entry) =>
        entry.startsWith('nodeCompleted count'),
      )
      expect(rounds).toEqual(['nodeCompleted count', 'nodeCompleted count.2', 'nodeCompleted count.3'])
    }
  })

  it('does not take what is under way in a loop for done', async () => {
    const flow = createFlow('asks')
      .node('ask', async ({ context }) => {
        await context.set('more', true)
        return { output: 'asked' }
      })
      .wait('answer')
      .loop('again', { startNodeId: 'ask', endNodeId: 'answer', condition: 'more' })
      .node('end', async () => ({ output: 'end' }))
      .edge('ask', 'answer')
      .edge('again', 'end')
    for (const history of ['none', 'timings'] as const) {
      const service = new TestService({ flows: [flow], logger, history })
      const { runId } = await service.run({ blueprintId: 'asks' })
      await service.resume(runId, {})
      await service.settle()
      const completed = told(await service.history(runId)).filter((entry) =>
        entry.startsWith('nodeCompleted'),
      )
      expect(completed.filter((entry) => entry.includes('answer'))).toEqual(['nodeCompleted answer'])
      expect(completed.filter((entry) => entry.includes('ask'))).toEqual([
        'nodeCompleted ask',
        'nodeCompleted ask.2',
      ])
    }
  })

  it('is told of a run that is under way, and refused of one that is not there', async () => {
    const service = new TestService({ flows: [order], logger })
    const { runId } = await service.start({ blueprintId: 'order' })

    expect(told(await service.history(runId))).toEqual(['runStarted'])
    await expect(service.history('none')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })
})

describe('what is noted', () => {
  it('is one write for a chain, and no failure of the run', async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `n${n}`)
    let chain = createFlow('chain')
    for (const id of ids) chain = chain.node(id, async () => ({ output: id }))
    for (const [n, id] of ids.slice(1).entries()) chain = chain.edge(`n${n}`, id)
    const store = new MemoryRunStore()
    const keys: string[] = []
    const put = store.putValue.bind(store)
    let isAway = false
    store.putValue = async (runId, key, value) => {
      if (key.startsWith('history|')) keys.push(key)
      if (isAway && key.startsWith('history|')) throw new Error('the table is away')
      return put(runId, key, value)
    }
    const service = new TestService({ flows: [chain], logger, store })

    const { runId } = await service.run({ blueprintId: 'chain' })
    expect(keys).toHaveLength(1)
    expect(told(await service.history(runId))).toHaveLength(22)

    isAway = true
    const { runId: other, status } = await service.run({ blueprintId: 'chain' })
    expect(status).toBe('completed')
    expect(told(await service.history(other))).toHaveLength(12)
  })

  it('may be large', async () => {
    const { randomBytes } = await import('node:crypto')
    const large = randomBytes(600_000).toString('base64')
    const flow = createFlow('large').node('make', async () => ({ output: large }))
    const service = new TestService({ flows: [flow], logger, history: 'full' })
    const { runId } = await service.run({ blueprintId: 'large' })

    expect(await service.history(runId)).toContainEqual(expect.objectContaining({ output: large }))
  })
})

describe("the engine's tools", () => {
  const runtime = new FlowRuntime({})
  const blueprint = order.toBlueprint() as WorkflowBlueprint

  it.each(['none', 'timings', 'full'] as const)('replay a run that happened here: %s', async (history) => {
    const { service, runId } = await approved(history)
    const events = await new HistoryEventStore(service).retrieve(runId)
    const replayed = await runtime.replay(blueprint, events, runId)
    const { context } = await service.get(runId)

    expect(replayed.context).toEqual(context)
  })

  it('draw it', async () => {
    const { service, runId } = await approved()
    const store = new HistoryEventStore(service)
    const drawn = generateMermaidForRun(blueprint, await store.retrieve(runId))

    for (const id of ['price', 'approve', 'ship']) expect(drawn).toContain(`style ${id} fill:#d4edda`)
    expect(drawn).not.toContain('style refuse')
    expect(drawn.match(/linkStyle \d/g)).toEqual(['linkStyle 0', 'linkStyle 1'])
    expect([...(await store.retrieveMultiple([runId])).keys()]).toEqual([runId])
    await expect(store.store({} as never, runId)).rejects.toMatchObject({ code: 'INVALID_STATE' })
  })
})
