/**
 * One random blueprint whose nodes fail, or whose run is cancelled, now and then: redriven, or forked, until it ends by itself, it
 * must come to what it comes to in memory, where nothing of that happens. And a run that completed, forked from any node that
 * keeps no count, comes to the same again.
 */
import type { NodeImplementation } from 'flowcraft'
import { builtInOf } from '../../lib/core/blueprints/built-in.ts'
import { isFlowcraftAwsError } from '../../lib/core/common/errors.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import { Random } from '../simulation/random.ts'
import type { Setup } from './case.ts'
import { type Comparison, differences, orderlessOutcome } from './fuzz.ts'
import { answerAll, describedOutcome, type Outcome, withProbe } from './outcome.ts'
import type { Plan } from './plan.ts'
import { setupOf, shown } from './planned.ts'

/** Of all nodes together; a run that is redriven more often goes round for ever. */
const FAILURES_AT_MOST = 6
const REDRIVES_AT_MOST = 20
/** Each of the one before it. */
const FORKS = 2

/** Stops runs of a blueprint now and then, by its nodes. */
class Trouble {
  readonly #random: Random
  #failures = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  get cancels(): boolean {
    return this.#random.chance(0.2)
  }

  get pauses(): boolean {
    return this.#random.chance(0.2)
  }

  /** One or two of the nodes, in which nothing fails any more. */
  pick(nodes: readonly string[]): string[] {
    this.#failures = FAILURES_AT_MOST
    const picked = [this.#random.pick(nodes), this.#random.pick(nodes)]
    return this.#random.chance(0.5) ? [picked[0] as string] : [...new Set(picked)]
  }

  /** Fails before the node does anything. */
  readonly strike = (): void => {
    if (this.#failures >= FAILURES_AT_MOST || !this.#random.chance(0.3)) return
    this.#failures++
    throw new Error('trouble')
  }
}

/**
 * Nodes with tries of their own would make something else of it. And where one that another made fails, what follows runs
 * all the same, and again after the redrive: what it counts in the context shows that.
 */
function troubled(setup: Setup, trouble: Trouble): Setup {
  const all = [setup.blueprint, ...(setup.blueprints ?? [])].flatMap(({ nodes }) => nodes)
  const tried = all.filter(({ config }) => (config?.maxRetries ?? 1) > 1 || config?.retry !== undefined)
  const guarded = new Set<unknown>(tried.flatMap(({ uses, params }) => [uses, params?.['workerUsesKey']]))
  const named = new Set<unknown>(all.flatMap(({ uses, params }) => [uses, params?.['workerUsesKey']]))
  const registry = Object.entries(setup.registry).map(([uses, run]): [string, NodeImplementation] => [
    uses,
    guarded.has(uses) || !named.has(uses) || builtInOf(run) ? run : withProbe(run, trouble.strike),
  ])
  return { ...setup, registry: Object.fromEntries(registry) }
}

/** A run in which a fallback stood in ends 'completed' whatever fails; and one that fails anyway ends nowhere else. */
function isFit({ blueprint, blueprints = [] }: Setup): boolean {
  return [blueprint, ...blueprints].every(({ nodes }) => nodes.every(({ config }) => !config?.fallback))
}

export type Repair = 'redrive' | 'fork'

export async function compareRedriven(plan: Plan, seed: number, repair: Repair): Promise<Comparison> {
  const nothing = { problems: [], runs: 0, compared: 0 }
  if (!isFit(setupOf(plan))) return nothing
  const expected = await orderlessOutcome(plan, seed)
  if (expected?.status !== 'completed' || expected.errors.length > 0) return nothing
  const trouble = new Trouble(seed)
  const setup = troubled(setupOf(plan), trouble)
  const { blueprint, blueprints = [], registry, input, options } = setup
  const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
  const service = new TestService({
    logger: quiet,
    ...options,
    registry,
    blueprints: all,
    inline: seed % 2 === 0,
  })
  const repaired: Repaired = { service, setup, expected }
  let { runId } = await service.start({ blueprintId: blueprint.id, input: structuredClone(input ?? {}) })
  for (let repairs = 0; ; repairs++) {
    if (trouble.cancels) await service.cancel(runId)
    else if (trouble.pauses) {
      await service.pause(runId)
      await service.settle()
      await service.unpause(runId)
    }
    const status = await ended(repaired, runId)
    if (status === 'completed' || repairs > REDRIVES_AT_MOST) {
      const problems = (await problemsOf(repaired, runId)).map((line) => `after ${repairs} repairs: ${line}`)
      const isForked = repair === 'fork' && problems.length === 0
      const more = isForked ? await problemsOfForks(repaired, runId, trouble) : []
      return { problems: [...problems, ...more], runs: 1, compared: 1 }
    }
    try {
      if (repair === 'redrive') await service.redrive(runId)
      else ({ runId } = await service.fork(runId))
    } catch (error) {
      if (isPast(setup, error)) return nothing
      throw error
    }
  }
}

/** What failed in a round of a loop that has gone on without it stays failed. */
function isPast({ blueprint, blueprints = [] }: Setup, error: unknown): boolean {
  const hasLoop = [blueprint, ...blueprints].some(({ nodes }) =>
    nodes.some(({ uses }) => uses === 'loop-controller'),
  )
  return hasLoop && isFlowcraftAwsError(error, 'INVALID_STATE') && error.message.includes(NOTHING_LEFT)
}

const NOTHING_LEFT = 'nothing of it failed that could be run again'

interface Repaired {
  readonly service: TestService
  readonly setup: Setup
  readonly expected: Outcome
}

async function ended({ service, setup }: Repaired, runId: string): Promise<string> {
  await service.settle()
  await answerAll(service, runId, setup.answers)
  return (await service.get(runId)).status
}

async function problemsOf({ service, setup, expected }: Repaired, runId: string): Promise<string[]> {
  const described = describedOutcome(setup.blueprint, await service.get(runId))
  const outcome = { ...described, executions: {}, calls: {} }
  return differences(shown(outcome), { ...shown(expected), executions: {}, calls: {} })
}

/** Of what nodes count, or did once, the fork has the count that the run ended with. */
const COUNTS = /^(?:rounds|breaks|tries|key) | ran$| tried \d+$/

async function problemsOfForks(repaired: Repaired, runId: string, trouble: Trouble): Promise<string[]> {
  const { service, setup, expected } = repaired
  const seesAll = setup.blueprint.edges.some(({ transform }) => transform === 'context')
  if (seesAll || Object.keys(expected.context).some((key) => COUNTS.test(key))) return []
  const { completed } = (await service.get(runId)).nodes
  let from = runId
  for (let forks = 0; forks < FORKS; forks++) {
    const nodes = trouble.pick(completed)
    const { runId: fork } = await service.fork(from, { nodes })
    await ended(repaired, fork)
    const problems = await problemsOf(repaired, fork)
    if (problems.length > 0) return problems.map((line) => `forked from ${nodes.join(', ')}: ${line}`)
    from = fork
  }
  return []
}
