import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { assistant } from './assistant.js'
import { askModel, type AskModel } from './model.js'

async function begin(model: AskModel = askModel) {
  const service = new TestService({
    flows: [assistant],
    dependencies: { askModel: model },
    logger: new NullLogger(),
  })
  const { runId } = await service.start({ blueprintId: 'assistant', input: { text: 'chairs, 900 cents' } })
  await service.settle()
  return { service, runId }
}

it('books what a person has accepted', async () => {
  const { service, runId } = await begin()
  expect((await service.get(runId)).status).toBe('awaiting')

  await service.resume(runId, { nodeId: 'review', action: 'accept' })

  expect((await service.waitFor(runId)).context['book']).toBe('booked 900 cents on office')
})

it('asks the model again with a correction, as often as it takes', async () => {
  const { service, runId } = await begin()
  for (const correction of ['it was 700 cents', 'it was for the train']) {
    await service.resume(runId, { nodeId: 'review', action: 'correct', output: { correction } })
    await service.settle()
  }
  await service.resume(runId, { nodeId: 'review', action: 'accept' })

  const { context, cost } = await service.waitFor(runId)
  expect(context['book']).toBe('booked 700 cents on travel')
  expect(cost?.usd).toBeCloseTo(3 * 0.002)
})

it('tries again while the model is busy', async () => {
  let asked = 0
  const { service, runId } = await begin(async (messages) => {
    if (++asked < 3) throw new Error('Too many requests')
    return askModel(messages)
  })

  expect([asked, (await service.get(runId)).status]).toEqual([3, 'awaiting'])
})

it('gives up a model that never gets it right', async () => {
  const { service, runId } = await begin()
  for (let n = 0; n < 5; n++) {
    await service.resume(runId, { nodeId: 'review', action: 'correct', output: { correction: 'no' } })
    await service.settle()
  }

  const { status, errors } = await service.get(runId)
  expect([status, errors?.[0]?.nodeId]).toEqual(['failed', 'propose'])
})
