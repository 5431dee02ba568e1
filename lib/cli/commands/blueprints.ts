/** Commands for all runs of a blueprint. */
import type { Command } from 'commander'
import { type Cli, contextOf } from '../context.ts'
import { table } from '../render.ts'
import { doing, operation, type Who } from '../operation.ts'

export function addBlueprintCommands(program: Command, cli: Cli): void {
  const blueprint = program
    .command('blueprint')
    .description('pause all runs of a blueprint, and let them go on')
  operation(blueprint.command('pause'), cli)
    .description('let nothing of it start or go on; starts are accepted, and wait')
    .argument('<blueprint>', 'id of the blueprint')
    .action(
      doing(
        cli,
        (client, blueprintId, who: Who) => client.pauseBlueprint(blueprintId, who),
        (result) => (result.paused ? 'paused' : 'it was paused before'),
        (context, blueprintId) => context.mean(`Pause all runs of '${blueprintId}'`, 'not paused'),
      ),
    )

  blueprint
    .command('unpause')
    .description('let its runs start and go on')
    .argument('<blueprint>', 'id of the blueprint')
    .action(
      doing(
        cli,
        (client, blueprintId) => client.unpauseBlueprint(blueprintId),
        (result) => (result.unpaused ? 'its runs go on' : 'it was not paused'),
      ),
    )

  blueprint
    .command('paused')
    .description('the blueprints that are paused, since when, by whom and why')
    .action(async (_options: object, command: Command) => {
      const context = await contextOf(cli, command)
      const paused = await context.client.pausedBlueprints()
      context.answer(paused, () =>
        table(
          paused.map(({ blueprintId, pausedAt, by = '-', reason = '' }) => [
            pausedAt.toISOString(),
            blueprintId,
            by,
            reason,
          ]),
        ),
      )
    })
}
