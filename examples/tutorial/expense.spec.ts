import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { expense } from './expense.js'

const pay = (cents: number) =>
  new TestService({ flows: [expense] }).run({
    blueprintId: 'expense',
    input: { employee: 'Ada', purpose: 'train', cents },
  })

it('pays an expense', async () => {
  const { status, context } = await pay(4_200)

  expect(status).toBe('completed')
  expect(context['pay']).toBe('paid 42 EUR to Ada')
})

it('refuses one of nothing', async () => {
  const { status, errors } = await pay(0)

  expect(status).toBe('failed')
  expect(errors?.[0]?.nodeId).toBe('check')
  expect(JSON.stringify(errors)).toContain('An expense is more than nothing, got 0 cents')
})
