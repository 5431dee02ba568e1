/** When each node of a run ran, was to be tried again, and waited: rows of spans, from the run's history. */
import type { HistoryEntryView, NodeProgressView } from '../../../../lib/console/views.ts'
import { type ItemSlice, sliced } from './item-slices.ts'

/** 'again': a try failed, and the next one has not begun. */
export type SpanKind = 'runs' | 'failed' | 'again' | 'waits'

export interface Span {
  readonly kind: SpanKind
  /** Milliseconds since the epoch. */
  readonly from: number
  /** Absent where it goes on. */
  readonly to?: number
  readonly iteration: number
  /** In words: 'try 2 failed', 'waits for an event'. */
  readonly what: string
}

export interface Row {
  readonly nodeId: string
  readonly spans: readonly Span[]
  /** Of a batch: its items, some put together. */
  readonly items: readonly ItemSlice[]
  /** Ends of which the time is not kept. */
  readonly untimed: number
}

export interface TimelineModel {
  readonly rows: readonly Row[]
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  /** What was done from outside, and how the run ended. */
  readonly marks: readonly { readonly at: number; readonly what: string }[]
  /** False where the history has no times of what nodes did: then there is nothing to draw. */
  readonly hasTimes: boolean
}

export interface TimelineOptions {
  readonly entries: readonly HistoryEntryView[]
  /** Node ids in the order in which rows stand that begin at the same time. */
  readonly order: readonly string[]
  readonly startedAt: number
  /** Absent while it goes on. */
  readonly endedAt?: number
  readonly now: number
  readonly progress?: readonly NodeProgressView[]
  /** Since when the page sees a node running of which nothing is noted yet. */
  readonly seenActive?: ReadonlyMap<string, number>
}

interface Gathered {
  readonly nodeId: string
  readonly spans: Span[]
  readonly items: { readonly at: number; readonly failed: boolean }[]
  untimed: number
}

/** Ends of an execution; the other entries begin one, or say what it waits for. */
const ENDS: Readonly<Record<string, { readonly kind: SpanKind; readonly what: string } | undefined>> = {
  nodeCompleted: { kind: 'runs', what: 'completed' },
  nodeFailed: { kind: 'failed', what: 'failed' },
  nodeFellBack: { kind: 'failed', what: 'failed, another node stood in' },
  nodeRetried: { kind: 'failed', what: 'failed, and is tried again' },
}

const WAITS: Readonly<Record<string, string>> = {
  external_event: 'waits for an event',
  timer: 'waits for a time',
  retry: 'waits for its next try',
  subflow: 'waits for its child run',
  items: 'runs its items',
}

export function timelineOf(options: TimelineOptions): TimelineModel {
  const { entries, startedAt, endedAt, now } = options
  const rows = new Map<string, Gathered>()
  for (const entry of entries) if (entry.nodeId !== undefined) note(rowOf(rows, entry.nodeId), entry)
  addActive(rows, options)
  const all = [...rows.values()].map(finished)
  const hasTimes = all.some(({ spans, items }) => spans.length > 0 || items.length > 0)
  const last = Math.max(startedAt, endedAt ?? now, ...all.map(latest))
  return {
    rows: inOrder(all, options.order),
    from: startedAt,
    to: Math.max(last, startedAt + 1),
    marks: entries.flatMap(markOf),
    hasTimes,
  }
}

function rowOf(rows: Map<string, Gathered>, nodeId: string): Gathered {
  const row = rows.get(nodeId) ?? { nodeId, spans: [], items: [], untimed: 0 }
  rows.set(nodeId, row)
  return row
}

function note(row: Gathered, entry: HistoryEntryView): void {
  const { type, at, iteration = 1 } = entry
  const time = at === undefined ? undefined : Date.parse(at)
  if (type === 'itemCompleted' || type === 'itemFailed') {
    if (time !== undefined) row.items.push({ at: time, failed: type === 'itemFailed' })
    return
  }
  if (time === undefined) {
    if (ENDS[type]) row.untimed += 1
    return
  }
  if (type === 'nodeStarted' || type === 'nodeWoke') {
    closeOpen(row, iteration, time)
    row.spans.push({ kind: 'runs', from: time, iteration, what: 'runs' })
  } else if (type === 'nodeWaits') {
    const isRetry = entry.reason === 'retry'
    closeOpen(row, iteration, time)
    const what = WAITS[entry.reason ?? ''] ?? 'waits'
    row.spans.push({ kind: isRetry ? 'again' : 'waits', from: time, iteration, what })
  } else if (ENDS[type]) ended(row, entry, time)
}

/**
 * An execution of which the begin is not noted has it by its duration. After a failed try the next one is under way; when it
 * ends, all of the time since is shown as its own, whatever part of it was a delay.
 */
function ended(row: Gathered, { type, iteration = 1, durationMs }: HistoryEntryView, time: number): void {
  const how = ENDS[type]
  if (!how) return
  const index = row.spans.findLastIndex((span) => span.iteration === iteration && span.to === undefined)
  const open = row.spans[index]
  const from = open?.from ?? (durationMs === undefined ? time : time - durationMs)
  const span: Span = { ...how, from, to: time, iteration }
  if (open) row.spans[index] = span
  else row.spans.push(span)
  if (type === 'nodeRetried') row.spans.push({ kind: 'again', from: time, iteration, what: 'tried again' })
}

function closeOpen(row: Gathered, iteration: number, at: number): void {
  const index = row.spans.findLastIndex((span) => span.iteration === iteration && span.to === undefined)
  const open = row.spans[index]
  if (!open) return
  // A wait that is noted says more than that a try is to come.
  if (open.from === at && open.kind === 'again') row.spans.splice(index, 1)
  else row.spans[index] = { ...open, to: at }
}

/** Nodes that run now, of which workers note something only when they are done. */
function addActive(rows: Map<string, Gathered>, { progress = [], seenActive }: TimelineOptions): void {
  for (const { nodeId, state, iteration = 1 } of progress) {
    const since = seenActive?.get(nodeId)
    if (state !== 'active' || since === undefined) continue
    const row = rowOf(rows, nodeId)
    if (row.spans.some(({ to }) => to === undefined)) continue
    const from = Math.max(since, row.spans.at(-1)?.to ?? 0)
    row.spans.push({ kind: 'runs', from, iteration, what: 'runs' })
  }
}

function finished({ nodeId, spans, items, untimed }: Gathered): Row {
  return { nodeId, spans, items: sliced(items), untimed }
}

function latest({ spans, items }: Row): number {
  return Math.max(0, ...spans.slice(-2).map(({ from, to }) => to ?? from), items.at(-1)?.to ?? 0)
}

function inOrder(rows: readonly Row[], order: readonly string[]): Row[] {
  const place = new Map(order.map((nodeId, index) => [nodeId, index]))
  const begin = ({ spans, items }: Row) => spans[0]?.from ?? items[0]?.from ?? Number.POSITIVE_INFINITY
  return rows.toSorted((a, b) => {
    const [from, to] = [begin(a), begin(b)]
    return from === to ? (place.get(a.nodeId) ?? 0) - (place.get(b.nodeId) ?? 0) : from - to
  })
}

function markOf({ type, at, kind, status, by }: HistoryEntryView): TimelineModel['marks'] {
  if (at === undefined) return []
  if (type === 'runEnded') return [{ at: Date.parse(at), what: `the run ended: ${status}` }]
  if (type !== 'operation' || kind === undefined) return []
  return [{ at: Date.parse(at), what: by === undefined ? kind : `${kind} by ${by}` }]
}
