/** The command that runs a project on the local AWS. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { colorsOf } from '../io.ts'
import { list, pairs } from '../values.ts'

interface DevOptions {
  readonly app?: string
  /** Commander's of `--no-cdk`. */
  readonly cdk: boolean
  readonly entry?: string
  readonly fresh?: true
  readonly context?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string>>
  readonly ignore?: readonly string[]
}

const EXAMPLES = `
Examples:
  $ flowcraft-aws dev                             the app of cdk.json
  $ flowcraft-aws dev --app 'npx tsx src/app.ts'  another app
  $ flowcraft-aws dev --stack Orders -c stage=dev one stack, with context of the app
  $ flowcraft-aws dev --no-cdk src/worker.ts      a worker by itself, in two seconds

In another terminal:
  $ flowcraft-aws start order --input '{"orderId":"A-17"}' --wait`

export function addDevCommand(program: Command, cli: Cli): void {
  program
    .command('dev')
    .description(
      'run the project on this computer: local AWS, functions anew at each change, runs kept in .flowcraft',
    )
    .argument('[worker]', 'file of a worker, with --no-cdk')
    .option('--app <command>', 'runs the CDK app; by default that of cdk.json')
    .option('--no-cdk', 'a worker by itself, without a CDK app')
    .option('--entry <worker>', 'the same as --no-cdk with this file')
    .option('-c, --context <name=value>', 'of the CDK app; may be given several times', pairs)
    .option('--parameters <name=value>', 'of the template; may be given several times', pairs)
    .option('--ignore <resource>', 'leave out this type or logical id; may be given several times', list)
    .option('--fresh', 'forget the runs of the times before')
    .addHelpText('after', EXAMPLES)
    .action(async (worker: string | undefined, options: DevOptions, command: Command) => {
      const { io } = cli
      const projectFolder = io.cwd
      // Servers and watchers are loaded for this command only.
      const [{ serve }, { projectOf }] = await Promise.all([
        import('../dev/session.ts'),
        import('../dev/project.ts'),
      ])
      const project = await projectOf(projectFolder, {
        app: options.app,
        worker: workerOf(worker, options, projectFolder),
        context: options.context,
      })
      const { fresh = false, ignore, parameters } = options
      const { stack: stackName } = command.optsWithGlobals<GlobalOptions>()
      const deployment = { stackName, ignore, parameters }
      await serve({ project, projectFolder, fresh, deployment, io, colors: colorsOf(io) })
    })
}

/** The file of the worker; undefined where the CDK app runs. */
function workerOf(given: string | undefined, options: DevOptions, projectFolder: string): string | undefined {
  const { entry, cdk, app } = options
  const worker = entry ?? given
  const isAlone = entry !== undefined || !cdk
  if (isAlone && app !== undefined) throw new UsageError('dev: give either --app or a worker, not both')
  if (!isAlone && worker !== undefined)
    throw new UsageError(`dev: give --no-cdk with the file of a worker; got ${worker}`)
  if (!isAlone) return undefined
  if (worker === undefined)
    throw new UsageError('dev: --no-cdk needs the file of a worker, such as src/worker.ts')
  const file = resolve(projectFolder, worker)
  if (existsSync(file)) return file
  throw new UsageError(`dev: there is no file ${worker}`)
}
