import { FlowRuntime } from 'flowcraft'
import { expect, it } from 'vitest'
import { greeting } from './flows.js'

it('greets loudly, by Flowcraft alone', async () => {
  const { status, context } = await greeting.run(new FlowRuntime(), { name: 'Ada' })

  expect(status).toBe('completed')
  expect(context['shout']).toBe('HELLO, ADA!')
})
