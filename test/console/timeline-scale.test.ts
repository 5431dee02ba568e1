import { describe, expect, it } from 'vitest'
import { isMostlyIdle, joined, scaleOf } from '../../console/src/run/timeline/scale.ts'

const DAY = 24 * 3_600_000
/** Two seconds of work, three days of waiting, two seconds of work. */
const days = {
  from: 0,
  to: 3 * DAY,
  busy: [
    { from: 0, to: 2_000 },
    { from: 3 * DAY - 2_000, to: 3 * DAY },
  ],
}

describe('the scale of a timeline', () => {
  it('is even, and ends at its width', () => {
    const { at } = scaleOf({ from: 1_000, to: 2_000, width: 500 })
    expect([at(1_000), at(1_500), at(2_000)]).toEqual([0, 250, 500])
    expect([at(0), at(9_999)]).toEqual([0, 500])
  })

  it('has ticks at times that people count in, with room between them', () => {
    const { ticks } = scaleOf({ from: 0, to: 60_000, width: 900 })
    expect(ticks.map(({ elapsed }) => elapsed)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000])
    for (const [index, { at }] of ticks.entries())
      if (index > 0) expect(at - (ticks[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(84)
  })

  it('folds days in which nothing ran, so that seconds of work can be seen', () => {
    const { at, folds } = scaleOf({ ...days, width: 500 })
    expect(folds).toHaveLength(1)
    expect(folds[0]?.width).toBeLessThan(40)
    expect(at(2_000)).toBeGreaterThan(150)
    expect(at(days.to - 2_000)).toBeLessThan(350)
    expect(at(days.to)).toBeCloseTo(500)
    // Later is never further left.
    const times = [0, 1_000, 2_000, 60_000, DAY, 2 * DAY, days.to - 2_000, days.to - 1, days.to]
    const places = times.map(at)
    expect(places.toSorted((a, b) => a - b)).toEqual(places)
  })

  it('folds nothing where something ran all the time, or where nobody asks', () => {
    expect(scaleOf({ from: 0, to: 1_000, width: 500, busy: [{ from: 0, to: 1_000 }] }).folds).toEqual([])
    expect(scaleOf({ from: 0, to: DAY, width: 500 }).folds).toEqual([])
  })

  it('takes a run of no length, and one in which nothing ran', () => {
    expect(scaleOf({ from: 5, to: 5, width: 100 }).at(5)).toBe(0)
    const { at } = scaleOf({ from: 0, to: 1_000, width: 100, busy: [] })
    expect(at(1_000)).toBeCloseTo(100)
    expect(at(0)).toBe(0)
  })

  it('is worth folding where a run mostly waited', () => {
    expect(isMostlyIdle(days)).toBe(true)
    expect(isMostlyIdle({ from: 0, to: 100_000, busy: [{ from: 0, to: 90_000 }] })).toBe(false)
    // Of some seconds all can be seen as it is.
    expect(isMostlyIdle({ from: 0, to: 10_000, busy: [{ from: 0, to: 900 }] })).toBe(false)
  })
})

describe('spans as they are drawn', () => {
  it('are one where they are closer than a pixel, by their kind', () => {
    const scale = scaleOf({ from: 0, to: 500_000, width: 100 })
    const spans = Array.from({ length: 5_000 }, (_, index) => ({
      kind: index % 2 === 0 ? 'runs' : 'waits',
      from: index * 100,
      to: index * 100 + 100,
    }))
    const drawn = joined(spans, scale)
    expect(drawn.length).toBeLessThan(220)
    expect(drawn.reduce((sum, { count }) => sum + count, 0)).toBe(5_000)
    expect(drawn.find(({ kind }) => kind === 'waits')?.from).toBe(100)
  })

  it('stay as they are where there is room', () => {
    const scale = scaleOf({ from: 0, to: 100, width: 1_000 })
    const spans = [
      { kind: 'runs', from: 0, to: 40 },
      { kind: 'runs', from: 50, to: 90 },
    ]
    expect(joined(spans, scale)).toEqual(spans.map((span) => ({ ...span, count: 1 })))
  })
})
