import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { checkStart } from '../../lib/client/start-request.ts'

class Order {
  readonly id = 'A-17'
}

function nameless(): unknown {
  return new (class {
    readonly id = 1
  })()
}

describe('the input of a run', () => {
  const refused: [what: string, input: unknown, got: string][] = [
    ['a Map', new Map([['a', 1]]), 'an instance of Map'],
    ['a Set', new Set([1]), 'an instance of Set'],
    ['a Date', new Date(0), 'an instance of Date'],
    ['an Error', new Error('no'), 'an instance of Error'],
    ['a RegExp', /x/, 'an instance of RegExp'],
    ['a Buffer', Buffer.from('x'), 'an instance of Buffer'],
    ['a promise', Promise.resolve({}), 'an instance of Promise'],
    ['an instance of a class', new Order(), 'an instance of Order'],
    ['an instance of a class without a name', nameless(), 'an instance of a class'],
    ['a Map of another realm', runInNewContext('new Map()'), 'an instance of Map'],
    ['a list', [1], '[1]'],
    ['null', null, 'null'],
    ['a text', 'x', "'x'"],
    ['a function', () => 1, '() => 1'],
  ]
  for (const [what, input, got] of refused) {
    it(`is not ${what}`, () => {
      expect(() => checkStart({ blueprintId: 'order', input })).toThrow(
        expect.objectContaining({
          code: 'INVALID_INPUT',
          message: `cannot start a run: input must be a plain object, whose keys become the context's; got ${got}`,
        }),
      )
    })
  }

  const taken: [what: string, input: unknown][] = [
    ['an object', { a: 1 }],
    ['an empty one', {}],
    ['one without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['one of another realm', runInNewContext('({ a: 1 })')],
    ['nothing', undefined],
  ]
  for (const [what, input] of taken) {
    it(`is ${what}`, () => {
      expect(checkStart({ blueprintId: 'order', input })).toEqual({ blueprintId: 'order', input })
    })
  }
})
