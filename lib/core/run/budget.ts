/**
 * Stops a run that has cost more than its `maxUsd`: it fails or is paused, before its next node. What cost too much is
 * committed by then and stays; what would follow stands in the header, for whoever raises the budget and goes on.
 */
import { isFlowcraftAwsError } from '../common/errors.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type Budget, budgetOf, overBudget } from '../protocol/budget.ts'
import { childrenOf, isOver, isPaused, type RunState } from '../protocol/run-state.ts'
import { keepsActive } from '../store/header.ts'
import { noteOperation } from './operations.ts'
import { pauseRun } from './pause.ts'
import { failRun } from './run-end.ts'

/**
 * The run as it is then; it goes on unless that is over or paused. Asked after each commit, and of each message.
 * Crash before the write: whoever gets a message of the run next asks again, before any node runs. After it: the run is over,
 * or paused, once: each write demands that it was not, and a failure that nothing was committed since.
 */
export async function withinBudget({ services, graph, run: seen }: OpenRun): Promise<RunState> {
  const { costs, store } = services
  if (!costs) return seen
  for (let run = seen; ;) {
    const budget = budgetOf(run, graph.blueprint)
    if (!budget || isOver(run) || isPaused(run)) return run
    const reason = overBudget(run, budget, costs.prices)
    if (reason === undefined) return run
    if (budget.onBudget === 'pause') return pauseWhole(services, run, reason)
    const { seq } = run
    const seenEnd = {
      seq,
      format: run.format,
      children: childrenOf(run),
      keepsActive: keepsActive(run),
      budget: run.budget,
    }
    const next = await failRun(services, run, reason, seenEnd)
    if (!next || next.seq === seq) return next ?? (await store.read(run.runId)) ?? run
    run = next
  }
}

/** A child run is paused with those that wait for it: whoever looks at the run that was started sees why it stands still. */
async function pauseWhole(services: Services, seen: RunState, reason: string): Promise<RunState> {
  const { store } = services
  let top = seen
  for (let above: RunState | undefined = seen; above && !isOver(above);) {
    top = above
    above = above.parent && (await store.read(above.parent.runId))
  }
  // A child that its parent does not wait for yet, or any more, is paused by itself.
  for (const runId of new Set([top.runId, seen.runId])) {
    const isDone = await pauseUnlessOver(services, runId)
    if (isDone && runId === top.runId) await noteOperation(services, runId, { kind: 'pause', reason })
  }
  return (await store.read(seen.runId)) ?? seen
}

async function pauseUnlessOver(services: Services, runId: string): Promise<boolean> {
  try {
    return await pauseRun(services, runId)
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'INVALID_STATE')) throw error
    return false
  }
}

/**
 * Gives a run another budget, and the child runs that it waits for as much more, or less. Crash between: some children have
 * what they had, and stop there; the same call gives the others theirs, a second time.
 */
export async function setBudget(
  services: Pick<Services, 'store' | 'graphs'>,
  run: RunState,
  budget: Budget,
): Promise<void> {
  const graph = run.graph === undefined ? undefined : await services.graphs.of(run.blueprintId, run.graph)
  const before = budgetOf(run, graph?.blueprint)
  const whole = { maxUsd: budget.maxUsd, onBudget: budget.onBudget ?? before?.onBudget ?? 'fail' } as const
  for (const childId of childrenOf(run)) {
    const child = await services.store.read(childId)
    if (!child?.budget || isOver(child) || !before) continue
    const maxUsd = child.budget.maxUsd + budget.maxUsd - before.maxUsd
    if (maxUsd > 0) await setBudget(services, child, { ...child.budget, maxUsd })
  }
  await services.store.setBudget(run.runId, whole)
}
