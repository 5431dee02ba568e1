/** What an execution leaves is written before its commit, under names of its own: the flush of a step. */
import { emitBatchStart } from '../batch/batch-events.ts'
import { scatter } from '../batch/scatter.ts'
import { messageOf } from '../common/errors.ts'
import { type Execution, failed, failureOf } from '../execution/execution.ts'
import type { Ending } from '../protocol/attempt.ts'
import { failedAt } from '../protocol/failed-at.ts'
import { parseActivationKey } from '../protocol/run-state.ts'
import type { Write } from '../values/context-key.ts'
import type { Flushed } from '../values/value-writer.ts'
import { type Activation, attemptOf } from './activation.ts'
import { flush } from './flush.ts'
import { keptInputs } from './kept-inputs.ts'

/** What the commit puts into the header. A value that cannot be stored is the node's failure, with that as its cause. */
export async function settle(
  activation: Activation,
  execution: Execution,
): Promise<{ flushed: Flushed; settled: Execution }> {
  try {
    return { flushed: await flushActivation(activation, execution), settled: execution }
  } catch (error) {
    const settled = failed(together(execution.error, failureOf(error)))
    return { flushed: await flushActivation(activation, settled, 'unstorable'), settled }
  }
}

function together(error: Error | undefined, unstorable: Error): Error {
  if (!error) return unstorable
  return new AggregateError([error, unstorable], `${messageOf(error)}; and ${messageOf(unstorable)}`)
}

/** What an activation writes before its commit. At an `ending` its error only: the rest may be what cannot be stored. */
export async function flushActivation(
  activation: Activation,
  execution: Execution,
  ending?: Ending,
): Promise<Flushed> {
  const { services, graph, run, key, entry, reader } = activation
  const attempt = attemptOf(activation, ending)
  const { items } = execution
  const batch = items && (await scatter(activation, key, attempt, items))
  if (batch) await emitBatchStart(activation, batch, 0)
  const isWhole = ending === undefined
  const writes: ReadonlyMap<unknown, Write> = isWhole ? activation.context.writes : new Map()
  const { node } = parseActivationKey(key)
  const kept = isWhole ? await keptInputs(reader, graph, node, execution) : undefined
  const request = { graph, runId: run.runId, key, attempt, now: services.now() }
  return flush(services.values, {
    ...request,
    execution,
    batch: batch ?? execution.batch,
    failedAt: failedAt(graph, run, node, entry),
    kept,
    writes,
  })
}
