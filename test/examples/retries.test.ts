import { NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { order } from '../../examples/retries/flows.ts'
import { resizing } from '../../examples/retries/items.ts'
import { TestService } from '../../lib/testing/index.ts'

const logger = new NullLogger()

it('a node is tried again for the errors that its policy names', async () => {
  const errors = [
    Object.assign(new Error('slow down'), { name: 'ThrottlingException' }),
    new Error('HTTP 503'),
  ]
  const reserve = async () => {
    const error = errors.shift()
    if (error) throw error
    return 'reserved'
  }
  const service = new TestService({ flows: [order], dependencies: { shop: { reserve } }, logger })
  expect(await service.run({ blueprintId: 'order' })).toMatchObject({
    status: 'completed',
    context: { reserve: 'reserved' },
  })

  errors.push(new Error('HTTP 404'))
  expect(await service.run({ blueprintId: 'order' })).toMatchObject({ status: 'failed' })
})

it('items of a batch are tried again by the policy of its scatter node', async () => {
  const service = new TestService({ flows: [resizing], logger })
  expect(await service.run({ blueprintId: 'resize', input: { images: ['a', 'b'] } })).toMatchObject({
    status: 'completed',
    context: { resized: ['a.webp', 'b.webp'] },
  })
})
