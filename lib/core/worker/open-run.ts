/** The first thing done with a message: its run is read, begun if nobody has, and given the graph that it goes by. */
import { FlowcraftAwsError, messageOf, isFlowcraftAwsError } from '../common/errors.ts'
import { runIdProblem } from '../common/identifiers.ts'
import { deferToNewerDeployment, type Disposition, ACKNOWLEDGE } from '../execution/disposition.ts'
import { failureOf } from '../execution/execution.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import { type Invocation, type Services } from '../execution/services.ts'
import { isOver, isPaused, type RunState } from '../protocol/run-state.ts'
import { isPoison } from '../queue/dead-letter-queue.ts'
import { type Job } from '../queue/job.ts'
import { holdBack, startOf } from '../run/delayed-start.ts'
import { unlessPaused } from '../run/hold.ts'
import { endByLostGraph } from '../run/lost-blueprint.ts'
import { publishRunEnd } from '../run/run-end.ts'
import { beginRun, putRun } from '../run/start.ts'

/** The run of a job; or what becomes of its message, where there is nothing to work on. */
export async function openRun(
  services: Services,
  job: Job,
  invocation: Invocation,
): Promise<OpenRun | Disposition> {
  const found = await readOrPut(services, job, invocation)
  if (!found) return ACKNOWLEDGE
  if (!isPaused(found) && startOf(found, services.now(), job.due) !== undefined) {
    await holdBack(services, found, false)
    return ACKNOWLEDGE
  }
  const free = await unlessPaused(services, found)
  if (!free) return ACKNOWLEDGE
  const run = free.graph === undefined && !isOver(free) ? await beginRun(services, free) : free
  if (isOver(run)) return publishRunEnd(services, run)
  try {
    const graph = await services.graphs.of(run.blueprintId, run.graph as string)
    return { services, graph, run }
  } catch (error) {
    if (isFlowcraftAwsError(error, 'VALUE_LOST')) return endByLostGraph(services, run, error)
    throw error
  }
}

/** Undefined where there is nothing left to do for it. */
async function readOrPut(
  services: Services,
  job: Job,
  { sentAt }: Invocation,
): Promise<RunState | undefined> {
  const run = await services.store.read(job.runId)
  if (run) {
    if (run.blueprintId === job.blueprintId) return run
    const got = `its job says '${job.blueprintId}'`
    throw new FlowcraftAwsError('INVALID_JOB', `run '${job.runId}' is of '${run.blueprintId}', but ${got}`)
  }
  if (job.iteration !== undefined) {
    // A finished run outlives every message that names it, so this one was deleted by hand.
    services.logger.warn('dropped a job of a run that is not there', { ...job })
    return undefined
  }
  if (job.nodeId === undefined)
    throw new FlowcraftAwsError('INVALID_JOB', `there is no run '${job.runId}' to begin`)
  const problem = runIdProblem(job.runId, 'new')
  if (problem) throw new FlowcraftAwsError('INVALID_JOB', `cannot begin a run: ${problem}`)
  return beginRaw(services, { ...job, nodeId: job.nodeId }, sentAt)
}

/** A run that the guide's client asks for, without an input; a newer worker may know what this one does not. */
async function beginRaw(
  services: Services,
  { runId, blueprintId, nodeId, labels }: Job & { readonly nodeId: string },
  sentAt: number | undefined,
): Promise<RunState> {
  // It goes by the blueprint that the workers have when that is not paused any more.
  if (await services.pauses.asSeen(blueprintId))
    return (await putRun(services, { runId, blueprintId, input: {}, labels })).run
  try {
    const graph = services.graphs.current(blueprintId)
    graph.indexOf(nodeId)
    return (await putRun(services, { runId, graph, input: {}, labels })).run
  } catch (error) {
    // No run stands yet that could fail with it.
    const failure = failureOf(error)
    const rejection = isPoison(failure) ? failure : cannotBegin(failure)
    if (sentAt !== undefined) deferToNewerDeployment(services, { startedAt: sentAt }, rejection.message)
    throw rejection
  }
}

function cannotBegin(cause: Error): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_JOB', `cannot begin a run: ${messageOf(cause)}`, { cause })
}
