/** A run that has cost more than its `maxUsd` stops before its next node, once, with what it has done. */
import { createFlow, type NodeContext, SubflowNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { addCost, RunClient } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

const ran: string[] = []

function paying(name: string, usd = 1) {
  return async ({ dependencies }: Pick<NodeContext, 'dependencies'>) => {
    ran.push(name)
    addCost(dependencies, 'model', usd)
    return { output: name }
  }
}

const flowOf = (id: string, metadata?: object) => {
  const flow = createFlow(id)
  for (const name of ['a', 'b', 'c', 'd']) flow.node(name, paying(`${id}.${name}`))
  flow.edge('a', 'b').edge('b', 'c').edge('c', 'd')
  const blueprint = flow.toBlueprint()
  return {
    toBlueprint: () => ({ ...blueprint, metadata }),
    getFunctionRegistry: () => flow.getFunctionRegistry(),
  }
}

function serviceOf(...flows: ReturnType<typeof flowOf>[]): TestService {
  ran.length = 0
  return new TestService({ flows: flows as never, ...quiet })
}

describe('a run that has cost more than its maxUsd', () => {
  it('fails before its next node, and keeps what it has done', async () => {
    const service = serviceOf(flowOf('f'))
    const run = await service.run({ blueprintId: 'f', maxUsd: 1.5 })
    expect(run).toMatchObject({
      status: 'failed',
      reason: 'the run cost $2.0000; its maxUsd is $1.5000',
      cost: { usd: 2 },
      budget: { maxUsd: 1.5, onBudget: 'fail' },
      nodes: { completed: ['a', 'b'] },
      context: { a: 'f.a', b: 'f.b' },
    })
    expect(ran).toEqual(['f.a', 'f.b'])
  })

  it('goes on from there when it is redriven with more, and only then', async () => {
    const service = serviceOf(flowOf('f'))
    const { runId } = await service.run({ blueprintId: 'f', maxUsd: 1.5 })
    await expect(service.redrive(runId)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: `cannot redrive run '${runId}': the run cost $2.0000; its maxUsd is $1.5000; redrive it with a higher maxUsd`,
    })
    await expect(service.redrive(runId, { maxUsd: 1.9 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await service.get(runId)).toMatchObject({ status: 'failed', budget: { maxUsd: 1.5 } })
    await service.redrive(runId, { maxUsd: 10 })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', cost: { usd: 4 } })
    expect(ran).toEqual(['f.a', 'f.b', 'f.c', 'f.d'])
  })

  it('is paused where it is to be, says why, and goes on when it is unpaused with more', async () => {
    const service = serviceOf(flowOf('f'))
    const { runId, ...run } = await service.run({ blueprintId: 'f', maxUsd: 1.5, onBudget: 'pause' })
    expect(run).toMatchObject({ status: 'paused', nodes: { completed: ['a', 'b'], active: ['c'] } })
    expect(run.operations).toMatchObject([
      { kind: 'pause', reason: 'the run cost $2.0000; its maxUsd is $1.5000' },
    ])
    await expect(service.unpause(runId)).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(await service.get(runId)).toMatchObject({ status: 'paused' })
    await service.unpause(runId, { maxUsd: 2.5, by: 'Ada' })
    await service.settle()
    expect(await service.get(runId)).toMatchObject({ status: 'paused', cost: { usd: 3 } })
    await service.unpause(runId, { maxUsd: 100 })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    expect(ran).toHaveLength(4)
  })

  it('has done all it had to: then it is completed', async () => {
    const run = await serviceOf(flowOf('f')).run({ blueprintId: 'f', maxUsd: 3.5 })
    expect(run).toMatchObject({ status: 'completed', cost: { usd: 4 } })
  })

  it('goes by its blueprint, unless it was started with another', async () => {
    const service = serviceOf(flowOf('f', { maxUsd: 0.5, onBudget: 'pause' }))
    expect(await service.run({ blueprintId: 'f' })).toMatchObject({ status: 'paused', cost: { usd: 1 } })
    expect(await service.run({ blueprintId: 'f', maxUsd: 2 })).toMatchObject({
      status: 'paused',
      cost: { usd: 3 },
    })
    const other = await service.run({ blueprintId: 'f', maxUsd: 2, onBudget: 'fail' })
    expect(other).toMatchObject({ status: 'failed', cost: { usd: 3 } })
  })

  it('is stopped with nodes beside it, whose results a failure leaves', async () => {
    const flow = createFlow('fan').node('first', paying('first', 0.1))
    for (const name of ['a', 'b', 'c']) flow.node(name, paying(name)).edge('first', name)
    flow.node('last', paying('last'), { config: { joinStrategy: 'all' } })
    for (const name of ['a', 'b', 'c']) flow.edge(name, 'last')
    for (const onBudget of ['fail', 'pause'] as const) {
      const service = serviceOf(flow as never)
      const { status, runId } = await service.run({ blueprintId: 'fan', maxUsd: 0.5, onBudget })
      expect([onBudget, status]).toEqual([onBudget, onBudget === 'fail' ? 'failed' : 'paused'])
      expect(ran).not.toContain('last')
      if (onBudget === 'fail') await service.redrive(runId, { maxUsd: 10 })
      else await service.unpause(runId, { maxUsd: 10 })
      expect(await service.waitFor(runId)).toMatchObject({ status: 'completed' })
    }
  })
})

function outer(): never {
  const flow = createFlow('outer')
    .node('first', paying('first'))
    .node('sub', SubflowNode, { params: { blueprintId: 'f' } })
    .node('last', paying('last'))
    .edge('first', 'sub')
    .edge('sub', 'last')
  return flow as never
}

describe('a child run', () => {
  it('may cost what its parent has left, and fails it', async () => {
    const service = serviceOf(outer(), flowOf('f'))
    const { runId, status, cost } = await service.run({ blueprintId: 'outer', maxUsd: 2.5 })
    expect([status, cost?.usd, ran]).toEqual(['failed', 3, ['first', 'f.a', 'f.b']])
    const [child] = (await service.list({ parentRunId: runId })).runs
    expect(await service.get(child?.runId as string)).toMatchObject({
      status: 'failed',
      budget: { maxUsd: 1.5 },
    })
    await service.redrive(runId, { maxUsd: 100 })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', cost: { usd: 6 } })
    expect(ran).toHaveLength(6)
  })

  it('is paused with its parent, and goes on with it', async () => {
    const service = serviceOf(outer(), flowOf('f'))
    const { runId, status } = await service.run({ blueprintId: 'outer', maxUsd: 2.5, onBudget: 'pause' })
    expect([status, ran]).toEqual(['paused', ['first', 'f.a', 'f.b']])
    await service.unpause(runId, { maxUsd: 100 })
    expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', cost: { usd: 6 } })
    expect(ran).toHaveLength(6)
  })

  it('goes by its own blueprint where that has less', async () => {
    const service = serviceOf(outer(), flowOf('f', { maxUsd: 0.5 }))
    expect(await service.run({ blueprintId: 'outer', maxUsd: 50 })).toMatchObject({
      status: 'failed',
      cost: { usd: 2 },
    })
  })
})

describe('a budget', () => {
  it('is dollars, and fail or pause', async () => {
    const service = serviceOf(flowOf('f'))
    for (const request of [{ maxUsd: 0 }, { maxUsd: Infinity }, { maxUsd: '1' }, { onBudget: 'fail' }]) {
      const start = service.start({ blueprintId: 'f', ...request } as never)
      await expect(start).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
    const start = service.start({ blueprintId: 'f', maxUsd: 1, onBudget: 'stop' } as never)
    await expect(start).rejects.toThrow("onBudget must be 'fail' or 'pause'; got 'stop'")
    expect(() => serviceOf(flowOf('f', { maxUsd: -1 }))).toThrow(
      "blueprint 'f': metadata.maxUsd must be US dollars, more than 0; got -1",
    )
  })

  it('needs what runs use to be counted', async () => {
    const client = new RunClient({ queueUrl: 'http://localhost:1/q', tableName: 't', runCosts: false })
    await expect(client.start({ blueprintId: 'f', maxUsd: 1 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'cannot start a run: maxUsd needs runCosts, which is false here',
    })
  })
})
