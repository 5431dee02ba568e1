/** The command line as a whole: options that all commands have, and their help. */
import { Command } from 'commander'
import { addBlueprintCommands } from './commands/blueprints.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addCostCommand } from './commands/cost.ts'
import { addConsoleCommand } from './commands/console.ts'
import { addDevCommand } from './commands/dev.ts'
import { addDeadLetterCommands } from './commands/dead-letters.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addInitCommand } from './commands/init.ts'
import { addLogsCommand } from './commands/logs.ts'
import { addRedriveCommand } from './commands/redrive.ts'
import { addRunCommands } from './commands/runs.ts'
import { addSteerCommands } from './commands/steer.ts'
import type { Cli } from './context.ts'
import { ownManifest } from './init/own-package.ts'

const EXAMPLES = `
Which service:
  --stack Orders                    the service of a stack; --service where it has several
  --function Orders-StartRun-1A2B   the service that a function belongs to
  --local                           the dev server that runs here (flowcraft-aws dev)
  none of them                      the variables of flows.environment (FLOWCRAFT_QUEUE_URL and so on),
                                    else the dev server, else what flowcraft.json names

Examples:
  $ flowcraft-aws start order --input '{"orderId":"A-17"}' --wait --stack Orders
  $ flowcraft-aws list --status failed --since 2h --json | jq -r .runId
  $ flowcraft-aws redrive --failed-since 1h --reason 'the bank is back'

Exit codes:
  0 done    1 the run failed    2 wrong usage    3 not found    4 wrong state    5 no permission
  6 time limit    7 some of many failed    130 interrupted`

/** `exit` is told the exit code of a command that is done, where it is not 0. */
export function programOf(cli: Cli, exit: (code: number) => void): Command {
  const program = new Command('flowcraft-aws')
    .version(ownManifest.version, '-v, --version', 'the version of this package')
    .description('Runs of Flowcraft workflows on AWS: start, see, steer and repair them.')
    .option('--stack <name>', 'CloudFormation stack of the service')
    .option('--service <name>', 'the service of this name, where there are several')
    .option('--function <name>', 'any function of the service, in place of its stack')
    .option('--local', 'the dev server that runs here')
    .option('--no-local', 'not the dev server, though it runs')
    .option('--region <region>', 'AWS region')
    .option('--profile <name>', 'AWS profile')
    .option('--json', 'one JSON document; for lists, a line each')
    .option('-y, --yes', 'do not ask before what cannot be undone')
    .addHelpText('after', EXAMPLES)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError()
  addInitCommand(program, cli)
  addDevCommand(program, cli)
  addConsoleCommand(program, cli)
  addRunCommands(program, cli, exit)
  addLogsCommand(program, cli)
  addCostCommand(program, cli)
  addSteerCommands(program, cli)
  addRedriveCommand(program, cli, exit)
  addBlueprintCommands(program, cli)
  addDeadLetterCommands(program, cli)
  addDoctorCommand(program, cli, exit)
  addCompletionCommand(program, cli)
  for (const command of allOf(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => cli.io.out(text.trimEnd()),
      writeErr: (text) => cli.io.err(text.trimEnd()),
    })
  }
  return program
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}
