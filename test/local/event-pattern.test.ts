// Event patterns, operator by operator, as AWS documents them:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../lib/local/event-bridge/pattern.ts'

/** Whether `[...values]` takes a field `f` of this value; `undefined` is no field. */
const takes = (values: unknown[], f: unknown) => compilePattern({ f: values })(f === undefined ? {} : { f })

interface Case {
  readonly pattern: unknown[]
  readonly yes: unknown[]
  readonly no: unknown[]
}

describe('one field', () => {
  it.each<[string, Case]>([
    ['a text', { pattern: ['a'], yes: ['a', ['b', 'a']], no: ['A', 'ab', '', null, undefined, {}, []] }],
    ['an empty text', { pattern: [''], yes: [''], no: [null, undefined, ' '] }],
    ['a number', { pattern: [300], yes: [300, 3.0e2], no: ['300', 301] }],
    ['a boolean', { pattern: [true], yes: [true], no: [false, 'true', 1] }],
    ['null', { pattern: [null], yes: [null, [null]], no: [undefined, '', 0, 'null', []] }],
    ['one of several', { pattern: ['a', 1, { prefix: 'x' }], yes: ['a', 1, 'xyz'], no: ['b', 2] }],
    ['prefix', { pattern: [{ prefix: 'us-' }], yes: ['us-', 'us-east-1'], no: ['eu', 'US-east-1', 1, null] }],
    [
      'prefix in any case',
      {
        pattern: [{ prefix: { 'equals-ignore-case': 'EventB' } }],
        yes: ['eventbridge', 'EVENTB'],
        no: ['even'],
      },
    ],
    ['suffix', { pattern: [{ suffix: '.png' }], yes: ['.png', 'a.png'], no: ['a.PNG', 'png', 1] }],
    [
      'suffix in any case',
      { pattern: [{ suffix: { 'equals-ignore-case': '.png' } }], yes: ['a.PNG', 'a.png'], no: ['a.pn'] },
    ],
    [
      'equals-ignore-case',
      { pattern: [{ 'equals-ignore-case': 'alice' }], yes: ['Alice'], no: ['alices', 1] },
    ],
    [
      'wildcard',
      {
        pattern: [{ wildcard: 'dir/*.png' }],
        yes: ['dir/a.png', 'dir/.png', 'dir/b/c.png', 'dir/a\nb.png'],
        no: ['dir/a-png', 'a/dir/b.png', 'dir/a.pngs', 'dir/a.PNG', 1],
      },
    ],
    [
      'wildcard with an asterisk and a backslash of its own',
      { pattern: [{ wildcard: 'a\\*b\\\\*' }], yes: ['a*b\\', 'a*b\\c'], no: ['aXb\\', 'a*b'] },
    ],
    [
      'exists',
      { pattern: [{ exists: true }], yes: ['', 0, false, null, [1]], no: [undefined, {}, { g: 1 }, []] },
    ],
    ['exists: false', { pattern: [{ exists: false }], yes: [undefined, { g: 1 }, []], no: ['', null, [1]] }],
    ['a value or none', { pattern: ['a', { exists: false }], yes: ['a', undefined], no: ['b'] }],
    [
      'anything-but',
      {
        pattern: [{ 'anything-but': 'a' }],
        yes: ['b', 1, null, false, ['a', 'b']],
        no: ['a', undefined, ['a'], []],
      },
    ],
    ['anything-but zero', { pattern: [{ 'anything-but': 0 }], yes: [1, '0', null], no: [0, undefined] }],
    ['anything-but texts', { pattern: [{ 'anything-but': ['a', 'b'] }], yes: ['c', 1], no: ['a', 'b'] }],
    ['anything-but numbers', { pattern: [{ 'anything-but': [1, 2] }], yes: [3, '1'], no: [1, 2.0] }],
    [
      'anything-but prefix',
      {
        pattern: [{ 'anything-but': { prefix: 'init' } }],
        yes: ['run', 'INIT', 7, null],
        no: ['init1', undefined],
      },
    ],
    [
      'anything-but prefixes',
      { pattern: [{ 'anything-but': { prefix: ['a', 'b'] } }], yes: ['c'], no: ['ab', 'ba'] },
    ],
    [
      'anything-but suffix',
      { pattern: [{ 'anything-but': { suffix: '.png' } }], yes: ['a.txt'], no: ['a.png'] },
    ],
    [
      'anything-but in any case',
      { pattern: [{ 'anything-but': { 'equals-ignore-case': ['a', 'B'] } }], yes: ['c'], no: ['A', 'b'] },
    ],
    [
      'anything-but wildcard',
      { pattern: [{ 'anything-but': { wildcard: '*/lib/*' } }], yes: ['/src/a'], no: ['/usr/lib/a'] },
    ],
    ['numeric =', { pattern: [{ numeric: ['=', 5] }], yes: [5, 5.0], no: ['5', 6, null] }],
    ['numeric <', { pattern: [{ numeric: ['<', 10] }], yes: [9.9, -1], no: [10, '9'] }],
    ['numeric <=', { pattern: [{ numeric: ['<=', 10] }], yes: [10], no: [10.1] }],
    ['numeric >', { pattern: [{ numeric: ['>', 0] }], yes: [0.1], no: [0] }],
    ['numeric >=', { pattern: [{ numeric: ['>=', 0] }], yes: [0], no: [-0.1] }],
    ['a numeric range', { pattern: [{ numeric: ['>', 0, '<=', 5] }], yes: [1, 5], no: [0, 5.1] }],
    ['cidr', { pattern: [{ cidr: '10.0.0.0/24' }], yes: ['10.0.0.255'], no: ['10.0.1.0', 'x', 10, '::1'] }],
    [
      'cidr of IPv6',
      { pattern: [{ cidr: '2001:db8::/64' }], yes: ['2001:db8::1'], no: ['2001:db9::1', '10.0.0.1'] },
    ],
  ])('%s', (_, { pattern, yes, no }) => {
    for (const value of yes) expect(takes(pattern, value), `takes ${JSON.stringify(value)}`).toBe(true)
    for (const value of no) expect(takes(pattern, value), `takes ${JSON.stringify(value)}`).toBe(false)
  })
})

describe('several fields', () => {
  const event = {
    source: 'shop',
    detail: {
      state: 'paid',
      cents: 5,
      'a.b': 1,
      items: [
        { sku: 'x', n: 1 },
        { sku: 'y', n: 2, tags: ['t'] },
      ],
    },
  }

  it.each([
    ['nested', { detail: { state: ['paid'] } }, true],
    ['all must match', { source: ['shop'], detail: { state: ['paid'], cents: [6] } }, false],
    ['what is not named does not matter', { source: ['shop'] }, true],
    ['a name with a dot', { detail: { 'a.b': [1] } }, true],
    ['a part that is not there', { detail: { other: { deep: ['x'] } } }, false],
    ['a part that is not there, and need not be', { detail: { other: { deep: [{ exists: false }] } } }, true],
    ['an object of a list', { detail: { items: { sku: ['y'], n: [2], tags: ['t'] } } }, true],
    ['two objects of a list', { detail: { items: { sku: ['x'], n: [2] } } }, false],
    ['a field that another object of a list has', { detail: { items: { sku: ['x'], tags: ['t'] } } }, false],
    [
      'a field that no object of a list has',
      { detail: { items: { sku: ['x'], z: [{ exists: false }] } } },
      true,
    ],
    ['$or, the first', { $or: [{ source: ['shop'] }, { detail: { cents: [9] } }] }, true],
    ['$or, the last', { $or: [{ source: ['no'] }, { detail: { cents: [5] } }] }, true],
    ['$or, none', { $or: [{ source: ['no'] }, { detail: { cents: [9] } }] }, false],
    [
      '$or and more',
      { source: ['no'], $or: [{ detail: { cents: [5] } }, { detail: { cents: [6] } }] },
      false,
    ],
    [
      '$or inside',
      { detail: { $or: [{ state: ['new'] }, { cents: [{ numeric: ['>', 4] }], state: ['paid'] }] } },
      true,
    ],
    ['$or in $or', { $or: [{ source: ['no'] }, { $or: [{ source: ['a'] }, { source: ['shop'] }] }] }, true],
    ['$or as the name of an object', { $or: { a: ['x'] } }, false],
  ])('%s', (_, pattern, expected) => {
    expect(compilePattern(pattern)(event)).toBe(expected)
  })
})

describe('what AWS refuses', () => {
  it.each<[unknown, string]>([
    ['shop', 'it must be an object'],
    [{}, 'the pattern must not be empty'],
    [{ detail: {} }, 'detail must not be empty'],
    [{ source: 'shop' }, 'source must be a list or an object; got "shop"'],
    [{ detail: { n: [] } }, 'detail.n must not be an empty list'],
    [{ $or: [{ a: [1] }] }, '$or must be a list of two objects or more'],
    [{ f: [{ EXISTS: true }] }, "f: has no operator 'EXISTS'; there is exists, prefix, suffix,"],
    [{ f: [{ toString: 'a' }] }, "f: has no operator 'toString'"],
    [{ f: [['a']] }, 'f: must be a value or an object with one operator; got ["a"]'],
    [{ f: [{ prefix: 'a', suffix: 'b' }] }, 'f: must be a value or an object with one operator'],
    [{ f: [{ exists: 'yes' }] }, "f: exists must be true or false; got 'yes'"],
    [{ f: [{ prefix: 1 }] }, 'f: prefix must be a text; got 1'],
    [{ f: [{ suffix: ['a'] }] }, 'f: suffix must be a text; got ["a"]'],
    [{ f: [{ prefix: { suffix: 'a' } }] }, 'f: prefix must be a text or equals-ignore-case'],
    [{ f: [{ wildcard: 'a**' }] }, 'f: wildcard must be a text without two asterisks in a row'],
    [{ f: [{ wildcard: 'a\\b' }] }, 'f: wildcard must be a text with backslashes before asterisks'],
    [{ f: [{ 'anything-but': [] }] }, 'f: anything-but must be at least one value'],
    [{ f: [{ 'anything-but': ['a', 1] }] }, 'f: anything-but must be texts or numbers, not both'],
    [{ f: [{ 'anything-but': null }] }, 'f: anything-but must be texts or numbers, not both'],
    [{ f: [{ 'anything-but': { prefix: '' } }] }, 'f: anything-but prefix must be a text that is not empty'],
    [{ f: [{ 'anything-but': { numeric: ['=', 1] } }] }, 'f: anything-but must be values or prefix, suffix,'],
    [{ f: [{ numeric: 1 }] }, 'f: numeric must be [operator, number]'],
    [{ f: [{ numeric: ['>', '0'] }] }, 'f: numeric must be [operator, number]'],
    [{ f: [{ numeric: ['>', 0, '<'] }] }, 'f: numeric must be [operator, number]'],
    [{ f: [{ numeric: ['>', 5, '<', 5] }] }, 'f: numeric must be [operator, number]'],
    [{ f: [{ numeric: ['<', 5, '>', 0] }] }, 'f: numeric must be [operator, number]'],
    [{ f: [{ cidr: '10.0.0.0' }] }, 'f: cidr must be an IP address, a slash and a number of bits'],
    [{ f: [{ cidr: '10.0.0.0/33' }] }, 'f: cidr must be an IP address, a slash and a number of bits'],
  ])('%j', (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message)
  })

  it('is one error that lists all', () => {
    expect(() => compilePattern({ a: 1, b: [{ prefix: 2 }] })).toThrow(
      'the event pattern is not valid:\n- a must be a list or an object; got 1\n- b: prefix must be a text; got 2',
    )
  })
})
