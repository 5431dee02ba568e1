/** Runs as lines for people. */
import type { RunCost } from '../core/common/run-cost.ts'
import type { RunDescription } from '../core/run/describe.ts'
import type { HistoryEntry } from '../core/run/history-entries.ts'
import type { RunSummary } from '../core/run/list.ts'
import type { NodeProgress } from '../core/run/progress.ts'
import type { Colors } from './io.ts'

type Status = RunDescription['status']

const STATUS_COLORS = {
  completed: 'green',
  failed: 'red',
  cancelled: 'dim',
  paused: 'magenta',
  awaiting: 'yellow',
  running: 'cyan',
} as const satisfies Record<Status, keyof Colors>

function statusText(colors: Colors, status: Status): string {
  return colors[STATUS_COLORS[status]](status)
}

/** Columns, each as wide as its widest cell; the last as it is. Colours count nothing. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, at) => Math.max(widest[at] ?? 0, widthOf(cell))),
    [],
  )
  return rows.map((row) =>
    row
      .map((cell, at) =>
        at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell)),
      )
      .join('  ')
      .trimEnd(),
  )
}

/** Characters that are seen. */
export function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- what picocolors writes
  return text.replaceAll(/\u001B\[\d+m/g, '').length
}

/** A duration in its two largest units: 1h 12m, 3.4s, 120ms. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)}s`
  const [days, hours, minutes, seconds] = [
    ms / 86_400_000,
    (ms / 3_600_000) % 24,
    (ms / 60_000) % 60,
    (ms / 1_000) % 60,
  ]
  const parts = [
    [days, 'd'],
    [hours, 'h'],
    [minutes, 'm'],
    [seconds, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count >= 1)
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${Math.floor(count)}${unit}`)
    .join(' ')
}

export function summaryRow(colors: Colors, run: RunSummary, now: number): string[] {
  const { runId, blueprintId, status, startedAt, endedAt, labels = {} } = run
  const took = durationText((endedAt?.getTime() ?? now) - startedAt.getTime())
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [
    startedAt.toISOString(),
    statusText(colors, status),
    took,
    blueprintId,
    runId,
    colors.dim(named.join(' ')),
  ]
}

/** Two digits of what is mostly far below a cent. */
export function costText(usd: number): string {
  return usd >= 0.01 ? usd.toFixed(2) : String(Number(usd.toPrecision(2)))
}

/** What was paid for, the dearest first. */
export function costRows({ usd, byService, other, writeUnits, readUnits, computeMs }: RunCost): string[][] {
  const parts = Object.entries({ ...byService, ...other }).filter(([, part]) => part > 0)
  return [
    ['total', `$${costText(usd)}`],
    ...parts.toSorted(([, a], [, b]) => b - a).map(([name, part]) => [name, `$${costText(part)}`]),
    ['write units', `${writeUnits}`],
    ['read units', `${readUnits}`],
    ['compute', durationText(computeMs)],
  ]
}

const STATE_COLORS = {
  completed: 'green',
  active: 'cyan',
  waiting: 'yellow',
  failed: 'red',
  notRun: 'dim',
} as const satisfies Record<NodeProgress['state'], keyof Colors>

export function runLines(colors: Colors, run: RunDescription, now: number): string[] {
  const took = durationText((run.endedAt?.getTime() ?? now) - run.startedAt.getTime())
  const cost = run.cost ? `  $${costText(run.cost.usd)}` : ''
  const head = `${run.runId}  ${run.blueprintId}  ${statusText(colors, run.status)}  ${took}${cost}`
  const nodes = run.progress.map((node) => progressRow(colors, node))
  const errors = (run.errors ?? []).map(
    ({ nodeId, originalError: { name, message } }) => `${nodeId}: ${name}: ${message}`,
  )
  return [
    head,
    ...table(nodes),
    ...(run.reason === undefined ? [] : [colors.red(run.reason)]),
    ...errors.map((line) => colors.red(line)),
    ...(run.deadLetters ?? []).map(({ nodeId, reason }) =>
      colors.red(`dead letter of ${nodeId ?? 'the start'}: ${reason}`),
    ),
  ]
}

function progressRow(colors: Colors, node: NodeProgress): string[] {
  const { nodeId, state, iteration = 1, failedTries = 0, waiting, items, arrived } = node
  const until = waiting?.wakeUpAt ?? waiting?.timeoutAt
  const notes = [
    ...(iteration > 1 ? [`round ${iteration}`] : []),
    ...(failedTries > 0 ? [`${failedTries} failed`] : []),
    ...(waiting ? [waiting.reason.replace('_', ' ')] : []),
    ...(waiting?.childRunId ? [waiting.childRunId] : []),
    ...(until ? [`until ${until.toISOString()}`] : []),
    ...(items ? [`${items.done} of ${items.total}`] : []),
    ...(arrived && arrived.count > 0 ? [`${arrived.count} of ${arrived.of} arrived`] : []),
  ]
  return [
    `  ${nodeId}`,
    colors[STATE_COLORS[state]](state === 'notRun' ? 'not run' : state),
    notes.join(', '),
  ]
}

export function historyRow(colors: Colors, entry: HistoryEntry): string[] {
  const when = entry.at?.toISOString() ?? '-'
  return [when, what(colors, entry), 'nodeId' in entry ? nodeText(entry) : '', colors.dim(more(entry))]
}

function nodeText({ nodeId, iteration }: { nodeId: string; iteration: number }): string {
  return iteration > 1 ? `${nodeId} (${iteration})` : nodeId
}

function what(colors: Colors, entry: HistoryEntry): string {
  if (entry.type === 'runEnded')
    return entry.status === 'running' ? entry.status : `ended ${statusText(colors, entry.status)}`
  if (entry.type === 'operation') return entry.kind
  const word = entry.type
    .replace(/^(node|item|run)/, '')
    .replace('FellBack', 'fell back')
    .toLowerCase()
  return entry.type.endsWith('Failed') ? colors.red(word) : word
}

function more(entry: HistoryEntry): string {
  const parts: string[] = []
  if ('item' in entry) parts.push(`item ${entry.item}`)
  if ('attempt' in entry && entry.attempt > 1) parts.push(`try ${entry.attempt}`)
  if ('durationMs' in entry && entry.durationMs !== undefined) parts.push(durationText(entry.durationMs))
  if ('action' in entry && entry.action !== undefined) parts.push(entry.action)
  if ('reason' in entry && entry.reason !== undefined) parts.push(entry.reason)
  if ('until' in entry && entry.until) parts.push(`until ${entry.until.toISOString()}`)
  if ('by' in entry && entry.by !== undefined) parts.push(`by ${entry.by}`)
  if ('nodes' in entry && entry.nodes) parts.push(entry.nodes.join(' '))
  if ('next' in entry && entry.next && entry.next.length > 0) parts.push(`-> ${entry.next.join(' ')}`)
  if ('error' in entry && entry.error) parts.push(`${entry.error.name}: ${entry.error.message}`)
  return parts.join(', ')
}
