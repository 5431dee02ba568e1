/** A resume that is made again, where the first caller may have died before it sent the job. */
import { expect, it } from 'vitest'
import { TestService } from '../../lib/testing/index.ts'

const blueprint = {
  id: 'two',
  nodes: [
    { id: 'first', uses: 'wait' },
    { id: 'second', uses: 'wait' },
  ],
  edges: [{ source: 'first', target: 'second' }],
}

it('sends what came of the event a message, as long as the run goes on', async () => {
  const service = new TestService({ blueprints: { two: blueprint } })
  const runId = await service.start('two')
  await service.settle()
  await service.resume(runId, { nodeId: 'first' })
  await service.settle()
  expect(service.queue.size).toBe(0)

  expect(await service.resume(runId, { nodeId: 'first' })).toBe(false)
  expect(service.queue.visible().map(({ job }) => job.nodeId)).toEqual(['first'])
  await service.settle()
  expect(await service.describe(runId)).toMatchObject({ status: 'awaiting', waiting: [{ nodeId: 'second' }] })

  await service.resume(runId, { nodeId: 'second' })
  await service.settle()
  expect(await service.resume(runId, { nodeId: 'first' })).toBe(false)
  expect(service.queue.size).toBe(0)
})
