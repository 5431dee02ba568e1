/** The command that takes runs up again, one or many. */
import type { Command } from 'commander'
import { messageOf } from '../../core/common/errors.ts'
import { type Cli, type CommandContext, contextOf } from '../context.ts'
import { exitCodes, UsageError } from '../exit-codes.ts'
import { operation, type Who } from '../operation.ts'
import { withProgress } from '../progress.ts'
import {
  addOutcome,
  createRedriveFile,
  readRedriveFile,
  type RedriveFile,
  type RedriveOrder,
} from '../redrive-file.ts'
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
    .option('--continue <file>', 'go on with a redrive of many that was interrupted')
    .option('--dry-run', 'only tell what would run again')
    .action(async (runIds: string[], options: RedriveOptions, command: Command) => {
      const isMany = options.failedSince !== undefined || options.continue !== undefined
      if (runIds.length > 0 === isMany)
        throw new UsageError('redrive: give ids of runs, or --failed-since, or --continue')
      const context = await contextOf(cli, command)
      exit(await (isMany ? redriveMany(context, options) : redriveEach(context, runIds, requestOf(options))))
    })
}

interface RedriveOptions extends Who {
  readonly node?: readonly string[]
  readonly set?: Record<string, unknown>
  readonly failedSince?: Date
  readonly blueprint?: string
  readonly continue?: string
  readonly dryRun?: true
}

/** More runs than this are not redriven without a word. */
const ASK_FROM = 10

function requestOf({ node: nodes, set, by, reason, dryRun }: RedriveOptions) {
  return { nodes, set, by, reason, dryRun }
}

/** What flags say goes before what the file says. */
async function orderOf(options: RedriveOptions, now: number): Promise<RedriveOrder & { file?: RedriveFile }> {
  const file = options.continue === undefined ? undefined : await readRedriveFile(options.continue)
  const { dryRun: _, ...flags } = requestOf(options)
  const given = {
    ...flags,
    nodes: flags.nodes && [...flags.nodes],
    blueprintId: options.blueprint,
    since: options.failedSince?.toISOString(),
  }
  const asked = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { until: new Date(now).toISOString(), ...file?.order, ...asked, file } as RedriveOrder
}

async function redriveMany(context: CommandContext, options: RedriveOptions): Promise<number> {
  const { client, io } = context
  const { dryRun } = options
  const { file: before, ...order } = await orderOf(options, io.now())
  const { since, until, blueprintId, ...request } = order
  const failures = {
    since: new Date(since),
    until: new Date(until),
    ...(blueprintId === undefined ? {} : { blueprintId }),
  }
  const { runs, cursor } = await withProgress(io, 'counting the runs that failed', () =>
    client.failures(failures),
  )
  const isMany = !dryRun && runs > ASK_FROM
  const count = cursor === undefined ? `${runs}` : `${runs} or more`
  if (isMany) await context.mean(`Redrive ${count} runs`, `not redriven: ${count} runs`)
  const file = before ?? (isMany ? await createRedriveFile(io.cwd, order) : undefined)
  let failed = 0
  for await (const outcome of client.redriveMany({ failures, ...request, dryRun })) {
    const { runId } = outcome
    const error = 'error' in outcome ? outcome.error.message : undefined
    // The index of failed runs may still have one that was redriven a moment ago.
    if (error !== undefined && file?.done.has(runId)) continue
    if (error !== undefined) failed++
    if (file && !dryRun) await addOutcome(file, error === undefined ? outcome : { runId, error })
    report(context, runId, error, outcome, dryRun)
    if (io.signal.aborted) break
  }
  if (file) io.err(`${io.signal.aborted ? 'go on with' : 'what became of each'}: ${file.path}`)
  if (io.signal.aborted) return exitCodes.interrupted
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
