/** How many dollars a run may cost, and what becomes of one that cost more. Pure. */
import type { WorkflowBlueprint } from 'flowcraft'
import type { Prices } from '../common/prices.ts'
import { runCostOf } from '../common/run-cost.ts'
import { show } from '../common/thrown.ts'
import type { RunState } from './run-state.ts'

/** What becomes of a run that passes its `maxUsd`: it fails, or it is paused. */
export type OnBudget = 'fail' | 'pause'

/**
 * A run that has cost more stops before its next node. A blueprint may have one for each of its runs, in its `metadata`:
 * `{ maxUsd: 5, onBudget: 'pause' }`; that of the run itself goes before it.
 */
export interface Budget {
  /** US dollars, more than 0. */
  readonly maxUsd: number
  /** @default 'fail' */
  readonly onBudget?: OnBudget
}

const NANO = 1_000_000_000

/** Of a child run the smaller: what its parent had left, or its blueprint's. @default - none: it may cost what it does */
export function budgetOf(
  { budget: own, parent }: Pick<RunState, 'budget' | 'parent'>,
  blueprint: WorkflowBlueprint | undefined,
): Required<Budget> | undefined {
  const { maxUsd, onBudget } = (blueprint?.metadata ?? {}) as Partial<Budget>
  const ofBlueprint = maxUsd === undefined ? undefined : { maxUsd, onBudget: onBudget ?? 'fail' }
  if (!own) return ofBlueprint
  const isSmaller = parent && ofBlueprint && ofBlueprint.maxUsd < own.maxUsd
  return isSmaller ? ofBlueprint : { maxUsd: own.maxUsd, onBudget: own.onBudget ?? onBudget ?? 'fail' }
}

/** What a run may still cost, which its child runs are given; to a billionth of a dollar. */
export function restOf(run: RunState, { maxUsd, onBudget }: Required<Budget>, prices: Prices): Budget {
  const rest = maxUsd - (runCostOf(run.cost, prices)?.usd ?? 0)
  return { maxUsd: Math.max(1, Math.round(rest * NANO)) / NANO, onBudget }
}

/** Why a run stops; undefined where it goes on. */
export function overBudget(run: RunState, budget: Budget, prices: Prices): string | undefined {
  const usd = runCostOf(run.cost, prices)?.usd ?? 0
  if (usd <= budget.maxUsd) return undefined
  return `the run cost $${shown(usd)}; its maxUsd is $${shown(budget.maxUsd)}`
}

function shown(usd: number): string {
  return usd >= 0.01 ? usd.toFixed(4) : usd.toPrecision(4)
}

/** What is wrong with a budget that somebody gave, in the metadata of a blueprint or for a run. */
export function budgetProblems({ maxUsd, onBudget }: { maxUsd?: unknown; onBudget?: unknown }): string[] {
  const problems: string[] = []
  if (maxUsd !== undefined && !(typeof maxUsd === 'number' && maxUsd > 0 && maxUsd < Infinity)) {
    const got = typeof maxUsd === 'number' ? maxUsd : show(maxUsd)
    problems.push(`maxUsd must be US dollars, more than 0; got ${got}`)
  }
  if (onBudget !== undefined && onBudget !== 'fail' && onBudget !== 'pause')
    problems.push(`onBudget must be 'fail' or 'pause'; got ${show(onBudget)}`)
  return problems
}
