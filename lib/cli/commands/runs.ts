/** Commands that start runs and look at them. */
import { type Command, Option } from 'commander'
import { generateMermaidForRun } from 'flowcraft'
import { HistoryEventStore } from '../../client/history-event-store.ts'
import type { RunDescription } from '../../core/run/describe.ts'
import type { RunSummary } from '../../core/run/list.ts'
import { type Cli, type CommandContext, contextOf } from '../context.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { historyRow, runLines, summaryRow, table } from '../render.ts'
import { dollars, duration, jsonObject, pairs, timeBefore, wholeNumber } from '../values.ts'
import { follow } from '../watch.ts'

const STATUSES = ['running', 'awaiting', 'paused', 'completed', 'failed', 'cancelled'] as const

export function addRunCommands(program: Command, cli: Cli, exit: (code: number) => void): void {
  const { now } = cli.io
  program
    .command('start')
    .description('start a run')
    .argument('<blueprint>', 'id of the blueprint')
    .option('-i, --input <json>', 'what the run begins with, an object', jsonObject)
    .option('--run-id <id>', 'id of the run; the same id starts one run')
    .option('-l, --label <name=value>', 'by which the run is found, 5 at most', pairs)
    .option('--delay <duration>', "begin later, such as '10m'", duration)
    .option('--max-usd <dollars>', 'what the run may cost', dollars)
    .option('-w, --wait', 'follow the run until it is over; fails where the run does')
    .action(async (blueprintId: string, options: StartOptions, command: Command) => {
      const context = await contextOf(cli, command)
      const { input, runId, label: labels, delay: delayMs, maxUsd, wait } = options
      const request = { blueprintId, input, runId, labels, delayMs, maxUsd }
      const started = await context.client.start(request)
      if (!wait) return context.answer(started, () => [started.runId])
      exit(codeOf(await follow(context, started.runId)))
    })

  program
    .command('get')
    .description('show how a run stands')
    .argument('<run>', 'id of the run')
    .option('-w, --watch', 'follow it until it is over; fails where the run does')
    .option('--context', 'show its context too')
    .action(async (runId: string, { watch, context: whole }: GetOptions, command: Command) => {
      const context = await contextOf(cli, command)
      if (watch) return exit(codeOf(await follow(context, runId)))
      const run = await context.client.get(runId)
      context.answer(run, () => [
        ...runLines(context.colors, run, now()),
        ...(whole ? [JSON.stringify(run.context, undefined, 2)] : []),
      ])
    })

  program
    .command('list')
    .description('list runs, newest first; with --json a line each')
    .option('-b, --blueprint <id>')
    .addOption(new Option('-s, --status <status>', 'runs that stand so').choices(STATUSES))
    .option('--since <time>', "runs started since then, such as '2h' or '2026-11-27'", timeBefore(now()))
    .option('--until <time>', 'runs started before then', timeBefore(now()))
    .option('-l, --label <name=value>', 'runs with this label; may be given several times', pairs)
    .option('--children-of <run>', 'the child runs of this one')
    .option('--forks-of <run>', 'the forks of this one')
    .option('-n, --limit <count>', 'runs at most', wholeNumber, 20)
    .action(async (options: ListOptions, command: Command) => {
      await listRuns(await contextOf(cli, command), options, now())
    })

  program
    .command('failures')
    .description('what runs failed with, the most frequent first')
    .option('-b, --blueprint <id>')
    .option(
      '--since <time>',
      "failures since then, such as '1h'",
      timeBefore(now()),
      new Date(now() - 86_400_000),
    )
    .action(async ({ blueprint, since }: FailureOptions, command: Command) => {
      const context = await contextOf(cli, command)
      const found = await context.client.failures({ since, blueprintId: blueprint })
      context.answer(found, () =>
        table(
          found.groups.map(({ count, blueprintId, nodeId = '-', error, message, examples }) => [
            `${count}`,
            `${blueprintId}/${nodeId}`,
            context.colors.red(error),
            examples[0] ?? '',
            message,
          ]),
        ),
      )
    })

  program
    .command('history')
    .description('what happened in a run, in order')
    .argument('<run>', 'id of the run')
    .action(async (runId: string, _options: object, command: Command) => {
      const context = await contextOf(cli, command)
      const entries = await context.client.history(runId)
      context.answer(entries, () => table(entries.map((entry) => historyRow(context.colors, entry))))
    })

  program
    .command('diagram')
    .description('a Mermaid diagram of a run: what completed, what failed, which edges were taken')
    .argument('<run>', 'id of the run')
    .action(async (runId: string, _options: object, command: Command) => {
      const context = await contextOf(cli, command)
      const blueprint = await context.client.blueprintOf(runId)
      if (!blueprint) throw new UsageError(`no worker has begun run '${runId}', so that it has no graph yet`)
      const events = await new HistoryEventStore(context.client).retrieve(runId)
      const mermaid = generateMermaidForRun(blueprint, events)
      context.answer({ mermaid }, () => [mermaid.trimEnd()])
    })
}

interface StartOptions {
  readonly input?: Record<string, unknown>
  readonly runId?: string
  readonly label?: Record<string, string>
  readonly delay?: number
  readonly maxUsd?: number
  readonly wait?: true
}

interface GetOptions {
  readonly watch?: true
  readonly context?: true
}

interface ListOptions {
  readonly blueprint?: string
  readonly status?: (typeof STATUSES)[number]
  readonly since?: Date
  readonly until?: Date
  readonly label?: Record<string, string>
  readonly childrenOf?: string
  readonly forksOf?: string
  readonly limit: number
}

interface FailureOptions {
  readonly blueprint?: string
  readonly since: Date
}

/** Whoever waits for a run wants to know in a script whether it completed. */
function codeOf({ status }: RunDescription): number {
  return status === 'completed' ? exitCodes.done : exitCodes.failed
}

async function listRuns(context: CommandContext, options: ListOptions, now: number): Promise<void> {
  const { blueprint: blueprintId, status, since, until, label, childrenOf, forksOf, limit } = options
  const runs: RunSummary[] = []
  const query = { blueprintId, status, startedAfter: since, startedBefore: until, label }
  for await (const run of context.client.runs({ ...query, parentRunId: childrenOf, forkedFrom: forksOf })) {
    if (context.options.json) context.io.out(JSON.stringify(run))
    else runs.push(run)
    if (runs.length >= limit) break
  }
  if (!context.options.json)
    for (const line of table(runs.map((run) => summaryRow(context.colors, run, now)))) context.io.out(line)
}
