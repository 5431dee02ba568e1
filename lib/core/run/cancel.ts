/**
 * Cancels runs. The header turns to 'cancelled' with nothing active, so that every commit under way is refused; the
 * child runs it waited for are named in the same write, and cancelled by whoever publishes the run's end.
 */
import type { ChildRequest } from '../blueprints/subflow-node.ts'
import { FlowcraftAwsError } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'
import { names } from '../protocol/inline-value.ts'
import { type ActivationKey, childrenOf, isOver, type RunState } from '../protocol/run-state.ts'
import { keepsActive } from '../store/header.ts'
import { unlessLost } from '../values/lost.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'

export type CancelServices = Pick<Services, 'store' | 'queue' | 'now'>

/**
 * @returns whether the run is cancelled; false where it had ended otherwise
 * @throws FlowcraftAwsError RUN_NOT_FOUND
 */
export async function cancelRun(services: CancelServices, runId: string): Promise<boolean> {
  return cancelIf(services, runId, async () => true)
}

/** `isMeant` is asked of each state that the run is then cancelled in, after that was read. */
async function cancelIf(
  services: CancelServices,
  runId: string,
  isMeant: () => Promise<boolean>,
): Promise<boolean> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  const cancelled = await turnToCancelled(services, run, isMeant)
  // Crash before: the run is cancelled, its children and whoever waits for it are notified when this is called again, or
  // when any message of the run comes.
  if (cancelled?.outbox) await services.queue.send([{ runId, blueprintId: run.blueprintId }])
  return cancelled !== undefined
}

/** Cancels the children that a cancelled run waited for, also one that is about to be made. */
export async function cancelChildren(
  services: CancelServices & Pick<Services, 'graphs' | 'values'>,
  run: RunState,
): Promise<void> {
  for (const childId of run.cancelledChildren ?? []) {
    const blueprintId = await blueprintOf(services, run, childId)
    const made = !(await services.store.putCancelled(childId, blueprintId, services.now()))
    if (made) await cancelIf(services, childId, () => isEnding(services, run))
  }
}

/**
 * Whether the end of a run that was seen is still to be published. A redrive takes up no child before that: so whoever
 * publishes an end late cancels no child of the run's next life.
 */
async function isEnding({ store }: CancelServices, seen: RunState): Promise<boolean> {
  const now = await store.read(seen.runId)
  return now === undefined || (now.outbox !== undefined && now.redrives === seen.redrives)
}

/** What the child runs, or would have. */
async function blueprintOf(
  { store, values }: Pick<Services, 'store' | 'values'>,
  run: RunState,
  childId: string,
): Promise<string> {
  const key = childId.slice(run.runId.length + 1).split('~', 1)[0] as ActivationKey
  const reader = new RunReader({ graph: NO_GRAPH, run, store, values })
  // Where that is lost, the child's header says what it is of; none is needed for one that is not there.
  const request = await unlessLost(names.child(key), [], () => reader.stored(names.child(key)))
  return (request?.value as ChildRequest | undefined)?.blueprintId ?? run.blueprintId
}

async function turnToCancelled(
  services: CancelServices,
  seen: RunState,
  isMeant: () => Promise<boolean>,
): Promise<RunState | undefined> {
  for (let run: RunState | undefined = seen; run;) {
    if (isOver(run)) return run.status === 'cancelled' ? run : undefined
    if (!(await isMeant())) return undefined
    const { runId, seq } = run
    const children = childrenOf(run)
    // On condition that nothing was committed since: a child that a node begins to wait for is not overlooked.
    const result = await services.store.cancel(runId, {
      seq,
      children,
      keepsActive: keepsActive(run),
      format: run.format,
      now: services.now(),
    })
    if (result.committed) return result.run
    run = result.run
  }
  return undefined
}
