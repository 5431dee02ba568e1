import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { report } from './report.js'

it('adds up five hundred receipts', async () => {
  const receipts = Array.from({ length: 500 }, (_, n) => ({ file: `${n}.jpg`, cents: 100 }))

  const { status, context } = await new TestService({ flows: [report] }).run({
    blueprintId: 'report',
    input: { receipts },
  })

  expect(status).toBe('completed')
  expect(context['total']).toEqual({ receipts: 500, cents: 50_000 })
})

it('fails where one cannot be read, and says which', async () => {
  const receipts = [
    { file: 'a.jpg', cents: 100 },
    { file: 'b.txt', cents: 100 },
  ]

  const { status, errors } = await new TestService({ flows: [report] }).run({
    blueprintId: 'report',
    input: { receipts },
  })

  expect(status).toBe('failed')
  expect(JSON.stringify(errors)).toContain('b.txt is no picture')
})
