/**
 * What an activation leaves: its output, the keys its user code set, inputs that edges transformed, its error.
 * Small values become inline values of the commit; larger ones are written here, before it, under the activation and the
 * attempt. A crash after such a write leaves a value that no committed pointer names.
 */
import type { Execution } from '../execution/execution.ts'
import type { Batch } from '../protocol/batch.ts'
import { names } from '../protocol/inline-value.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, parseActivationKey } from '../protocol/run-state.ts'
import { checkKey, type Write } from '../values/context-key.ts'
import { errorRecord } from '../values/error-record.ts'
import type { ValueStore } from '../values/value-store.ts'
import { type Flushed, ValueWriter } from '../values/value-writer.ts'

export interface FlushRequest {
  readonly graph: RunGraph
  readonly runId: string
  readonly key: ActivationKey
  /** Names what this execution writes, and no other does. */
  readonly attempt: string
  readonly execution: Execution
  readonly writes: ReadonlyMap<unknown, Write>
  readonly now: number
  readonly batch?: Batch
  /** What is noted where it fails. @default - nothing */
  readonly failedAt?: string
  /** What earlier rounds gave: see `RunReader.keptFor`. By target node; undefined where it is to be kept no longer. */
  readonly kept?: ReadonlyMap<number, string | undefined>
}

/** What the engine notes of awaiting nodes; the header says it better. */
const ENGINE_KEYS: ReadonlySet<string> = new Set(['_awaitingNodeIds', '_awaitingDetails'])

/** @throws FlowcraftAwsError VALUE_NOT_SERIALIZABLE, before anything is written */
export async function flush(values: ValueStore, request: FlushRequest): Promise<Flushed> {
  const { graph, key, execution } = request
  const { node, iteration } = parseActivationKey(key)
  const { id } = graph.node(node)
  const inlineValues = new ValueWriter(values, request.runId, key, (_, slot) => `${request.attempt}.${slot}`)
  // Also where the run was redriven.
  const isRepeatable = graph.repeatable.has(node) || iteration > 1
  // An undefined output needs no value of its own, unless an earlier round left another.
  if (execution.output && (execution.output.value !== undefined || isRepeatable)) {
    inlineValues.set(names.output(node), execution.output.value, `the output of node '${id}'`)
  }
  // In memory one that completes without any result has no output, not even an undefined one.
  if (execution.outcome.kind === 'completed' && !execution.output && !graph.repeatable.has(node)) {
    inlineValues.delete(names.output(node))
  }
  for (const [target, { changed, overrides }] of execution.inputs) {
    const name = names.input(target, node)
    if (changed) {
      inlineValues.set(name, changed.value, `the input that node '${id}' gives '${graph.node(target).id}'`)
    } else if (overrides) {
      inlineValues.delete(name)
    }
    if (graph.inputs.of(target).by === 'note') inlineValues.note(names.source(target), `${node}`)
  }
  for (const [target, text] of request.kept ?? []) {
    if (text === undefined) inlineValues.delete(names.kept(target, node))
    else inlineValues.copy(names.kept(target, node), text)
  }
  if (request.batch) inlineValues.set(names.batch(node), request.batch, `the batch of node '${id}'`)
  for (const [at, error] of (execution.itemErrors ?? []).entries()) {
    inlineValues.setError(names.error(key, (execution.itemErrorsBefore ?? 0) + at), error)
  }
  if (execution.child) inlineValues.set(names.child(key), execution.child, `the input of subflow '${id}'`)
  for (const [name, write] of request.writes) {
    if (ENGINE_KEYS.has(name as string)) continue
    checkKey(name, ` set by node '${id}'`)
    if (write === 'deleted') inlineValues.delete(names.user(name))
    else inlineValues.set(names.user(name), write.value, `context key '${name}' set by node '${id}'`)
  }
  // As in memory: the failure of a node whose fallback stands in is in the log, not among the run's errors.
  if (execution.outcome.kind === 'failed' && (execution.error || !execution.itemErrors)) {
    inlineValues.setError(names.error(key), errorRecord(id, execution.error, request.now))
  }
  if (execution.outcome.kind === 'failed' && request.failedAt !== undefined) {
    inlineValues.note(names.failedAt(key), request.failedAt)
  }
  return inlineValues.write()
}
