/**
 * Runs of a paused blueprint stand still: the first message of one that a worker gets marks the run, and is done with. Messages
 * that were left in the queue would come back until they are dead letters.
 *
 * The mark names the pause, and an entry that was put before leads from the pause to the run, so that whoever lets the runs go
 * finds all of them. A worker may not know yet that a pause is over. So it looks after it has marked a run, and whoever is about
 * to be done with a message of a marked run does: a pause that was on after the mark is released after it, and the release
 * finds the entry; one that was not is taken back at once.
 */
import { graphUnlessLost, sendToItsEnd } from './lost-blueprint.ts'
import type { Services } from '../execution/services.ts'
import { isOver, type RunState, strandOf } from '../protocol/run-state.ts'
import { sendJobs } from './dispatch.ts'

type SendServices = Pick<Services, 'graphs' | 'queue' | 'emit'>
type HoldServices = SendServices & Pick<Services, 'store' | 'now' | 'pauses'>

/** When the sweep looks whether the jobs were sent. */
export const LOOK_AFTER_MS = 60_000

/** The run as it is to be worked on; undefined where it stands still, so that its message is done with. */
export async function unlessPaused(services: HoldServices, seen: RunState): Promise<RunState | undefined> {
  const { store, pauses, now } = services
  for (let run = seen; ;) {
    const { runId, blueprintId } = run
    if (isOver(run)) return run
    if (run.heldBy === undefined) {
      // Whoever unpauses it sends the jobs of all that is active.
      if (run.pausedAt !== undefined) return undefined
      const pause = await pauses.asSeen(blueprintId)
      if (!pause) return run
      // Crash before the mark: an entry of a run that is not held, which whoever lets runs go passes over.
      await store.putHeld(runId, pause.epoch)
      // Crash after it: the message comes back, and this looks again.
      run = (await store.hold(runId, pause.epoch)).run ?? run
      if (run.heldBy === undefined) return run
    }
    const pause = await pauses.asItIs(blueprintId)
    if (pause?.epoch === run.heldBy) return undefined
    // Crash after the write: the sweep sends the jobs.
    const { committed, run: freed } = await store.letGo(runId, run.heldBy, now() + LOOK_AFTER_MS)
    if (!freed) return run
    run = freed
    if (committed && run.pausedAt === undefined && !pause) await sendActive(services, run)
  }
}

/** What is active in a run that stood still has no messages any more. */
export async function sendActive(services: SendServices, run: RunState): Promise<void> {
  const { runId, blueprintId } = run
  if (run.graph === undefined) return services.queue.send([{ runId, blueprintId }])
  const graph = await graphUnlessLost(services, run)
  if (!graph) return sendToItsEnd(services, run)
  const strands = [...run.active].map(([key, entry]) => (entry.wait ? key : strandOf(key, entry)))
  await sendJobs({ services, graph, run }, [...new Set(strands)])
}
