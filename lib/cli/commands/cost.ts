/** The command that tells what runs cost. */
import type { Command } from 'commander'
import { pMapIterable } from 'p-map'
import type { RunClient } from '../../client/run-client.ts'
import { isFlowcraftAwsError } from '../../core/common/errors.ts'
import type { RunCost } from '../../core/common/run-cost.ts'
import { type Cli, type CommandContext, contextOf } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { withProgress } from '../progress.ts'
import { costRows, costText, table } from '../render.ts'
import { timeBefore } from '../values.ts'

interface CostOptions {
  readonly blueprint?: string
  readonly since: Date
}

export function addCostCommand(program: Command, cli: Cli): void {
  const { now } = cli.io
  program
    .command('cost')
    .description('what a run has cost so far, or the runs of a blueprint day by day')
    .argument('[run]', 'id of the run')
    .option('-b, --blueprint <id>', 'in place of a run: all runs of this blueprint')
    .option(
      '--since <time>',
      "with --blueprint: runs started since then, such as '7d'",
      timeBefore(now()),
      new Date(now() - 7 * 86_400_000),
    )
    .action(async (runId: string | undefined, options: CostOptions, command: Command) => {
      const { blueprint, since } = options
      if ((runId === undefined) === (blueprint === undefined))
        throw new UsageError('cost: give the id of a run, or --blueprint')
      const context = await contextOf(cli, command)
      if (blueprint !== undefined) return costOfBlueprint(context, blueprint, since)
      const cost = await context.client.costOf(runId as string)
      context.answer(cost ?? null, () => (cost ? table(costRows(cost)) : ['nothing was counted']))
    })
}

/** Runs at a time. */
const CONCURRENCY = 10

interface Day {
  /** Of its start, in UTC. */
  readonly day: string
  runs: number
  usd: number
}

/** Each run's header is read: a unit, or a few where it is large. */
async function costOfBlueprint(context: CommandContext, blueprintId: string, since: Date): Promise<void> {
  const { client, io } = context
  const days = await withProgress(io, 'adding up what runs cost', async (progress) => {
    const found = new Map<string, Day>()
    const runs = client.runs({ blueprintId, startedAfter: since })
    const costs = pMapIterable(
      runs,
      async ({ runId, startedAt }) => ({ startedAt, cost: await costIfThere(client, runId) }),
      { concurrency: CONCURRENCY },
    )
    let count = 0
    for await (const { startedAt, cost } of costs) {
      const day = startedAt.toISOString().slice(0, 10)
      const sum = found.get(day) ?? { day, runs: 0, usd: 0 }
      sum.runs++
      sum.usd += cost?.usd ?? 0
      found.set(day, sum)
      count++
      progress(`adding up what runs cost: ${count} runs`)
      if (io.signal.aborted) io.signal.throwIfAborted()
    }
    return [...found.values()].toSorted((a, b) => a.day.localeCompare(b.day))
  })
  context.answer(days, () => dayLines(days))
}

/** Undefined also for a run whose time to live is over since it was listed. */
async function costIfThere(client: RunClient, runId: string): Promise<RunCost | undefined> {
  try {
    return await client.costOf(runId)
  } catch (error) {
    if (isFlowcraftAwsError(error) && error.code === 'RUN_NOT_FOUND') return undefined
    throw error
  }
}

function dayLines(days: readonly Day[]): string[] {
  const total = days.reduce(
    (sum, { runs, usd }) => ({ day: 'total', runs: sum.runs + runs, usd: sum.usd + usd }),
    { day: 'total', runs: 0, usd: 0 },
  )
  return table(
    [...days, total].map(({ day, runs, usd }) => [
      day,
      `${runs} runs`,
      `$${costText(usd)}`,
      runs === 0 ? '' : `$${costText(usd / runs)} each`,
    ]),
  )
}
