/** A value as a tree on the console's page. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindOf, parentRow, rowsOf, summaryOf } from '../../console/src/ui/json-rows.ts'
import type { Json } from '../../lib/console/json.ts'

const value: Json = {
  order: { id: 'A-17', items: [{ sku: 'x/1' }, { sku: 'y' }], empty: [] },
  'a/b~c': null,
}
const rows = (search = '', openDepth = 9, toggled: Readonly<Record<string, boolean>> = {}) =>
  rowsOf(value, { search, openDepth, toggled: new Map(Object.entries(toggled)) })
const paths = (...of: Parameters<typeof rows>) => rows(...of).map(({ path }) => path)

describe('a tree of JSON', () => {
  it('has a row for each thing that is not folded away', () => {
    expect(paths()).toEqual([
      '',
      '/order',
      '/order/id',
      '/order/items',
      '/order/items/0',
      '/order/items/0/sku',
      '/order/items/1',
      '/order/items/1/sku',
      '/order/empty',
      '/a~1b~0c',
    ])
    expect(paths('', 1)).toEqual(['', '/order', '/a~1b~0c'])
    expect(paths('', 1, { '/order': true })).toContain('/order/items')
    expect(paths('', 9, { '/order': false })).toEqual(['', '/order', '/a~1b~0c'])
    expect(rows().find(({ path }) => path === '/order/empty')).toMatchObject({ isFoldable: false, depth: 2 })
  })

  it('shows what is searched for and what leads there, however deep', () => {
    expect(paths('X/1', 0)).toEqual(['', '/order', '/order/items', '/order/items/0', '/order/items/0/sku'])
    expect(rows('sku').filter(({ isMatch }) => isMatch)).toHaveLength(2)
    expect(paths('B~', 0)).toEqual(['', '/a~1b~0c'])
    expect(paths('nothing')).toEqual([''])
    // What is in something that was found can be unfolded, though it has nothing of it.
    expect(paths('items', 0)).toEqual(['', '/order', '/order/items'])
    expect(paths('items', 0, { '/order/items': true })).toEqual([
      '',
      '/order',
      '/order/items',
      '/order/items/0',
      '/order/items/1',
    ])
    // 'empty' has it, too; what was folded meanwhile stays so.
    expect(paths('y', 0, { '/order/items': false })).toEqual(['', '/order', '/order/items', '/order/empty'])
  })

  it('knows the row that leads to another', () => {
    const all = paths()
    const parent = (path: string) => all[parentRow(rows(), all.indexOf(path))]
    expect(parent('/order/items/1/sku')).toBe('/order/items/1')
    expect(parent('/a~1b~0c')).toBe('')
    expect(parentRow(rows(), 0)).toBe(-1)
  })

  it('says how much is in what is folded, and each scalar as JSON', () => {
    const said = [value, [1, 2], [], {}, 'a"b', 1.5, true, null].map((one) => summaryOf(one as Json))
    expect(said).toEqual(['{2}', '[2]', '[]', '{}', '"a\\"b"', '1.5', 'true', 'null'])
    expect([{}, [], null, '', 0, false].map((one) => kindOf(one as Json))).toEqual([
      'container',
      'container',
      'null',
      'string',
      'number',
      'boolean',
    ])
  })

  it('has each path once, whatever the value is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const all = rowsOf(value as Json, { search: '', openDepth: 99, toggled: new Map() })
        expect(new Set(all.map(({ path }) => path)).size).toBe(all.length)
      }),
      { numRuns: 200, seed: 7 },
    )
  })
})
