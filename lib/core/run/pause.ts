/**
 * Pauses runs: nobody works on one until it is unpaused. What is under way ends, and is committed; nothing follows from it.
 * Messages of a paused run are done with, so whoever unpauses it sends the jobs of all that is active. A run whose blueprint is
 * paused (`hold.ts`) may be paused itself too: it goes on when both are over.
 */
import { FlowcraftAwsError, isFlowcraftAwsError } from '../common/errors.ts'
import { childrenOf, isOver, type RunState } from '../protocol/run-state.ts'
import { LOOK_AFTER_MS, sendActive } from './hold.ts'
import type { SteerServices } from './redrive.ts'

/**
 * Also the child runs that it waits for.
 * @returns whether this call paused it; false where it was paused
 * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_STATE where it is over
 */
export async function pauseRun(services: SteerServices, runId: string): Promise<boolean> {
  // Crash after: its children go on, and the same call pauses them.
  const { committed, run } = await services.store.pause(runId, services.now())
  const paused = running(runId, run, 'pause')
  await each(services, childrenOf(paused), (childId) => pauseRun(services, childId))
  return committed
}

/** @returns whether this call unpaused it; false where it was not paused. @throws as `pauseRun` */
export async function unpauseRun(services: SteerServices, runId: string): Promise<boolean> {
  // Crash before, or between: the run is still paused, as whoever looks at it sees.
  const paused = running(runId, await services.store.read(runId), 'unpause')
  if (paused.pausedByFailure) {
    const why = 'nodes of it failed: redrive it, skip a node, or cancel it'
    throw new FlowcraftAwsError('INVALID_STATE', `cannot unpause run '${runId}': ${why}`, { runId })
  }
  await each(services, childrenOf(paused), (childId) => unpauseRun(services, childId))
  if (paused.pausedAt === undefined && paused.heldBy !== undefined) return letGoUnlessHeld(services, paused)
  // Crash after: the sweep sends the jobs.
  const { committed, run } = await services.store.unpause(runId, services.now() + LOOK_AFTER_MS)
  const unpaused = running(runId, run, 'unpause')
  const { blueprintId } = unpaused
  // Its blueprint is paused as well: then the run goes on with that.
  if (unpaused.heldBy !== undefined) return committed
  if (committed) await sendActive(services, unpaused)
  else if (unpaused.graph === undefined) await services.queue.send([{ runId, blueprintId }])
  return committed
}

/** @throws FlowcraftAwsError INVALID_STATE where the pause of its blueprint is on */
async function letGoUnlessHeld(services: SteerServices, seen: RunState): Promise<boolean> {
  const { runId, blueprintId, heldBy = '' } = seen
  const { paused } = await services.store.readPauses({ consistent: true })
  if (paused.has(blueprintId)) {
    const why = `its blueprint '${blueprintId}' is paused, which is to be unpaused`
    throw new FlowcraftAwsError('INVALID_STATE', `cannot unpause run '${runId}': ${why}`, {
      runId,
      blueprintId,
    })
  }
  // Crash after: the sweep sends the jobs.
  const { committed, run } = await services.store.letGo(runId, heldBy, services.now() + LOOK_AFTER_MS)
  if (committed) await sendActive(services, run)
  return committed
}

/** A child may have ended, also just now, or may not be there yet: then there is nothing to do for it. */
async function each(
  { store }: SteerServices,
  children: readonly string[],
  steer: (runId: string) => Promise<boolean>,
): Promise<void> {
  for (const childId of children) {
    const child = await store.read(childId)
    if (!child || isOver(child)) continue
    try {
      await steer(childId)
    } catch (error) {
      if (!isFlowcraftAwsError(error, 'INVALID_STATE')) throw error
    }
  }
}

function running(runId: string, run: RunState | undefined, what: string): RunState {
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  if (!isOver(run)) return run
  throw new FlowcraftAwsError('INVALID_STATE', `cannot ${what} run '${runId}': it is ${run.status}`, {
    runId,
  })
}
