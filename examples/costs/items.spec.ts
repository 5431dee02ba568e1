import { NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { scoring } from './items.ts'

it('gives what it gives with one item a message', async () => {
  const service = new TestService({ flows: [scoring], logger: new NullLogger() })
  const list = Array.from({ length: 25 }, (_, at) => 'x'.repeat(at))
  expect(await service.run({ blueprintId: 'score', input: { list } })).toMatchObject({
    status: 'completed',
    context: { scores: list.map((word) => word.length) },
  })
})
