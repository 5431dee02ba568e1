/**
 * Nodes with `checkpoint: false` whose end is put off: their strand goes on ahead of the header, and the next commit ends them
 * all. Others see the first of them active, as if it took longer; whoever works on the strand next begins with it.
 *
 * Crash before that commit: the header knows of none of them, what they wrote has names that nobody commits, and they run again.
 * After it: all have ended.
 */
import { plus } from '../common/run-counts.ts'
import type { Execution } from '../execution/execution.ts'
import { budgetOf, overBudget } from '../protocol/budget.ts'
import type { Requirement } from '../protocol/change.ts'
import { hasNoCheckpoint, isStillPutOff, mayBePutOff } from '../protocol/checkpoints.ts'
import { appliedAhead } from '../protocol/composed.ts'
import type { ContextConflicts } from '../protocol/context-conflicts.ts'
import { type ActivationKey, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import { type CoreChange, decide, type TransitionOptions } from '../protocol/transition.ts'
import type { Flushed } from '../values/value-writer.ts'
import type { Activation, Ahead, PutOff } from './activation.ts'

/**
 * What a crash may have run again is bounded, whatever a workflow says: by the number of nodes, by their small values, which
 * one commit adds to the header, and by the time since the first of them ended, in milliseconds. A pause or a cancellation is
 * noticed by a commit, so it is not noticed later than that.
 */
const NODES_AT_MOST = 100
const BYTES_AT_MOST = 16 * 1024
const MS_AT_MOST = 5_000

/** What was decided of the end of a node, and on which state. */
interface Decided extends Ahead {
  /** As if `nodes` had been committed. */
  readonly run: RunState
  readonly change: CoreChange
  /** Of context keys. */
  readonly conflicts: readonly Requirement[]
  readonly mode: ContextConflicts
}

/** What is put off with one node more, and the run as it is then; undefined where its end is to be committed. */
export async function putOff(
  activation: Activation,
  ended: Pick<PutOff, 'execution' | 'flushed' | 'overwrites' | 'overwritten'>,
  { base, nodes, run, change, conflicts, mode }: Decided,
): Promise<{ ahead: Ahead; run: RunState } | undefined> {
  const { graph, key, services } = activation
  const { node } = parseActivationKey(key)
  const { execution, flushed } = ended
  if (!hasNoCheckpoint(graph, node) || !mayBePutOff(graph, change)) return undefined
  if (!isPlain(activation, execution) || flushed.bundled.size > 0) return undefined
  // What another changes meanwhile would be found too late.
  if (mode !== 'warn' && activation.context.readAndWritten().length > 0) return undefined
  const endedAt = services.now()
  const require = [...change.require, ...conflicts]
  const valued = { ...change, require, inlineValues: flushed.inlineValues }
  const all = [...nodes, { activation, ...ended, endedAt, change: valued }]
  if (isTooMuch(all, endedAt) || isOverBudget(activation, base)) return undefined
  if (await services.pauses.asSeen(run.blueprintId)) return undefined
  return { ahead: { base, nodes: all }, run: appliedAhead(run, valued) }
}

/** It ran, and is done: it has waited for nothing, has no failure, and what keeps failing is not in its strand. */
function isPlain({ graph, key, entry, strand }: Activation, execution: Execution): boolean {
  const { outcome, error, child, items, batch, spent, itemErrors } = execution
  const { uses } = graph.node(parseActivationKey(key).node)
  // The URL of a webhook may be out when its node runs again.
  if (uses === 'webhook' || entry.wait || strand.isTroubled || outcome.kind !== 'completed') return false
  return (error ?? child ?? items ?? batch ?? spent ?? itemErrors) === undefined
}

function isTooMuch(nodes: readonly PutOff[], now: number): boolean {
  if (nodes.length > NODES_AT_MOST || now - (nodes[0]?.endedAt ?? now) > MS_AT_MOST) return true
  let bytes = 0
  for (const { flushed } of nodes) {
    for (const [name, text] of flushed.inlineValues)
      bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
  }
  return bytes > BYTES_AT_MOST
}

/** With what is counted and not committed: a run that has cost too much stops before its next node. */
function isOverBudget({ services, graph }: Activation, base: RunState): boolean {
  const { costs, counter } = services
  const budget = costs && budgetOf(base, graph.blueprint)
  if (!budget || !counter) return false
  const cost = plus(base.cost, counter.uncommitted)
  return overBudget({ ...base, cost }, budget, costs.prices) !== undefined
}

/** What was put off, decided anew on another state of the header. */
export type Replayed =
  | {
      readonly kind: 'same'
      readonly nodes: readonly PutOff[]
      /** As if all of them had been committed. */
      readonly run: RunState
    }
  /** Those before the number are as they were; what the one that has it leads to is not. */
  | { readonly kind: 'other'; readonly nodes: readonly PutOff[]; readonly at: number; readonly run: RunState }

/**
 * `options` as they are for a strand that goes on. `next`: the activation that follows the last. Reads what the header says
 * of keys that they have read and written, and no other.
 */
export async function replayed(
  ahead: Ahead,
  base: RunState,
  next: ActivationKey,
  options: TransitionOptions,
): Promise<Replayed> {
  let run = base
  const nodes: PutOff[] = []
  for (const [at, one] of ahead.nodes.entries()) {
    const { graph, key } = one.activation
    const change = decide(graph, run, key, one.execution.outcome, { ...options, inline: () => true })
    const follower = ahead.nodes[at + 1]?.activation.key ?? next
    if (!isStillPutOff(graph, change, follower)) return { kind: 'other', nodes, at, run }
    const conflicts = await one.overwrites.check(run)
    for (const name of conflicts.keys) one.overwritten.add(name)
    const require: Requirement[] = [...change.require, ...conflicts.require]
    const valued = { ...change, require, inlineValues: one.flushed.inlineValues }
    const activation = { ...one.activation, run, ahead: { base, nodes: [...nodes] } }
    nodes.push({ ...one, activation, change: valued })
    run = appliedAhead(run, valued)
  }
  return { kind: 'same', nodes, run }
}

/** Inline values of all of them, of which the last counts; it may have keys of theirs in its bundle. */
export function valuesOf(nodes: readonly PutOff[], last: Flushed): Flushed {
  if (nodes.length === 0) return last
  const all = nodes.flatMap(({ flushed }) => [...flushed.inlineValues])
  const own = all.filter(([name]) => !last.bundled.has(name))
  return { ...last, inlineValues: new Map([...own, ...last.inlineValues]) }
}
