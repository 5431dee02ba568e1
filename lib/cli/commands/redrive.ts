/** The command that takes runs up again, one or many. */
import type { Command } from 'commander'
import { messageOf } from '../../core/common/errors.ts'
import { type Cli, type CommandContext, contextOf } from '../context.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { operation, type Who } from '../operation.ts'
import { jsonPairs, list, timeBefore } from '../values.ts'

export function addRedriveCommand(program: Command, cli: Cli, exit: (code: number) => void): void {
  operation(program.command('redrive'), cli)
    .description('take up again what failed or was cancelled: runs by id, or all that failed alike')
    .argument('[runs...]', 'ids of runs')
    .option('--node <id>', 'go on from this node; may be given several times', list)
    .option('--set <key=json>', 'give a context key another value; may be given several times', jsonPairs)
    .option(
      '--failed-since <time>',
      "instead of ids: all that failed since then, such as '1h'",
      timeBefore(cli.io.now()),
    )
    .option('-b, --blueprint <id>', 'with --failed-since: of this blueprint only')
    .option('--dry-run', 'only tell what would run again')
    .action(async (runIds: string[], options: RedriveOptions, command: Command) => {
      if (runIds.length > 0 === (options.failedSince !== undefined))
        throw new UsageError('redrive: give ids of runs, or --failed-since')
      exit(await redrive(await contextOf(cli, command), runIds, options))
    })
}

interface RedriveOptions extends Who {
  readonly node?: readonly string[]
  readonly set?: Record<string, unknown>
  readonly failedSince?: Date
  readonly blueprint?: string
  readonly dryRun?: true
}

/** More runs than this are not redriven without a word. */
const ASK_FROM = 10

async function redrive(context: CommandContext, runIds: string[], options: RedriveOptions): Promise<number> {
  const { node: nodes, failedSince, blueprint, ...rest } = options
  const request = { nodes, ...rest }
  if (failedSince === undefined) return redriveEach(context, runIds, request)
  const failures = { since: failedSince, ...(blueprint === undefined ? {} : { blueprintId: blueprint }) }
  const { runs } = await context.client.failures(failures)
  if (!rest.dryRun && runs > ASK_FROM)
    await context.mean(`Redrive ${runs} runs`, `not redriven: ${runs} runs`)
  let failed = 0
  for await (const outcome of context.client.redriveMany({ failures, ...request })) {
    const error = 'error' in outcome ? outcome.error.message : undefined
    if (error !== undefined) failed++
    report(context, outcome.runId, error, outcome, rest.dryRun)
  }
  return failed > 0 ? exitCodes.someFailed : exitCodes.done
}

async function redriveEach(
  context: CommandContext,
  runIds: readonly string[],
  request: Parameters<CommandContext['client']['redrive']>[1],
): Promise<number> {
  // Of one run its error says more than a line of many.
  if (runIds.length === 1) {
    const [runId] = runIds as [string]
    const result = await context.client.redrive(runId, request)
    report(context, runId, undefined, { runId, ...result }, request?.dryRun)
    return exitCodes.done
  }
  let failed = 0
  for (const runId of runIds) {
    try {
      const result = await context.client.redrive(runId, request)
      report(context, runId, undefined, { runId, ...result }, request?.dryRun)
    } catch (error) {
      failed++
      report(context, runId, messageOf(error), { runId, error: messageOf(error) })
    }
  }
  return failed > 0 ? exitCodes.someFailed : exitCodes.done
}

function report(
  { options, io, colors }: CommandContext,
  runId: string,
  error: string | undefined,
  outcome: object,
  dryRun?: boolean,
): void {
  if (options.json) io.out(JSON.stringify(error === undefined ? outcome : { runId, error }))
  else if (error !== undefined) io.out(`${runId}  ${colors.red(error)}`)
  else {
    const { again = [], goesOn = [] } = outcome as { again?: readonly string[]; goesOn?: readonly string[] }
    io.out(`${runId}  ${dryRun ? 'would run again' : 'runs again'}: ${[...again, ...goesOn].join(' ')}`)
  }
}
