/** Commands for messages that no worker could be done with. */
import type { Command } from 'commander'
import type { DeadLetterSummary } from '../../core/run/dead-letters.ts'
import { type Cli, contextOf } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { table } from '../render.ts'
import { list, wholeNumber } from '../values.ts'
import { operation, type Who } from '../operation.ts'

interface Which {
  readonly id?: readonly string[]
  readonly run?: string
  readonly all?: true
}

export function addDeadLetterCommands(program: Command, cli: Cli): void {
  const dlq = program.command('dlq').description('messages that no worker could be done with')
  dlq
    .command('list')
    .description('list them, with reason, run and node')
    .option('--run <run>', 'those of this run only')
    .option('-n, --limit <count>', 'messages at most', wholeNumber, 100)
    .action(async ({ run, limit }: { run?: string; limit: number }, command: Command) => {
      const context = await contextOf(cli, command)
      const letters = await context.client.deadLetters.list({ runId: run, limit })
      context.answer(letters, () => lettersTable(letters))
    })

  which(dlq.command('redrive'))
    .description('send them back to the workers')
    .action(async (options: Which, command: Command) => {
      const selected = selection(options)
      const context = await contextOf(cli, command)
      if (options.all) await context.mean('Send all dead letters back to the workers', 'not sent back')
      const sent = await context.client.deadLetters.sendBack(selected)
      context.answer(sent, () => [...lettersTable(sent), `${sent.length} sent back`])
    })

  operation(which(dlq.command('drop')), cli)
    .description('delete them; their runs are told')
    .action(async ({ by, reason, ...options }: Which & Who, command: Command) => {
      const selected = selection(options)
      const context = await contextOf(cli, command)
      await context.mean(`Delete ${wordsOf(options)} for good`, 'not dropped')
      const dropped = await context.client.deadLetters.drop({ ...selected, by, reason })
      context.answer(dropped, () => [...lettersTable(dropped), `${dropped.length} dropped`])
    })
}

function lettersTable(letters: readonly DeadLetterSummary[]): string[] {
  return table(
    letters.map(({ id, runId = '-', nodeId = '-', reason = 'received too often' }) => [
      id,
      runId,
      nodeId,
      reason,
    ]),
  )
}

function which(command: Command): Command {
  return command
    .option('--id <message>', 'this one; may be given several times', list)
    .option('--run <run>', 'those of this run')
    .option('--all', 'all of them')
}

function wordsOf({ id = [], run, all }: Which): string {
  if (all) return 'all dead letters'
  const of = run === undefined ? '' : ` of run '${run}'`
  return id.length > 0 ? `${id.length} dead letters${of}` : `the dead letters${of}`
}

function selection({ id: ids, run: runId, all }: Which) {
  if (all && !ids && runId === undefined) return { all }
  if (!all && (ids || runId !== undefined)) return { ids, runId }
  throw new UsageError('dlq: give --id, --run or --all')
}
