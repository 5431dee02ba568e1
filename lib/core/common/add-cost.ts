/** What user code pays for: `addCost` in a node. It finds where to by the node's dependencies, so it needs no storage of its own. */
import type { CostCounter } from './cost-counter.ts'
import { problemsError } from './errors.ts'
import { show } from './thrown.ts'

/** Where a worker puts the counter of a node's message. */
export const COSTS = Symbol.for('flowcraft-aws.costs')

export const NANO_PER_DOLLAR = 1_000_000_000
const NAME = /^[A-Za-z0-9_.-]{1,40}$/
/** What one call may add; more is a mistake. */
const USD_AT_MOST = 1_000_000

/**
 * Adds what a node paid somebody to the cost of its run: `get` and the event of the run's end have it, and it counts to
 * `maxUsd`. It is kept with the node's commit: what an execution added that died, or lost its place to another, is not. What
 * a try added that failed is. In memory, without this package's workers, it does nothing.
 *
 * @param dependencies - those that the node was given
 * @param name - of whom was paid, such as 'bedrock': 1 to 40 characters of A-Z a-z 0-9 _ . -
 * @param usd - US dollars from 0 to 1,000,000, kept to a billionth
 * @throws FlowcraftAwsError INVALID_INPUT
 * @example
 * async function summarise({ input, dependencies }: NodeContext) {
 *   const { text, tokens } = await converse(input)
 *   addCost(dependencies, 'bedrock', tokens * 0.000003)
 *   return { output: text }
 * }
 */
export function addCost(dependencies: object, name: string, usd: number): void {
  const problems = problemsOf(dependencies, name, usd)
  if (problems.length > 0) throw problemsError('INVALID_INPUT', 'cannot add a cost', problems)
  const counter = (dependencies as { readonly [COSTS]?: CostCounter })[COSTS]
  counter?.add({ [`$.${name}`]: Math.round(usd * NANO_PER_DOLLAR) })
}

function problemsOf(dependencies: unknown, name: unknown, usd: unknown): string[] {
  const problems: string[] = []
  if (typeof dependencies !== 'object' || dependencies === null)
    problems.push(`dependencies must be those that the node was given; got ${show(dependencies)}`)
  if (typeof name !== 'string' || !NAME.test(name))
    problems.push(`name must be 1 to 40 characters of A-Z a-z 0-9 _ . -; got ${show(name)}`)
  if (typeof usd !== 'number' || !(usd >= 0 && usd <= USD_AT_MOST))
    problems.push(
      `usd must be US dollars from 0 to 1000000; got ${typeof usd === 'number' ? usd : show(usd)}`,
    )
  return problems
}
