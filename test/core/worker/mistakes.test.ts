/** What users' code may throw and make: its node ends, with a reason, and no run stays 'running' because of it. */
import { describe, expect, it, vi } from 'vitest'
import { ran } from '../../support/one-node.ts'

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const circle = (): Error => {
  const error = new Error('round')
  error.cause = new Error('and round', { cause: error })
  return error
}
const throwing = (name: string): Error =>
  Object.defineProperty(new Error('odd'), name, {
    get: () => {
      throw new Error('no')
    },
  })

describe('whatever a node throws, its run fails with it', () => {
  const thrown: Record<string, () => unknown> = {
    'an error whose cause has no prototype': () =>
      new Error('bad line', { cause: /(?<a>x)/.exec('x')?.groups }),
    'an error whose cause has a toString that throws': () =>
      new Error('bad', { cause: { toString: () => expect.fail('no') } }),
    'an error whose cause is a revoked proxy': () => new Error('bad', { cause: revoked() }),
    'an error whose stack is no string': () => Object.assign(new Error('bad'), { stack: { a: 1 } }),
    'an error whose message is a symbol': () => Object.assign(new Error('bad'), { message: Symbol('m') }),
    'an error whose name is a number': () => Object.assign(new Error('bad'), { name: 5 }),
    'an error whose message throws': () => throwing('message'),
    'an error whose cause throws': () => throwing('cause'),
    'an error whose stack throws': () => throwing('stack'),
    'an error whose name throws': () => throwing('name'),
    'errors that cause each other': circle,
    'errors that hold each other': () => {
      const many = new AggregateError([], '')
      many.errors.push(many, many, many, circle())
      return many
    },
    'an object without a prototype': () => Object.create(null),
    'a revoked proxy': revoked,
    'a symbol': () => Symbol('thrown'),
    nothing: () => undefined,
    'a function': () => () => 1,
    'half an emoji': () => new Error('Sales 🚀'.slice(0, 7)),
  }
  for (const [what, make] of Object.entries(thrown)) {
    it(what, async () => {
      const { status, errors, nodes, calls } = await ran(async () => {
        throw make()
      })

      expect({ status, calls, failed: nodes.failed }).toEqual({ status: 'failed', calls: 1, failed: ['bad'] })
      expect(errors).toMatchObject([{ nodeId: 'bad', message: expect.any(String) }])
    })
  }

  it('with the causes and the parts of it that can be told', async () => {
    const groups = /(?<a>x)/.exec('x')?.groups
    const parts = new AggregateError([new Error('one'), 'two'], 'both', { cause: groups })
    const { errors } = await ran(async () => {
      throw parts
    })

    expect(errors?.[0]?.originalError.cause).toMatchObject({
      name: 'AggregateError',
      message: 'both',
      cause: { message: "[Object: null prototype] { a: 'x' }" },
      errors: [{ message: 'one' }, { message: 'two' }],
    })
  })
})

describe("an evaluator of one's own that throws fails the node that has ended", () => {
  const evaluator = {
    evaluate: (expression: string) => {
      throw new Error(`cannot read ${expression}`)
    },
  }

  it('for a condition', async () => {
    const { status, errors, calls } = await ran(async () => ({ output: 1 }), { condition: 'x', evaluator })

    expect({ status, calls }).toEqual({ status: 'failed', calls: 1 })
    expect(errors).toMatchObject([{ nodeId: 'bad', message: expect.stringMatching(/cannot read x$/) }])
  })

  it('for a transform', async () => {
    const { status, errors, calls } = await ran(async () => ({ output: 1 }), { transform: 'y', evaluator })

    expect({ status, calls }).toEqual({ status: 'failed', calls: 1 })
    expect(errors).toMatchObject([{ nodeId: 'bad', message: expect.stringMatching(/cannot read y$/) }])
  })
})

function made(dynamicNodes: unknown) {
  const registry = { leaf: async () => ({ output: 'leaf' }) }
  return ran(async () => ({ output: 1, dynamicNodes: dynamicNodes as never }), { registry })
}

describe('nodes that a node makes', () => {
  for (const [what, dynamicNodes, reason] of [
    ['a text', 'text', /expected a list of nodes; got 'text'/],
    ['nothing in a list', [null], /expected \{ id, uses \} at 0; got null/],
    ['a text in a list', ['leaf'], /at 0; got 'leaf'/],
    ['a list with an id that is an object', [{ id: {}, uses: 'leaf' }], /the id at 0 must be a string/],
    ['one with the id of a node of the blueprint', [{ id: 'next', uses: 'leaf' }], /'next' at 0 is that of/],
    ['something with a length', { length: 2 }, /expected a list of nodes; got \{"length":2\}/],
  ] as const) {
    it(`fail it where they are ${what}`, async () => {
      const { status, errors, calls } = await made(dynamicNodes)

      expect({ status, calls }).toEqual({ status: 'failed', calls: 1 })
      expect(errors).toMatchObject([{ nodeId: 'bad', message: expect.stringMatching(reason) }])
    })
  }

  it('run once for each id, as in memory', async () => {
    const leaf = vi.fn(async () => ({ output: 'leaf' }))
    const node = { id: 'x', uses: 'leaf' }
    const { status, context } = await ran(
      async () => ({ output: 1, dynamicNodes: [node, node, { id: 7 as never, uses: 'leaf' }] }),
      { registry: { leaf } },
    )

    expect({ status, calls: leaf.mock.calls.length }).toEqual({ status: 'completed', calls: 2 })
    expect(context).toMatchObject({ x: 'leaf', 7: 'leaf' })
  })

  it('that say nothing of what they use fail themselves', async () => {
    const { status, errors } = await made([{ id: 'x' }])

    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toMatch(/uses 'undefined', which this deployment does not have/)
  })
})
