/** Commands for messages that no worker could be done with. */
import type { Command } from 'commander'
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
      context.answer(letters, () =>
        table(
          letters.map(({ id, runId = '-', nodeId = '-', reason = 'received too often' }) => [
            id,
            runId,
            nodeId,
            reason,
          ]),
        ),
      )
    })

  which(dlq.command('redrive'))
    .description('send them back to the workers')
    .action(async (options: Which, command: Command) => {
      const context = await contextOf(cli, command)
      const sent = await context.client.deadLetters.sendBack(selection(options))
      context.answer(sent, () => [JSON.stringify(sent)])
    })

  operation(which(dlq.command('drop')), cli)
    .description('delete them; their runs are told')
    .action(async ({ by, reason, ...options }: Which & Who, command: Command) => {
      const context = await contextOf(cli, command)
      const dropped = await context.client.deadLetters.drop({ ...selection(options), by, reason })
      context.answer(dropped, () => [JSON.stringify(dropped)])
    })
}

function which(command: Command): Command {
  return command
    .option('--id <message>', 'this one; may be given several times', list)
    .option('--run <run>', 'those of this run')
    .option('--all', 'all of them')
}

function selection({ id: ids, run: runId, all }: Which) {
  if (all && !ids && runId === undefined) return { all }
  if (!all && (ids || runId !== undefined)) return { ids, runId }
  throw new UsageError('dlq: give --id, --run or --all')
}
