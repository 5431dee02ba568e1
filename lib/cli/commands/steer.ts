/** Commands that change how a run goes on. */
import type { Command } from 'commander'
import { type Cli, contextOf } from '../context.ts'
import { dollars, jsonPairs, list, valueOf } from '../values.ts'
import { doing, operation, type Who } from '../operation.ts'

export function addSteerCommands(program: Command, cli: Cli): void {
  operation(program.command('resume'), cli)
    .description('give a run that waits an event')
    .argument('<run>', 'id of the run')
    .option('--node <id>', 'the node that waits (default: the only one)')
    .option('-a, --action <name>', 'chooses the edges to take')
    .option('-o, --output <json>', 'becomes the output of the node: JSON, or a text', valueOf)
    .option('--idempotency-key <key>', 'names the call, so that it can be made again')
    .action(
      doing(
        cli,
        (client, runId, { node, ...event }: ResumeOptions) =>
          client.resume(runId, { nodeId: node, ...event }),
        (result) => (result.resumed ? 'resumed' : 'it was resumed before, by another event'),
      ),
    )

  operation(program.command('cancel'), cli)
    .description('cancel a run, and the child runs that it waits for')
    .argument('<run>', 'id of the run')
    .action(
      doing(
        cli,
        (client, runId, who: Who) => client.cancel(runId, who),
        (result) => (result.cancelled ? 'cancelled' : 'it had ended before'),
        (context, runId) => context.mean(`Cancel run '${runId}'`, 'not cancelled'),
      ),
    )

  operation(program.command('pause'), cli)
    .description('let nobody work on a run until it is unpaused')
    .argument('<run>', 'id of the run')
    .action(
      doing(
        cli,
        (client, runId, who: Who) => client.pause(runId, who),
        (result) => (result.paused ? 'paused' : 'it was paused before'),
      ),
    )

  operation(program.command('unpause'), cli)
    .description('let a paused run go on')
    .argument('<run>', 'id of the run')
    .option('--max-usd <dollars>', 'what the run may cost from now on', dollars)
    .action(
      doing(
        cli,
        (client, runId, who: Who & { maxUsd?: number }) => client.unpause(runId, who),
        (result) => (result.unpaused ? 'it goes on' : 'it was not paused'),
      ),
    )

  operation(program.command('skip'), cli)
    .description('go on without a node that failed or waits')
    .argument('<run>', 'id of the run')
    .argument('<node>', 'id of the node')
    .option('-a, --action <name>', 'chooses the edges to take')
    .option('-o, --output <json>', 'becomes the output of the node: JSON, or a text', valueOf)
    .action(async (runId: string, nodeId: string, options: SkipOptions, command: Command) => {
      const context = await contextOf(cli, command)
      await context.mean(`Go on without node '${nodeId}' of run '${runId}'`, 'not skipped')
      const result = await context.client.skip(runId, { nodeId, ...options })
      context.answer(result, () => [result.skipped ? 'skipped' : 'it went on before, by another event'])
    })

  operation(program.command('fork'), cli)
    .description('start another run in the state that one which has ended had before some nodes')
    .argument('<run>', 'id of the run')
    .option('--node <id>', 'go on from this node; may be given several times', list)
    .option('--set <key=json>', 'give a context key another value; may be given several times', jsonPairs)
    .option('--run-id <id>', 'id of the new run')
    .option('--dry-run', 'only tell what would run again')
    .action(
      doing(
        cli,
        (client, runId, { node: nodes, runId: newId, ...rest }: ForkOptions) =>
          client.fork(runId, { nodes, runId: newId, ...rest }),
        (result) => (result.forked ? result.runId : `again: ${result.again.join(' ')}`),
      ),
    )
}

interface ResumeOptions extends Who {
  readonly node?: string
  readonly action?: string
  readonly output?: unknown
  readonly idempotencyKey?: string
}

interface SkipOptions extends Who {
  readonly action?: string
  readonly output?: unknown
}

interface ForkOptions extends Who {
  readonly node?: readonly string[]
  readonly set?: Record<string, unknown>
  readonly dryRun?: true
  readonly runId?: string
}
