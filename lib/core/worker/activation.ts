/** The activation that a step is about, and what a step comes to. */
import { ActivationContext } from '../execution/activation-context.ts'
import type { Execution } from '../execution/execution.ts'
import { type OpenRun, readerOf } from '../execution/opened-run.ts'
import type { Overwrites } from '../execution/overwrites.ts'
import type { Services, Strand } from '../execution/services.ts'
import { ExecutionTap } from '../history/execution-tap.ts'
import type { ValuedChange } from '../protocol/composed.ts'
import { type Attempt, type AttemptName, attemptName, type Ending } from '../protocol/attempt.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  parseActivationKey,
  type RunState,
} from '../protocol/run-state.ts'
import type { RunReader } from '../values/run-reader.ts'
import type { Flushed } from '../values/value-writer.ts'

/** A strand goes on inline while at least this much time remains, or as much again as its last node took. */
const RESERVE_MS = 5_000

export type StepResult =
  /** Committed by this call, and what it queued was sent; `run` is the state after it. */
  | {
      readonly kind: 'committed'
      readonly run: RunState
      readonly suspended: boolean
    }
  /** Its end is put off; `run` is as if it had been committed. */
  | { readonly kind: 'putOff'; readonly run: RunState; readonly ahead: Ahead }
  /** The activation was gone or suspended when the commit arrived: this call's lost answer, or a successor's commit. */
  | { readonly kind: 'overtaken'; readonly run: RunState | undefined }
  /** Others changed what the node has read, time and again; it is for a later message. */
  | { readonly kind: 'contended' }
  /** The activation waits, and what it waits for is not there; whatever brings it, or the queue, sends its job. */
  | { readonly kind: 'waiting' }

/** The activation that a step is about; `run` is as if what was put off had been committed. */
export interface Activation extends OpenRun {
  readonly ahead: Ahead
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

/** A node that has ended, and whose end no commit has told. */
export interface PutOff {
  readonly activation: Activation
  readonly execution: Execution
  readonly flushed: Flushed
  readonly overwrites: Overwrites
  /** Keys that it overwrites and others have changed since it read them. */
  readonly overwritten: Set<string>
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  readonly change: ValuedChange
}

export interface Ahead {
  /** The run as its header says. */
  readonly base: RunState
  /** One after the other; none: the strand is where the header says. */
  readonly nodes: readonly PutOff[]
}

/** Others changed what the node has read, and it is to run again on this state. */
export interface Conflict {
  readonly kind: 'conflict'
  readonly run: RunState
  readonly ahead: Ahead
}

/** `ahead`: what the strand has put off. @default - nothing */
export function activationOf(
  open: OpenRun,
  key: ActivationKey,
  strand: Strand,
  reruns: number,
  ahead: Ahead = { base: open.run, nodes: [] },
): Activation {
  const { services, graph, run } = open
  const entry = run.active.get(key) as ActiveEntry
  const reader = readerOf(open)
  const input = { key: `_inputs.${graph.node(parseActivationKey(key).node).id}`, source: entry.source }
  const context = new ActivationContext(reader, input)
  const { history, runtime, now } = services
  const tap = history && new ExecutionTap(runtime.eventBus, now)
  return { ...open, ahead, key, entry, strand, reader, context, startedAt: now(), reruns, tap }
}

/** Names what this execution writes: no other execution of the activation has the same. */
export function attemptOf({ key, entry, strand, reruns, ahead }: Activation, ending?: Ending): AttemptName {
  const attempt: Attempt = {
    lease: strand.attempt,
    strand: strand.key === key ? 'own' : 'carried-on',
    suspensions: entry.suspensions ?? 0,
    reruns,
    ...(ahead.nodes.length > 0 ? { ahead: { seq: ahead.base.seq, steps: ahead.nodes.length } } : {}),
  }
  return attemptName(attempt, ending)
}

/** Whether the invocation has time for one more node such as the last one. */
export function hasTime({ now }: Services, { invocation }: Strand, took: number): boolean {
  return invocation.deadline() - now() > Math.max(RESERVE_MS, 2 * took)
}
