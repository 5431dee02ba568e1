/** The flow as it runs on AWS, in memory: no servers, and time passes when nothing else is left to do. */
import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { flows } from './flows.js'
import { askModel, type AskModel } from './model.js'

function ask(question: string, model: AskModel = askModel, maxRounds?: number) {
  const service = new TestService({ flows, dependencies: { askModel: model }, logger: new NullLogger() })
  return service.run({ blueprintId: 'agent', input: { question, maxRounds } })
}

it('answers with what the tools said', async () => {
  const { status, context } = await ask('How is the weather in Oslo and in Rome?')

  expect(status).toBe('completed')
  expect(context['answer']).toBe('It is 17 degrees in Oslo. It is 17 degrees in Rome.')
  expect(context.messages).toHaveLength(5)
})

it('asks the model again while it is busy', async () => {
  let asked = 0

  const { context } = await ask('How are you?', async () => {
    if (++asked < 3) throw new Error('Too many requests')
    return { text: 'Fine.' }
  })

  expect([asked, context['answer']]).toEqual([3, 'Fine.'])
})

it('tells the model what a tool cannot do', async () => {
  const { context } = await ask('Buy milk', async (messages) => {
    const last = messages.at(-1)
    return last?.role === 'tool' ? { text: last.text } : { calls: [{ id: '1', name: 'buy', input: {} }] }
  })

  expect(context['answer']).toBe('there is no tool buy')
})

it('ends a model that never answers', async () => {
  const call = { id: '1', name: 'weather', input: { place: 'Oslo' } }

  const { status, errors } = await ask('Hm', async () => ({ calls: [call] }), 3)

  expect([status, errors?.[0]?.nodeId]).toEqual(['failed', 'model'])
  expect(JSON.stringify(errors)).toContain('no answer after 3 rounds')
})
