import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatInlineValue,
  names,
  pageOf,
  parseInlineValue,
  type InlineValue,
} from '../../../lib/core/protocol/inline-value.ts'
import { activationKey } from '../../../lib/core/protocol/run-state.ts'

describe('an inline value', () => {
  it('comes back as it was formatted, whatever its body holds', () => {
    const writer = fc.oneof(
      fc.constant<InlineValue['writer']>(''),
      fc.tuple(fc.nat(), fc.nat()).map(([node, iteration]) => activationKey(node, iteration)),
    )
    const kind = fc.constantFrom<InlineValue['kind'][]>('=', '@', 'u', '-')
    const body = fc.string({
      unit: fc.constantFrom('a', '0', '.', '=', '@', 'u', '-', '\n', '\0', 'é', '📦', '\ud83d'),
    })
    fc.assert(
      fc.property(fc.record({ writer, kind, body }), (inlineValue) => {
        expect(parseInlineValue(formatInlineValue(inlineValue))).toEqual(inlineValue)
      }),
    )
  })

  it('has the texts that the header shows', () => {
    expect(formatInlineValue({ writer: '17.3', kind: '=', body: '{"v":1}' })).toBe('17.3={"v":1}')
    expect(formatInlineValue({ writer: '17.3', kind: '@', body: '1.0' })).toBe('17.3@1.0')
    expect(formatInlineValue({ writer: '', kind: 'u', body: '' })).toBe('u')
    expect(formatInlineValue({ writer: '17.3', kind: '-', body: '' })).toBe('17.3-')
  })

  it('is refused where it is none', () => {
    expect(() => parseInlineValue('17.3')).toThrow("not a inlineValue: '17.3'")
    expect(() => parseInlineValue('x=1')).toThrow("not a inlineValue: 'x=1'")
  })
})

describe('pages', () => {
  it('are one for neighbouring nodes, whatever is said of them', () => {
    expect(pageOf(names.output(0))).toBe('0')
    expect(pageOf(names.output(15))).toBe('0')
    expect(pageOf(names.output(16))).toBe('1')
    expect(pageOf(names.source(20))).toBe('1')
    expect(pageOf(names.batch(17))).toBe('1')
    // One for each of many rounds would outgrow a page.
    expect(pageOf(names.error('3.17'))).toBe('0.1')
    expect(pageOf(names.child('17.3'))).toBe('1.0')
  })

  it('hold the inputs of a wide join by 16 of its sources: in one they would outgrow it', () => {
    const inputs = Array.from({ length: 1_600 }, (_, source) => pageOf(names.input(2_000, source)))

    expect(new Set(inputs).size).toBe(100)
    expect(inputs.filter((page) => page === inputs[0])).toHaveLength(16)
    // Side by side, those of joins beside each other.
    expect(pageOf(names.input(20, 17))).toBe('i1.1')
    expect(pageOf(names.input(31, 16))).toBe('i1.1')
    expect(pageOf(names.input(32, 17))).toBe('i2.1')
  })

  it('have no name that a name of another kind has', () => {
    const node = fc.nat({ max: 10_000 })
    const kinds = [
      fc.oneof(node.map(names.output), node.map(names.source), node.map(names.batch)),
      fc.tuple(node, node).map(([target, source]) => names.input(target, source)),
      fc.tuple(node, node).map(([of, iteration]) => names.error(activationKey(of, iteration))),
      fc.string().map(names.user),
    ]
    const pairs = kinds.flatMap((one, at) => kinds.slice(at + 1).map((other) => [one, other] as const))
    for (const [one, other] of pairs) {
      fc.assert(fc.property(one, other, (a, b) => pageOf(a) !== pageOf(b)))
    }
  })

  it("of the user's keys are named by the key, and never a node's", () => {
    const page = pageOf(names.user('o17'))

    expect(page).toMatch(/^k[\w-]{10}$/)
    expect(pageOf(names.user('o17'))).toBe(page)
    expect(pageOf(names.user('o18'))).not.toBe(page)
  })
})
