/** Jobs of a batch that nobody sent: anybody may put one on a queue. */
import type { NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../lib/core/queue/job.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, workOnJob } from '../../support/one-message.ts'

/** Two shards and a half. */
const ITEMS = 250

/** A batch that was scattered just now: its items are on the queue, or the ranges that stand for them. */
async function scattered(params: Record<string, unknown> = {}) {
  const ran: number[] = []
  const { blueprint, registry } = graph(
    {
      make: value(Array.from({ length: ITEMS }, (_, at) => at)),
      scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'gather', ...params },
      },
      gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'gather' } },
    },
    ['make>scatter', 'scatter>gather'],
    { builtIn: { worker: async ({ input }: NodeContext) => (ran.push(Number(input)), { output: input }) } },
  )
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  await service.start({ blueprintId: 'case', runId: 'r' })
  await takeOne(service)
  return { service, ran }
}

function jobOf(items: Job['items'], iteration = 1): Job {
  return { runId: 'r', blueprintId: 'case', nodeId: 'scatter', iteration, items }
}

describe('a job of a batch', () => {
  const bad: [string, NonNullable<Job['items']>, string][] = [
    ['a shard behind the last', { round: 0, from: 3, to: 4 }, 'shards 3 to 4 of 3'],
    ['more shards than there are', { round: 0, from: 0, to: 1e15 }, 'shards 0 to 1000000000000000 of 3'],
    ['no shard', { round: 0, from: 1, to: 1 }, 'shards 1 to 1 of 3'],
    ['shards from the last to the first', { round: 0, from: 2, to: 1 }, 'shards 2 to 1 of 3'],
    ['an item behind the last', { round: 0, item: ITEMS }, `item ${ITEMS} of 0 to ${ITEMS}`],
    ['an item far behind', { round: 0, item: 1e15 }, `item 1000000000000000 of 0 to ${ITEMS}`],
  ]
  for (const [what, items, why] of bad) {
    it(`that names ${what} is no job, and changes nothing`, async () => {
      const { service, ran } = await scattered()
      const before = { run: await service.services.store.read('r'), messages: service.queue.size }

      await expect(workOnJob(service, jobOf(items))).rejects.toMatchObject({
        code: 'INVALID_JOB',
        message: `the batch of 'scatter' of run 'r' has no ${why}`,
      })

      expect({ run: await service.services.store.read('r'), messages: service.queue.size }).toEqual(before)
      expect(ran).toEqual([])
      await service.settle()
      expect(await service.get('r')).toMatchObject({ status: 'completed' })
      expect(ran).toHaveLength(ITEMS)
    })
  }

  it('that names an item of the next chunk is none of this one', async () => {
    const { service, ran } = await scattered({ chunkSize: 100 })

    for (const items of [
      { round: 0, item: 100 },
      { round: 0, from: 1, to: 2 },
    ]) {
      await expect(workOnJob(service, jobOf(items))).rejects.toMatchObject({ code: 'INVALID_JOB' })
    }

    expect(ran).toEqual([])
    await service.settle()
    expect(ran).toHaveLength(ITEMS)
    const { context } = await service.get('r')
    expect(context['results']).toHaveLength(ITEMS)
  })

  it('that names a round which is not under way, or an activation that does not wait, is done', async () => {
    const { service, ran } = await scattered()
    const before = service.queue.size

    for (const job of [
      jobOf({ round: 1, item: 0 }),
      jobOf({ round: 0, item: 0 }, 2),
      { ...jobOf({ round: 0, item: 0 }), nodeId: 'gather' },
    ]) {
      expect(await workOnJob(service, job)).toEqual({ kind: 'acknowledge' })
    }

    expect(ran).toEqual([])
    expect(service.queue.size).toBe(before)
  })
})
