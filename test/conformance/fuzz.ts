/** One random blueprint: in memory in several orders, by the protocol in several ways. */
import { isDeepStrictEqual } from 'node:util'
import { CALM, CHAOS, STORM } from '../simulation/profile.ts'
import { Random } from '../simulation/random.ts'
import { simulate } from '../simulation/simulate.ts'
import { AnyOrder } from './any-order.ts'
import { type Outcome, runInMemory, runOnService } from './outcome.ts'
import { type Plan, repeats, setupOf } from './plan.ts'

type Pick = (ready: readonly string[]) => number

const RANDOM_ORDERS = 4

/** First come first, last come first, at random, and each node in turn as late as can be. */
function ordersOf(nodeIds: readonly string[], random: Random): Pick[] {
  const atRandom = Array.from({ length: RANDOM_ORDERS }, (): Pick => (ready) => random.below(ready.length))
  const late = nodeIds.map((last): Pick => (ready) => {
    const others = ready.filter((id) => id !== last)
    return others.length === 0 ? 0 : ready.indexOf(random.pick(others))
  })
  return [() => 0, (ready) => ready.length - 1, ...atRandom, ...late]
}

/** The outcome in memory if every order that is tried comes to the same. */
export async function orderlessOutcome(plan: Plan, seed: number): Promise<Outcome | undefined> {
  let first: Outcome | undefined
  const setup = setupOf(plan)
  const ids = setup.blueprint.nodes.map(({ id }) => id)
  for (const pick of ordersOf(ids, new Random(seed))) {
    const outcome = await runInMemory(setup, new AnyOrder(pick, (nodeId) => repeats(setup, nodeId)))
    if (first && !isDeepStrictEqual(first, outcome)) return undefined
    first = outcome
  }
  return first
}

/** What is wrong with the protocol's ways of running a plan. */
export async function problemsOf(
  plan: Plan,
  seed: number,
): Promise<{ problems: string[]; compared: boolean }> {
  const expected = await orderlessOutcome(plan, seed)
  const problems: string[] = []
  if (expected) {
    for (const inline of [true, false]) {
      const outcome = await runOnService(setupOf(plan), inline)
      if (!isDeepStrictEqual(outcome, expected)) {
        problems.push(`inline ${inline}: ${JSON.stringify(outcome)} instead of ${JSON.stringify(expected)}`)
      }
    }
  }
  for (const profile of [CALM, CHAOS, STORM]) {
    const { violations } = await simulate({ make: () => setupOf(plan), expected, profile, seed })
    problems.push(...violations.map((violation) => `${profile.name}: ${violation}`))
  }
  return { problems, compared: expected !== undefined }
}
