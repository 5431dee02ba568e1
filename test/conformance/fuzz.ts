/** One random blueprint: in memory in several orders, by the protocol in several ways. */
import { isDeepStrictEqual } from 'node:util'
import { retriesByQueue } from '../../lib/core/execution/retry-policy.ts'
import { profiles } from '../simulation/profile.ts'
import { Random } from '../simulation/random.ts'
import { simulate } from '../simulation/simulate.ts'
import { AnyOrder } from './any-order.ts'
import type { Expectation, Setup } from './case.ts'
import { type Outcome, runInMemory, runOnService } from './outcome.ts'
import type { Plan } from './plan.ts'
import { type Reference, referenceOf, setupOf, shown } from './planned.ts'

type Pick = (ready: readonly string[]) => number

const RANDOM_ORDERS = 40

/** Last come first, at random, and each node that had a rival as late as can be. */
function ordersOf(rivals: ReadonlySet<string>, random: Random): Pick[] {
  if (rivals.size === 0) return []
  const atRandom = Array.from({ length: RANDOM_ORDERS }, (): Pick => (ready) => random.below(ready.length))
  const late = [...rivals].map((last): Pick => (ready) => {
    const others = ready.filter((id) => id !== last)
    return others.length === 0 ? 0 : ready.indexOf(random.pick(others))
  })
  return [(ready) => ready.length - 1, ...atRandom, ...late]
}

/** Tells of any node whether it may run more than once by right: it is in a cycle, stands in for one, or is made. */
function repeatsIn({ blueprint, blueprints = [] }: Setup): (nodeId: string) => boolean {
  const once = new Set<string>()
  for (const { nodes, edges } of [blueprint, ...blueprints]) {
    const steps = edges.map(({ source, target }) => [source, target] as const)
    for (const { id } of nodes) if (!reaches(id, id, steps)) once.add(id)
    for (const { id, config } of nodes) if (config?.fallback && !once.has(id)) once.delete(config.fallback)
  }
  return (nodeId) => !once.has(nodeId)
}

function reaches(from: string, to: string, steps: readonly (readonly [string, string])[]): boolean {
  const seen = new Set<string>()
  for (const todo = [from]; todo.length > 0;) {
    const at = todo.pop()
    for (const [source, target] of steps) {
      if (source !== at || seen.has(target)) continue
      if (target === to) return true
      seen.add(target)
      todo.push(target)
    }
  }
  return false
}

/** What it comes to in memory in one order, and whether it comes to the same in all others that are tried. */
export class InMemory {
  readonly #reference: Reference
  readonly #repeats: (nodeId: string) => boolean
  readonly #rivals = new Set<string>()
  #first: Outcome | undefined

  constructor(plan: Plan) {
    this.#reference = referenceOf(plan)
    this.#repeats = repeatsIn(this.#reference.setup)
  }

  async expected(): Promise<Expectation> {
    this.#first ??= await this.#inOrder((ready) => {
      if (ready.length > 1) for (const id of ready) this.#rivals.add(id)
      return 0
    })
    return this.#reference.expected(this.#first)
  }

  async isOrderless(seed: number): Promise<boolean> {
    await this.expected()
    const first = this.#first as Outcome
    for (const pick of ordersOf(this.#rivals, new Random(seed))) {
      const other = await this.#inOrder(pick)
      // Ids that the engine makes up are in what is not shown.
      if (!isDeepStrictEqual(first, other) && !isDeepStrictEqual(shown(first), shown(other))) return false
    }
    return true
  }

  #inOrder(pick: Pick): Promise<Outcome> {
    return runInMemory(this.#reference.setup, new AnyOrder(pick, this.#repeats))
  }
}

/** The outcome in memory if every order that is tried comes to the same. */
export async function orderlessOutcome(plan: Plan, seed: number): Promise<Outcome | undefined> {
  const memory = new InMemory(plan)
  return (await memory.isOrderless(seed)) ? (await memory.expected()).outcome : undefined
}

export interface Comparison {
  readonly problems: readonly string[]
  /** How often the plan was run by the protocol. */
  readonly runs: number
  /** Of these, how many were held against an outcome in memory; the others against the guarantees alone. */
  readonly compared: number
}

/** What of two outcomes is not the same, part by part. */
export function differences(outcome: Outcome, expected: Outcome): string[] {
  const { context, ...rest } = outcome
  const { context: expectedContext, ...expectedRest } = expected
  return [
    ...differing('', { ...rest }, { ...expectedRest }),
    ...differing('context ', { ...context }, { ...expectedContext }),
  ]
}

function differing(what: string, got: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  const keys = [...new Set([...Object.keys(got), ...Object.keys(wanted)])]
  return keys
    .filter(
      (key) =>
        !isDeepStrictEqual(got[key], wanted[key]) || Object.hasOwn(got, key) !== Object.hasOwn(wanted, key),
    )
    .map((key) => `${what}${key}: ${JSON.stringify(got[key])} instead of ${JSON.stringify(wanted[key])}`)
}

/**
 * What is wrong with the protocol's ways of running a plan: calmly, and, every fourth time since it takes longer,
 * under one of the simulation's profiles. Only where something is, the other orders in memory are tried: should it
 * depend on them what the plan comes to, nothing but the guarantees is left to hold.
 */
export async function compare(plan: Plan, seed: number): Promise<Comparison> {
  const memory = new InMemory(plan)
  const expected = await memory.expected()
  const calm = await calmProblems(plan, expected)
  const isSimulated = seed % 4 === 0
  const simulated = isSimulated ? await simulatedProblems(plan, seed, expected) : []
  const runs = isSimulated ? 3 : 2
  const problems = [...calm, ...simulated]
  if (problems.length === 0 || (await memory.isOrderless(seed))) return { problems, runs, compared: runs }
  return { problems: await simulatedProblems(plan, seed), runs: runs + 1, compared: 0 }
}

async function calmProblems(plan: Plan, { outcome: expected }: Expectation): Promise<string[]> {
  const problems: string[] = []
  for (const inline of [true, false]) {
    const outcome = shown(await runOnService(setupOf(plan), inline))
    problems.push(...differences(outcome, expected).map((line) => `inline ${inline}: ${line}`))
  }
  return problems
}

async function simulatedProblems(plan: Plan, seed: number, expected?: Expectation): Promise<string[]> {
  const profile = profiles[Math.floor(seed / 4) % profiles.length] as (typeof profiles)[number]
  const { violations } = await simulate({
    make: () => setupOf(plan),
    expected: expected?.outcome,
    commits: expected?.commits,
    shown,
    profile,
    seed,
    notForked: triesInTheQueue(setupOf(plan))
      ? 'a node that waits for its next try has all of its tries again'
      : undefined,
    notRedriven: hasFailingChild(setupOf(plan), expected?.outcome)
      ? 'a child run that fails runs again with its parent, and what counts in its context counts on'
      : undefined,
  })
  return violations.map((violation) => `${profile.name}: ${violation}`)
}

function hasFailingChild({ blueprints = [] }: Setup, expected?: Outcome): boolean {
  return blueprints.length > 0 && expected?.errors.length !== 0
}

function triesInTheQueue({ blueprint, blueprints = [] }: Setup): boolean {
  return [blueprint, ...blueprints].some(({ nodes }) => nodes.some(({ config }) => retriesByQueue(config)))
}
