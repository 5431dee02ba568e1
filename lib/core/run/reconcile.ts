/**
 * Brings a run's messages back: sends one to each strand that has something to do and that nobody holds. It only
 * sends, and jobs may be sent twice, so it may run at any time, twice, late, or beside live workers.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'
import { childIdOf, isOver, parseActivationKey, strandOf } from '../protocol/run-state.ts'
import { sendJobs } from './dispatch.ts'
import { readEvent } from './events.ts'
import { graphUnlessLost, sendToItsEnd } from './lost-blueprint.ts'
import { publishRunEnd } from './run-end.ts'

/** The ids of the nodes that wait for those messages. */
export async function reconcileRun(services: Services, runId: string): Promise<Set<string>> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  if (isOver(run)) {
    await publishRunEnd(services, run)
    return new Set()
  }
  if (run.graph === undefined) {
    await services.queue.send([{ runId, blueprintId: run.blueprintId }])
    return new Set()
  }
  const graph = await graphUnlessLost(services, run)
  if (!graph) {
    await sendToItsEnd(services, run)
    return new Set()
  }
  const waiting = new Set<string>()
  for (const [key, entry] of run.active) {
    // Whoever gives an event sends the job as well, unless it died between the two.
    const untimed = entry.wait?.kind === 'event' && entry.wait.at === undefined
    if (untimed && !(await readEvent(services, runId, key))) continue
    if (entry.wait?.kind === 'child') await reconcileChild(services, childIdOf(runId, key, entry.wait.tries))
    const strand = entry.wait ? key : strandOf(key, entry)
    const lease = await services.store.readLease(run, strand)
    if (lease && lease.until >= services.now()) continue
    await sendJobs({ services, graph, run }, [strand])
    waiting.add(graph.node(parseActivationKey(key).node).id)
  }
  return waiting
}

async function reconcileChild(services: Services, childId: string): Promise<void> {
  // One that is not there yet is made by the parent's own job.
  if (await services.store.read(childId)) await reconcileRun(services, childId)
}
