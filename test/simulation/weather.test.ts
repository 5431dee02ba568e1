/** However bad the weather of the cloud, nothing is lost, and runs go on as soon after it as the docs say. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { measuredRows, staleRows } from './weather-table.ts'

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

it('docs/failure-modes.md says how long weather is felt', { timeout: 600_000 }, async () => {
  const rows = await measuredRows()
  expect(rows.flatMap(({ violations }) => violations)).toEqual([])
  for (const { weather, worker, runs } of rows)
    expect([weather, worker, runs > 2]).toEqual([weather, worker, true])
  expect(await staleRows(rows), 'npm run simulate -- --weather --write').toEqual([])
})
