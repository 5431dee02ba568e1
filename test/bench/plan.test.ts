import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { planOf } from '../../bench/plan.ts'
import { SHAPES, shapeOf } from '../../bench/shapes.ts'
import { makesSense, recordsOf, VARIANTS, variantOf } from '../../bench/variants.ts'

describe('a plan', () => {
  it('leaves out by default what takes long, and with --all only what makes no sense', () => {
    const usual = planOf({})
    expect(usual.filter(({ shape }) => shape === 'batch10000')).toEqual([])
    expect(new Set(usual.map(({ shape }) => shape)).size).toBe(SHAPES.length - 1)
    expect(new Set(usual.map(({ variant }) => variant)).size).toBe(VARIANTS.length)
    const all = planOf({ all: true })
    expect(all.filter(({ shape, variant }) => shape === 'batch10000' && variant === '5kb')).toHaveLength(2)
    expect(all.filter(({ shape, variant }) => shape === 'batch1000' && variant === 'keys30')).toEqual([])
  })

  it('takes any size and any combination that is asked for, and refuses unknown names', () => {
    expect(planOf({ shapes: ['chain7'], variants: ['keys30'], workers: ['10x1'] })).toEqual([
      { shape: 'chain7', variant: 'keys30', workers: '10x1' },
    ])
    expect(planOf({ shapes: ['batch1000'], variants: ['keys30'] })).toHaveLength(2)
    expect(() => planOf({ shapes: ['ring5'] })).toThrow("no shape 'ring5'")
    expect(() => planOf({ shapes: ['chain0'] })).toThrow("no shape 'chain0'")
    expect(() => planOf({ shapes: ['constructor1'] })).toThrow("no shape 'constructor1'")
    expect(() => planOf({ variants: ['huge'] })).toThrow("no variant 'huge'")
    expect(() => planOf({ workers: ['1x1'] })).toThrow("no workers '1x1'")
  })
})

describe('shapes and variants', () => {
  it.each([
    ['chain10', 10, 10],
    ['fan50', 52, 52],
    ['lanes50', 1_001, 1_001],
    ['anydiamond25', 76, 76],
    ['subflow10', 55, 5],
    ['batch100', 100, 3],
    ['loop200', 402, 4],
  ])('%s: %d executions, %d nodes of its blueprint', (id, nodes, ofBlueprint) => {
    const shape = shapeOf(id)
    expect(shape.nodes).toBe(nodes)
    expect(shape.make(variantOf('tiny').node).blueprint.nodes).toHaveLength(ofBlueprint)
  })

  it('records have the size that they are called by, and are of their seed', () => {
    for (const bytes of [500, 1_024, 5_120, 51_200]) {
      const { length } = JSON.stringify(recordsOf(bytes, 1))
      expect(length).toBeLessThanOrEqual(bytes)
      expect(length).toBeGreaterThan(bytes - 130)
    }
    expect(deflateRawSync(JSON.stringify(recordsOf(5_120, 1))).length / 1_024).toBeCloseTo(1.7, 0)
    expect(recordsOf(1_024, 1)).toEqual(recordsOf(1_024, 1))
    expect(recordsOf(1_024, 1)).not.toEqual(recordsOf(1_024, 2))
  })

  it('keys of their own are for small runs', () => {
    expect(makesSense(shapeOf('chain100'), variantOf('keys30'))).toBe(true)
    expect(makesSense(shapeOf('chain1000'), variantOf('keys30'))).toBe(false)
    expect(makesSense(shapeOf('chain1000'), variantOf('set3'))).toBe(true)
  })
})
