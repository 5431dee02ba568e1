/** What every command has: the service's runs, where it prints, and whether for people or programs. */
import type { Command } from 'commander'
import type { RunClient } from '../client/run-client.ts'
import { UsageError } from './exit-codes.ts'
import type { ServiceOptions } from './find-service.ts'
import { type Colors, colorsOf, type Io } from './io.ts'
import { withProgress } from './progress.ts'
import { isLocal, placeOf, type Service } from './service.ts'

export interface GlobalOptions extends ServiceOptions {
  readonly json?: true
  readonly yes?: true
}

export interface Connection {
  readonly service: Service
  readonly client: RunClient
}

export interface Cli {
  readonly io: Io
  /** The service that the options name. @throws UsageError, NotThereError */
  connect(options: GlobalOptions): Promise<Connection>
}

export interface CommandContext extends Connection {
  readonly io: Io
  readonly colors: Colors
  readonly options: GlobalOptions
  /** The answer: one JSON document with --json, else these lines. */
  answer(value: unknown, lines: () => readonly string[]): void
  /**
   * Asks before something that cannot be undone, unless --yes is given or all is on this computer.
   * @param question - such as "Cancel run 'r1'"
   * @param declined - what then is the case, such as 'not cancelled'
   * @throws UsageError where it is not meant, or nobody can be asked
   */
  mean(question: string, declined: string): Promise<void>
}

/** Of a command that runs now. */
export async function contextOf(cli: Cli, command: Command): Promise<CommandContext> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const { io } = cli
  const colors = colorsOf(io)
  const connection = await withProgress(io, 'looking for the service', () => cli.connect(options))
  const { service } = connection
  const place = placeOf(service, io.env)
  if (!options.json) io.err(colors.dim(place))
  return {
    ...connection,
    io,
    colors,
    options,
    answer: (value, lines) => {
      if (options.json) io.out(JSON.stringify(value))
      else for (const line of lines()) io.out(line)
    },
    mean: async (question, declined) => {
      if (options.yes || isLocal(service, io.env)) return
      if (await io.confirm(`${question} (${place})?`)) return
      throw new UsageError(`${declined}; give --yes where nobody can be asked`)
    },
  }
}
