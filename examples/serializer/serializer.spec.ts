import { createFlow, type NodeContext } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import { serializer } from './serializer.js'

const value = {
  date: new Date(0),
  map: new Map([['a', 1]]),
  set: new Set(['x']),
  big: 2n ** 70n,
  numbers: [NaN, Infinity, -0],
  nothing: undefined,
}

const carry = createFlow('carry')
  .node('give', async () => ({ output: value }))
  .node('take', async ({ input }: NodeContext) => ({ output: input as unknown }))
  .edge('give', 'take')

describe('the serializer', () => {
  it('carries from node to node what JSON does not', async () => {
    const { status, context } = await new TestService({ flows: [carry], serializer }).run({
      blueprintId: 'carry',
    })

    expect(status).toBe('completed')
    expect(context['take']).toEqual(value)
  })
})

describe('JSON, the default', () => {
  class Money {
    readonly cents = 5
    toString() {
      return '0.05'
    }
  }

  it.each<[string, unknown, unknown]>([
    ['NaN', NaN, null],
    ['Infinity', Infinity, null],
    ['-0', -0, 0],
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a Buffer', Buffer.from('hi'), { type: 'Buffer', data: [104, 105] }],
    ['bytes', new Uint8Array([1, 2]), { 0: 1, 1: 2 }],
    ['an Error', new Error('lost'), {}],
    ['an instance of a class', new Money(), { cents: 5 }],
    ['undefined in a list', [undefined], [null]],
    ['undefined in an object', { a: undefined }, {}],
    ['a Map', new Map([['a', 1]]), {}],
    ['a URL', new URL('https://a.test/'), 'https://a.test/'],
  ])('makes of %s what the limits say', async (_, given, made) => {
    const flow = createFlow('one').node('give', async () => ({ output: given }))
    const { context } = await new TestService({ flows: [flow] }).run({ blueprintId: 'one' })

    expect(context['give']).toEqual(made)
  })
})
