/** Resumes runs from outside: gives an event and sends the job of the node that waits for it. */
import { FlowcraftAwsError } from './errors.ts'
import { sendJobs } from './outgoing.ts'
import { giveEvent, nodeToResume, type RunEvent, waitingAt } from './run-events.ts'
import { type ActivationKey, activationKey, isDone, isOver, type RunState } from './run-state.ts'
import type { Services } from './services.ts'

export type ResumeServices = Pick<Services, 'store' | 'values' | 'graphs' | 'queue' | 'emit'>

/**
 * @returns whether this call's event is the one that counts; false where the node was resumed before
 * @throws FlowcraftAwsError RUN_NOT_FOUND, or INVALID_INPUT where the run has no such node or none that waits
 */
export async function resumeRun(
  services: ResumeServices,
  runId: string,
  nodeId: string | undefined,
  event: RunEvent,
): Promise<boolean> {
  const run = await begun(services, runId)
  const graph = await services.graphs.of(run.blueprintId, run.graph as string)
  const node = nodeToResume(graph, run, nodeId)
  const given = await giveEvent(services, graph, run, node, event)
  // Looked up after the event is there: a node that parks later finds it by itself, one that had parked is found
  // here. Also when another gave the event: its sender may have died before it came this far.
  const now = await begun(services, runId)
  const waiting = waitingAt(now, [node])
  await sendJobs(services, graph, now, waiting.length > 0 ? waiting : gonePast(now, node))
  return given
}

/**
 * A node that is past its event. Whoever gave that may have died before it sent the job: then a redelivery of an old
 * message woke the node and carries on, and the acknowledgement of an earlier delivery, should it come late, deletes
 * that. So a call that is made again sends one, as long as something of the run is left to do or to tell.
 */
function gonePast(run: RunState, node: number): ActivationKey[] {
  if (!isDone(run.done, node) || (isOver(run) && !run.outbox)) return []
  return [activationKey(node, run.iterations.get(node) ?? 1)]
}

async function begun(services: ResumeServices, runId: string): Promise<RunState> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`)
  if (run.graph !== undefined) return run
  const why = run.reason ?? 'no worker has begun it yet'
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume run '${runId}': ${why}`)
}
