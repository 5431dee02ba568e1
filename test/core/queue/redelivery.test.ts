import { expect, it } from 'vitest'
import { retrySeconds } from '../../../lib/core/queue/redelivery.ts'

const RECEIVES = [1, 2, 3, 4, 8, 9, 20, 1000]

it('a message that failed comes back later each time, in a quarter of an hour at most', () => {
  expect(RECEIVES.map((receives) => retrySeconds(receives, () => 1))).toEqual([
    5, 10, 20, 24, 50, 60, 444, 900,
  ])
})

it('what failed together comes back apart, after half of that at least', () => {
  expect(RECEIVES.map((receives) => retrySeconds(receives, () => 0))).toEqual([
    3, 5, 10, 12, 25, 30, 222, 450,
  ])
  expect(retrySeconds(8, () => 0.5)).toBe(38)
  expect(new Set(Array.from({ length: 50 }, () => retrySeconds(20))).size).toBeGreaterThan(1)
})

it('after trouble of minutes or hours it waits for less than a third of that', () => {
  let lasted = 0
  for (let receives = 1; lasted < 4 * 3600; receives++) {
    lasted += retrySeconds(receives, () => 0.5)
    if (lasted > 300) expect(retrySeconds(receives + 1, () => 1)).toBeLessThan(lasted / 3)
  }
})

it('100 receives last for ten hours and more', () => {
  const least = Array.from({ length: 100 }, (_, at) => retrySeconds(at + 1, () => 0)).reduce((a, b) => a + b)
  expect(least).toBeGreaterThan(10 * 3600)
})

it('a count that nobody gave is the first', () => {
  expect(retrySeconds(Number.NaN, () => 1)).toBe(5)
})
