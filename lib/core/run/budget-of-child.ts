/** What a child run may cost: what is left of the budget of the run that waits for it. */
import { runCostOf } from '../common/run-cost.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type Budget, budgetOf, restOf } from '../protocol/budget.ts'
import type { RunState } from '../protocol/run-state.ts'

/** Of one that is made now; undefined where nothing limits it. Children side by side have all of the rest, each for itself. */
export function budgetOfChild({
  services: { costs },
  graph,
  run,
}: OpenRun<Pick<Services, 'costs'>>): Budget | undefined {
  const budget = costs && budgetOf(run, graph.blueprint)
  return budget && restOf(run, budget, costs.prices)
}

/**
 * Of one that is about to be taken up again: as much more than it has cost. Crash after: it has ended still, and may cost more;
 * the same redrive gives it the same.
 */
export async function giveRest(
  open: OpenRun<Pick<Services, 'costs' | 'store'>>,
  child: RunState,
): Promise<RunState> {
  const rest = budgetOfChild(open)
  const { costs, store } = open.services
  if (!rest || !costs) return child
  const maxUsd = rest.maxUsd + (runCostOf(child.cost, costs.prices)?.usd ?? 0)
  return (await store.setBudget(child.runId, { ...rest, maxUsd })).run ?? child
}
