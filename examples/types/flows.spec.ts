import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { flows } from './flows.js'

it('ships what was approved', async () => {
  const runs = new TestService({ flows })
  const { runId } = await runs.start({ blueprintId: 'order', input: { orderId: 'A-17' } })
  await runs.resume(runId, { nodeId: 'approval', output: { by: 'Ada' } })

  const { context } = await runs.waitFor(runId)

  // A number or undefined, and not unknown: the compiler knows of which blueprint the run is.
  const total: number | undefined = context.total
  expect([total, context['ship']]).toEqual([5, 'shipped A-17'])
})

it('starts nothing with a wrong input', async () => {
  const runs = new TestService({ flows })

  await expect(
    runs.start({ blueprintId: 'order', input: { orderId: '', quantity: 1.5 } }),
  ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/orderId.*\n.*quantity/) })
})
