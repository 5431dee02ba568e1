/** What DynamoDB refuses of expressions and values, and emulators may take. */
import { describe, expect, it } from 'vitest'
import { refusalOfExpressions } from '../../lib/local/proxy/dynamodb-expressions.ts'
import { refusalOfValues } from '../../lib/local/proxy/dynamodb-values.ts'

const refused = (part: Record<string, unknown>) => refusalOfExpressions(part)?.message
const times = (count: number, make: (at: number) => string, by: string) =>
  Array.from({ length: count }, (_, at) => make(at)).join(by)
const refusedValue = (value: object) => refusalOfValues({ v: value })?.message
const digits = (count: number) => '1'.repeat(count)

describe('operators of an expression', () => {
  it.each<[string, string, (count: number) => string]>([
    // So many comparators, and one AND fewer.
    [
      'ConditionExpression',
      'AND',
      (count) => `${times(150, () => 'a<b', ' AND ')}${' OR a<b'.repeat((count - 299) / 2)}`,
    ],
    ['UpdateExpression', 'sums', (count) => `SET ${times(count, (at) => `a${at}=b+c`, ',')}`],
    ['UpdateExpression', 'functions', (count) => `SET ${times(count, (at) => `a${at}=f(b)`, ',')}`],
    ['FilterExpression', 'NOT', (count) => `${'NOT '.repeat(count)}a`],
    [
      'FilterExpression',
      'IN and BETWEEN',
      (count) => `a IN (b) OR a BETWEEN b AND c${' OR a'.repeat(count - 4)}`,
    ],
  ])('of %s: 300 are taken and 301 refused, by %s', (name, _, make) => {
    const [most, more] = name === 'ConditionExpression' ? [299, 301] : [300, 301]
    expect(refused({ [name]: make(most) })).toBeUndefined()
    expect(refused({ [name]: make(more) })).toBe(
      `Invalid ${name}: The expression contains too many operators; operator count: 301`,
    )
  })

  it('no name and no value that looks like one is any, nor the = of a SET', () => {
    const looks = ['#and', ':or', 'a.not', 'band', 'orb', 'a_in', '#in.between', ':v-']
    const text = looks.join(',').repeat(40)
    expect(
      refused({ UpdateExpression: `REMOVE ${times(300, (at) => `#and${at}`, ',')},${text}`.slice(0, 4_000) }),
    ).not.toContain('operators')
    expect(refused({ UpdateExpression: `SET ${times(301, (at) => `a${at}=:v`, ',')}` })).toBeUndefined()
  })

  it('an IN may have 100 operands', () => {
    const [most, more] = [100, 101].map((count) => `a IN (${times(count, (at) => `:v${at}`, ', ')})`)
    expect(refused({ FilterExpression: most })).toBeUndefined()
    expect(refused({ FilterExpression: more })).toContain(
      'an IN may have 100 operands; number of operands: 101',
    )
  })
})

describe('paths of an expression', () => {
  const ExpressionAttributeNames = { '#a': 'a', '#ab': 'a.b', '#c': 'c' }
  it.each([
    'SET a.b = :v, a.c = :v, d[1] = :v, d[2] = :v',
    'SET #ab = :v, #a.b = :v',
    'SET #a = if_not_exists(#a, :zero) + :one REMOVE #c ADD n :one DELETE s :gone',
    'SET a = list_append(b, :v), c = list_append(a, :v)',
    'set aa = :v remove a',
    'REMOVE d[1], d[10]',
  ])('%s is taken', (UpdateExpression) => {
    expect(refused({ UpdateExpression, ExpressionAttributeNames })).toBeUndefined()
  })

  it.each([
    ['SET a = :v, a = :w', '[a]', '[a]'],
    ['SET #a = :v REMOVE a', '[a]', '[a]'],
    ['SET a.b = :v, zz = :v, a.b.c = :v', '[a, b]', '[a, b, c]'],
    ['SET x = :v ADD d :one REMOVE d[1]', '[d]', '[d, [1]]'],
    ['ADD n :one DELETE n.m :gone', '[n]', '[n, m]'],
    ['SET a = if_not_exists(b, :v), #c.d = :v, c = :w', '[c]', '[c, d]'],
  ])('%s is refused', (UpdateExpression, one, two) => {
    expect(refused({ UpdateExpression, ExpressionAttributeNames })).toBe(
      `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`,
    )
  })

  it('of a projection neither', () => {
    expect(refused({ ProjectionExpression: 'a.b, #c', ExpressionAttributeNames })).toBeUndefined()
    expect(refused({ ProjectionExpression: 'a.b, #a', ExpressionAttributeNames })).toContain('paths overlap')
  })
})

describe('values', () => {
  it.each<[string, object]>([
    ['38 digits', { N: digits(38) }],
    ['38 digits between zeros', { N: `00${digits(38)}000` }],
    ['38 digits after the point', { N: `-0.${digits(38)}` }],
    ['the largest', { N: `9.${'9'.repeat(37)}E+125` }],
    ['the least', { N: '1e-130' }],
    ['zero', { N: '0.000' }],
    ['zero of any power', { N: '0e999' }],
    ['a set', { NS: ['1', '2'] }],
    ['sets of texts and bytes', { L: [{ SS: ['a', 'A'] }, { BS: ['AA==', 'AQ=='] }] }],
    ['no numbers', { M: { S: { S: 'x' }, N: { BOOL: true } } }],
  ])('%s are taken', (_, value) => {
    expect(refusedValue(value)).toBeUndefined()
  })

  it.each<[string, object, string]>([
    ['39 digits', { N: digits(39) }, 'more than 38 significant digits'],
    [
      '39 digits in a list in a map',
      { M: { a: { L: [{ N: `1.${digits(38)}` }] } } },
      'more than 38 significant',
    ],
    ['too large a number', { N: '1e126' }, 'Number overflow'],
    ['too large a one without a power', { N: `-1${'0'.repeat(126)}` }, 'Number overflow'],
    ['too small a number', { N: '9.9e-131' }, 'Number underflow'],
    ['too small a one without a power', { N: `0.${'0'.repeat(130)}1` }, 'Number underflow'],
    ['an empty number', { N: '' }, 'cannot be converted to a numeric value: '],
    ['a point alone', { N: '.' }, 'cannot be converted to a numeric value: .'],
    ['no number', { N: 'NaN' }, 'cannot be converted to a numeric value: NaN'],
    ['an empty set', { SS: [] }, 'An string set  may not be empty'],
    ['a set with one twice', { SS: ['a', 'b', 'a'] }, 'Input collection [a, b, a] contains duplicates.'],
    ['a number twice', { NS: ['1', '1.0'] }, 'contains duplicates'],
    ['too long a number in a set', { NS: ['1', digits(39)] }, 'more than 38 significant'],
  ])('%s is refused', (_, value, message) => {
    expect(refusedValue(value)).toContain(message)
  })
})
