/** Accepts the start of a run: its header is written, and what begins it is known. */
import { randomUUID } from 'node:crypto'
import { FlowcraftAwsError, isFlowcraftAwsError } from '../core/common/errors.ts'
import type { RunGraph } from '../core/protocol/run-graph.ts'
import { isOver, parseActivationKey, type RunState, START } from '../core/protocol/run-state.ts'
import type { Job } from '../core/queue/job.ts'
import { sendStart, startOf } from '../core/run/delayed-start.ts'
import { checkedInput, type NewRunRequest, putRun, refuseOther } from '../core/run/start.ts'
import { countedStart } from '../core/execution/counted-services.ts'
import type { ClientServices } from './client-services.ts'
import type { AcceptedRun } from './start-many.ts'
import { budgetIn, checkStart, refuseBudget, startsAtOf, type StartRunRequest } from './start-request.ts'

/**
 * Writes a run's header, and says which jobs begin it. `checks`: the flows are known here, so the run is checked and begun at
 * once; without, a worker does that.
 */
export async function acceptRun(
  given: ClientServices,
  request: StartRunRequest,
  checks: boolean,
): Promise<AcceptedRun> {
  const services = countedStart(given)
  const start = checkStart(request)
  const { blueprintId, input = {}, runId = randomUUID(), labels } = start
  const budget = budgetIn(start)
  if (budget && !given.costs) refuseBudget('start a run')
  const known = checks ? services.graphs.current(blueprintId) : undefined
  const startsAt = startsAtOf(start, services.now())
  // Checked now, and begun then, by what the workers have then.
  if (startsAt !== undefined) await checkedInput(services, { graph: known, input })
  const graph = startsAt === undefined ? known : undefined
  const written = await put(services, {
    runId,
    blueprintId,
    graph,
    input,
    labels,
    startsAt,
    budget,
  })
  refuseOther(written, blueprintId)
  const { created, run } = written
  const result = { runId, status: run.status, created }
  if (startOf(run, services.now()) !== undefined) {
    await sendStart(services, run, created)
    return { result, jobs: [] }
  }
  const jobs = isOver(run) ? [] : await firstJobs(services, run, graph)
  return { result, jobs }
}

async function put(services: ClientServices, request: NewRunRequest): ReturnType<typeof putRun> {
  try {
    return await putRun(services, request)
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'VALUE_NOT_SERIALIZABLE')) throw error
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${error.message}`, { cause: error })
  }
}

async function firstJobs(
  { graphs }: ClientServices,
  { runId, blueprintId, graph: version, active }: RunState,
  known: RunGraph | undefined,
): Promise<Job[]> {
  if (version === undefined) return [{ runId, blueprintId }]
  const graph = known?.fingerprint === version ? known : await graphs.of(blueprintId, version)
  return [...active]
    .filter(([, { scheduledBy }]) => scheduledBy === START)
    .map(([key]) => {
      const { node, iteration } = parseActivationKey(key)
      return { runId, blueprintId, nodeId: graph.node(node).id, iteration }
    })
}
