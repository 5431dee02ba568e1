import { createFlow } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'

const approval = createFlow('approval')
  .wait('review')
  .node('publish', async ({ input }) => ({ output: `published by ${input.by}` }))
  .sleep('week', { duration: 7 * 86_400_000 })
  .node('archive', async () => ({ output: 'archived' }))
  .edge('review', 'publish', { action: 'approved' })
  .edge('publish', 'week')
  .edge('week', 'archive')

it('is archived a week after its approval', async () => {
  const service = new TestService({ flows: [approval] })
  const { runId } = await service.start({ blueprintId: 'approval' })
  await service.settle()
  expect((await service.get(runId)).status).toBe('awaiting')
  const before = service.now

  await service.resume(runId, { action: 'approved', output: { by: 'Ada' } })
  await service.settle()

  const { status, context } = await service.get(runId)
  expect([status, context['publish'], context['archive']]).toEqual([
    'completed',
    'published by Ada',
    'archived',
  ])
  expect(Math.floor((service.now - before) / 86_400_000)).toBe(7)
})
