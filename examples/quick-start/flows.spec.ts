import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { greeting } from './flows.js'

it('greets loudly', async () => {
  const { status, context } = await new TestService({ flows: [greeting] }).run({
    blueprintId: 'greeting',
    input: { name: 'Ada' },
  })

  expect(status).toBe('completed')
  expect(context['shout']).toBe('HELLO, ADA!')
})
