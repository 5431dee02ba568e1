/**
 * One random blueprint whose nodes fail, or whose run is cancelled, now and then: redriven until it ends by itself, it must
 * come to what it comes to in memory, where nothing of that happens.
 */
import type { NodeImplementation } from 'flowcraft'
import { builtInOf } from '../../lib/core/blueprints/built-in.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import { Random } from '../simulation/random.ts'
import type { Setup } from './case.ts'
import { type Comparison, differences, orderlessOutcome } from './fuzz.ts'
import { answerAll, describedOutcome, withProbe } from './outcome.ts'
import type { Plan } from './plan.ts'
import { setupOf, shown } from './planned.ts'

/** Of all nodes together; a run that is redriven more often goes round for ever. */
const FAILURES_AT_MOST = 6
const REDRIVES_AT_MOST = 20

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
  const guarded = new Set(all.filter(({ config }) => (config?.maxRetries ?? 1) > 1).map(({ uses }) => uses))
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

export async function compareRedriven(plan: Plan, seed: number): Promise<Comparison> {
  const nothing = { problems: [], runs: 0, compared: 0 }
  if (!isFit(setupOf(plan))) return nothing
  const expected = await orderlessOutcome(plan, seed)
  if (expected?.status !== 'completed' || expected.errors.length > 0) return nothing
  const trouble = new Trouble(seed)
  const { blueprint, blueprints = [], registry, input, answers, options } = troubled(setupOf(plan), trouble)
  const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
  const service = new TestService({
    logger: quiet,
    ...options,
    registry,
    blueprints: all,
    inline: seed % 2 === 0,
  })
  const { runId } = await service.start({ blueprintId: blueprint.id, input: structuredClone(input ?? {}) })
  for (let redrives = 0; ; redrives++) {
    if (trouble.cancels) await service.cancel(runId)
    await service.settle()
    await answerAll(service, runId, answers)
    const description = await service.get(runId)
    if (description.status === 'completed' || redrives > REDRIVES_AT_MOST) {
      const outcome = { ...describedOutcome(blueprint, description), executions: {}, calls: {} }
      const problems = differences(shown(outcome), { ...shown(expected), executions: {}, calls: {} })
      return { problems: problems.map((line) => `after ${redrives} redrives: ${line}`), runs: 1, compared: 1 }
    }
    await service.redrive(runId)
  }
}
