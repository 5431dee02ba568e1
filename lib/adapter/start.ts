/**
 * How a run begins. Accepted: its header stands with the input, no graph yet (a client without blueprints). Begun:
 * the header names its graph and its start nodes are queued. Whoever knows the blueprint does both in one write.
 */
import { FlowcraftAwsError, messageOf } from './errors.ts'
import type { RunGraph } from './graph.ts'
import { isOver, type Parent, type RunState } from './run-state.ts'
import { leaveToNewerWorker, type Services } from './services.ts'
import type { NewRun } from './store/run-store.ts'
import { firstActivations } from './transition.ts'
import { inputRiders } from './values/flush.ts'

type StartServices = Pick<Services, 'store' | 'values' | 'now'>

export interface NewRunRequest {
  readonly runId: string
  /** The initial context. */
  readonly input: Record<string, unknown>
  /** Undefined where only a worker knows it. */
  readonly graph?: RunGraph
  /** @default - the graph's */
  readonly blueprintId?: string
  /** Who waits for the run. @default - nobody */
  readonly parent?: Parent
}

/**
 * Puts a run unless it is there.
 * Crash before the put: large values of the input remain, which nobody sees and time to live removes.
 * Crash after it: the run stands with its start nodes queued; the same start call, or the sweep, sends their jobs.
 */
export async function putRun(
  services: StartServices,
  request: NewRunRequest,
): Promise<{ created: boolean; run: RunState }> {
  const { runId, graph } = request
  const riders = await inputRiders(services.values, runId, request.input)
  const first = graph
    ? firstActivations(graph)
    : { active: new Map(), fired: new Set<number>(), iterations: new Map() }
  const run: NewRun = {
    runId,
    blueprintId: graph?.blueprint.id ?? (request.blueprintId as string),
    graph: graph?.fingerprint,
    ...first,
    riders,
    parent: request.parent,
    startedAt: services.now(),
  }
  return services.store.create(run)
}

/**
 * Begins an accepted run. A run of a blueprint that no worker has fails with that as its reason, once the grace is over.
 * Crash before the write: the message comes back. After it: the start nodes are queued under the message that asked,
 * whose redelivery sends them.
 */
export async function beginRun(services: Services, run: RunState): Promise<RunState> {
  let graph: RunGraph
  try {
    graph = await services.graphs.remember(run.blueprintId)
  } catch (error) {
    if (!(error instanceof FlowcraftAwsError && error.code === 'UNKNOWN_BLUEPRINT')) throw error
    leaveToNewerWorker(services, run, messageOf(error))
    const failed = await services.store.fail(run.runId, { reason: messageOf(error), now: services.now() })
    if (failed.committed) services.telemetry.runEnded('failed')
    return failed.run ?? run
  }
  const begun = await services.store.begin(run.runId, {
    ...firstActivations(graph),
    graph: graph.fingerprint,
  })
  const now = begun.run ?? run
  if (now.graph === undefined && !isOver(now)) throw new Error(`run '${run.runId}' could not be begun`)
  return now
}
