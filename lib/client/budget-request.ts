/** What an operator lets a run cost that goes on. */
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { budgetOf, overBudget } from '../core/protocol/budget.ts'
import { setBudget } from '../core/run/budget.ts'
import type { SteerServices } from '../core/run/redrive.ts'
import { refuseBudget } from './start-request.ts'

/**
 * A run that has cost more than it may would stop again before its next node. So it is refused, unless it is given more.
 * Crash after the write: it has its budget, and did not go on yet; the same call does the rest.
 * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_STATE or INVALID_INPUT; nothing is changed then
 */
export async function checkBudget(
  services: SteerServices,
  runId: string,
  { what, maxUsd }: { readonly what: string; readonly maxUsd: number | undefined },
): Promise<() => Promise<void>> {
  const { costs, graphs } = services
  if (maxUsd !== undefined && !costs) refuseBudget(`${what} run '${runId}'`)
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  // One that says nothing itself may go by its blueprint.
  const needsGraph = costs && run.cost && run.graph !== undefined
  const graph = needsGraph ? await graphs.of(run.blueprintId, run.graph as string) : undefined
  const budget = maxUsd === undefined ? budgetOf(run, graph?.blueprint) : { maxUsd }
  const reason = costs && budget && overBudget(run, budget, costs.prices)
  if (reason !== undefined) {
    const code = maxUsd === undefined ? 'INVALID_STATE' : 'INVALID_INPUT'
    const why = `${reason}; ${what} it with a higher maxUsd`
    throw new FlowcraftAwsError(code, `cannot ${what} run '${runId}': ${why}`, { runId })
  }
  return async () => {
    if (maxUsd !== undefined) await setBudget(services, run, { maxUsd })
  }
}
