import { expect, it } from 'vitest'
import { retrySeconds } from '../../../lib/core/queue/redelivery.ts'

it('a message that failed comes back later each time, in a quarter of an hour at most', () => {
  expect([1, 2, 3, 4, 8, 9, 20, 1000].map(retrySeconds)).toEqual([5, 10, 20, 40, 640, 900, 900, 900])
})

it('20 receives last for over three hours', () => {
  const seconds = Array.from({ length: 20 }, (_, at) => retrySeconds(at + 1)).reduce((a, b) => a + b)
  expect(seconds).toBeGreaterThan(3 * 3600)
})

it('a count that nobody gave is the first', () => {
  expect(retrySeconds(Number.NaN)).toBe(5)
})
