/** Runs whose stored blueprint is gone: nobody can say what follows in them, so they end. */
import { isFlowcraftAwsError, messageOf } from '../common/errors.ts'
import { type Disposition, deferToNewerDeployment, ACKNOWLEDGE } from '../execution/disposition.ts'
import type { Services } from '../execution/services.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { childrenOf, isOver, type RunState } from '../protocol/run-state.ts'
import { publishRunEnd, failRun } from './run-end.ts'

/** The graph that a begun run goes by; undefined where its stored version is lost. */
export async function graphUnlessLost(
  { graphs }: Pick<Services, 'graphs'>,
  { blueprintId, graph }: RunState,
): Promise<RunGraph | undefined> {
  try {
    return await graphs.of(blueprintId, graph as string)
  } catch (error) {
    if (isFlowcraftAwsError(error, 'VALUE_LOST')) return undefined
    throw error
  }
}

/** The job whose worker ends such a run: it names no node, whose ids only the graph tells. */
export async function sendToItsEnd(
  { queue }: Pick<Services, 'queue'>,
  { runId, blueprintId }: RunState,
): Promise<void> {
  await queue.send([{ runId, blueprintId }])
}

/** Ends a run as failed since its graph is lost, with `error` as its reason. Child runs that it waits for are cancelled. */
export async function endByLostGraph(
  services: Services,
  seen: RunState,
  error: unknown,
): Promise<Disposition> {
  const why = messageOf(error)
  // A worker of another deployment may have this version in its code.
  deferToNewerDeployment(services, seen, why)
  for (let run: RunState | undefined = seen; run;) {
    if (isOver(run)) return publishRunEnd(services, run)
    // On condition that nothing was committed since: a child that a node begins to wait for is not overlooked.
    run = await failRun(services, run, `VALUE_LOST: ${why}`, {
      seq: run.seq,
      format: run.format,
      children: childrenOf(run),
    })
  }
  return ACKNOWLEDGE
}
