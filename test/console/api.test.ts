/** What the console answers its page: the operations of the client, and its errors. */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineFlows } from '../../lib/core/blueprints/define-flows.ts'
import { linesOf, served } from './served.ts'

const jsonOf = async (answer: Response) => (await answer.json()) as Record<string, unknown>

describe('the console', () => {
  it('starts a run, shows it and its parts, resumes it, and shows its end', async () => {
    const { service, get, post } = served({ history: 'full' })
    const started = await post('/runs', { blueprintId: 'order', input: { amount: 5 }, runId: 'r1' })
    expect(await jsonOf(started)).toMatchObject({ runId: 'r1', created: true })
    await service.settle()

    const run = await jsonOf(await get('/runs/r1'))
    expect(run).toMatchObject({
      status: 'awaiting',
      progress: [{ nodeId: 'charge', state: 'completed' }, { state: 'waiting' }, {}, {}],
    })
    expect(run).not.toHaveProperty('context')
    expect(await jsonOf(await get('/runs/r1/graph'))).toMatchObject({
      nodes: [{ id: 'charge' }, { id: 'approval', uses: 'wait' }, {}, {}],
      edges: [{ source: 'charge', target: 'approval' }, { action: 'approve' }, { action: 'refuse' }],
    })
    expect(await jsonOf(await get('/runs/r1/nodes/charge'))).toMatchObject({
      output: { value: { amount: 5 }, bytes: 12 },
      errors: [],
    })
    expect(await jsonOf(await get('/runs/r1/value?key=amount'))).toEqual({ value: 5, bytes: 1 })
    expect((await get('/runs/r1/value?key=nope')).status).toBe(404)

    expect(await jsonOf(await post('/runs/r1/resume', { action: 'approve', by: 'Ada' }))).toEqual({
      resumed: true,
    })
    await service.settle()
    expect(await jsonOf(await get('/runs/r1'))).toMatchObject({ status: 'completed' })
    const { entries } = await jsonOf(await get('/runs/r1/history'))
    expect(entries).toContainEqual(
      expect.objectContaining({ type: 'nodeCompleted', nodeId: 'ship', output: 'shipped' }),
    )
    expect(await jsonOf(await get('/runs/r1/diagram'))).toMatchObject({
      mermaid: expect.stringContaining('ship') as string,
    })
    expect(await jsonOf(await get('/runs/r1/file'))).toMatchObject({
      format: 'flowcraft-aws run 1',
      run: { runId: 'r1' },
      context: { ship: 'shipped' },
    })
  })

  it('groups failures, tells what a redrive of a group would do, and does it', async () => {
    const { service, get, post } = served()
    for (const [id, amount] of [
      ['a', 100],
      ['b', 200],
      ['c', 5],
    ] as const)
      await service.run({ blueprintId: 'order', runId: id, input: { amount } })
    const since = new Date(service.now - 60_000).toISOString()
    const found = await jsonOf(await get(`/failures?since=${since}`))
    const [group] = found['groups'] as Record<string, unknown>[]
    expect(group).toMatchObject({ nodeId: 'charge', message: 'declined: #', count: 2 })

    const { blueprintId, nodeId, error, message } = group ?? {}
    const failures = { since, group: { blueprintId, nodeId, error, message } }
    const preview = await linesOf(await post('/redrives', { failures, dryRun: true }))
    expect(preview).toHaveLength(2)
    expect(preview).toContainEqual(
      expect.objectContaining({ runId: 'a', redriven: false, again: ['charge'] }),
    )
    expect(await jsonOf(await get('/runs/a'))).toMatchObject({ status: 'failed' })

    const done = await linesOf(
      await post('/redrives', { failures, set: { amount: 1 }, by: 'Ada', reason: 'limit' }),
    )
    expect(done).toHaveLength(2)
    await service.settle()
    expect(await jsonOf(await get('/runs/a'))).toMatchObject({
      status: 'awaiting',
      redrives: 1,
      operations: [{ kind: 'redrive', by: 'Ada', reason: 'limit' }],
    })
  })

  it('redrives and cancels runs by their ids, each told of by itself', async () => {
    const { service, post } = served()
    await service.run({ blueprintId: 'order', runId: 'bad', input: { amount: 100 } })
    await service.run({ blueprintId: 'order', runId: 'good', input: { amount: 1 } })
    expect(
      await linesOf(await post('/redrives', { runIds: ['bad', 'good', 'none'], dryRun: true })),
    ).toMatchObject([
      { runId: 'bad', again: ['charge'] },
      { runId: 'good', error: { code: 'INVALID_STATE' } },
      { runId: 'none', error: { code: 'RUN_NOT_FOUND' } },
    ])
    expect(await linesOf(await post('/cancels', { runIds: ['good', 'none'], by: 'Ada' }))).toMatchObject([
      { runId: 'good', cancelled: true },
      { runId: 'none', error: { code: 'RUN_NOT_FOUND' } },
    ])
  })

  it('lists with filters, by pages, with costs', async () => {
    const { service, get } = served()
    for (let at = 0; at < 5; at++)
      await service.run({
        blueprintId: 'order',
        runId: `r${at}`,
        input: { amount: at === 0 ? 100 : 1 },
        labels: { at: `${at}` },
      })
    const first = await jsonOf(await get('/runs?limit=2'))
    expect(first['runs']).toHaveLength(2)
    const next = await jsonOf(
      await get(`/runs?limit=2&cursor=${encodeURIComponent(first['cursor'] as string)}`),
    )
    expect(next['runs']).not.toEqual(first['runs'])
    expect(await jsonOf(await get('/runs?status=failed&status=cancelled'))).toMatchObject({
      runs: [{ runId: 'r0' }],
    })
    expect(await jsonOf(await get('/runs?label=at=3'))).toMatchObject({ runs: [{ runId: 'r3' }] })
    expect(await jsonOf(await get('/costs?run=r1&run=none'))).toHaveProperty('usd')
  })

  it.each([
    ['/runs?status=sleeping', 400, 'INVALID_INPUT', 'status must be one or some of'],
    ['/runs?since=yesterday', 400, 'INVALID_INPUT', 'startedAfter must be a Date'],
    ['/runs?limit=0', 400, 'INVALID_INPUT', 'limit must be'],
    ['/runs?label=x', 400, 'INVALID_INPUT', 'name=value'],
    ['/runs?cursor=x', 400, 'INVALID_INPUT', 'cursor'],
    ['/failures', 400, 'INVALID_INPUT', 'since must be a Date'],
    ['/runs/none', 404, 'RUN_NOT_FOUND', "'none'"],
    ['/blueprints/none', 404, 'NOT_FOUND', "'none'"],
    ['/service?service=none', 404, 'NOT_FOUND', "'none'"],
    ['/nothing', 404, 'NOT_FOUND', '/api/nothing'],
  ])('answers %s with %i %s', async (path, status, code, words) => {
    const answer = await served().get(path)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code, message: expect.stringContaining(words) as string })
  })

  it.each([
    ['/runs', {}, 400, 'INVALID_INPUT'],
    ['/runs', [], 400, 'INVALID_INPUT'],
    ['/runs/none/cancel', {}, 404, 'RUN_NOT_FOUND'],
    ['/runs/good/redrive', {}, 409, 'INVALID_STATE'],
    ['/runs/good/resume', { action: 'shrug' }, 400, 'INVALID_INPUT'],
    ['/redrives', {}, 400, 'INVALID_INPUT'],
    ['/redrives', { failures: { since: 'x' } }, 400, 'INVALID_INPUT'],
    ['/redrives', { runIds: 'good' }, 400, 'INVALID_INPUT'],
    ['/redrives', { runIds: ['good'], limit: -1 }, 400, 'INVALID_INPUT'],
    ['/redrives', { failures: { since: '2026-01-01T00:00:00Z', group: 7 } }, 400, 'INVALID_INPUT'],
    ['/cancels', {}, 400, 'INVALID_INPUT'],
    ['/cancels', { runIds: [7] }, 400, 'INVALID_INPUT'],
    ['/dead-letters/drop', { all: true }, 400, 'INVALID_INPUT'],
    ['/dead-letters/send-back', { ids: 'm' }, 400, 'INVALID_INPUT'],
  ])('refuses POST %s %j with %i %s, and changes nothing', async (path, body, status, code) => {
    const { service, post } = served()
    await service.run({ blueprintId: 'order', runId: 'good', input: { amount: 1 } })
    const answer = await post(path, body)
    expect([answer.status, await answer.json()]).toMatchObject([status, { code }])
    expect(await service.get('good')).toMatchObject({ status: 'awaiting' })
  })

  it('shows blueprints with what workers have, what ran, and what is paused', async () => {
    const { service, get, post } = served()
    await service.run({ blueprintId: 'order', input: { amount: 100 } })
    await service.run({ blueprintId: 'order', input: { amount: 1 } })
    await post('/blueprints/order/pause', { by: 'Ada', reason: 'charges twice' })
    expect(await jsonOf(await get('/blueprints'))).toMatchObject({
      blueprints: [
        {
          blueprintId: 'order',
          warnings: 0,
          paused: { by: 'Ada', reason: 'charges twice' },
          lastDay: { runs: 2, byStatus: { failed: 1, awaiting: 1 }, more: false },
        },
      ],
    })
    const one = await jsonOf(await get('/blueprints/order'))
    expect(one).toMatchObject({
      warnings: [],
      versions: [{ isCurrent: true }],
      graph: { nodes: [{}, {}, {}, {}] },
    })
    await post('/blueprints/order/unpause', {})
    expect(await jsonOf(await get('/blueprints/order'))).not.toHaveProperty('paused')
  })

  it('refuses to start what the schema of the blueprint refuses, in its words, and starts nothing', async () => {
    const flows = defineFlows({
      greet: {
        flow: createFlow('greet').node('hello', async () => ({})),
        input: z.object({ name: z.string() }),
      },
    })
    const { service, post } = served({ flows: [...flows] })
    const refused = await post('/runs', { blueprintId: 'greet', input: { name: 7 } })
    expect(refused.status).toBe(400)
    expect(await jsonOf(refused)).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('input.name') as string,
    })
    expect((await service.list()).runs).toEqual([])
    expect((await post('/runs', { blueprintId: 'greet', input: { name: 'Ada' } })).status).toBe(200)
    expect((await post('/runs', { blueprintId: 'greet' })).status).toBe(400)
  })

  it('shows the blueprints of runs where no worker can be asked', async () => {
    const { service, get } = served({ describeWorkers: undefined })
    await service.run({ blueprintId: 'order', input: { amount: 1 } })
    expect(await jsonOf(await get('/blueprints/order'))).toMatchObject({
      graph: { nodes: [{}, {}, {}, {}] },
      warnings: [],
    })
  })

  it('folds large values until they are asked for, and shows what JSON cannot carry', async () => {
    const { service, get } = served()
    const text = 'x'.repeat(40_000)
    await service.run({ blueprintId: 'order', runId: 'r', input: { amount: 1, text } })
    const { keys } = (await (await get('/runs/r/context')).json()) as { keys: { key: string }[] }
    expect(keys.find(({ key }) => key === 'text')).toEqual({ key: 'text', folded: true, bytes: 40_002 })
    expect(await jsonOf(await get('/runs/r/value?key=text'))).toEqual({ value: text, bytes: 40_002 })
  })

  it('shows an error with its cause and stack, without what the engine wraps it in', async () => {
    const { service, get } = served()
    await service.run({ blueprintId: 'order', runId: 'r', input: { amount: 100 } })
    expect(await jsonOf(await get('/runs/r/nodes/charge'))).toMatchObject({
      errors: [
        {
          name: 'Error',
          message: 'declined: 100',
          stack: expect.stringContaining('served.ts') as string,
          cause: { message: 'the bank said no' },
        },
      ],
    })
  })

  it('tells why there are no log lines', async () => {
    const { get } = served()
    expect(await jsonOf(await get('/runs/r/logs'))).toMatchObject({
      lines: [],
      unavailable: expect.any(String) as string,
    })
    const refused = served({
      logs: async () => {
        throw new Error('not authorized: logs:FilterLogEvents')
      },
    })
    expect(await jsonOf(await refused.get('/runs/r/logs?node=charge'))).toMatchObject({
      unavailable: 'not authorized: logs:FilterLogEvents',
    })
  })
})

it('the console tells items of a batch that failed by the node that scattered them', async () => {
  const flow = createFlow('invoices')
    .node('list', async () => ({ output: [0, 1, 2] }))
    .batch(
      'send',
      (async ({ input }: NodeContext) => {
        if (input === 1) throw new Error('no address')
        return { output: input }
      }) as never,
      { inputKey: 'list' as never, outputKey: 'sent' as never },
    )
    .edge('list', 'send_scatter')
  const { service, get } = served({ flows: [flow], history: 'full' })
  await service.run({ blueprintId: 'invoices', runId: 'r' })
  const told = { nodeId: 'send_scatter', item: 1, name: 'Error', message: 'no address' }
  expect(await jsonOf(await get('/runs/r'))).toMatchObject({ status: 'failed', errors: [told] })
  expect(await jsonOf(await get('/runs/r/nodes/send_scatter'))).toMatchObject({ errors: [told] })
  const since = new Date(service.now - 60_000).toISOString()
  expect(await jsonOf(await get(`/failures?since=${since}`))).toMatchObject({
    groups: [{ nodeId: 'invoices.send_scatter.worker', message: 'no address', count: 1 }],
  })
  const { entries } = await jsonOf(await get('/runs/r/history'))
  expect(entries).toContainEqual(
    expect.objectContaining({ type: 'itemFailed', item: 1, error: { name: 'Error', message: 'no address' } }),
  )
})
