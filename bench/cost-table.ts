/** The table of docs/costs.md that has Lambda and logs in it. Pure. */
import { estimateOf, type Row } from './rows.ts'
import { table } from './tables.ts'

const SMALL = 'tiny'
/** Beside the shapes with small outputs. */
const VARIED: readonly string[] = [
  'chain100 1kb',
  'chain100 5kb',
  'chain100 keys10',
  'fan50 1kb',
  'batch100 1kb',
]

export function costTable(rows: readonly Row[]): string {
  const shown = rows.filter(
    ({ shape, variant, workers }) =>
      workers === '5x10' && (variant === SMALL || VARIED.includes(`${shape} ${variant}`)),
  )
  return table(
    ['', 'data $', 'invocations a node', 'ms billed a node', 'Lambda $', 'logs $', 'all, $ / M'],
    shown.map((row) => {
      const { billedMs, lambda, logs, all } = estimateOf(row)
      return [
        row.variant === SMALL ? row.shape : `${row.shape}, ${row.variant}`,
        row.usdPerMillionNodes.toFixed(2),
        (row.invocations / row.nodes).toFixed(2),
        billedMs.toFixed(0),
        lambda.toFixed(2),
        logs.toFixed(2),
        `**${all.toFixed(2)}**`,
      ]
    }),
  )
}

const PLACE = /(<!-- bench: [^>]*-->\n)[\s\S]*?(<!-- end of bench -->)/

/** @throws Error where there is no place for it */
export function withTable(text: string, made: string): string {
  if (!PLACE.test(text)) throw new Error('docs/costs.md has no place for the table of npm run bench')
  return text.replace(PLACE, (_, before: string, after: string) => `${before}${made}\n${after}`)
}
