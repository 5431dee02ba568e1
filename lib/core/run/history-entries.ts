/** The history of a run as callers get it, and how it follows from what workers noted. */
import { activationKey, childIdOf, type RunStatus } from '../protocol/run-state.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import type { WaitingNode } from './nodes.ts'
import type { Operation } from './operations.ts'
import type { ValueStore } from '../values/value-store.ts'
import type { EndNote, ItemNote, Note, NotedError, StepNote } from '../history/notes.ts'

/** When something happened. */
export interface TimedEntry {
  /** Not there where the worker died before it wrote this down: then it is known that it happened, not when. */
  readonly at?: Date
}

/** Of an execution of a node. */
export interface NodeEntry extends TimedEntry {
  readonly nodeId: string
  /** Which of its iterations this is, from 1: of a node in a loop, or of a run that was redriven. */
  readonly iteration: number
}

/** The end of one. */
export interface NodeEnd extends NodeEntry {
  /** Milliseconds from the begin of this execution to its commit. */
  readonly durationMs?: number
}

/** Something that happened in a run. Values are there with `history: 'full'` only. */
export type HistoryEntry =
  | (TimedEntry & { readonly type: 'runStarted' })
  /** A run that is redriven ends more than once. */
  | (TimedEntry & { readonly type: 'runEnded'; readonly status: RunStatus })
  /** Somebody asked for it; see `Operation`. */
  | (TimedEntry & { readonly type: 'operation' } & Omit<Operation, 'at'>)
  | (NodeEntry & { readonly type: 'nodeStarted'; readonly attempt: number; readonly input?: unknown })
  /** A try failed, of a subflow a child run, and another one comes. */
  | (NodeEntry & { readonly type: 'nodeRetried'; readonly attempt: number; readonly error?: NotedError })
  | (NodeEntry & {
      readonly type: 'nodeWaits'
      readonly reason: WaitingNode['reason']
      /** When it goes on, or an event need not come any more. */
      readonly until?: Date
      readonly childRunId?: string
    })
  /** It was given an event from outside. */
  | (NodeEntry & {
      readonly type: 'nodeResumed'
      readonly action?: string
      readonly by?: string
      readonly reason?: string
    })
  /** It goes on after it waited. */
  | (NodeEntry & { readonly type: 'nodeWoke'; readonly reason: WaitingNode['reason'] })
  | (NodeEnd & {
      readonly type: 'nodeCompleted'
      readonly action?: string
      /** The nodes that its edges lead to; a join among them may wait for others. */
      readonly next?: readonly string[]
      readonly output?: unknown
      /** Context keys that it set. */
      readonly set?: Readonly<Record<string, unknown>>
      /** Context keys that it deleted. */
      readonly deleted?: readonly string[]
    })
  /** It failed, and another node stands in for it. */
  | (NodeEnd & { readonly type: 'nodeFellBack'; readonly fallback: string; readonly error?: NotedError })
  | (NodeEnd & { readonly type: 'nodeFailed'; readonly error?: NotedError })
  /** An item of a batch ended. */
  | (NodeEnd & { readonly type: 'itemCompleted'; readonly item: number })
  | (NodeEnd & { readonly type: 'itemFailed'; readonly item: number; readonly error?: NotedError })

export interface EntriesOptions {
  readonly runId: string
  readonly graph: RunGraph
  readonly values: Pick<ValueStore, 'decode'>
}

/** In the order in which they happened. */
export function entriesOf(options: EntriesOptions, note: Note): HistoryEntry[] {
  if (note.k === 'e') return [endOf(note)]
  return note.k === 'i' ? [itemEnd(options, note)] : stepEntries(options, note)
}

function endOf({ s, st }: EndNote): HistoryEntry {
  return { type: 'runEnded', at: new Date(s), status: st }
}

function itemEnd({ graph }: EntriesOptions, { n, i, a, s, m, e }: ItemNote): HistoryEntry {
  const took = { at: new Date(s + m), nodeId: idOf(graph, n), iteration: i, item: a, durationMs: m }
  return e ? { type: 'itemFailed', ...took, error: e } : { type: 'itemCompleted', ...took }
}

/** A node whose graph is lost has its index for a name. */
export function idOf(graph: RunGraph, node: number): string {
  return graph.blueprint.nodes[node]?.id ?? `#${node}`
}

const REASONS = {
  event: 'external_event',
  timer: 'timer',
  retry: 'retry',
  child: 'subflow',
  items: 'items',
} as const

function stepEntries(options: EntriesOptions, note: StepNote): HistoryEntry[] {
  const { n, i, s, m, w, t = 0, r = [] } = note
  const of = { nodeId: idOf(options.graph, n), iteration: i }
  const at = new Date(s)
  const isWoken = w !== undefined && w !== 'retry'
  const begun: HistoryEntry = isWoken
    ? { type: 'nodeWoke', at, ...of, reason: REASONS[w] }
    : { type: 'nodeStarted', at, ...of, attempt: t + 1, ...valueOf(options, 'input', note.in) }
  // What a subflow tries again is a child run.
  const failedTries = r.length === 0 && note.p?.kind === 'retry' ? [[m, note.e] as const] : r
  const retried = failedTries.map(([after, error], index): HistoryEntry => {
    const failure = error ? { error } : {}
    return { type: 'nodeRetried', at: new Date(s + after), ...of, attempt: t + index + 1, ...failure }
  })
  return [begun, ...retried, stepEnd(options, note, { at: new Date(s + m), ...of })]
}

function stepEnd(options: EntriesOptions, note: StepNote, of: NodeEntry): HistoryEntry {
  const { graph } = options
  const { k, m, e, x = [], a, p } = note
  const error = e ? { error: e } : {}
  if (k === 'w' && p) return waits(options, note, of, p)
  if (k === 'f') return { type: 'nodeFailed', ...of, durationMs: m, ...error }
  const ids = x.map((node) => idOf(graph, node))
  if (k === 'b') return { type: 'nodeFellBack', ...of, durationMs: m, fallback: ids[0] ?? '', ...error }
  const set = Object.entries(note.set ?? {}).map(([key, text]) => [key, options.values.decode(text)])
  return {
    type: 'nodeCompleted',
    ...of,
    durationMs: m,
    ...(a === undefined ? {} : { action: a }),
    next: ids,
    ...valueOf(options, 'output', note.out),
    ...(set.length > 0 ? { set: Object.fromEntries(set) as Record<string, unknown> } : {}),
    ...(note.del ? { deleted: note.del } : {}),
  }
}

function waits(
  { runId }: EntriesOptions,
  { n, i }: StepNote,
  of: NodeEntry,
  wait: NonNullable<StepNote['p']>,
): HistoryEntry {
  const until = 'at' in wait && wait.at !== undefined ? { until: new Date(wait.at) } : {}
  const child = wait.kind === 'child' ? { childRunId: childIdOf(runId, activationKey(n, i), wait.tries) } : {}
  return { type: 'nodeWaits', ...of, reason: REASONS[wait.kind], ...until, ...child }
}

function valueOf(
  { values }: EntriesOptions,
  name: 'input' | 'output',
  text: string | undefined,
): Record<string, unknown> {
  return text === undefined ? {} : { [name]: values.decode(text) }
}
