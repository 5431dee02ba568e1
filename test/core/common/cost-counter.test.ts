/** A count is in one commit that was made, at most; what follows a commit is expected by it, and corrected by the next. */
import { describe, expect, it } from 'vitest'
import { CostCounter } from '../../../lib/core/common/cost-counter.ts'
import { type Counts, countsIn, minus, plus, sizeOfCounts } from '../../../lib/core/common/run-counts.ts'

const counting = (memoryMb?: number) => {
  let ms = 0
  const counter = new CostCounter({ elapsed: () => ms, memoryMb })
  return { counter, pass: (more: number) => (ms += more) }
}

describe('a counter', () => {
  it('gives a commit what was counted since the last that was made', () => {
    const { counter } = counting()
    counter.add({ $w: 1, $r: 2 })
    counter.add({ $w: 2 })
    expect(counter.take('0.1~0', {})).toEqual({ $w: 3, $r: 2 })
    counter.committed()
    counter.add({ $q: 100 })
    expect(counter.take('1.1~0', {})).toEqual({ $q: 100 })
  })

  it('gives it again with what came since where the commit was refused', () => {
    const { counter } = counting()
    counter.add({ $w: 1 })
    counter.take('0.1~0', { $q: 100 })
    counter.add({ $w: 1 })
    expect(counter.take('0.1~0', { $q: 200 })).toEqual({ $w: 2, $q: 200 })
    counter.committed()
    // What was expected comes, and is not counted twice.
    counter.add({ $q: 200 })
    expect(counter.take('1.1~0', {})).toEqual({})
  })

  it('drops what was sent with a commit whose answer never came, once its activation has ended', () => {
    const { counter } = counting()
    counter.add({ $w: 5 })
    counter.take('0.1~0', {})
    counter.add({ $w: 1 })
    expect(counter.take('1.1~0', {})).toEqual({ $w: 1 })
    counter.add({ $w: 1 })
    // The same activation, suspended and woken, is another.
    expect(counter.take('1.1~1', {})).toEqual({ $w: 1 })
  })

  it('adds its share of time, and what the function has of memory', () => {
    const { counter, pass } = counting(512)
    pass(40)
    counter.request({ $w: 1 }, 10)
    counter.request({ $w: 1 }, 20)
    // The commit is expected to take as long as a request did.
    expect(counter.take('0.1~0', {})).toEqual({ $w: 2, $d: 2, $m: 55, $b: 55 * 512 })
    counter.committed()
    pass(25)
    expect(counter.take('1.1~0', {})).toEqual({ $m: 25, $b: 25 * 512 })
  })

  it('tells no memory where time is not paid for by itself', () => {
    const { counter, pass } = counting()
    pass(3.4)
    expect(counter.take('0.1~0', {})).toEqual({ $m: 3 })
    counter.committed()
    pass(0.2)
    expect(counter.take('1.1~0', {})).toEqual({ $m: 1 })
  })
})

describe('counts', () => {
  it('are added up, without what comes to nothing', () => {
    const a: Counts = { $w: 1, $r: 0.5 }
    expect(plus(a, undefined, { $w: -1, '$.x': 7 })).toEqual({ $r: 0.5, '$.x': 7 })
    expect(minus(a, { $w: 3 })).toEqual({ $w: -2, $r: 0.5 })
    expect(minus(a, undefined)).toEqual(a)
  })

  it('are found among the attributes of an item', () => {
    expect(countsIn({ pk: 'R#a', s: 'running', $w: 2, '$.bedrock': 7n, $r: 0 })).toEqual({
      $w: 2,
      '$.bedrock': 7,
    })
    expect(countsIn({ pk: 'R#a' })).toBeUndefined()
  })

  it('have few bytes', () => {
    const usual: Counts = { $w: 14, $r: 1, $d: 13, $q: 300, $m: 140, $b: 71_680, $i: 100 }
    expect(sizeOfCounts(usual)).toBeLessThanOrEqual(40)
  })
})
