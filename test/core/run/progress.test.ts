/** How far the nodes of a run are, as `get` tells it. */
import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import type { NodeProgress } from '../../../lib/index.ts'

const of = (progress: readonly NodeProgress[], id: string) => progress.find(({ nodeId }) => nodeId === id)

describe('the progress of a run', () => {
  it('has each node with its state, in the order of the blueprint', async () => {
    const flow = createFlow('order')
      .node('ask', async () => ({ output: 'asked' }))
      .wait('decide')
      .node('ship', async () => ({ output: 'shipped' }))
      .node('charge', async () => {
        throw new Error('no')
      })
      .edge('ask', 'decide')
      .edge('decide', 'ship')
    const service = new TestService({ flows: [flow], ...quiet })

    const { runId, progress } = await service.run({ blueprintId: 'order' })

    const waiting = { nodeId: 'decide', reason: 'external_event' }
    expect(progress).toEqual([
      { nodeId: 'ask', state: 'completed' },
      { nodeId: 'decide', state: 'waiting', waiting },
      { nodeId: 'ship', state: 'notRun' },
      { nodeId: 'charge', state: 'failed' },
    ])
    await service.resume(runId)
    const { progress: after } = await service.waitFor(runId)
    expect(after.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed', 'failed'])
  })

  it('has nothing while no worker has begun the run', async () => {
    const service = new TestService({ flows: [createFlow('one').node('one', async () => ({}))] })
    const { runId } = await service.start({ blueprintId: 'one', delayMs: 60_000 })
    expect((await service.get(runId)).progress).toEqual([])
  })

  it('tells the iteration of a node in a loop, and that it is active', async () => {
    const seen: unknown[] = []
    const flow = createFlow('loops')
      .node('add', async ({ context }) => {
        const count = Number((await context.get('count')) ?? 0) + 1
        await context.set('count', count)
        await context.set('more', count < 3)
        seen.push(of((await service.get('l')).progress, 'add'))
        return { output: count }
      })
      .loop('again', { startNodeId: 'add', endNodeId: 'add', condition: 'more' })
      .node('end', async () => ({}))
      .edge('again', 'end')
    const service = new TestService({ flows: [flow], ...quiet })

    await service.run({ blueprintId: 'loops', runId: 'l' })

    expect(seen).toEqual([1, 2, 3].map((iteration) => ({ nodeId: 'add', state: 'active', iteration })))
  })

  it('tells the tries that failed', async () => {
    const seen: unknown[] = []
    const flow = createFlow('tries').node(
      'try',
      async ({ context }) => {
        const count = Number((await context.get('count')) ?? 0) + 1
        await context.set('count', count)
        throw new Error('no')
      },
      { config: { maxRetries: 3, retryDelay: 600_000 } },
    )
    const service = new TestService({ flows: [flow], ...quiet })
    const { runId } = await service.start({ blueprintId: 'tries' })
    for (const timeoutMs of [1_000, 600_000]) {
      await service.waitFor(runId, { timeoutMs }).catch(() => {})
      seen.push(of((await service.get(runId)).progress, 'try'))
    }
    const waiting = { nodeId: 'try', reason: 'retry', wakeUpAt: expect.any(Date) }
    expect(seen).toEqual(
      [1, 2].map((failedTries) => ({ nodeId: 'try', state: 'waiting', failedTries, waiting })),
    )
  })

  for (const chunkSize of [2, 250]) {
    it(`tells how many items of a batch are done, ${chunkSize} at a time`, async () => {
      const seen: unknown[] = []
      const flow = createFlow('many')
        .node('make', async () => ({ output: Array.from({ length: 205 }, (_, item) => item) }))
        .batch(
          'work',
          async () => {
            seen.push(of((await service.get('m')).progress, 'work_scatter')?.items)
            return { output: 'done' }
          },
          { inputKey: 'make', outputKey: 'results', chunkSize },
        )
        .edge('make', 'work_scatter')
      const service = new TestService({ flows: [flow], ...quiet, order: 'random', seed: 7 })

      const { status, progress } = await service.run({ blueprintId: 'many', runId: 'm' })

      expect(status).toBe('completed')
      expect(of(progress, 'work_scatter')).toEqual({ nodeId: 'work_scatter', state: 'completed' })
      const done = seen.map((items) => (items as { done: number }).done)
      expect(seen).toEqual(done.map((count) => ({ done: count, total: 205 })))
      expect(Math.max(...done)).toBeGreaterThan(190)
      expect(new Set(done).size).toBeGreaterThan(chunkSize === 2 ? 102 : 20)
      expect(done).toEqual(done.toSorted((a, b) => a - b))
    })
  }
})
