import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { costTable, withTable } from '../../bench/cost-table.ts'
import { growthOf, svgOf } from '../../bench/chart.ts'
import { median } from '../../bench/cold-start.ts'
import { loadedOf, packageOf } from '../../bench/bundles.ts'
import { reportOf } from '../../bench/report.ts'
import { lastResults, picturesOf } from '../../bench/results.ts'
import { estimateOf, type Row } from '../../bench/rows.ts'
import { rowTable, table } from '../../bench/tables.ts'
import { judge } from '../../bench/targets.ts'

const row: Row = {
  shape: 'fan500',
  variant: 'tiny',
  workers: '5x10',
  nodes: 502,
  status: 'completed',
  dynamodb: 1_506,
  sqs: 251,
  s3: 0,
  writeUnits: 1_004,
  readUnits: 502,
  usdPerMillionNodes: 1.5,
  wallMs: 5_020,
  cpuMs: 2_008,
  sends: 51,
  refused: 0,
  invocations: 100,
  logBytes: 100_400,
}

describe('a table', () => {
  it('has what a node takes, numbers at the right', () => {
    expect(rowTable([row]).split('\n')).toEqual([
      '| shape  | variant | workers | DynamoDB | write | read | refused | SQS (sends) |   S3 | $ / M | with Lambda, logs | CPU ms | wall ms |',
      '| ------ | ------- | ------- | -------: | ----: | ---: | ------: | ----------: | ---: | ----: | ----------------: | -----: | ------: |',
      '| fan500 | tiny    | 5x10    |     3.00 |  2.00 | 1.00 |    0.00 | 0.50 (0.10) | 0.00 |  1.50 |              1.82 |   4.00 |    10.0 |',
    ])
  })

  it('says which run did not complete', () => {
    expect(rowTable([{ ...row, status: 'failed' }])).toContain('| fan500 **failed** |')
  })

  it('has cells as wide as the widest', () => {
    expect(table(['', 'n'], [['a longer one', '1']])).toBe(
      '|              |   n |\n| ------------ | --: |\n| a longer one |   1 |',
    )
  })
})

describe('an estimate', () => {
  it('has waiting, CPU at the part of a processor that the memory buys, and logs', () => {
    const { billedMs, lambda, logs, all } = estimateOf(row, 1_769)
    // 3 requests of 4 ms, 51 sends of 8 ms, 4 ms of CPU.
    expect(billedMs).toBeCloseTo(12 + (51 * 8) / 502 + 4, 6)
    expect(lambda).toBeCloseTo((100 / 502) * 0.2 + billedMs * 1_000 * (1_769 / 1_024) * 0.0000133334, 6)
    expect(logs).toBeCloseTo(0.1, 6)
    expect(all).toBe(1.5 + lambda + logs)
    expect(estimateOf(row, 512).billedMs - billedMs).toBeCloseTo(4 * (1_769 / 512 - 1), 6)
  })
})

describe('targets', () => {
  it('are judged by the row that they are of', () => {
    const judged = judge([row, { ...row, workers: '10x1', writeUnits: 9_999 }], {})
    const [writes, reads] = judged.filter(({ what }) => what === 'fan500')
    expect(writes).toMatchObject({ now: 2, atMost: 3.3, isReached: true })
    expect(reads).toMatchObject({ now: 1, atMost: 1.1, isReached: true })
    const worse = judge([{ ...row, writeUnits: 502 * 4 }], {}).find(({ what }) => what === 'fan500')
    expect(worse).toMatchObject({ now: 4, isReached: false })
    expect(judged.find(({ what }) => what === 'fan100')).toMatchObject({ now: undefined, isReached: false })
  })

  it('of a look, a start, the protocol and a cold start are judged by what was measured of those', () => {
    const coldStart = [
      { id: 'worker', readyMs: 120, cpuMs: 1 },
      { id: 'two clients', readyMs: 100, cpuMs: 1 },
    ]
    const extras = {
      getRequests: 25,
      startRunUsd: 0.96,
      protocol: { cpuMs100: 0.5, cpuMs2000: 0.6 },
      coldStart,
    }
    expect(
      judge([], extras).flatMap(({ now, isReached }) => (now === undefined ? [] : [[now, isReached]])),
    ).toEqual([
      [25, true],
      [0.96, false],
      [1.2, true],
      [1.2, false],
    ])
  })
})

describe('a picture', () => {
  it('has a line for each kind of which there are two sizes, over a logarithmic axis', () => {
    const of = (shape: string, nodes: number, writeUnits: number): Row => ({
      ...row,
      shape,
      nodes,
      writeUnits,
    })
    const rows = [
      of('fan50', 50, 100),
      of('fan500', 500, 1_500),
      of('lanes50', 1_001, 2_002),
      of('fan100', 100, 250),
    ]
    const chart = growthOf(
      [...rows, { ...row, workers: '10x1' }],
      'Write & read',
      (one) => one.writeUnits / one.nodes,
    )
    expect(chart.series).toEqual([
      {
        name: 'fan',
        points: [
          { x: 50, y: 2 },
          { x: 100, y: 2.5 },
          { x: 500, y: 3 },
        ],
      },
    ])
    const svg = svgOf(chart)
    expect(svg).toContain('aria-label="Write &amp; read"')
    // From 10 to 500 over 420 of width; from 0 to 3 over 216 of height.
    expect(svg).toContain('d="M216.8 112L291.2 76L464 40"')
    expect(svg.match(/<circle /g)).toHaveLength(3)
    expect(svg).toMatch(/>100<\/text>\n<text x="254"/)
    expect(svg).toContain('fill="#3b82d6">fan</text>')
  })

  it('keeps the names of lines that end together apart', () => {
    const end = [
      { x: 10, y: 1 },
      { x: 100, y: 2 },
    ]
    const svg = svgOf({
      title: 't',
      xTitle: 'n',
      series: [
        { name: 'a', points: end },
        { name: 'b', points: end },
      ],
    })
    const heights = [...svg.matchAll(/y="([\d.]+)" fill="#/g)].map(([, y]) => Number(y))
    expect(Math.abs((heights[0] ?? 0) - (heights[1] ?? 0))).toBe(14)
  })

  it.each(['write-units.svg', 'read-units.svg', 'cpu.svg'])(
    '%s of the docs is of the last results',
    async (name) => {
      const there = await readFile(new URL(`../../docs/pictures/${name}`, import.meta.url), 'utf8')
      expect(there).toBe(picturesOf(await lastResults())[name])
    },
  )
})

describe('the last results', () => {
  it('are told as the report beside them does, and name no computer', async () => {
    const report = await readFile(new URL('../../bench/results/latest.md', import.meta.url), 'utf8')
    const results = await lastResults()
    expect(report).toBe(`# The last run of npm run bench\n\n${reportOf(results)}`)
    expect(Object.keys(results.machine)).toEqual(['cpu', 'cores', 'node', 'platform'])
    expect(JSON.stringify(results)).not.toMatch(/\/home\/|\/tmp\/|\/work\//)
    expect(results.rows.every(({ status }) => status === 'completed')).toBe(true)
  })
})

describe('the table of docs/costs.md', () => {
  it('has what each service takes of the usual rows, and Lambda and logs', () => {
    const lines = costTable([row, { ...row, workers: '10x1' }]).split('\n')
    expect(lines).toHaveLength(3)
    // Per node: 3 requests of 4 ms, a tenth of a send of 8, 4 ms of CPU at 0.29 of a processor.
    expect((lines[2] ?? '').split('|').map((cell) => cell.trim())).toEqual([
      '',
      'fan500',
      '1.50',
      '0.20',
      '27',
      '0.22',
      '0.10',
      '**1.82**',
      '',
    ])
  })

  it('is of the last results', async () => {
    const costs = await readFile(new URL('../../docs/costs.md', import.meta.url), 'utf8')
    expect(withTable(costs, costTable((await lastResults()).rows))).toBe(costs)
    expect(() => withTable('no place for it', '')).toThrow('docs/costs.md has no place')
  })
})

it('a file is of its innermost package', () => {
  expect(packageOf('node_modules/@aws-sdk/client-sqs/node_modules/@smithy/core/dist/index.js')).toBe(
    '@smithy/core',
  )
  expect(packageOf('lib/core/worker/strand.ts')).toBe('flowcraft-aws')
})

const output = (
  imports: { path: string; kind: 'import-statement' | 'dynamic-import' }[],
  entryPoint?: string,
) => {
  return { imports, entryPoint, bytes: 1, inputs: {}, exports: [] }
}

it('what is imported when it is first needed is not read at the start', () => {
  const outputs = {
    'index.mjs': output(
      [
        { path: 'shared.mjs', kind: 'import-statement' },
        { path: 's3.mjs', kind: 'dynamic-import' },
        { path: 'node:fs', kind: 'import-statement' },
      ],
      'index.ts',
    ),
    'shared.mjs': output([{ path: 'more.mjs', kind: 'import-statement' }]),
    'more.mjs': output([]),
    's3.mjs': output([], 's3.ts'),
  }
  expect(loadedOf(outputs)).toEqual(['index.mjs', 'shared.mjs', 'more.mjs'])
})

it('a median is the middle, or between the two there', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, 0])
})
