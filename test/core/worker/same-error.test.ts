/** An error that nobody expected, on one delivery after the other. */
import { createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods } from '../../support/one-message.ts'

const flow = createFlow('one').node('a', async () => ({ output: 1 }))

function bug(delivery: number): Error {
  return new Error(`cannot read that at ${delivery}`)
}

function trouble(): Error {
  return requestFailed('DynamoDB UpdateItem', new Error('throttled'))
}

/** Deliveries until the run is over, or so many, each with a commit that ends in `error`. */
async function deliver(error: (delivery: number) => Error, most: number, fails = Infinity) {
  const service = new TestService({ flows: [flow], logger: quiet })
  const { runId } = await service.start({ blueprintId: 'one' })
  let delivery = 0
  let left = fails
  const store = withMethods(service.services.store, {
    commit: async (...args) => {
      if (left-- > 0) throw error(delivery)
      return service.services.store.commit(...args)
    },
  })
  for (; delivery < most && !(await service.isOver(runId)); delivery++) {
    try {
      await takeOne(service, { services: { store } })
    } catch {
      // Its message comes back.
    }
    service.now += 200_000
  }
  return { deliveries: delivery, described: await service.get(runId) }
}

it('fails the node on the fifth, where what fails it can be stored', async () => {
  // Two commits a delivery: that of the node's end, and that of its failure.
  const { deliveries, described } = await deliver(bug, 20, 10)

  expect(deliveries).toBe(5)
  expect(described).toMatchObject({ status: 'failed', nodes: { failed: ['a'] } })
  expect(described.errors?.[0]?.message).toBe('5 deliveries ended in the same error: cannot read that at 4')
})

it('does not, where it is another each time', async () => {
  const names = 'abcdefgh'
  const { described } = await deliver((delivery) => new Error(`bad ${names[delivery % 8]}`), 12)

  expect(described.status).toBe('running')
})

it('does not, where it is trouble of the infrastructure', async () => {
  const { described } = await deliver(trouble, 12)

  expect(described.status).toBe('running')
})
