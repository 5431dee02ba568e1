/** What a run cost, in memory: what its nodes added, and nothing else. */
import { createFlow, FlowRuntime, type NodeContext, SubflowNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { addCost } from '../../../lib/index.ts'
import type { Change } from '../../../lib/core/protocol/change.ts'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import type { CommitResult } from '../../../lib/core/store/run-store.ts'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

const paying = (usd: number, name = 'bedrock') => {
  return async ({ dependencies }: Pick<NodeContext, 'dependencies'>) => {
    addCost(dependencies, name, usd)
    return { output: usd }
  }
}

async function broken(given: NodeContext): Promise<never> {
  await paying(0.1)(given)
  throw new Error('no')
}

async function worker(given: NodeContext) {
  await paying(0.001)(given)
  if (given.input === 7) throw new Error('no')
  return { output: given.input as number }
}

const chain = () =>
  createFlow('costs')
    .node('a', paying(0.1))
    .node('b', paying(0.2))
    .node('c', paying(0.5, 'maps'))
    .node('d', async () => ({}))
    .edge('a', 'b')
    .edge('b', 'c')
    .edge('c', 'd')

/** Commits are made, and the answers to some are lost. */
class Forgetful extends MemoryRunStore {
  lost = 0
  #commits = 0

  override async commit(runId: string, change: Change): Promise<CommitResult> {
    const result = await super.commit(runId, change)
    if (this.#commits++ % 2 > 0) return result
    this.lost++
    throw requestFailed('a commit', new Error('its answer is lost'))
  }
}

describe('the cost of a run in memory', () => {
  it('is what its nodes added, exactly', async () => {
    const service = new TestService({ flows: [chain()], ...quiet })
    const { cost } = await service.run({ blueprintId: 'costs' })
    expect(cost).toMatchObject({
      usd: expect.closeTo(0.8, 12),
      other: { bedrock: 0.3, maps: 0.5 },
      writeUnits: 0,
      requests: { dynamodb: 0, sqs: 0, lambda: 0 },
      computeMs: 0,
    })
  })

  it('is undefined where no node added any', async () => {
    const flow = createFlow('free').node('a', async () => ({}))
    const { cost } = await new TestService({ flows: [flow], ...quiet }).run({ blueprintId: 'free' })
    expect(cost).toBeUndefined()
  })

  it('has nothing twice where answers to commits are lost', async () => {
    const store = new Forgetful()
    const service = new TestService({ flows: [chain()], store, ...quiet })
    const { status, cost } = await service.run({ blueprintId: 'costs' })
    expect(status).toBe('completed')
    expect(store.lost).toBeGreaterThan(1)
    expect(cost?.other).toEqual({ bedrock: 0.3, maps: 0.5 })
  })

  it('has what tries added that failed, and what a failed node added', async () => {
    const flow = createFlow('broken').node('a', broken, { config: { maxRetries: 3 } })
    const service = new TestService({ flows: [flow], ...quiet })
    const { status, cost } = await service.run({ blueprintId: 'broken' })
    expect([status, cost?.usd]).toEqual(['failed', expect.closeTo(0.3, 12)])
  })

  it('has the items of a batch, each once, those that failed too', async () => {
    const flow = createFlow('batch')
      .node('items', async () => ({ output: Array.from({ length: 250 }, (_, at) => at) }))
      .batch('each', worker, { inputKey: 'items', outputKey: 'done' })
      .edge('items', 'each_scatter')
    for (const order of ['sent', 'random'] as const) {
      const service = new TestService({ flows: [flow], order, ...quiet })
      const { cost } = await service.run({ blueprintId: 'batch' })
      expect(cost?.other).toEqual({ bedrock: 0.25 })
    }
  })

  it('has its child runs once they have ended, each once, also after redrives', async () => {
    let fails = 2
    const child = createFlow('child').node('c', async (given: NodeContext) => {
      await paying(0.01)(given)
      if (fails-- > 0) throw new Error('no')
      return { output: 'ok' }
    })
    const flow = createFlow('outer')
      .node('first', paying(1))
      .node('sub', SubflowNode, { params: { blueprintId: 'child' } })
      .node('last', paying(1))
      .edge('first', 'sub')
      .edge('sub', 'last')
    const service = new TestService({ flows: [flow, child], ...quiet })
    const { runId, status, cost } = await service.run({ blueprintId: 'outer' })
    expect([status, cost?.usd]).toEqual(['failed', expect.closeTo(1.01, 12)])
    await service.redrive(runId)
    expect((await service.waitFor(runId)).cost?.usd).toBeCloseTo(1.02, 12)
    await service.redrive(runId)
    const { status: ended, cost: total } = await service.waitFor(runId)
    expect([ended, total?.usd]).toEqual(['completed', expect.closeTo(2.03, 12)])
    const { runs } = await service.list({ parentRunId: runId })
    const { cost: own } = await service.get(runs[0]?.runId as string)
    expect(own?.usd).toBeCloseTo(0.03, 12)
  })

  it('is nothing to the engine alone, where the same nodes run', async () => {
    const flow = chain()
    const functionRegistry = flow.getFunctionRegistry()
    const { status } = await new FlowRuntime({}).run(flow.toBlueprint(), {}, { functionRegistry })
    expect(status).toBe('completed')
  })
})
