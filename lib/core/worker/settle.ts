/** What an execution leaves is written before its commit, under names of its own: the flush of a step. */
import type { Flushed } from '../values/value-writer.ts'
import type { Write } from '../values/context-key.ts'
import { type Activation, attemptOf } from './activation.ts'
import { messageOf } from '../common/errors.ts'
import { type Execution, failed, failureOf } from '../execution/execution.ts'
import { emitBatchStart } from '../batch/batch-events.ts'
import { scatter } from '../batch/scatter.ts'
import { parseActivationKey } from '../protocol/run-state.ts'
import { flush } from './flush.ts'
import { keptInputs } from './kept-inputs.ts'

/** What the commit puts into the header. A value that cannot be stored is the node's failure, with that as its cause. */
export async function settle(
  activation: Activation,
  execution: Execution,
): Promise<{ flushed: Flushed; settled: Execution }> {
  try {
    return { flushed: await leave(activation, execution), settled: execution }
  } catch (error) {
    const settled = failed(together(execution.error, failureOf(error)))
    return { flushed: await leave(activation, settled, Leaving.unstorable), settled }
  }
}

function together(error: Error | undefined, unstorable: Error): Error {
  if (!error) return unstorable
  return new AggregateError([error, unstorable], `${messageOf(error)}; and ${messageOf(unstorable)}`)
}

/**
 * What an activation leaves. Each time that one attempt leaves something it does so under names of its own, since a
 * write whose answer was lost may still arrive.
 */
export const Leaving = { all: undefined, unstorable: 0, uncommitted: 1, givenUp: 2 } as const
export type Leaving = (typeof Leaving)[keyof typeof Leaving]

/** Of a failure its error only: what else the node left may be what cannot be stored. */
export async function leave(
  activation: Activation,
  execution: Execution,
  leaving: Leaving = Leaving.all,
): Promise<Flushed> {
  const { services, graph, run, key, reader } = activation
  // Reruns count from 1, so 0 is no rerun's.
  const attempt = leaving === undefined ? attemptOf(activation) : `${attemptOf(activation)}.0.${leaving}`
  const { items } = execution
  const batch = items && (await scatter(services, run, key, attempt, items))
  if (batch) await emitBatchStart(services, graph, run, batch, 0)
  const writes: ReadonlyMap<unknown, Write> = leaving === undefined ? activation.context.writes : new Map()
  const kept =
    leaving === undefined
      ? await keptInputs(reader, graph, parseActivationKey(key).node, execution)
      : undefined
  const request = { graph, runId: run.runId, key, attempt, now: services.now() }
  return flush(services.values, { ...request, execution, batch: batch ?? execution.batch, kept, writes })
}
