/** Results as tables of Markdown, which a terminal shows well too. Pure. */
import { estimateOf, type Row } from './rows.ts'
import type { Judged } from './targets.ts'

export function rowTable(rows: readonly Row[]): string {
  const head = ['shape', 'variant', 'workers', 'DynamoDB', 'write', 'read', 'refused', 'SQS (sends)', 'S3']
  const priced = ['$ / M', 'with Lambda, logs', 'CPU ms', 'wall ms']
  return table(
    [...head, ...priced],
    rows.map((row) => {
      const each = (count: number, digits = 2) => (count / row.nodes).toFixed(digits)
      return [
        row.status === 'completed' ? row.shape : `${row.shape} **${row.status}**`,
        row.variant,
        row.workers,
        each(row.dynamodb),
        each(row.writeUnits),
        each(row.readUnits),
        each(row.refused),
        `${each(row.sqs)} (${each(row.sends)})`,
        each(row.s3),
        row.usdPerMillionNodes.toFixed(2),
        estimateOf(row).all.toFixed(2),
        each(row.cpuMs),
        each(row.wallMs, 1),
      ]
    }),
    3,
  )
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}

/** What was not measured is left out; empty where nothing was. */
export function targetTable(judged: readonly Judged[]): string {
  const rows = judged.flatMap(({ what, unit, before, atMost, now, isReached }) =>
    now === undefined
      ? []
      : [
          [
            what,
            unit,
            figure(before),
            figure(atMost),
            figure(now),
            isReached ? 'reached' : '**not reached**',
          ],
        ],
  )
  return rows.length === 0 ? '' : table(['', '', 'at first', 'at most', 'now', ''], rows, 2)
}

export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  const widths = head.map((name, at) => Math.max(3, name.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const isNumber = (at: number) => at >= texts && rows.some((row) => /^\**[$\d]/.test(row[at] ?? ''))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (isNumber(at) ? (cells[at] ?? '').padStart(width) : (cells[at] ?? '').padEnd(width))).join(' | ')} |`
  const rule = widths.map((width, at) => (isNumber(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
