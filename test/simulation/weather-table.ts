/**
 * The table of docs/failure-modes.md that says how long bad weather of the cloud is felt after it has passed. A test holds it
 * to what is measured; `npm run simulate -- --weather --write` writes it anew.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Measured, measureWeather } from './measure-weather.ts'
import type { Profile } from './profile.ts'
import {
  DYNAMODB_AWAY,
  EVENTBRIDGE_AWAY,
  FROZEN,
  longLived,
  S3_AWAY,
  SLOW_ANSWERS,
  SQS_AWAY,
  THROTTLED_PARTITION,
  WITHHELD,
} from './weather-profiles.ts'

const DOCS = fileURLToPath(new URL('../../docs/failure-modes.md', import.meta.url))
const BEGIN = '<!-- weather: `npm run simulate -- --weather --write` -->\n'
const END = '<!-- end of weather -->'

/** Of each case and kind of worker. */
const SEEDS = 6
/** Another order of requests may take as much longer than what was measured. */
const MARGIN = 1.25
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000]
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 20, 30, 45, 60, 90].map((n) => n * SECOND_MS),
  ...[2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60].map((n) => n * MINUTE_MS),
  ...[2, 3, 4, 5, 6, 8, 10].map((n) => n * HOUR_MS),
]

const weathers: readonly (readonly [string, Profile])[] = [
  ['DynamoDB is away', DYNAMODB_AWAY],
  ['SQS is away', SQS_AWAY],
  ['S3 is away', S3_AWAY],
  ['EventBridge is away, and nobody may miss an event', EVENTBRIDGE_AWAY],
  ['A partition takes one request in 5 seconds', THROTTLED_PARTITION],
  ['Two of three answers of DynamoDB take a minute', SLOW_ANSWERS],
  ['What is sent to the queue comes 1 to 5 hours later', WITHHELD],
  ['Every worker that is at something stands still, and thaws', FROZEN],
]

export interface WeatherRow extends Measured {
  readonly weather: string
  readonly worker: 'function' | 'long-lived'
}

export async function measuredRows(): Promise<WeatherRow[]> {
  const rows: WeatherRow[] = []
  for (const [weather, profile] of weathers) {
    rows.push({ weather, worker: 'function', ...(await measureWeather(profile, SEEDS)) })
    rows.push({ weather, worker: 'long-lived', ...(await measureWeather(longLived(profile), SEEDS)) })
  }
  return rows
}

export function weatherTable(rows: readonly WeatherRow[]): string {
  return [
    '| for ten minutes | worker | half of the runs go on within | all within | all are over within |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ weather, worker, halfMs, allMs, overMs }) =>
        `| ${weather} | ${worker} | ${[halfMs, allMs, overMs].map(written).join(' | ')} |`,
    ),
    '',
  ].join('\n')
}

/** Rows of the docs that what is measured is not held by, or that say far more than it. */
export async function staleRows(rows: readonly WeatherRow[]): Promise<string[]> {
  const [, table] = parts(await readFile(DOCS, 'utf8'))
  const said = table.trim().split('\n').slice(2)
  return rows.flatMap((row, at) => {
    const { weather, worker, halfMs, allMs, overMs } = row
    const measured = [halfMs, allMs, overMs]
    const cells = said[at]?.split('|').map((cell) => cell.trim()) ?? []
    const isOf = cells[1] === weather && cells[2] === worker
    const holds = measured.every((ms, column) => isWithin(ms, msOf(cells[column + 3] ?? '')))
    return isOf && holds ? [] : [`${weather}, ${worker}: measured ${measured.join(', ')} ms`]
  })
}

/** A promise that is four times too long is none. */
function isWithin(ms: number, said: number): boolean {
  return ms <= said && (said <= 5 * SECOND_MS || said <= 4 * ms)
}

function msOf(text: string): number {
  const [count = '', unit = ''] = text.split(' ')
  if (text === 'a second') return SECOND_MS
  return Number(count) * ({ s: SECOND_MS, min: MINUTE_MS, h: HOUR_MS }[unit] ?? 0)
}

export async function writeTable(rows: readonly WeatherRow[]): Promise<void> {
  const [before, , after] = parts(await readFile(DOCS, 'utf8'))
  await writeFile(DOCS, `${before}${BEGIN}\n${weatherTable(rows)}\n${END}${after}`)
}

function parts(text: string): [before: string, table: string, after: string] {
  const [before = '', rest = ''] = text.split(BEGIN)
  const [table = '', after = ''] = rest.split(END)
  return [before, table, after]
}

function written(ms: number): string {
  const rounded = STEPS_MS.find((step) => step >= ms * MARGIN) ?? ms
  if (rounded === SECOND_MS) return 'a second'
  if (rounded <= 90 * SECOND_MS) return `${rounded / SECOND_MS} s`
  return rounded < 2 * HOUR_MS ? `${rounded / MINUTE_MS} min` : `${rounded / HOUR_MS} h`
}
