/** The command that serves the web console on this computer. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { Command } from 'commander'
import type { ConsoleSource } from '../../console/source.ts'
import { environmentVariables } from '../../core/common/environment.ts'
import { messageOf } from '../../core/common/errors.ts'
import { type Cli, type CommandContext, contextOf, type GlobalOptions } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { colorsOf, type Io } from '../io.ts'
import { wholeNumber } from '../values.ts'

interface ConsoleOptions {
  readonly file?: string
  readonly port?: number
  readonly readOnly?: true
  readonly open?: true
}

const EXAMPLES = `
Examples:
  $ flowcraft-aws console --stack Orders              a service in an account, with your credentials
  $ flowcraft-aws console --stack Orders --read-only  to look, not to touch
  $ flowcraft-aws console --file run.json             a run that somebody saved as a file

'flowcraft-aws dev' serves it, too, for what runs here.`

export function addConsoleCommand(program: Command, cli: Cli): void {
  program
    .command('console')
    .description('serve the web console on this computer: runs as graphs, failures, repairs')
    .option('--file <path>', 'instead of a service: a run that the console saved')
    .option('-p, --port <port>', 'listen on this port; by default on a free one', wholeNumber)
    .option('--read-only', 'refuse whatever changes something')
    .option('--open', 'open it in the browser')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ConsoleOptions, command: Command) => {
      const { file, readOnly = false } = options
      // Its server is loaded for this command only.
      const { serveConsole } = await import('../../console/serve.ts')
      checkPort(options.port)
      const found = file === undefined ? await contextOf(cli, command) : undefined
      const served = found?.service.server?.console
      if (served !== undefined && !readOnly && options.port === undefined)
        return showServed(cli.io, served, options)
      const source = found
        ? await ofService(found, !readOnly)
        : await ofFile(cli.io, file ?? '', command.optsWithGlobals<GlobalOptions>())
      await serve(cli.io, options, () => serveConsole({ sources: () => [source], port: options.port }))
    })
}

const PORT_AT_MOST = 65_535

function checkPort(port = 0): void {
  if (port > PORT_AT_MOST) throw new UsageError(`console: a port is at most ${PORT_AT_MOST}; got ${port}`)
}

/** The dev server has one. */
function showServed(io: Io, url: string, { open }: ConsoleOptions): void {
  io.out(url)
  if (open) openInBrowser(url, io)
}

async function ofService({ service, client, io }: CommandContext, writable: boolean): Promise<ConsoleSource> {
  const { consoleSourceOf } = await import('../console/service-of.ts')
  return consoleSourceOf({
    service,
    client,
    writable,
    env: io.env,
    queueUrl: service.environment[environmentVariables.queueUrl] ?? '',
    lambdaClient: new LambdaClient({}),
    sqsClient: new SQSClient({}),
    onTrouble: (error) =>
      io.err(
        `which blueprints the workers have is not known, so that only those of runs are shown: ${messageOf(error)}`,
      ),
  })
}

async function ofFile(io: Io, file: string, { stack, function: name, service }: GlobalOptions) {
  if ((stack ?? name ?? service) !== undefined)
    throw new UsageError('console: give either --file or a service, not both')
  const [{ FileSource, readRunFile }, { shownOf }] = await Promise.all([
    import('../../console/file-source.ts'),
    import('../console/service-of.ts'),
  ])
  return new FileSource(await readRunFile(resolve(io.cwd, file)), { ...shownOf(), name: file, place: file })
}

async function serve(
  io: Io,
  { open }: ConsoleOptions,
  start: () => Promise<{ readonly url: string; stop(): Promise<void> }>,
): Promise<void> {
  const running = await start()
  io.out(running.url)
  io.err(colorsOf(io).dim('whoever has this address may do what you may; Ctrl-C ends it'))
  if (open) openInBrowser(running.url, io)
  await new Promise<void>((done) => {
    if (io.signal.aborted) done()
    else io.signal.addEventListener('abort', () => done(), { once: true })
  })
  await running.stop()
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

function openInBrowser(url: string, io: Io): void {
  const [command = 'xdg-open', ...args] = OPENERS[process.platform] ?? []
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', (error) => io.err(`no browser could be opened: ${error.message}`))
  child.unref()
}
