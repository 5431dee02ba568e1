/** Trouble of the infrastructure, which brings a message back, and all else, which ends its node or its run. */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { FlowcraftAwsError, requestFailed } from '../../../lib/core/common/errors.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods } from '../../support/one-message.ts'
import { ran } from '../../support/one-node.ts'

function readsUnreadable(catches: boolean) {
  return createFlow('two')
    .node('a', async ({ context }: NodeContext) => (await context.set('k', 'unreadable'), { output: 1 }))
    .node('b', async ({ context }: NodeContext) => {
      const read = context.get('k')
      return { output: catches ? await read.catch(() => 'caught') : await read }
    })
    .edge('a', 'b')
}

function fail(): never {
  throw new Error('the disk is full')
}

function refusing(name: string): Error {
  return requestFailed('DynamoDB PutItem', Object.assign(new Error('it says no'), { name }))
}

async function refuse(): Promise<never> {
  throw new FlowcraftAwsError('REQUEST_REFUSED', 'it does not fit')
}

async function thrownOr<T>(work: Promise<T>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    return error
  }
}

describe('what a serializer throws', () => {
  const json = {
    serialize: (data: Record<string, unknown>) => JSON.stringify(data),
    deserialize: (text: string) => JSON.parse(text) as Record<string, unknown>,
  }

  it('for an output fails the node, whose error is told though it cannot carry that either', async () => {
    const serializer = {
      ...json,
      serialize: () => {
        throw new Error('not today')
      },
    }
    const store = new TestService({ flows: [] }).services.store
    const flow = createFlow('one').node('a', async () => ({ output: 'x' }))
    const service = new TestService({ flows: [flow], serializer, store, logger: quiet })
    const { runId } = await service.start({ blueprintId: 'one' })
    await service.settle()

    expect(await service.isOver(runId)).toBe(true)
    const reader = new TestService({ flows: [flow], store, logger: quiet })
    const { status, errors } = await reader.get(runId)
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toBe("the serializer cannot carry the output of node 'a': not today")
  })

  it('for a value that a node reads is for the node to catch', async () => {
    const serializer = {
      ...json,
      deserialize: (text: string) => {
        if (text.includes('unreadable')) throw new Error('cannot read it')
        return json.deserialize(text)
      },
    }
    const end = async (catches: boolean) => {
      const service = new TestService({ flows: [readsUnreadable(catches)], serializer, logger: quiet })
      const { runId } = await service.start({ blueprintId: 'two' })
      await service.settle()
      return (await service.services.store.read(runId))?.status
    }

    expect(await end(true)).toBe('completed')
    expect(await end(false)).toBe('failed')
  })
})

it('a logger that throws fails nothing', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  const logger = { debug: fail, info: fail, warn: fail, error: fail }
  const { status } = await ran(async () => ({ output: 1 }), { logger })

  expect(status).toBe('completed')
  expect(said.mock.calls[0]?.[0]).toContain('the logger failed: the disk is full')
  said.mockRestore()
})

describe('what the store throws', () => {
  const flow = createFlow('one').node('a', async ({ context }: NodeContext) => {
    await context.set('big', 'x'.repeat(2_000))
    return { output: 1 }
  })
  async function afterOneDelivery(error: Error) {
    const service = new TestService({ flows: [flow], logger: quiet })
    const { runId } = await service.start({ blueprintId: 'one' })
    let refusals = 1
    const store = withMethods(service.services.store, {
      putValue: async (...args) => {
        if (refusals-- > 0) throw error
        return service.services.store.putValue(...args)
      },
    })
    const delivery = await thrownOr(
      takeOne(service, { services: { store, values: valuesOn(service, store) } }),
    )
    return { delivery, described: await service.get(runId) }
  }

  it('brings the message back where somebody must mend it', async () => {
    for (const name of ['AccessDeniedException', 'ResourceNotFoundException']) {
      const { delivery, described } = await afterOneDelivery(refusing(name))

      expect(delivery).toMatchObject({ code: 'REQUEST_FAILED' })
      expect(described.status).toBe('running')
    }
  })

  it('is tried again in the same invocation where it may pass at once', async () => {
    for (const name of ['ThrottlingException', 'TypeError']) {
      const { delivery, described } = await afterOneDelivery(refusing(name))

      expect(delivery).toEqual({ kind: 'acknowledge' })
      expect(described.status).toBe('completed')
    }
  })

  it('fails the node where the request can never succeed', async () => {
    for (const name of [
      'ValidationException',
      'SerializationException',
      'com.amazonaws#ValidationException',
    ]) {
      const { delivery, described } = await afterOneDelivery(refusing(name))

      expect(delivery).toEqual({ kind: 'acknowledge' })
      expect(described).toMatchObject({ status: 'failed', errors: [{ nodeId: 'a' }] })
      expect(described.errors?.[0]?.message).toMatch(/DynamoDB PutItem failed: .*it says no/)
      // What could not be stored as a whole is not there in part.
      expect(described.context).not.toHaveProperty('big')
    }
  })
})

/** Values of a service on another store. */
function valuesOn(service: TestService, store: TestService['services']['store']) {
  return new TestService({ flows: [], store, serializer: service.services.runtime.serializer }).services
    .values
}

it('a run that cannot be begun fails with the reason', async () => {
  const flow = createFlow('one').node('a', async () => ({ output: 1 }))
  const service = new TestService({ flows: [flow], logger: quiet })
  const { store, queue } = service.services
  await store.create({
    runId: 'r',
    blueprintId: 'one',
    active: new Map(),
    fired: new Set(),
    iterations: new Map(),
    inlineValues: new Map(),
    startedAt: service.now,
  })
  await queue.send([{ runId: 'r', blueprintId: 'one' }])
  await takeOne(service, { services: { store: withMethods(store, { begin: refuse }) } })

  expect(await service.get('r')).toMatchObject({ status: 'failed', reason: 'it does not fit' })
})
