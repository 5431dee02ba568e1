/**
 * One message, first half: what its run (`open-run.ts`) says of the activation that the message names. Read this first,
 * then `strand.ts` (lease and order), `step.ts` (execute, flush), `commit.ts` (commit, send), `transition.ts` (what follows).
 *
 * The rule behind all of it: the first commit that removes an activation from the run's header wins; everything
 * else is immutable, named by the attempt that wrote it, or only saves work. So any message may come twice, late
 * or in any order, and any process may die between any two requests.
 */
import { processItemJob } from '../batch/item-job.ts'
import { isFlowcraftAwsError } from '../common/errors.ts'
import { countedServices } from '../execution/counted-services.ts'
import { type Disposition, ACKNOWLEDGE } from '../execution/disposition.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import { type Invocation, type Services } from '../execution/services.ts'
import {
  type ActivationKey,
  activationKey,
  currentOf,
  isOver,
  parseActivationKey,
  type RunState,
  START,
  strandOf,
} from '../protocol/run-state.ts'
import { firstStartOf } from '../protocol/transition.ts'
import type { Job } from '../queue/job.ts'
import { withinBudget } from '../run/budget.ts'
import { sendQueued } from '../run/dispatch.ts'
import { publishAsked } from '../run/publish.ts'
import { publishRunEnd } from '../run/run-end.ts'
import { openRun } from './open-run.ts'
import { workOnStrand } from './strand.ts'

/** A message that waits for a newer deployment comes back so often within the grace: fewer times than SQS allows. */
const RETRIES_WITHIN_GRACE = 12

/**
 * Works on a message until nothing of its strand is left, or says why it must come back. Throws on infrastructure
 * trouble (the message comes back), and FlowcraftAwsError INVALID_JOB or UNKNOWN_BLUEPRINT where no redelivery can
 * help.
 */
export async function processJob(services: Services, job: Job, invocation: Invocation): Promise<Disposition> {
  const { extendsLease, deadline } = invocation
  const place = invocation.place ?? services.isolation.arrive(extendsLease ? {} : { until: deadline })
  try {
    const { tracing, history } = services
    const message = { ...invocation, isItem: job.items?.item !== undefined }
    const counting = countedServices(services, place, message)
    const { traceHeader } = invocation
    // What the sweep took out of the dead-letter queue is new to SQS only.
    const isFirst = invocation.isFirst === true && job.returns === undefined
    const onJob = () => workOnJob(counting, job, { ...invocation, place, isFirst })
    const work = () => (history ? history.during(job.runId, onJob) : onJob())
    return await (tracing ? tracing.segment({ ...job, traceHeader }, work) : work())
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'NOT_DEPLOYED')) throw error
    services.logger.warn('a job waits for a newer deployment', { ...job, reason: error.message })
    const afterSeconds = Math.ceil(services.deployGraceMs / RETRIES_WITHIN_GRACE / 1000)
    return { kind: 'retry', reason: error.message, afterSeconds }
  } finally {
    if (!invocation.place) place.leave()
  }
}

async function workOnJob(services: Services, job: Job, invocation: Invocation): Promise<Disposition> {
  if (job.publishes) return publishAsked(services, job)
  const open = await openRun(services, job, invocation)
  if ('kind' in open) return open
  const run = await withinBudget(open)
  if (isOver(run)) return publishRunEnd(services, run)
  // Whoever unpauses it sends the jobs of all that is active.
  if (run.pausedAt !== undefined) return ACKNOWLEDGE
  services.tracing?.follow(run)
  if (run.seq === 0) await emitStart(services, run)
  const key = keyOf(open, job)
  if (key === undefined) {
    await sendQueued(open, START)
    return ACKNOWLEDGE
  }
  const entry = run.active.get(key)
  // One that another message carries on belongs to that message's strand, whoever names it: two leases would let two
  // workers write under one name.
  const strand = entry ? strandOf(key, entry) : key
  if (await passOn(open, job, strand)) return ACKNOWLEDGE
  // It names one node at most and means the run: the others are this message's to send, each time it comes.
  if (job.iteration === undefined) await sendQueued(open, START, strand)
  if (job.items) return processItemJob(open, key, { ...job, items: job.items }, invocation)
  if (currentOf(run, strand) === undefined) {
    // Its work is committed. A crash may have come before its followers were sent: send those of this strand again.
    // Only those: with every queued entry, one duplicate in a wide fan would breed thousands.
    await sendQueued(open, strand)
    return ACKNOWLEDGE
  }
  // Of a run that began late it is the time of its start.
  return workOnStrand(open, strand, invocation, job.nodeId === undefined ? undefined : job.due)
}

/**
 * The activation that a message is about. That of a run's first message is the first start node, so that it works on that
 * itself, and answers for it as the node's own message would, each time it comes. Undefined where another pool runs it.
 */
function keyOf({ services, graph, run }: OpenRun, job: Job): ActivationKey | undefined {
  if (job.nodeId !== undefined) return activationKey(graph.indexOf(job.nodeId), job.iteration ?? 1)
  const node = firstStartOf(graph)
  const isOwn =
    node !== undefined && services.isOwn({ blueprintId: run.blueprintId, nodeId: graph.node(node).id })
  return isOwn ? activationKey(node, 1) : undefined
}

/**
 * Whether the job went to another pool: the pools are not what they were when it was sent, or when its strand went on
 * inline. Passed on once, so that two workers that differ on it (one is being deployed) do not send it to and fro.
 * Crash after the send: it is passed on once more.
 */
async function passOn({ services, graph, run }: OpenRun, job: Job, strand: ActivationKey): Promise<boolean> {
  const current = currentOf(run, strand)
  if (job.passedOn !== undefined || current === undefined) return false
  const nodeId = graph.node(parseActivationKey(current).node).id
  if (services.isOwn({ blueprintId: run.blueprintId, nodeId, items: job.items })) return false
  await services.queue.send([{ ...job, passedOn: nodeId }])
  return true
}

/** Several first messages emit it several times: events are emitted at least once. The engine emits both. */
async function emitStart(services: Services, { blueprintId, runId: executionId }: RunState): Promise<void> {
  await services.emit({ type: 'workflow:start', payload: { blueprintId, executionId } })
  await services.emit({ type: 'workflow:resume', payload: { blueprintId, executionId } })
}
