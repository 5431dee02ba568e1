import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { checkStart, type StartRunRequest } from '../../lib/client/start-request.ts'
import { StartRunInvoker } from '../../lib/client/start-run-invoker.ts'
import { checkJob } from '../../lib/core/queue/job.ts'

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

describe('the labels of a run', () => {
  const rule = '1 to 40 characters of A-Z a-z 0-9 _ . -, the first a letter or a digit'
  const refused: [what: string, labels: unknown, problem: string][] = [
    ['a text', 'x', "labels must be an object of strings by name, such as { orderId: 'A-17' }; got 'x'"],
    [
      'a list',
      ['x'],
      'labels must be an object of strings by name, such as { orderId: \'A-17\' }; got ["x"]',
    ],
    ['null', null, "labels must be an object of strings by name, such as { orderId: 'A-17' }; got null"],
    ['a number', { a: 1 }, "labels: 'a' must be a string of 1 to 100 characters; got 1"],
    ['nothing', { a: undefined }, "labels: 'a' must be a string of 1 to 100 characters; got undefined"],
    ['an empty text', { a: '' }, "labels: 'a' must be a string of 1 to 100 characters; got ''"],
    ['half of a character', { a: '\ud83d' }, "labels: 'a' must be a string of 1 to 100 characters"],
    ['a long text', { a: 'x'.repeat(101) }, "labels: 'a' must be a string of 1 to 100 characters"],
    ['an empty name', { '': 'x' }, `labels: a name must be ${rule}; got ''`],
    ['a name with an equals sign', { 'a=b': 'x' }, `labels: a name must be ${rule}; got 'a=b'`],
    ['an own __proto__', JSON.parse('{"__proto__":"x"}'), `labels: a name must be ${rule}; got '__proto__'`],
    ['a long name', { ['a'.repeat(41)]: 'x' }, `labels: a name must be ${rule}`],
    ['six', Object.fromEntries([...'abcdef'].map((name) => [name, 'x'])), 'labels: 5 at most; got 6'],
    [
      'too much altogether',
      { a: 'x'.repeat(100), b: 'x'.repeat(100), c: 'ü'.repeat(27) },
      'labels: 256 bytes of names and values at most; got 257',
    ],
    ['two that are wrong', { a: 1, 'b c': 'x' }, "labels: 'a' must be a string"],
  ]
  for (const [what, labels, problem] of refused) {
    it(`are not ${what}, wherever they come from`, async () => {
      const request = { blueprintId: 'order', labels } as unknown as StartRunRequest
      const said = {
        code: 'INVALID_INPUT',
        message: expect.stringContaining(`cannot start a run: ${problem}`),
      }
      expect(() => checkStart(request)).toThrow(expect.objectContaining(said))
      const invoker = new StartRunInvoker({ functionName: 'f' })
      await expect(invoker.start(request)).rejects.toMatchObject(said)
      expect(() => checkJob({ runId: 'r', blueprintId: 'order', nodeId: 'a', labels })).toThrow(
        expect.objectContaining({ code: 'INVALID_JOB', message: expect.stringContaining(problem) }),
      )
    })
  }

  it('are a few short texts', () => {
    const labels = { orderId: 'A-17 größer', 'cost.center': 'x'.repeat(100), '0_-': '📦' }
    expect(checkStart({ blueprintId: 'order', labels })).toEqual({ blueprintId: 'order', labels })
    expect(checkStart({ blueprintId: 'order', labels: {} })).toEqual({ blueprintId: 'order', labels: {} })
    const job = { runId: 'r', blueprintId: 'order', nodeId: 'a', labels }
    expect(checkJob(job)).toEqual(job)
  })
})
