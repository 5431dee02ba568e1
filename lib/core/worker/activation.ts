/** The activation that a step is about, and what a step comes to. */
import { ActivationContext } from '../execution/activation-context.ts'
import { type OpenRun, readerOf } from '../execution/opened-run.ts'
import type { Services, Strand } from '../execution/services.ts'
import { ExecutionTap } from '../history/execution-tap.ts'
import { type Attempt, type AttemptName, attemptName, type Ending } from '../protocol/attempt.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  parseActivationKey,
  type RunState,
} from '../protocol/run-state.ts'
import type { RunReader } from '../values/run-reader.ts'

/** A strand goes on inline while at least this much time remains, or as much again as its last node took. */
const RESERVE_MS = 5_000

export type StepResult =
  /** Committed by this call, and what it queued was sent; `run` is the state after it. */
  | { readonly kind: 'committed'; readonly run: RunState; readonly suspended: boolean }
  /** The activation was gone or suspended when the commit arrived: this call's lost answer, or a successor's commit. */
  | { readonly kind: 'overtaken'; readonly run: RunState | undefined }
  /** Others changed what the node has read, time and again; it is for a later message. */
  | { readonly kind: 'contended' }
  /** The activation waits, and what it waits for is not there; whatever brings it, or the queue, sends its job. */
  | { readonly kind: 'waiting' }

/** The activation that a step is about. */
export interface Activation extends OpenRun {
  readonly key: ActivationKey
  readonly entry: ActiveEntry
  readonly strand: Strand
  readonly reader: RunReader
  readonly context: ActivationContext
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** How often its node was run again since others changed what it had read (`contextConflicts: 'retry'`). */
  readonly reruns: number
  /** Hears what the engine tells of it, where a history is written. */
  readonly tap: ExecutionTap | undefined
}

/** Others changed what the node has read, and it is to run again on this state. */
export interface Conflict {
  readonly kind: 'conflict'
  readonly run: RunState
}

export function activationOf(open: OpenRun, key: ActivationKey, strand: Strand, reruns: number): Activation {
  const { services, graph, run } = open
  const entry = run.active.get(key) as ActiveEntry
  const reader = readerOf(open)
  const input = { key: `_inputs.${graph.node(parseActivationKey(key).node).id}`, source: entry.source }
  const context = new ActivationContext(reader, input)
  const { history, runtime, now } = services
  const tap = history && new ExecutionTap(runtime.eventBus, now)
  return { ...open, key, entry, strand, reader, context, startedAt: now(), reruns, tap }
}

/** Names what this execution writes: no other execution of the activation has the same. */
export function attemptOf({ key, entry, strand, reruns }: Activation, ending?: Ending): AttemptName {
  const attempt: Attempt = {
    lease: strand.attempt,
    strand: strand.key === key ? 'own' : 'carried-on',
    suspensions: entry.suspensions ?? 0,
    reruns,
  }
  return attemptName(attempt, ending)
}

/** Whether the invocation has time for one more node such as the last one. */
export function hasTime({ now }: Services, { invocation }: Strand, took: number): boolean {
  return invocation.deadline() - now() > Math.max(RESERVE_MS, 2 * took)
}
