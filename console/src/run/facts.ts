/** What the history of a run says of each node, in one pass. */
import type { HistoryEntryView } from '../../../lib/console/views.ts'

/** One execution of a node, or a try of it. */
export interface Attempt {
  readonly iteration: number
  /** From 1. */
  readonly attempt: number
  /** Milliseconds since the epoch; absent where the history lacks it. */
  readonly startedAt?: number
  readonly endedAt?: number
  readonly outcome: 'completed' | 'failed' | 'retried' | 'fellBack' | 'waits' | 'open'
  /** What it waits for, of 'waits'. */
  readonly waitsFor?: string
  readonly action?: string
  readonly error?: { readonly name?: string; readonly message?: string }
}

export interface NodeFacts {
  readonly attempts: readonly Attempt[]
  /** Targets that its edges have led to, and by what actions. */
  readonly next: ReadonlySet<string>
  readonly actions: ReadonlySet<string>
  /** Whether any of its ends says where it led to. */
  readonly knowsNext: boolean
  readonly itemsCompleted: number
  readonly itemsFailed: number
  /** Of the first item that failed. */
  readonly itemError?: Attempt['error']
  readonly childRunIds: readonly string[]
  /** Node that stood in for it. */
  readonly fallback?: string
}

interface Gathered {
  attempts: Attempt[]
  readonly next: Set<string>
  readonly actions: Set<string>
  knowsNext: boolean
  itemsCompleted: number
  itemsFailed: number
  itemError?: Attempt['error']
  childRunIds: string[]
  fallback?: string
}

export type Facts = ReadonlyMap<string, NodeFacts>

export function factsOf(entries: readonly HistoryEntryView[]): Facts {
  const facts = new Map<string, Gathered>()
  for (const entry of entries) {
    const { nodeId } = entry
    if (nodeId === undefined) continue
    const of = facts.get(nodeId) ?? nothing()
    facts.set(nodeId, of)
    add(of, entry)
  }
  return facts
}

function nothing(): Gathered {
  return {
    attempts: [],
    next: new Set(),
    actions: new Set(),
    knowsNext: false,
    itemsCompleted: 0,
    itemsFailed: 0,
    childRunIds: [],
  }
}

function add(of: Gathered, entry: HistoryEntryView): void {
  switch (entry.type) {
    case 'nodeStarted':
    case 'nodeWoke':
      of.attempts.push(begun(of, entry))
      return
    case 'nodeRetried':
      end(of, entry, { outcome: 'retried', error: entry.error })
      return
    case 'nodeWaits':
      if (entry.childRunId !== undefined) of.childRunIds.push(entry.childRunId)
      end(of, entry, { outcome: 'waits', waitsFor: entry.reason })
      return
    case 'nodeCompleted':
      if (entry.next) of.knowsNext = true
      for (const target of entry.next ?? []) of.next.add(target)
      if (entry.action !== undefined) of.actions.add(entry.action)
      end(of, entry, { outcome: 'completed', action: entry.action })
      return
    case 'nodeFellBack':
      of.fallback = entry.fallback
      of.knowsNext = true
      if (entry.fallback !== undefined) of.next.add(entry.fallback)
      end(of, entry, { outcome: 'fellBack', error: entry.error })
      return
    case 'nodeFailed':
      end(of, entry, { outcome: 'failed', error: entry.error })
      return
    case 'itemCompleted':
      of.itemsCompleted += 1
      return
    case 'itemFailed':
      of.itemsFailed += 1
      of.itemError ??= entry.error
  }
}

function begun(of: Gathered, { at, iteration = 1, attempt }: HistoryEntryView): Attempt {
  const before = of.attempts.findLast((one) => one.iteration === iteration)
  return {
    iteration,
    // One that woke goes on with the try that waited.
    attempt: attempt ?? before?.attempt ?? 1,
    ...(at === undefined ? {} : { startedAt: Date.parse(at) }),
    outcome: 'open',
  }
}

/**
 * Ends the execution that is under way. After a try that failed in the same execution the next one is under way at once;
 * where the worker died before it noted the begin, there is only an end.
 */
function end(of: Gathered, entry: HistoryEntryView, how: Omit<Attempt, 'iteration' | 'attempt'>): void {
  const { iteration = 1, at, durationMs } = entry
  const time = at === undefined ? undefined : Date.parse(at)
  const index = of.attempts.findLastIndex((one) => one.iteration === iteration && one.outcome === 'open')
  const open = of.attempts[index]
  const ended = time === undefined ? {} : { endedAt: time }
  if (open) {
    const attempt = how.outcome === 'retried' ? (entry.attempt ?? open.attempt) : open.attempt
    of.attempts[index] = { ...open, ...how, attempt, ...ended }
  } else if (how.outcome === 'waits') {
    // Its try failed and is told already; what follows is the wait for the next one.
    return
  } else {
    const last = of.attempts.findLast((one) => one.iteration === iteration)
    const attempt = entry.attempt ?? (last?.outcome === 'retried' ? last.attempt + 1 : 1)
    const startedAt = startOf({ time, durationMs, last })
    of.attempts.push({ iteration, attempt, ...startedAt, ...ended, ...how })
  }
}

/** Of a try after one that failed in the same execution: when that one failed. */
function startOf(of: { time?: number; durationMs?: number; last?: Attempt }): { startedAt?: number } {
  const { time, durationMs, last } = of
  if (last?.outcome === 'retried' && last.endedAt !== undefined) return { startedAt: last.endedAt }
  return time !== undefined && durationMs !== undefined ? { startedAt: time - durationMs } : {}
}

/** How often a node was tried in its last iteration; 0 where the history lacks it. */
export function triesOf(facts: NodeFacts | undefined): number {
  return Math.max(0, ...lastAttempts(facts).map(({ attempt }) => attempt))
}

/** Milliseconds that a node executed in its last iteration; undefined where no execution has both its times. */
export function tookOf(facts: NodeFacts | undefined): number | undefined {
  const spans = lastAttempts(facts).flatMap(({ startedAt, endedAt }) => {
    return startedAt === undefined || endedAt === undefined ? [] : [endedAt - startedAt]
  })
  return spans.length === 0 ? undefined : spans.reduce((sum, span) => sum + span, 0)
}

function lastAttempts(facts: NodeFacts | undefined): readonly Attempt[] {
  const last = facts?.attempts.at(-1)
  return facts?.attempts.filter(({ iteration }) => iteration === last?.iteration) ?? []
}
