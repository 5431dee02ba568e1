/** The command that shows what workers logged of a run. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { RunDescription } from '../../core/run/describe.ts'
import { type Cli, type CommandContext, contextOf } from '../context.ts'
import { isOfNode, type LogLine, type LogSource, logRow } from '../logs/log-line.ts'
import { logSourceOf } from '../logs/log-source.ts'
import { table } from '../render.ts'
import { list, timeBefore, wholeNumber } from '../values.ts'

interface LogsOptions {
  readonly node?: string
  readonly since?: Date
  readonly follow?: true
  readonly limit: number
  readonly logGroup?: readonly string[]
}

export function addLogsCommand(program: Command, cli: Cli): void {
  program
    .command('logs')
    .description('what the functions logged of a run: the lines that name it')
    .argument('<run>', 'id of the run')
    .option('--node <id>', 'only lines about this node')
    .option(
      '--since <time>',
      "lines since then, such as '10m' (default: since its start)",
      timeBefore(cli.io.now()),
    )
    .option('-f, --follow', 'go on with the lines that come, until the run is over')
    .option('-n, --limit <count>', 'the last lines at most', wholeNumber, 1_000)
    .option(
      '--log-group <name>',
      "another log group, such as a container's; may be given several times",
      list,
    )
    .action(async (runId: string, options: LogsOptions, command: Command) => {
      await showLogs(await contextOf(cli, command), runId, options)
    })
}

/** CloudWatch Logs shows a line some seconds after it was written. */
const PAUSE_MS = 2_000

async function showLogs(context: CommandContext, runId: string, options: LogsOptions): Promise<void> {
  const run = await context.client.get(runId)
  const source = sourceOf(context, run, options)
  const lines = await wanted(source, options)
  const shown = lines.slice(Math.max(0, lines.length - options.limit))
  if (shown.length < lines.length)
    context.io.err(`the last ${shown.length} of ${lines.length} lines; --limit for more`)
  print(context, shown)
  if (options.follow) await follow(context, runId, source, options)
}

async function wanted(source: LogSource, { node }: LogsOptions): Promise<LogLine[]> {
  const lines = await source.next()
  return lines.filter(({ line }) => node === undefined || isOfNode(line, node))
}

function sourceOf({ service }: CommandContext, run: RunDescription, options: LogsOptions): LogSource {
  const { since, follow, logGroup = [] } = options
  return logSourceOf(service, run, { since, follows: follow === true, logGroups: logGroup })
}

function print({ io, colors, options }: CommandContext, lines: readonly LogLine[]): void {
  const texts = options.json
    ? lines.map(({ line }) => line)
    : table(lines.map((line) => logRow(colors, line)))
  for (const text of texts) io.out(text)
}

/** Until the run is over and its last lines have had time to come. */
async function follow(
  context: CommandContext,
  runId: string,
  source: LogSource,
  options: LogsOptions,
): Promise<void> {
  const { signal } = context.io
  for (let over = false; !over;) {
    const { endedAt } = await context.client.get(runId)
    over = endedAt !== undefined
    await sleep(PAUSE_MS, undefined, { signal })
    print(context, await wanted(source, options))
  }
}
