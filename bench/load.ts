/**
 * The tables of docs/scale.md: what a service asks of AWS at so many runs an hour, by what `npm run bench` counted, and how
 * much of AWS's quotas that is. Pure.
 */
import { PRICES } from '../lib/core/common/prices.ts'
import { estimateOf, type Row, USD_PER_LOG_BYTE } from './rows.ts'
import { table } from './tables.ts'

/** Runs an hour. */
const RATES = [10, 1_000, 100_000] as const

/** Shapes of `npm run bench`, and the executions of nodes of a run of each. */
const SHAPES = [
  { shape: 'chain10', name: 'ten nodes', executions: 10 },
  { shape: 'batch100', name: 'batch of 100', executions: 103 },
] as const

/** A node of some work, for the concurrency: in milliseconds. */
const NODE_MS = 200
/** How much busier the busiest second is than the average, for the shares of quotas. */
const PEAK = 10

/** Of one run, where each message comes alone: the most that it asks for. */
export interface RunLoad {
  readonly messages: number
  readonly sqsRequests: number
  readonly dynamoDbRequests: number
  readonly writeUnits: number
  readonly readUnits: number
  /** Of workers. StartRun is one more for each run that it starts. */
  readonly invocations: number
  readonly events: number
  /** Milliseconds of Lambda with nodes that do nothing, and with nodes of 200 ms. */
  readonly billedMs: number
  readonly busyMs: number
  readonly logBytes: number
  /** US dollars, with nodes that do nothing. */
  readonly usd: number
}

/**
 * With what `FlowcraftService` has on beside the measured run: a write unit for each invocation (`history: 'timings'`), and one
 * with an event for the end of the run (`events`).
 * @throws Error where the shape was not measured
 */
export function loadOf(rows: readonly Row[], shape: string): RunLoad {
  const row = rows.find((one) => one.shape === shape && one.variant === 'tiny' && one.workers === '10x1')
  const executions = SHAPES.find((one) => one.shape === shape)?.executions
  if (!row || executions === undefined) throw new Error(`no measurement of '${shape}', tiny, 10x1`)
  const more = row.invocations + 1
  const { lambda, billedMs } = estimateOf({ ...row, dynamodb: row.dynamodb + more })
  const data = (row.usdPerMillionNodes * row.nodes) / 1_000_000
  const added = more * PRICES.dynamodb.writeUnit + PRICES.eventbridge.event
  const compute = (lambda * row.nodes) / 1_000_000 + row.logBytes * USD_PER_LOG_BYTE
  return {
    messages: row.invocations,
    sqsRequests: row.sqs,
    dynamoDbRequests: row.dynamodb + more,
    writeUnits: row.writeUnits + more,
    readUnits: row.readUnits,
    invocations: row.invocations,
    events: 1,
    billedMs: billedMs * row.nodes,
    busyMs: billedMs * row.nodes + NODE_MS * executions,
    logBytes: row.logBytes,
    usd: data + added + compute,
  }
}

export function loadTable(rows: readonly Row[]): string {
  const columns = SHAPES.flatMap(({ shape, name }) =>
    RATES.map((rate) => ({ name: `${name}, ${count(rate)}/h`, rate, load: loadOf(rows, shape) })),
  )
  const line = (what: string, of: (load: RunLoad, rate: number) => number) => [
    what,
    ...columns.map(({ load, rate }) => count(of(load, rate))),
  ]
  return table(
    ['', ...columns.map(({ name }) => name)],
    [
      line('messages an hour', (load, rate) => load.messages * rate),
      line('requests to SQS an hour', (load, rate) => load.sqsRequests * rate),
      line('requests to DynamoDB an hour', (load, rate) => load.dynamoDbRequests * rate),
      line('write units a second', (load, rate) => perSecond(load.writeUnits * rate)),
      line('read units a second', (load, rate) => perSecond(load.readUnits * rate)),
      line('invocations a second', (load, rate) => perSecond(load.invocations * rate)),
      line('events a second', (load, rate) => perSecond(load.events * rate)),
      line('concurrency, nodes do nothing', (load, rate) => perSecond((load.billedMs / 1_000) * rate)),
      line(`concurrency, nodes of ${NODE_MS} ms`, (load, rate) => perSecond((load.busyMs / 1_000) * rate)),
      line('logs, MB an hour', (load, rate) => (load.logBytes * rate) / 1e6),
      line('$ an hour', (load, rate) => load.usd * rate),
      line('$ a month (730 hours)', (load, rate) => load.usd * rate * 730),
    ],
  )
}

interface Quota {
  readonly what: string
  readonly quota: number
  /** Used in an average second. */
  readonly used: (load: RunLoad, runsASecond: number) => number
}

const busy = ({ busyMs }: RunLoad, runs: number) => (busyMs / 1_000) * runs

/** Defaults of AWS, as docs/scale.md has them with their pages. */
const QUOTAS: readonly Quota[] = [
  { what: 'Lambda, concurrency of the account', quota: 1_000, used: busy },
  { what: 'mapping of the queue, concurrency', quota: 1_250, used: busy },
  {
    what: 'new table, write units a second',
    quota: 4_000,
    used: ({ writeUnits }, runs) => writeUnits * runs,
  },
  { what: 'new table, read units a second', quota: 12_000, used: ({ readUnits }, runs) => readUnits * runs },
  {
    what: 'any table, write units a second',
    quota: 40_000,
    used: ({ writeUnits }, runs) => writeUnits * runs,
  },
  // A run is in the index twice, at its start and at its end; its entries are spread over 16 partitions.
  { what: 'a partition of the index of runs, writes', quota: 1_000, used: (_, runs) => (2 * runs) / 16 },
  // A message is in flight from its receive to its delete: while its invocation works, here one message each.
  { what: 'SQS, messages in flight', quota: 120_000, used: busy },
  { what: 'PutEvents a second, smallest region', quota: 400, used: ({ events }, runs) => events * runs },
]

/** In percent, in a second that is ten times as busy as the average. */
export function shareTable(rows: readonly Row[]): string {
  const columns = SHAPES.flatMap(({ shape, name }) =>
    RATES.map((rate) => ({ name: `${name}, ${count(rate)}/h`, rate, load: loadOf(rows, shape) })),
  )
  return table(
    ['', 'quota', ...columns.map(({ name }) => name)],
    QUOTAS.map(({ what, quota, used }) => [
      what,
      count(quota),
      ...columns.map(({ load, rate }) => percent((PEAK * used(load, rate / 3_600)) / quota)),
    ]),
  )
}

function perSecond(anHour: number): number {
  return anHour / 3_600
}

/** Three figures, or all of a larger number. */
function count(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : value >= 0.01 ? 3 : 5
  return value.toLocaleString('en', { maximumFractionDigits: digits })
}

/** Bold where it does not fit. */
function percent(share: number): string {
  const text = share < 0.001 ? '0 %' : `${count(share * 100)} %`
  return share > 1 ? `**${text}**` : text
}

/** @throws Error where there is no place for a table */
export function withLoads(text: string, rows: readonly Row[]): string {
  const tables = { load: loadTable(rows), shares: shareTable(rows) }
  return Object.entries(tables).reduce((sum, [name, made]) => {
    const place = new RegExp(`(<!-- ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`)
    if (!place.test(sum)) throw new Error(`docs/scale.md has no place for the table '${name}'`)
    return sum.replace(place, (_, before: string, after: string) => `${before}${made}\n${after}`)
  }, text)
}
