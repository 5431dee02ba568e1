/**
 * One random blueprint whose nodes fail, or whose run is cancelled, now and then: redriven, or forked, until it ends by itself, it
 * must come to what it comes to in memory, where nothing of that happens. So must one whose failed nodes, and some of those that
 * wait, are skipped with the output that they would have had. And a run that completed, forked from any node that keeps no
 * count, comes to the same again.
 */
import { inspect } from 'node:util'
import { isFlowcraftAwsError } from '../../lib/core/common/errors.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import type { Setup } from './case.ts'
import { type Comparison, differences, InMemory } from './fuzz.ts'
import { answerAll, describedOutcome, type Give, type Outcome } from './outcome.ts'
import type { Plan } from './plan.ts'
import { setupOf, shown } from './planned.ts'
import { Trouble, troubled, Withheld } from './trouble.ts'

const REDRIVES_AT_MOST = 20
/** Each of the one before it. */
const FORKS = 2

/** A run in which a fallback stood in ends 'completed' whatever fails; and one that fails anyway ends nowhere else. */
function isFit({ blueprint, blueprints = [] }: Setup): boolean {
  return [blueprint, ...blueprints].every(({ nodes }) => nodes.every(({ config }) => !config?.fallback))
}

export const repairs = ['redrive', 'fork', 'skip'] as const
export type Repair = (typeof repairs)[number]

const NOTHING: Comparison = { problems: [], runs: 0, compared: 0 }

/** Only where something is wrong, the other orders in memory are tried: should it depend on them, nothing is left to hold. */
export async function compareRepaired(plan: Plan, seed: number, repair: Repair): Promise<Comparison> {
  if (!isFit(setupOf(plan))) return NOTHING
  const memory = new InMemory(plan)
  const { outcome } = await memory.expected()
  if (outcome.status !== 'completed' || outcome.errors.length > 0) return NOTHING
  const compared = await repaired(plan, seed, { repair, expected: outcome }).catch((error: unknown) => ({
    ...NOTHING,
    runs: 1,
    problems: [inspect(error)],
  }))
  if (compared.problems.length === 0 || (await memory.isOrderless(seed))) return compared
  return { ...NOTHING, runs: compared.runs }
}

async function repaired(
  plan: Plan,
  seed: number,
  { repair, expected }: { readonly repair: Repair; readonly expected: Outcome },
): Promise<Comparison> {
  const trouble = new Trouble(seed)
  const withheld = new Withheld(setupOf(plan), trouble)
  const setup = repair === 'skip' ? withheld.setup : troubled(setupOf(plan), trouble)
  const { blueprint, blueprints = [], registry, input, options } = setup
  const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
  const service = new TestService({
    logger: quiet,
    ...options,
    registry,
    blueprints: all,
    inline: seed % 2 === 0,
  })
  const under: Repaired = { service, setup, expected, trouble, repair }
  let { runId } = await service.start({ blueprintId: blueprint.id, input: structuredClone(input ?? {}) })
  for (let count = 0; ; count++) {
    if (trouble.cancels) await service.cancel(runId)
    else if (trouble.pauses) {
      await service.pause(runId)
      await service.settle()
      await service.unpause(runId)
    }
    const status = await ended(under, runId)
    if (status === 'completed' || count > REDRIVES_AT_MOST) {
      const problems = (await problemsOf(under, runId)).map(
        (line) => `after ${count} times ${repair}: ${line}`,
      )
      const isForked = repair === 'fork' && problems.length === 0
      const more = isForked ? await problemsOfForks(under, runId) : []
      return { problems: [...problems, ...more], runs: 1, compared: 1 }
    }
    try {
      if (repair === 'redrive') await service.redrive(runId)
      else if (repair === 'skip') await skipped(under, withheld, runId)
      else ({ runId } = await service.fork(runId))
    } catch (error) {
      if (isPast(setup, error)) return NOTHING
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
  readonly trouble: Trouble
  readonly repair: Repair
}

async function ended({ service, setup, trouble, repair }: Repaired, runId: string): Promise<string> {
  const give: Give = async (id, event) => {
    if (repair === 'skip' && trouble.skips) await service.skip(id, event)
    else await service.resume(id, event)
  }
  await service.settle()
  await answerAll(service, runId, setup.answers, give)
  return (await service.get(runId)).status
}

/** One of the nodes that failed; a run of which none did was cancelled. */
async function skipped({ service, trouble }: Repaired, withheld: Withheld, runId: string): Promise<void> {
  const { failed } = (await service.get(runId)).nodes
  if (failed.length === 0) await service.redrive(runId)
  else await service.skip(runId, withheld.of(trouble.oneOf(failed)))
}

async function problemsOf({ service, setup, expected }: Repaired, runId: string): Promise<string[]> {
  const described = describedOutcome(setup.blueprint, await service.get(runId))
  const outcome = { ...described, executions: {}, calls: {} }
  return differences(shown(outcome), { ...shown(expected), executions: {}, calls: {} })
}

/** Of what nodes count, or did once, the fork has the count that the run ended with. */
const COUNTS = /^(?:rounds|breaks|tries|key) | ran$| tried \d+$/

async function problemsOfForks(repaired: Repaired, runId: string): Promise<string[]> {
  const { service, setup, expected, trouble } = repaired
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
