/**
 * One message, first half: look what the run says of the activation that the message names. Read this first, then
 * `strand.ts` (lease and order), `step.ts` (execute, flush, commit, send), `transition.ts` (what follows).
 *
 * The rule behind all of it: the first commit that removes an activation from the run's header wins; everything
 * else is immutable, named by the attempt that wrote it, or only saves work. So any message may come twice, late
 * or in any order, and any process may die between any two requests.
 */
import { FlowcraftAwsError, isFlowcraftAwsError } from './errors.ts'
import type { Job } from './queue/job.ts'
import { processItemJob } from './items/item-job.ts'
import { conclude, sendQueued } from './outgoing.ts'
import { activationKey, currentOf, isOver, type RunState, START, strandOf } from './run-state.ts'
import { type Disposition, DONE, type Invocation, NEWER_WORKER_SECONDS, type Services } from './services.ts'
import { beginRun, putRun } from './start.ts'
import { workOnStrand } from './strand.ts'

/**
 * Works on a message until nothing of its strand is left, or says why it must come back. Throws on infrastructure
 * trouble (the message comes back), and FlowcraftAwsError INVALID_JOB or UNKNOWN_BLUEPRINT where no redelivery can
 * help.
 */
export async function processJob(services: Services, job: Job, invocation: Invocation): Promise<Disposition> {
  try {
    return await process(services, job, invocation)
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'NOT_DEPLOYED')) throw error
    services.logger.warn('left a job to a newer worker', { ...job, reason: error.message })
    return { kind: 'left', reason: error.message, seconds: NEWER_WORKER_SECONDS }
  }
}

async function process(services: Services, job: Job, invocation: Invocation): Promise<Disposition> {
  // Of another pool: the pools are not what they were when it was sent. Passed on once, so that two workers that
  // differ on it (one is being deployed) do not send it to and fro.
  if (!services.isOwn(job) && !job.passedOn) {
    await services.queue.send([{ ...job, passedOn: true }])
    return DONE
  }
  const run = await look(services, job)
  if (!run) return DONE
  if (isOver(run)) return conclude(services, run)
  const graph = await services.graphs.of(run.blueprintId, run.graph as string)
  if (run.seq === 0) await emitStart(services, run)
  if (job.nodeId === undefined) {
    await sendQueued(services, graph, run, START)
    return DONE
  }
  const named = activationKey(graph.indexOf(job.nodeId), job.iteration ?? 1)
  const entry = run.active.get(named)
  // One that another message carries on belongs to that message's strand, whoever names it: two leases would let two
  // workers write under one name.
  const strand = entry ? strandOf(named, entry) : named
  // The guide's client names one node and means the run: the others are this message's to send, each time it comes.
  if (job.iteration === undefined) await sendQueued(services, graph, run, START, strand)
  if (job.items) return processItemJob(services, graph, run, named, { ...job, items: job.items }, invocation)
  if (currentOf(run, strand) === undefined) {
    // Its work is committed. A crash may have come before its followers were sent: send those of this strand again.
    // Only those: with every queued entry, one duplicate in a wide fan would breed thousands.
    await sendQueued(services, graph, run, strand)
    return DONE
  }
  return workOnStrand(services, graph, run, strand, invocation)
}

/** The run of a job, begun if it was not. Undefined where there is nothing left to do for it. */
async function look(services: Services, job: Job): Promise<RunState | undefined> {
  const run = await services.store.read(job.runId)
  if (run) {
    if (run.blueprintId !== job.blueprintId) {
      const got = `its job says '${job.blueprintId}'`
      throw new FlowcraftAwsError('INVALID_JOB', `run '${job.runId}' is of '${run.blueprintId}', but ${got}`)
    }
    return run.graph === undefined && !isOver(run) ? beginRun(services, run) : run
  }
  if (job.iteration !== undefined) {
    // A finished run outlives every message that names it, so this one was deleted by hand.
    services.logger.warn('dropped a job of a run that is not there', { ...job })
    return undefined
  }
  if (job.nodeId === undefined)
    throw new FlowcraftAwsError('INVALID_JOB', `there is no run '${job.runId}' to begin`)
  const graph = await services.graphs.remember(job.blueprintId)
  graph.indexOf(job.nodeId)
  const { run: started } = await putRun(services, { runId: job.runId, graph, input: {} })
  return started
}

/** Several first messages tell it several times: events are told at least once. */
async function emitStart(services: Services, { blueprintId, runId: executionId }: RunState): Promise<void> {
  await services.emit({ type: 'workflow:start', payload: { blueprintId, executionId } })
}
