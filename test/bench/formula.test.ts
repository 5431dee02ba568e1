import { describe, expect, it } from 'vitest'
import { billText } from '../../bench/bill-text.ts'
import { workloadOf } from '../../bench/cost-arguments.ts'
import { billOf, type Workload } from '../../bench/formula.ts'
import { lastResults } from '../../bench/results.ts'

describe('the formula of docs/costs.md', () => {
  it('counts a chain of ten: 16 units with history and bus, 14 without', () => {
    expect(billOf()).toMatchObject({ writeUnits: 16, readUnits: 1, sqs: 3, invocations: 1 })
    expect(billOf({ history: 'none', bus: false })).toMatchObject({ writeUnits: 14, readUnits: 1 })
    expect(billOf({ bus: false }).usd.eventbridge).toBe(0)
  })

  it('adds up its parts', () => {
    const { all, ...parts } = billOf({ nodes: 52, messages: 51, items: 10 }).usd
    expect(all).toBeCloseTo(
      Object.values(parts).reduce((sum, part) => sum + part, 0),
      12,
    )
    expect(Object.values(parts).every((part) => part > 0)).toBe(true)
  })

  it('charges a value over 256 bytes for each compressed kilobyte, and a read where a branch begins', () => {
    const units = [256, 300, 1_024, 5_120].map((outputBytes) => {
      const { writeUnits, readUnits } = billOf({ outputBytes, messages: 4 })
      return [writeUnits - 22, readUnits - 4]
    })
    expect(units).toEqual([
      [0, 0],
      [10, 3],
      [10, 3],
      [30, 3],
    ])
  })

  it('charges a function for its memory and for the time of nodes', () => {
    const { usd, billedMs } = billOf({ nodes: 1 })
    expect(billOf({ nodes: 1, nodeMs: 1_000 }).billedMs).toBe(billedMs + 1_000)
    const dear = billOf({ nodes: 1, nodeMs: 1_000, memoryMb: 1_024 }).usd.lambda
    expect(dear).toBeGreaterThan(usd.lambda + 0.0000133334 * 0.99)
  })

  it.each<[string, Workload]>([
    ['chain10', { nodes: 10 }],
    ['chain100', { nodes: 100 }],
    ['fan50', { nodes: 52, messages: 51, perInvocation: 51 / 6 }],
    ['batch100', { nodes: 3, items: 100, messages: 2, perInvocation: 9 }],
    ['batchtens1000', { nodes: 3, items: 1_000, itemsPerMessage: 10, messages: 2, perInvocation: 9 }],
  ])('is within a fifth of what %s took when it was measured', async (shape, workload) => {
    const { rows } = await lastResults()
    const row = rows.find((one) => one.shape === shape && one.variant === 'tiny' && one.workers === '5x10')
    const bill = billOf({ ...workload, history: 'none', bus: false })
    expect(bill.writeUnits / (row?.writeUnits ?? 0)).toBeGreaterThan(0.8)
    expect(bill.writeUnits / (row?.writeUnits ?? 0)).toBeLessThan(1.2)
    const data = bill.usd.dynamodb + bill.usd.sqs
    const measured = ((row?.usdPerMillionNodes ?? 0) * (row?.nodes ?? 0)) / 1_000_000
    expect(data / measured).toBeGreaterThan(0.8)
    expect(data / measured).toBeLessThan(1.2)
  })
})

describe('npm run cost', () => {
  it('takes numbers within what is possible, and names all that is wrong', () => {
    expect(workloadOf({ nodes: '20', 'output-bytes': '300', memory: '1024', 'no-bus': true })).toEqual({
      workload: { nodes: 20, outputBytes: 300, memoryMb: 1_024, history: undefined, bus: false },
      runs: 1_000_000,
    })
    expect(workloadOf({ runs: '5', history: 'none' })).toEqual({
      workload: { history: 'none', bus: true },
      runs: 5,
    })
    expect(() => workloadOf({ nodes: '-1', memory: 'x', history: 'all', 'per-invocation': '11' })).toThrow(
      /--nodes must .*\n--per-invocation must .*\n--memory must .*\n--history must/,
    )
    expect(() => workloadOf({ nodes: '' })).toThrow('--nodes must')
  })

  it('prints dollars of all runs by service', () => {
    const text = billText(billOf(), 1_000_000)
    expect(text).toMatch(
      /^a run: 16 write units, 1 read units, 3 requests to SQS, 1 invocations, about [\d.]+ ms of Lambda\n/,
    )
    expect(text).toMatch(/\| dynamodb +\| +\$10\.13 \|/)
    expect(text).toMatch(/\| sqs +\| +\$1\.20 \|/)
  })
})
