/** What every command has: the service's runs, where it prints, and whether for people or programs. */
import type { Command } from 'commander'
import type { RunClient } from '../client/run-client.ts'
import type { ServiceOptions } from './find-service.ts'
import { type Colors, colorsOf, type Io } from './io.ts'

export interface GlobalOptions extends ServiceOptions {
  readonly json?: true
  readonly yes?: true
}

export interface Cli {
  readonly io: Io
  /** The service that the options name. @throws UsageError */
  client(options: GlobalOptions): Promise<RunClient>
}

export interface CommandContext {
  readonly io: Io
  readonly colors: Colors
  readonly options: GlobalOptions
  readonly client: RunClient
  /** The answer: one JSON document with --json, else these lines. */
  answer(value: unknown, lines: () => readonly string[]): void
}

/** Of a command that runs now. */
export async function contextOf(cli: Cli, command: Command): Promise<CommandContext> {
  const options = command.optsWithGlobals<GlobalOptions>()
  const { io } = cli
  return {
    io,
    colors: colorsOf(io),
    options,
    client: await cli.client(options),
    answer: (value, lines) => {
      if (options.json) io.out(JSON.stringify(value))
      else for (const line of lines()) io.out(line)
    },
  }
}
