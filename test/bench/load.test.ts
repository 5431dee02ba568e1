import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { loadOf, loadTable, shareTable, withLoads } from '../../bench/load.ts'
import { lastResults } from '../../bench/results.ts'
import type { Row } from '../../bench/rows.ts'

/** Round numbers: of one run. */
const row: Row = {
  shape: 'chain10',
  variant: 'tiny',
  workers: '10x1',
  nodes: 10,
  status: 'completed',
  dynamodb: 13,
  sqs: 3,
  s3: 0,
  writeUnits: 14,
  readUnits: 1,
  usdPerMillionNodes: 1,
  wallMs: 100,
  cpuMs: 0,
  sends: 0,
  refused: 0,
  invocations: 1,
  logBytes: 1_000,
}
const batch: Row = { ...row, shape: 'batch100', nodes: 100, invocations: 102, sqs: 216, writeUnits: 315 }

const cellsOf = (made: string, line: string) => {
  const found = made.split('\n').find((text) => text.startsWith(`| ${line} `)) ?? ''
  return found
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
}

describe('what a run asks for', () => {
  it('is what was measured, with a unit for each invocation and one for its end', () => {
    expect(loadOf([row, batch], 'chain10')).toMatchObject({
      writeUnits: 16,
      dynamoDbRequests: 15,
      readUnits: 1,
      events: 1,
      billedMs: 60,
      busyMs: 2_060,
    })
    expect(loadOf([row, batch], 'batch100').writeUnits).toBe(315 + 102 + 1)
  })

  it('costs data, time, logs and its event', () => {
    const { usd } = loadOf([row], 'chain10')
    const data = 10 / 1e6 + 2 * 0.625e-6 + 1e-6
    const lambda = 0.2e-6 + 0.06 * 0.5 * 0.0000133334
    expect(usd).toBeCloseTo(data + lambda + 1_000 * 0.5e-9, 12)
  })

  it('is of messages that come alone, and of nothing that was not measured', () => {
    expect(() => loadOf([{ ...row, workers: '5x10' }], 'chain10')).toThrow("no measurement of 'chain10'")
    expect(() => loadOf([row], 'batch100')).toThrow("no measurement of 'batch100'")
  })
})

describe('the tables', () => {
  it('multiply it by runs an hour', () => {
    const made = loadTable([row, batch])
    expect(cellsOf(made, 'messages an hour')).toEqual([
      '10',
      '1,000',
      '100,000',
      '1,020',
      '102,000',
      '10,200,000',
    ])
    // 16 units of 100,000 runs, in 3,600 seconds.
    expect(cellsOf(made, 'write units a second')[2]).toBe('444')
    // 2.06 seconds of 1,000 runs, in 3,600.
    expect(cellsOf(made, 'concurrency, nodes of 200 ms')[1]).toBe('0.572')
  })

  it('say how much of a quota a second is that is ten times as busy, bold where it is too much', () => {
    const shares = cellsOf(shareTable([row, batch]), 'new table, write units a second')
    expect([shares[0], shares[2], shares[3]]).toEqual(['4,000', '1.11 %', '**111 %**'])
  })
})

describe('docs/scale.md', () => {
  it('has the tables of the last results: npm run load writes them', async () => {
    const scale = await readFile(new URL('../../docs/scale.md', import.meta.url), 'utf8')
    expect(withLoads(scale, (await lastResults()).rows)).toBe(scale)
    expect(() => withLoads('no place', [row, batch])).toThrow(
      "docs/scale.md has no place for the table 'load'",
    )
  })

  it('has each number of the shares among its quotas', async () => {
    const scale = await readFile(new URL('../../docs/scale.md', import.meta.url), 'utf8')
    const quotas = scale.slice(scale.indexOf('## The quotas'))
    const numbers = shareTable([row, batch])
      .split('\n')
      .slice(2)
      .map((line) => line.split('|')[2]?.trim() ?? '')
    expect(numbers).toHaveLength(8)
    expect(numbers.filter((number) => !quotas.includes(number))).toEqual([])
  })
})
