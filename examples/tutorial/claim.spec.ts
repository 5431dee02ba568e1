import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { claim } from './claim.js'

async function begin(cents: number) {
  const service = new TestService({ flows: [claim] })
  const input = { employee: 'Ada', purpose: 'laptop', cents }
  const { runId } = await service.start({ blueprintId: 'claim', input })
  return { service, runId }
}

it('pays a small claim at once', async () => {
  const { service, runId } = await begin(4_200)

  expect(await service.waitFor(runId)).toMatchObject({
    status: 'completed',
    context: { pay: 'paid 4200 cents' },
  })
})

it('pays a large one when somebody has approved it', async () => {
  const { service, runId } = await begin(120_000)
  // It may come before the run waits for it.
  await service.resume(runId, { nodeId: 'approval', action: 'approve' })

  expect(await service.waitFor(runId)).toMatchObject({ context: { pay: 'paid 120000 cents' } })
})

it('refuses one that nobody approves in three days', async () => {
  const { service, runId } = await begin(120_000)
  const before = service.now
  await service.settle()

  const { status, context } = await service.get(runId)
  expect([status, context['refuse']]).toEqual(['completed', 'refused: nobody answered'])
  expect(Math.floor((service.now - before) / 86_400_000)).toBe(3)
})
